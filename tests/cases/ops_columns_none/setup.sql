CREATE TABLE item (id integer PRIMARY KEY, t text); CREATE TABLE other (id integer PRIMARY KEY); INSERT INTO item VALUES (1, 'a'); INSERT INTO other VALUES (1);
