-- An API that nobody built in: described by its user in a server option, read by the Link header.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\getenv simulator RESTLOG_SIM_URL
\set base :simulator '/~tag=definition,rows=3100'
CREATE EXTENSION restlog_fdw;
\set definition '{"name": "audit", "title": "Our own audit trail", "parameters": [{"name": "key_header", "default": "X-Key"}], "auth": [{"header": "{key_header}", "value": "{api_key}"}], "tables": [{"name": "entries", "path": "/audit/entries", "records": "", "pagination": {"style": "link_header", "size": {"name": "per_page", "max": 500}}, "time_range": {"column": "at", "from": {"name": "since"}, "to": {"name": "until"}, "unit": "1ms"}, "columns": [{"name": "id", "type": "bigint"}, {"name": "at", "type": "timestamptz"}, {"name": "kind", "filter": {"name": "kind"}}, {"name": "whoName", "field": "/who/name"}, {"name": "whoMail", "field": "/who/mail"}, {"name": "size", "type": "bigint"}, {"name": "tags", "type": "jsonb"}]}]}'
CREATE SERVER own FOREIGN DATA WRAPPER restlog_fdw OPTIONS (definition :'definition', base_url :'base', concurrency '1');
CREATE USER MAPPING FOR CURRENT_USER SERVER own OPTIONS (api_key 'lab-key');
IMPORT FOREIGN SCHEMA audit FROM SERVER own INTO public;
\d entries
SELECT ok, message FROM restlog.check_server('own');

CREATE TABLE truth (LIKE entries);
\copy truth FROM PROGRAM '"$RESTLOG_LAB" rows --table audit.events rows=3100' CSV HEADER
SELECT count(*), count(DISTINCT id) FROM entries;
(TABLE entries EXCEPT ALL TABLE truth) UNION ALL (TABLE truth EXCEPT ALL TABLE entries);
SELECT kind, count(*), sum(size) FROM entries WHERE at >= '2026-01-10' AND at < '2026-01-20' AND kind IN ('file.read', 'login') GROUP BY 1 ORDER BY 1;
SELECT kind, count(*), sum(size) FROM truth WHERE at >= '2026-01-10' AND at < '2026-01-20' AND kind IN ('file.read', 'login') GROUP BY 1 ORDER BY 1;
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM entries WHERE at >= '2026-01-10' AND kind = 'login' AND whomail IS NULL;
\! "$RESTLOG_LAB" requests definition --count
SELECT count(*) FROM entries WHERE at >= '2026-01-30';
\! "$RESTLOG_LAB" requests definition --headers x-key

-- The address of the next page may be relative; on another host it is not followed
CREATE PROCEDURE switches(text) LANGUAGE plpgsql AS $$
DECLARE base text := (SELECT regexp_replace(option_value, '/~.*', '') FROM information_schema.foreign_server_options WHERE foreign_server_name = 'own' AND option_name = 'base_url');
BEGIN
  EXECUTE format('ALTER SERVER own OPTIONS (SET base_url %L)', base || '/~tag=definition,rows=3100,' || $1);
END $$;
CALL switches('next=relative'); SELECT count(*), count(DISTINCT id) FROM entries;
CALL switches('next=query'); SELECT count(*), count(DISTINCT id) FROM entries;
CALL switches('next=other_host'); SELECT count(*) FROM entries;
SET client_min_messages = warning;
SELECT subject, found, as_described FROM restlog.probe('entries', '2026-01-05', '2026-01-12') WHERE subject IN ('next page', 'last page', 'order', 'kind', 'page size');
CALL switches('next=relative'); SELECT subject, found, as_described FROM restlog.probe('entries', '2026-01-05', '2026-01-12') WHERE subject IN ('next page', 'last page');
RESET client_min_messages;
CALL switches('fault=repeat_key,at=2'); SELECT count(*) FROM entries;
CALL switches('fault=envelope'); SELECT count(*) FROM entries;
CALL switches('fault=truncated_json,at=3'); SELECT count(*) FROM entries;

-- The next page's address in the body, and the key in the query, where no plan, log or error shows it
\set base :simulator '/~tag=definition2,rows=3100,next=relative'
\set definition '{"name": "trail", "auth": [{"query": "apikey", "value": "{api_key}"}], "tables": [{"name": "events", "path": "/audit/events", "records": "/items", "pagination": {"style": "next_url", "next": "/links/next", "size": {"name": "page_size", "max": 500}}, "time_range": {"column": "at", "from": {"name": "since"}, "to": {"name": "until"}}, "columns": [{"name": "id", "type": "bigint"}, {"name": "at", "type": "timestamptz"}, {"name": "kind", "filter": {"name": "kind"}}, {"name": "whoName", "field": "/who/name"}, {"name": "whoMail", "field": "/who/mail"}, {"name": "size", "type": "bigint"}, {"name": "tags", "type": "jsonb"}]}]}'
CREATE SERVER own2 FOREIGN DATA WRAPPER restlog_fdw OPTIONS (definition :'definition', base_url :'base', concurrency '1');
CREATE USER MAPPING FOR CURRENT_USER SERVER own2 OPTIONS (api_key 'lab-key');
IMPORT FOREIGN SCHEMA trail FROM SERVER own2 INTO public;
(TABLE events EXCEPT ALL TABLE truth) UNION ALL (TABLE truth EXCEPT ALL TABLE events);
SELECT count(*) FROM events WHERE at >= '2026-01-30' AND kind = 'login';
SELECT count(*) FROM truth WHERE at >= '2026-01-30' AND kind = 'login';
\! "$RESTLOG_LAB" requests definition2 | tail -2
ALTER USER MAPPING FOR CURRENT_USER SERVER own2 OPTIONS (SET api_key 'wr0ng');
SELECT count(*) FROM events WHERE at >= '2026-01-30';
EXPLAIN (VERBOSE, COSTS OFF) SELECT id FROM events WHERE at >= '2026-01-30';

-- All faults of a description at once, each with its place; another definition is seen at once
ALTER SERVER own OPTIONS (SET definition '{"name": "audit", "tables": [{"name": "entries", "path": "audit", "records": "/r", "columns": [{"name": "id", "type": "money"}], "pagination": {"style": "offset", "token": {"name": "o"}, "size": {"name": "n", "max": 5}}}]}'); -- ERROR
ALTER SERVER own OPTIONS (SET definition '{"name": "audit", "parameters": [{"name": "page_size"}], "tables": [{"name": "entries", "path": "/audit", "records": "/r", "columns": [{"name": "id"}], "pagination": {"style": "link_header", "size": {"name": "n", "max": 5}}}]}'); -- ERROR
ALTER SERVER own OPTIONS (SET definition '{"name": "audit", "tables": [{"name": "entries", "path": "/audit?page=1", "records": "/r", "columns": [{"name": "at", "type": "timestamptz"}, {"name": "a", "filter": {"name": "t"}}, {"name": "b", "filter": {"name": "n"}}, {"name": "c", "type": "jsonb", "request": {}, "filter": {"name": "c"}}], "time_range": {"column": "at", "from": {"name": "t"}, "to": {"name": "t"}}, "pagination": {"style": "link_header", "size": {"name": "n", "max": 5}}}]}'); -- ERROR
-- A name that Postgres cannot hold is an error of the import, not a table that is missing
CREATE SERVER own3 FOREIGN DATA WRAPPER restlog_fdw OPTIONS (base_url :'base', definition '{"name": "odd", "tables": [{"name": "entries", "path": "/audit/entries", "records": "", "columns": [{"name": "a\u0000b", "field": "/id"}], "pagination": {"style": "link_header", "size": {"name": "n", "max": 5}}}]}');
IMPORT FOREIGN SCHEMA odd FROM SERVER own3 INTO public;
