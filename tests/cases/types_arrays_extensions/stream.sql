INSERT INTO doc SELECT id + 4, l, c, h FROM doc ORDER BY id;
