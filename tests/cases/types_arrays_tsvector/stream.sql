INSERT INTO doc SELECT id + 2, v, j, u, i, r, m FROM doc ORDER BY id;
