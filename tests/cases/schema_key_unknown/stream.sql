INSERT INTO unknown VALUES ('(2,two)', 'new');
UPDATE unknown SET note = 'changed' WHERE k = '(1,one)'::pair;
UPDATE unknown SET k = '(3,three)' WHERE k = '(1,one)'::pair;
DELETE FROM unknown WHERE k = '(2,two)'::pair;
UPDATE half SET b = '{[2,3)}';
UPDATE half SET a = 2;
DELETE FROM half;
