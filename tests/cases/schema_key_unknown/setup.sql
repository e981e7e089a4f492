CREATE TYPE pair AS (x integer, y text);
CREATE TABLE unknown (k pair PRIMARY KEY, note text);
CREATE TABLE half (a integer, b int4multirange, note text, PRIMARY KEY (b, a));
INSERT INTO unknown VALUES ('(1,one)', 'snapshot');
INSERT INTO half VALUES (1, '{[1,3)}', 'snapshot');
