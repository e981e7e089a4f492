SELECT pg_postmaster_start_time()::text,
       coalesce((SELECT setting FROM pg_settings WHERE name = 'unix_socket_directories'), '')
