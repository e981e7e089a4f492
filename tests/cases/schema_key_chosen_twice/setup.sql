CREATE TABLE a_item (id integer PRIMARY KEY, code text, qty integer, shape polygon);
CREATE TABLE b_item (id integer PRIMARY KEY, code text, qty integer);
CREATE TABLE c_item (id integer PRIMARY KEY, code text);
INSERT INTO a_item VALUES (1, 'a', 10);
INSERT INTO b_item VALUES (1, 'b', 20);
INSERT INTO c_item VALUES (1, 'c');
