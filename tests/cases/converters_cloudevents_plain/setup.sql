CREATE TABLE item (id integer PRIMARY KEY, t text DEFAULT 'x', n numeric(5,2));
INSERT INTO item VALUES (1, NULL, 1.5);
