-- Replica identity of a table: d, n, f or i, and then the index.
SELECT c.relreplident::text,
       (SELECT x.relname
        FROM pg_index i
        JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND i.indisreplident)
FROM pg_class c
WHERE c.oid = $1
