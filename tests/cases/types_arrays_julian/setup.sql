CREATE TABLE old (id integer PRIMARY KEY, t timestamp[], t3 timestamp(3)[], z timestamptz[], d date[], r date, s timestamp);
INSERT INTO old
    SELECT 1, array_agg(t), array_agg(t), array_agg(t), array_agg(t), NULL, NULL
    FROM unnest('{0001-01-01 00:00:00.5,1582-10-10 10:10:10.123456,1582-10-15 00:00:00,1582-10-14 23:59:59,1582-10-04 00:00:00,1500-02-28 00:00:00,1500-03-01 12:00:00,0999-12-31 00:00:00,0044-03-15 12:00:00 BC,4713-01-01 00:00:00 BC,0004-02-29 00:00:00,infinity,-infinity,294276-12-31 23:59:59.999999,NULL}'::timestamp[]) AS t WHERE t < '294276-01-01' OR t = 'infinity' OR t IS NULL;
