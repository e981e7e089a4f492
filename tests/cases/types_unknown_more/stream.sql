INSERT INTO odd SELECT id + 10, n, n_r, ns, ss, ps, bs, ls, ds, need FROM odd ORDER BY id;
UPDATE odd SET n = n WHERE id = 1;
DELETE FROM odd WHERE id = 1;
