SELECT (pg_replication_slot_advance($1, $2::text::pg_lsn)).end_lsn::text
