INSERT INTO place SELECT id + 10, g, gp, gz, gg, ggp, gn, ga, t FROM place ORDER BY id;
DELETE FROM place WHERE id = 11;
