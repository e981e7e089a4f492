CREATE TYPE mood AS ENUM ('happy', 'sad');
CREATE DOMAIN dtext AS text; CREATE DOMAIN dvc AS varchar(8);
CREATE TABLE item (id integer PRIMARY KEY, t text, v varchar(10), vn varchar NOT NULL DEFAULT 'dflt', c char(6), qc "char", nm name, ci citext, j json, jb jsonb, x xml, u uuid, e mood, d dtext, dv dvc, ip inet, iv interval, tz timestamptz, n numeric(6,2), ta text[], va varchar(4)[], h hstore, l ltree, r int4range, ts tsvector, m macaddr, bt bit(4), ea mood[], b bytea);
ALTER TABLE item REPLICA IDENTITY FULL;
INSERT INTO item VALUES (1, 'secret', 'secret', 'secret', 'secr', 's', 'secret', 'Secret', '{"a": 1}', '{"a": 1}', '<a>b</a>', '12345678-1234-1234-1234-123456789012', 'happy', 'secret', 'secret', '10.0.0.1', '1 day', '2024-01-01', 1.25, '{secret,NULL}', '{abcd}', 'a=>1', 'a.b.c', '[1,5)', 'fat cat', '08:00:2b:01:02:03', '1010', '{happy}', '\x0102');
INSERT INTO item (id) VALUES (2);
