INSERT INTO item VALUES (2, 'b'); UPDATE item SET t = 'c'; INSERT INTO other VALUES (2);
