INSERT INTO item VALUES (11, 'secret', 'secret', 'secret', 'secr', 's', 'secret', 'Secret', '{"a": 1}', '{"a": 1}', '<a>b</a>', '12345678-1234-1234-1234-123456789012', 'happy', 'secret', 'secret', '10.0.0.1', '1 day', '2024-01-01', 1.25, '{secret,NULL}', '{abcd}', 'a=>1', 'a.b.c', '[1,5)', 'fat cat', '08:00:2b:01:02:03', '1010', '{happy}', '\x0102');
INSERT INTO item (id) VALUES (12);
ALTER TABLE item REPLICA IDENTITY DEFAULT;
INSERT INTO item (id, t, v) VALUES (13, repeat('x', 100), 'y');
ALTER TABLE item ALTER t SET STORAGE EXTERNAL;
UPDATE item SET t = repeat('z', 9000) WHERE id = 13;
UPDATE item SET v = 'n' WHERE id = 13;
DELETE FROM item WHERE id = 11;
DELETE FROM item WHERE id = 13;
