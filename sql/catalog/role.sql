-- Amazon RDS has no superusers to give and grants replication through a role.
SELECT r.rolname::text,
       r.rolsuper OR coalesce(pg_has_role(s.oid, 'MEMBER'), false),
       r.rolreplication OR r.rolsuper OR coalesce(pg_has_role(g.oid, 'MEMBER'), false),
       has_database_privilege(current_database(), 'CREATE')
FROM pg_roles r
LEFT JOIN pg_roles g ON g.rolname = 'rds_replication'
LEFT JOIN pg_roles s ON s.rolname = 'rds_superuser'
WHERE r.rolname = current_user
