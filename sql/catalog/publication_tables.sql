-- What the publication sends, and what it was told: they differ for partition trees and for schemas.
SELECT schemaname::text, tablename::text, true, false
FROM pg_publication_tables
WHERE pubname = $1
UNION ALL
SELECT n.nspname::text, c.relname::text, false, true
FROM pg_publication_rel r
JOIN pg_publication p ON p.oid = r.prpubid
JOIN pg_class c ON c.oid = r.prrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE p.pubname = $1
ORDER BY 1, 2
