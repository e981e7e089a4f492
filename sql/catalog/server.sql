SELECT current_setting('server_version_num')::int4,
       current_setting('wal_level'),
       pg_is_in_recovery(),
       current_setting('max_replication_slots')::int4,
       (SELECT count(*) FROM pg_replication_slots)::int4,
       current_setting('max_wal_senders')::int4,
       (SELECT count(*) FROM pg_stat_get_wal_senders())::int4,
       (extract(epoch FROM clock_timestamp()) * 1000000)::int8,
       current_setting('server_encoding')
