UPDATE large SET note='b';
