INSERT INTO old SELECT 2, t, t3, z, d FROM old WHERE id = 1;
