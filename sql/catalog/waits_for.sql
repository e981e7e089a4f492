SELECT wait_event FROM pg_stat_activity WHERE pid = $1
