-- What the reference page leaves open, each way: the answer is the same.
\set VERBOSITY terse
\set SHOW_CONTEXT never
\set name truth_of
\set switches 'rows=3100,ties=7'
\i setup/tixngo.psql
SET client_min_messages = warning;
CREATE TABLE public.truth (LIKE ticket_status_logs);
\copy public.truth FROM PROGRAM '"$RESTLOG_LAB" rows rows=3100,ties=7' CSV HEADER

-- For one set of switches: three windows whose ends lie on rows, and a filter, read in pages of 50.
CREATE FUNCTION public.try(switches text) RETURNS TABLE (switch text, rows bigint, same boolean) LANGUAGE plpgsql AS $$
DECLARE
  base text := (SELECT regexp_replace(option_value, '/~.*', '') FROM information_schema.foreign_server_options WHERE foreign_server_name = 'truth_of' AND option_name = 'base_url');
  condition text; remote text; local text; n bigint;
BEGIN
  DROP SERVER IF EXISTS tried CASCADE;
  EXECUTE format('CREATE SERVER tried FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source ''tixngo'', base_url %L, mobile_app_id ''my-app'', page_size ''50'')',
                 base || '/~tag=tried,rows=3100,ties=7,' || switches || '/v4');
  CREATE USER MAPPING FOR CURRENT_USER SERVER tried OPTIONS (api_key 'lab-key');
  DROP SCHEMA IF EXISTS tried CASCADE;
  CREATE SCHEMA tried;
  IMPORT FOREIGN SCHEMA tixngo FROM SERVER tried INTO tried;
  switch := switches; rows := 0; same := true;
  FOREACH condition IN ARRAY ARRAY[
    (SELECT format('createddate >= %L AND createddate < %L', min(createddate), max(createddate)) FROM truth WHERE createddate BETWEEN '2026-01-05' AND '2026-01-07'),
    (SELECT format('createddate > %L AND createddate <= %L', min(createddate), max(createddate)) FROM truth WHERE createddate BETWEEN '2026-01-05' AND '2026-01-07'),
    (SELECT format('createddate = %L', min(createddate)) FROM truth WHERE createddate >= '2026-01-06'),
    'createddate >= ''2026-01-30'' AND actionname IN (''ACTIVATE'', ''CONTROL'') AND actor IN (''Device'', ''device'', ''S-360'')'
  ] LOOP
    EXECUTE format('SELECT count(*), md5(string_agg(t::text, E''\n'' ORDER BY t::text)) FROM tried.ticket_status_logs t WHERE %s', condition) INTO n, remote;
    EXECUTE format('SELECT md5(string_agg(t::text, E''\n'' ORDER BY t::text)) FROM truth t WHERE %s', condition) INTO local;
    rows := rows + n; same := same AND remote IS NOT DISTINCT FROM local;
  END LOOP;
  RETURN NEXT;
END $$;

SELECT t.* FROM unnest(ARRAY[
  'bounds=inclusive', 'bounds=exclusive', 'bounds=half_open',
  'order=asc', 'order=desc',
  'last=null', 'last=absent', 'last=empty', 'last=bookmark',
  'case=exact', 'case=insensitive',
  'spelling=eventID', 'spelling=eventId', 'activation=object', 'activation=string', 'nulls=present', 'nulls=absent',
  'encoding=gzip', 'encoding=zstd', 'granularity=s',
  'fault=empty_middle,at=2', 'fault=redirect_same', 'fault=drip:200000',
  'fault=status:503,times=2', 'fault=throttle:0,times=1', 'fault=throttle:date,times=1', 'fault=close,times=1', 'fault=cut,times=1',
  'keep_alive=off'
]) s, LATERAL try(s) t;

-- A page size above the API's is the API's
ALTER SERVER tried OPTIONS (SET page_size '1000000');
EXPLAIN (VERBOSE, COSTS OFF) SELECT ticketid FROM tried.ticket_status_logs WHERE createddate >= '2026-01-31';
-- A limit that is clamped, not refused: a short page proves nothing, the key does
SELECT * FROM try('default_limit=7,max_limit=7,over=clamp');
SELECT * FROM try('default_limit=7,max_limit=7,over=reject');                             -- ERROR

-- The key in another header, with a scheme
SELECT * FROM try('header=Authorization,scheme=Bearer');                                  -- ERROR
\set name with_bearer
\set switches 'rows=3100,header=Authorization,scheme=Bearer'
\i setup/tixngo.psql
ALTER SERVER with_bearer OPTIONS (ADD api_key_header 'Authorization', ADD api_key_scheme 'Bearer');
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-31';

-- A range that filters another column: rows would be missing, so it is an error, and the hint says what to set
\set VERBOSITY default
SELECT count(*) FROM try('filter=updatedDate');                                           -- ERROR
\set name other_column
\set switches 'rows=3100,ties=7,filter=updatedDate'
\i setup/tixngo.psql
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-07'; -- ERROR
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (ADD time_column 'updatedDate');
SELECT count(*) FROM ticket_status_logs WHERE updateddate >= '2026-01-05' AND updateddate < '2026-01-07';
SELECT count(*) FROM truth WHERE updateddate >= '2026-01-05' AND updateddate < '2026-01-07';
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05' AND createddate < '2026-01-07'; -- ERROR

-- A range of whole days returns more than was asked for: right with the unit told, and without it an error, not a guess
\set name whole_days
\set switches 'rows=3100,ties=7,granularity=day'
\i setup/tixngo.psql
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05 10:00' AND createddate < '2026-01-05 16:00'; -- ERROR
ALTER FOREIGN TABLE ticket_status_logs OPTIONS (ADD time_unit '1d');
SELECT count(*) FROM ticket_status_logs WHERE createddate >= '2026-01-05 10:00' AND createddate < '2026-01-05 16:00';
SELECT count(*) FROM truth WHERE createddate >= '2026-01-05 10:00' AND createddate < '2026-01-05 16:00';
