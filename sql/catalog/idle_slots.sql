SELECT slot_name::text
FROM pg_replication_slots
WHERE NOT active
ORDER BY slot_name
