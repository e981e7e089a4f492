SELECT usename::text,
       nullif(application_name, ''),
       host(client_addr),
       to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
FROM pg_stat_activity
WHERE pid = $1
