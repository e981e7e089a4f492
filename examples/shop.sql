-- A small shop.
CREATE TABLE stores (id serial PRIMARY KEY, name text NOT NULL, city text);
CREATE TABLE products (
    id serial PRIMARY KEY,
    store_id integer REFERENCES stores,
    name text NOT NULL,
    price numeric(10, 2) NOT NULL,
    in_stock boolean DEFAULT true
);
CREATE TABLE orders (
    id serial PRIMARY KEY,
    product_id integer REFERENCES products,
    quantity integer NOT NULL DEFAULT 1,
    placed_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO stores (name, city) VALUES ('Corner shop', 'Pune'), ('Bazaar', 'Jaipur');
INSERT INTO products (store_id, name, price) VALUES (1, 'Tea', 120.00), (1, 'Rice', 85.50), (2, 'Lamp', 799.00);
INSERT INTO orders (product_id, quantity) VALUES (1, 2);
