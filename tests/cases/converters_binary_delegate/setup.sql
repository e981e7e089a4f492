CREATE TABLE item (id integer PRIMARY KEY, b bytea); INSERT INTO item VALUES (1, $$\x01$$);
