-- A standby has no transaction ids of its own; 0 is what Debezium writes then.
SELECT CASE WHEN pg_is_in_recovery() THEN 0 ELSE txid_current() END,
       (extract(epoch FROM CURRENT_TIMESTAMP) * 1000000)::int8
