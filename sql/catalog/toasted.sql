-- Of these tables, the ones with values that do not fit into a page, most of them first: oid, pages.
SELECT c.oid, c.relpages
FROM pg_class c
WHERE c.oid = ANY ($1)
  AND c.reltoastrelid <> 0
  AND pg_relation_size(c.reltoastrelid) > 0
ORDER BY pg_relation_size(c.reltoastrelid) DESC
LIMIT $2
