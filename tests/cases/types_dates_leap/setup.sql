CREATE TABLE m (id int primary key, d date, da date[]);
INSERT INTO m VALUES (1, '2000-01-01', '{2000-01-01}'), (2, '0005-02-29 BC', NULL), (3, '2001-01-01', NULL);
