CREATE TABLE doc (id integer PRIMARY KEY, l ltree[], c citext[], h hstore[]);
INSERT INTO doc VALUES
    (1, '{a.b,NULL}', '{A,NULL}', '{a=>1,NULL}'),
    (2, '{a.b,""}', '{A,""}', '{a=>1,""}'),
    (3, '{}', '{}', '{}'),
    (4, NULL, NULL, NULL);
