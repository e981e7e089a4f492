-- By the statistics, so that nobody's lock is waited for. A partitioned table is its leaves.
WITH RECURSIVE tree (oid) AS (
    SELECT unnest($1)
    UNION
    SELECT i.inhrelid
    FROM tree
         JOIN pg_class parent ON parent.oid = tree.oid AND parent.relkind = 'p'
         JOIN pg_inherits i ON i.inhparent = parent.oid
)
SELECT coalesce(sum(greatest(c.reltuples, pg_stat_get_live_tuples(c.oid), 0)), 0)::int8
FROM tree
     JOIN pg_class c ON c.oid = tree.oid AND c.relkind = 'r'
