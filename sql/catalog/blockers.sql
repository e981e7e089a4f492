-- Whom this process waits for; 0 is a prepared transaction. Columns of other roles' sessions are null without
-- pg_read_all_stats.
SELECT b.pid, a.application_name, a.client_addr::text,
       to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
FROM unnest(pg_blocking_pids($1)) AS b (pid)
     LEFT JOIN pg_stat_activity a ON a.pid = b.pid
ORDER BY a.xact_start, b.pid
