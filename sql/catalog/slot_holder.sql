-- Columns of other roles' sessions are null without pg_read_all_stats.
SELECT s.active_pid, a.application_name, a.client_addr::text
FROM pg_replication_slots s
     LEFT JOIN pg_stat_activity a ON a.pid = s.active_pid
WHERE s.slot_name = $1 AND s.active_pid IS NOT NULL
