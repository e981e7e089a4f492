SELECT p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot, pg_get_userbyid(p.pubowner)::text,
       pg_has_role(p.pubowner, 'USAGE')
FROM pg_publication p
WHERE p.pubname = $1
