CREATE DOMAIN stamp AS timestamp(3);
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN brief AS varchar(5);
CREATE DOMAIN list AS integer[];
CREATE DOMAIN document AS jsonb;
CREATE TABLE odd (
    id integer PRIMARY KEY, n name, n_r name NOT NULL, ns name[], ss stamp[], ps positive[], bs brief[], ls list[], ds document[], need positive[] NOT NULL
);
INSERT INTO odd VALUES
    (1, 'a name', 'b', '{a,NULL}', '{2024-01-01 00:00:00,NULL}', '{1,NULL}', '{a,NULL}', '{"{1,2}",NULL}', '{"{}",NULL}', '{1}'),
    (2, NULL, '', '{}', '{}', '{}', '{}', '{}', '{}', '{}'),
    (3, 'c', 'c', '{a}', '{2024-01-01 00:00:00}', '{1,2}', '{a,"b c"}', '{"{1,2}"}', '{"{}"}', '{1,2}'),
    (4, NULL, '', NULL, NULL, NULL, NULL, NULL, NULL, '{}');
