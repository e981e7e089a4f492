INSERT INTO preset (id) VALUES (2);
