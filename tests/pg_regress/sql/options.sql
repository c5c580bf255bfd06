-- What the validator refuses, and what it says. Each line but the last few is an error.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
CREATE EXTENSION restlog_fdw;

-- The wrapper
ALTER FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo');                        -- ERROR

-- Servers
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw;                                         -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo');               -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (base_url 'https://api.example'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixn', base_url 'https://api.example'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', definition '{}', base_url 'https://api.example'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'api.example'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'ftp://api.example'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'https://me:s3cret@api.example'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'https://api.example/?key=s3cret'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'http://api.example'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'https://api.example', api_key 's3cret'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'https://api.example', pagesize '10'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'https://api.example', field '/x'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'https://api.example', concurrency '0'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'https://api.example', concurrency '1000'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'https://api.example', read_timeout 'soon'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'https://api.example', allow_http 'perhaps'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'https://api.example', on_invalid 'ignore'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'https://api.example', max_response_bytes '-1'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'https://api.example', proxy 'proxy'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (definition '{"name": }', base_url 'https://api.example'); -- ERROR
CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (definition '{"name": "X", "tables": [{"name": "t", "path": "p"}], "colour": 1}', base_url 'https://api.example'); -- ERROR

CREATE SERVER s FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'https://api.example', mobile_app_id 'a', read_timeout '5s');
ALTER SERVER s OPTIONS (DROP base_url);                                                   -- ERROR
ALTER SERVER s OPTIONS (SET base_url 'http://api.example');                               -- ERROR
ALTER SERVER s OPTIONS (ADD allow_http 'true', SET base_url 'http://api.example');

-- User mappings: secrets only
CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (base_url 'https://api.example');   -- ERROR
CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (passwort 's3cret');                -- ERROR
CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (api_key '');                       -- ERROR
CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (api_key E'one\ntwo');              -- ERROR
CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (api_key 's3cret');

-- Foreign tables and columns
CREATE FOREIGN TABLE t (ticketid text) SERVER s OPTIONS (base_url 'https://api.example'); -- ERROR
CREATE FOREIGN TABLE t (ticketid text) SERVER s OPTIONS (page_size 'many');               -- ERROR
CREATE FOREIGN TABLE t (ticketid text) SERVER s OPTIONS (default_from 'a while');         -- ERROR
CREATE FOREIGN TABLE t (ticketid text) SERVER s OPTIONS (default_from '2026-13-01');      -- ERROR
CREATE FOREIGN TABLE t (ticketid text OPTIONS (field 'ticketId')) SERVER s;               -- ERROR
CREATE FOREIGN TABLE t (ticketid text OPTIONS (pushdown 'perhaps')) SERVER s;             -- ERROR
CREATE FOREIGN TABLE t (ticketid text OPTIONS (key 'true')) SERVER s;                     -- ERROR
CREATE FOREIGN TABLE t (ticketid text OPTIONS (field '/ticketId', pushdown 'false')) SERVER s
  OPTIONS (table 'ticket_status_logs', default_from '7 days', time_column 'updatedDate', time_unit '1s', page_size '50');

-- Known only when the table is read: errors name what to set
CREATE FOREIGN TABLE no_such_table (ticketid text) SERVER s;
SELECT * FROM no_such_table;                                                              -- ERROR
CREATE FOREIGN TABLE no_such_column (ticketid text, colour text, createddate timestamptz) SERVER s OPTIONS (table 'ticket_status_logs');
SELECT * FROM no_such_column WHERE createddate > now();                                   -- ERROR
EXPLAIN (COSTS OFF) SELECT ticketid FROM no_such_column WHERE createddate > now();
CREATE FOREIGN TABLE no_such_time (ticketid text, createddate timestamptz) SERVER s OPTIONS (table 'ticket_status_logs', time_column 'actor');
SELECT * FROM no_such_time WHERE createddate > now();                                     -- ERROR

-- Nothing can be written
INSERT INTO no_such_column (ticketid) VALUES ('1');                                       -- ERROR
ALTER FOREIGN TABLE no_such_column DROP COLUMN colour;
UPDATE no_such_column SET ticketid = '1' WHERE createddate > now();                       -- ERROR
DELETE FROM no_such_column WHERE createddate > now();                                     -- ERROR

-- A secret is nowhere but in the user mapping
SELECT count(*) FROM pg_foreign_server WHERE srvoptions::text LIKE '%s3cret%';
