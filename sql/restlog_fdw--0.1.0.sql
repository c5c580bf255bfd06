-- The objects of version 0.1.0, from which the upgrade scripts go on. It is never edited.
CREATE  FUNCTION "check_server"(
	"name" TEXT
) RETURNS TABLE (
	"ok" bool,
	"message" TEXT,
	"detail" TEXT,
	"hint" TEXT,
	"sqlstate" TEXT
)
STRICT VOLATILE PARALLEL UNSAFE
LANGUAGE c
AS 'MODULE_PATHNAME', 'check_server_wrapper';

CREATE  FUNCTION "columns"(
	"source" TEXT
) RETURNS TABLE (
	"table_name" TEXT,
	"column_name" TEXT,
	"data_type" TEXT,
	"field" TEXT,
	"request_parameter" TEXT,
	"description" TEXT
)
IMMUTABLE STRICT PARALLEL SAFE
LANGUAGE c
AS 'MODULE_PATHNAME', 'columns_wrapper';

CREATE FUNCTION fdw_validator(text[], oid) RETURNS void
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'fdw_validator_wrapper';

CREATE  FUNCTION "last_scan"() RETURNS TABLE (
	"requests" bigint,
	"pages" bigint,
	"rows" bigint,
	"bytes" bigint,
	"api_total_first" bigint,
	"api_total_last" bigint,
	"api_date" timestamp with time zone,
	"retries" bigint,
	"throttled_ms" bigint,
	"rows_outside_window" bigint,
	"rows_outside_slice" bigint,
	"bytes_decoded" bigint,
	"wait_ms" bigint,
	"fetch_ms" bigint,
	"decode_ms" bigint
)
STRICT VOLATILE PARALLEL RESTRICTED
LANGUAGE c
AS 'MODULE_PATHNAME', 'last_scan_wrapper';

CREATE FUNCTION probe("table" regclass, "from" timestamptz, "to" timestamptz, keys jsonb DEFAULT '{}')
RETURNS TABLE (subject text, found text, as_described boolean, setting text)
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'probe_wrapper';

CREATE  FUNCTION "sources"() RETURNS TABLE (
	"name" TEXT,
	"title" TEXT,
	"tables" TEXT[],
	"reference" TEXT
)
IMMUTABLE STRICT PARALLEL SAFE
LANGUAGE c
AS 'MODULE_PATHNAME', 'sources_wrapper';

CREATE FUNCTION fdw_handler() RETURNS fdw_handler
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'restlog_fdw_handler';

CREATE FOREIGN DATA WRAPPER restlog_fdw HANDLER fdw_handler VALIDATOR fdw_validator;

COMMENT ON FOREIGN DATA WRAPPER restlog_fdw IS 'paged REST log APIs as tables';

GRANT USAGE ON SCHEMA restlog TO PUBLIC;
