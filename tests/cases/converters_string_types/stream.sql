INSERT INTO item VALUES (2, 'ж😀', 'k', 0, 0, false, 'NaN', '', '{}', NULL, NULL, NULL);
UPDATE item SET k = 'new' WHERE id = 2;
DELETE FROM item WHERE id = 1;
