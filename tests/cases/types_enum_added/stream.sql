INSERT INTO item VALUES (2, 'sad', '{sad}');
ALTER TYPE mood ADD VALUE 'happy';
INSERT INTO item VALUES (3, 'happy', NULL);
INSERT INTO item VALUES (4, 'ok', '{happy,ok}');
