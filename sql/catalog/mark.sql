-- Transactional: its commit flushes what was written before.
SELECT pg_logical_emit_message(true, $1, $2)::text
