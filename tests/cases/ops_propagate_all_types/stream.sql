INSERT INTO item (id) VALUES (2);
