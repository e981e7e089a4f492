SELECT c.oid,
       has_schema_privilege(n.oid, 'USAGE'),
       ARRAY(
           SELECT a.attname::text
           FROM pg_attribute a
           WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             AND NOT has_column_privilege(c.oid, a.attnum, 'SELECT')
           ORDER BY a.attnum
       ),
       pg_has_role(c.relowner, 'USAGE'),
       pg_get_userbyid(c.relowner)::text,
       row_security_active(c.oid),
       c.relpersistence = 'p',
       CASE c.relreplident
           WHEN 'f' THEN true
           WHEN 'd' THEN EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid)
           WHEN 'i' THEN EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident AND i.indisvalid)
           ELSE false
       END,
       c.relreplident::text,
       (SELECT x.relname::text
        FROM pg_index i
        JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND i.indisreplident)
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = ANY ($1)
ORDER BY c.oid
