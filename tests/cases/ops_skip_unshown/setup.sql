CREATE TABLE item (id integer PRIMARY KEY, n numeric(5,0), t text); ALTER TABLE item REPLICA IDENTITY FULL; INSERT INTO item VALUES (1, NULL, 'a');
