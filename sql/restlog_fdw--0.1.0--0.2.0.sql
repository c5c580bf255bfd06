-- restlog.last_scan() tells which defaults stood in for conditions.
DROP FUNCTION last_scan();
CREATE FUNCTION last_scan() RETURNS TABLE (
	requests bigint,
	pages bigint,
	rows bigint,
	bytes bigint,
	api_total_first bigint,
	api_total_last bigint,
	api_date timestamp with time zone,
	retries bigint,
	throttled_ms bigint,
	rows_outside_window bigint,
	rows_outside_slice bigint,
	bytes_decoded bigint,
	wait_ms bigint,
	fetch_ms bigint,
	decode_ms bigint,
	defaults text[]
)
STRICT VOLATILE PARALLEL RESTRICTED
LANGUAGE c AS 'MODULE_PATHNAME', 'last_scan_wrapper';
