-- Rows as of the last vacuum or analyze (-1: never), and bytes with everything but indexes.
SELECT c.oid, c.reltuples::int8, pg_table_size(c.oid)
FROM pg_class c
WHERE c.oid = ANY ($1)
