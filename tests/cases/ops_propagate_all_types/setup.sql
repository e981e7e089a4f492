CREATE SCHEMA shop;
CREATE TYPE shop.mood AS ENUM ('happy', 'sad'); CREATE TYPE "Odd Type" AS ENUM ('a'); CREATE DOMAIN shop.dd AS numeric(7,1); CREATE DOMAIN dd2 AS shop.dd; CREATE DOMAIN dv AS varchar(9); CREATE DOMAIN da AS int4[];
CREATE TYPE comp AS (a int, b text);
CREATE TABLE item (id bigserial PRIMARY KEY, sm smallserial, m shop.mood, ma shop.mood[], ot "Odd Type", d1 shop.dd, d2 dd2, dv dv, da da, tza timestamptz[], tz3a timestamptz(3)[], qc "char", nm name, o oid, i3 interval(3), t0 time(0), t1 time(1), t3z timetz(3), b bit, b5 bit(5), vb varbit(5), h hstore, ja json[], n52 numeric(5,-2), n50 numeric(5,0), n38 numeric(38), c char, ci citext, l ltree, va varchar(5)[], ca char(5)[], dna numeric(4,1)[], na numeric[], c1 comp, mr int4multirange, ln line, ts tsvector, tsp0 timestamp(0), dg date, mo money, r int4range, nv int4 DEFAULT nextval('item_id_seq'));
INSERT INTO item (id) VALUES (1);
