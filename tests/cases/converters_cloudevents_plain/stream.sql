INSERT INTO item VALUES (2, 'stream', -0.25);
SELECT pg_logical_emit_message(true, 'a', 'b');
UPDATE item SET id = 3 WHERE id = 1;
TRUNCATE item;
