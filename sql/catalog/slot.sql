-- Columns that older servers lack are read through jsonb, where a missing one is null.
SELECT s.plugin::text,
       s.slot_type,
       s.database::text,
       s.temporary,
       s.active_pid,
       s.restart_lsn::text,
       s.confirmed_flush_lsn::text,
       s.catalog_xmin::text,
       s.wal_status,
       s.safe_wal_size,
       j.all_columns ->> 'invalidation_reason',
       (j.all_columns ->> 'conflicting')::bool,
       coalesce((j.all_columns ->> 'two_phase')::bool, false),
       coalesce((j.all_columns ->> 'failover')::bool, false)
FROM pg_replication_slots s,
     LATERAL (SELECT to_jsonb(s) AS all_columns) j
WHERE s.slot_name = $1
