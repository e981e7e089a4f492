CREATE TYPE mood AS ENUM ('a','b');
CREATE TABLE m (id int primary key, i int[], i2 smallint[], b bool[], f real[], n numeric[], t text[], v varchar(3)[], u uuid[], d date[], ts timestamp[], tz timestamptz[], by bytea[], j jsonb[], m mood[], r int4range[], c char(2)[], bx box[], ip inet[], ln line[], tm time[]);
INSERT INTO m (id, i, i2, b, f, n, u, d, ts) VALUES (1, '{{1,2},{3,4}}', '{{1}}', '{{t}}', '{{1.5}}', '{{1.5}}', '{{12345678-1234-1234-1234-123456789012}}', '{{2000-01-01}}', '{{2000-01-01}}');
