-- Tables of a publication of which it does not send everything: whether rows, and whether columns, are left out. Before
-- Postgres 15 there was no such thing, nor these columns of the catalog.
SELECT n.nspname::text,
       c.relname::text,
       to_jsonb(r) ->> 'prqual' IS NOT NULL,
       to_jsonb(r) ->> 'prattrs' IS NOT NULL
FROM pg_publication_rel r
JOIN pg_publication p ON p.oid = r.prpubid
JOIN pg_class c ON c.oid = r.prrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE p.pubname = $1
  AND (to_jsonb(r) ->> 'prqual' IS NOT NULL OR to_jsonb(r) ->> 'prattrs' IS NOT NULL)
ORDER BY 1, 2
