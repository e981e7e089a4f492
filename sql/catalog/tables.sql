-- One row per column, so that a table and its keys come from one snapshot of the catalog. A table without columns is one
-- row with a null column. The last two are positions in the primary key and in the unique index that stands in for it;
-- the order of indexes is pgjdbc's (clustered first, then by name).
SELECT c.oid,
       n.nspname,
       c.relname,
       c.relkind,
       c.relispartition,
       a.attname,
       a.atttypid,
       a.atttypmod,
       a.attnotnull OR (t.typtype = 'd' AND t.typnotnull),
       a.attgenerated <> '',
       pg_get_expr(d.adbin, d.adrelid),
       col_description(c.oid, a.attnum),
       array_position((p.indkey::int2[])[0:p.indnkeyatts - 1], a.attnum),
       array_position(u.indkey::int2[], a.attnum)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_index p ON p.indrelid = c.oid AND p.indisprimary
LEFT JOIN LATERAL (
    SELECT i.indkey
    FROM pg_index i
    JOIN pg_class x ON x.oid = i.indexrelid
    WHERE i.indrelid = c.oid AND i.indisunique AND i.indexprs IS NULL AND p.indexrelid IS NULL
    ORDER BY i.indisclustered DESC, x.relname
    LIMIT 1
) u ON true
WHERE c.relkind IN ('r', 'p')
  AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema'
  AND ($1::oid[] IS NULL OR c.oid = ANY ($1))
ORDER BY n.nspname, c.relname, a.attnum
