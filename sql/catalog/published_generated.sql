-- Generated columns that a publication sends: none before 18, whatever attnames says (which came with 15).
SELECT t.schemaname::text, t.tablename::text, a.attname::text
FROM pg_publication_tables t
JOIN pg_namespace n ON n.nspname = t.schemaname
JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attgenerated <> ''
WHERE t.pubname = $1
  AND current_setting('server_version_num')::integer >= 180000
  AND to_jsonb(t) -> 'attnames' ? a.attname::text
