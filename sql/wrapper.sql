CREATE FUNCTION fdw_handler() RETURNS fdw_handler
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'restlog_fdw_handler';

CREATE FOREIGN DATA WRAPPER restlog_fdw HANDLER fdw_handler VALIDATOR fdw_validator;

COMMENT ON FOREIGN DATA WRAPPER restlog_fdw IS 'paged REST log APIs as tables';

GRANT USAGE ON SCHEMA restlog TO PUBLIC;
