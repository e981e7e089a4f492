CREATE TABLE item (id integer, t text, k text, n numeric(12,10), nf numeric(20,2), b boolean, f real, h hstore, ta text[], d date, iv interval, j jsonb, e text DEFAULT 'dflt', PRIMARY KEY (id, k));
INSERT INTO item VALUES (1, '', 'a"b\c,=}', 0.0000000001, 12345678901234.5, true, 1e-5, 'b=>1,a=>NULL', '{a,NULL,"x, y"}', '2024-01-01', '1 day', '{"a": 1}', NULL);
