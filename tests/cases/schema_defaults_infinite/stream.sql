INSERT INTO preset (id, t, z, d, tt) VALUES (2, '2024-01-01', '2024-01-01', '2024-01-01', '2024-01-01');
DELETE FROM preset WHERE id = 2;
