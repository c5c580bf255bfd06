-- Version 0.1.0, upgraded, has the objects of a fresh installation.
CREATE FUNCTION objects() RETURNS SETOF text LANGUAGE sql AS $$
  SELECT d.description FROM (
    SELECT pg_describe_object(classid, objid, 0) || coalesce(': ' || CASE WHEN classid = 'pg_proc'::regclass THEN pg_get_functiondef(objid) END, '') AS description
    FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'restlog_fdw') AND deptype = 'e') d
$$;
CREATE EXTENSION restlog_fdw VERSION '0.1.0';
ALTER EXTENSION restlog_fdw UPDATE;
SELECT extversion = (SELECT default_version FROM pg_available_extensions WHERE name = 'restlog_fdw') AS newest FROM pg_extension WHERE extname = 'restlog_fdw';
CREATE TABLE upgraded AS SELECT * FROM objects() AS object;
DROP EXTENSION restlog_fdw;
CREATE EXTENSION restlog_fdw;
CREATE TABLE fresh AS SELECT * FROM objects() AS object;
SELECT count(*) > 5 AS many FROM fresh;
(TABLE upgraded EXCEPT ALL TABLE fresh) UNION ALL (TABLE fresh EXCEPT ALL TABLE upgraded);
SELECT count(*) FROM restlog.last_scan();
