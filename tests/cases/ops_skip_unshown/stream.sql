UPDATE item SET n = 'NaN'; UPDATE item SET n = 1; UPDATE item SET n = 1; UPDATE item SET n = 'NaN'; UPDATE item SET t = 'b';
