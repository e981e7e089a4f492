CREATE TABLE place (id integer PRIMARY KEY, g geometry, gp geometry(Point, 4326), gz geometry(PointZM), gg geography, ggp geography(Point, 4326), gn geometry NOT NULL, ga geometry[], t text);
INSERT INTO place VALUES (1, 'POINT EMPTY', 'SRID=4326;POINT(1 2)', 'POINT ZM(1 2 3 4)', 'POINT(1 2)', 'SRID=4326;POINT(3 4)', 'GEOMETRYCOLLECTION(POINT(1 2),LINESTRING(0 0,1 1))', ARRAY['POINT(1 2)'::geometry, NULL], 'a');
INSERT INTO place VALUES (2, NULL, NULL, NULL, NULL, NULL, 'SRID=3857;POLYGON((0 0,1 0,1 1,0 0))', NULL, 'b');
INSERT INTO place SELECT 3, NULL, NULL, NULL, NULL, NULL, ST_MakeLine(array_agg(ST_MakePoint(i, 0.5))), NULL, 'c' FROM generate_series(1, 1) i;
