ALTER TYPE mood ADD VALUE 'blue' BEFORE 'ok';
INSERT INTO item VALUES (5, 'blue', '{blue}');
ALTER TABLE item ADD n integer;
INSERT INTO item VALUES (6, 'blue', '{blue}', 1);
