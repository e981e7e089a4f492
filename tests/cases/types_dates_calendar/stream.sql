INSERT INTO m SELECT id+10,d,da,ta,tza,dd,t,tz,tz1 FROM m ORDER BY id;
