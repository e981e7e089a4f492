-- Who runs the server, by what only they put there; whether this session is encrypted; how much WAL a slot may hold (-1:
-- any amount) and how much lies between checkpoints, in bytes.
SELECT ARRAY(
           SELECT rolname::text
           FROM pg_roles
           WHERE rolname IN ('rds_superuser', 'cloudsqlsuperuser', 'azure_pg_admin', 'supabase_admin', 'neon_superuser')
           UNION ALL
           SELECT proname::text FROM pg_proc WHERE proname = 'aurora_version'
       ),
       (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl),
       pg_size_bytes(current_setting('max_slot_wal_keep_size')),
       pg_size_bytes(current_setting('max_wal_size'))
