CREATE TABLE span (id integer PRIMARY KEY, i interval);
CREATE VIEW made AS
    SELECT n, make_interval(years => n % 97 - 40, months => n * 7 % 23 - 11, days => n * 11 % 401 - 200, secs => (n::bigint * 7919477 % 99999999999 - 50000000000) / 1000000.0) AS i
    FROM generate_series(1, 400000, 9973) AS n;
INSERT INTO span SELECT n, i FROM made;
INSERT INTO span VALUES (0, '17 years 11 mons -124 days -09:01:50.553845');
