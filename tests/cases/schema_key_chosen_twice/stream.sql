INSERT INTO a_item VALUES (2, NULL, 11);
UPDATE a_item SET code = 'changed' WHERE id = 1;
INSERT INTO b_item VALUES (2, 'new', 21);
INSERT INTO c_item VALUES (2, 'new');
