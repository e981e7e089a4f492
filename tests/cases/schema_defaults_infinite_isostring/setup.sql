CREATE TABLE preset (
    id integer PRIMARY KEY,
    t timestamp NOT NULL DEFAULT 'infinity',
    t0 timestamp(0) DEFAULT '-infinity',
    z timestamptz NOT NULL DEFAULT 'infinity',
    d date NOT NULL DEFAULT 'infinity',
    d2 date DEFAULT '-infinity',
    tb timestamp DEFAULT '0044-03-15 12:00:00 BC',
    db date DEFAULT '0044-03-15 BC',
    zb timestamptz DEFAULT '0044-03-15 12:00:00+00 BC',
    tf timestamp DEFAULT '12345-01-01 00:00:00',
    df date DEFAULT '12345-01-01',
    tg timestamp DEFAULT '1582-10-10 00:00:00',
    dg date DEFAULT '1582-10-10',
    dj date DEFAULT '0999-12-31',
    tt timestamp, t6 timestamp DEFAULT '-infinity', t1 timestamp(1) DEFAULT 'infinity', c3 time(3) DEFAULT '24:00',
    c time DEFAULT '24:00:00',
    cz timetz DEFAULT '24:00:00+02',
    n numeric DEFAULT 'NaN',
    n2 numeric(5,2) DEFAULT 'NaN',
    f real DEFAULT '-Infinity'
);
INSERT INTO preset (id, t, z, d, tt) VALUES (1, '2024-01-01', '2024-01-01', '2024-01-01', '2024-01-01');
