INSERT INTO span SELECT -n, i FROM made;
