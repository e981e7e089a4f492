CREATE TABLE preset (
    id integer PRIMARY KEY,
    b boolean DEFAULT (NOT true),
    b2 boolean NOT NULL DEFAULT (1 > 2),
    b3 boolean DEFAULT ('a' < 'b'),
    i integer DEFAULT (1 + 2),
    i2 integer DEFAULT 1 - 2,
    f double precision DEFAULT (1.5 * 2),
    n numeric(8, 2) DEFAULT (1.5 * 2),
    t text DEFAULT ('a' || 'b'),
    t2 text DEFAULT (1 || 'x'),
    d date DEFAULT ('2024-01-01'::date + 1),
    ts timestamp DEFAULT ('2024-01-01'::timestamp + '1 day'),
    j jsonb DEFAULT ('{"a": 1}'::jsonb || '{"b": 2}'::jsonb),
    u uuid DEFAULT ('12345678-1234-5678-1234-567812345678'::text)::uuid,
    bt bit(3) DEFAULT (B'101' & B'001'),
    v interval DEFAULT ('1 day'::interval * 2),
    g text GENERATED ALWAYS AS ('a' || 'b') STORED,
    g2 integer NOT NULL GENERATED ALWAYS AS (id) STORED,
    g3 boolean GENERATED ALWAYS AS (id > 1) STORED,
    g4 integer GENERATED ALWAYS AS (7) STORED
);
INSERT INTO preset (id) VALUES (1);
