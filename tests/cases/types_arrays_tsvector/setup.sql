CREATE TABLE doc (id integer PRIMARY KEY, v tsvector[], j jsonb[], u uuid[], i inet[], r int4range[], m macaddr8[]);
INSERT INTO doc VALUES
    (1, '{"a fat cat",NULL}', '{NULL,"{}"}', '{NULL}', '{NULL,::1}', '{NULL,empty}', '{NULL}'),
    (2, '{"a fat cat",""}', '{}', '{}', '{}', '{}', '{}');
