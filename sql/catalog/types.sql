-- A true array is told by its output function: int2vector and oidvector have elements too but print no braces.
SELECT t.oid,
       n.nspname,
       t.typname,
       t.typtype,
       CASE WHEN t.typtype = 'b' AND t.typoutput = 'array_out'::regproc THEN t.typelem ELSE 0::oid END,
       t.typbasetype,
       t.typtypmod,
       ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder),
       t.typdelim
FROM pg_type t
JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname <> 'pg_toast'
  AND ($1::oid[] IS NULL OR t.oid = ANY ($1))
ORDER BY t.oid
