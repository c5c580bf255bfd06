-- Databases whose encoding is not UTF-8: values, conditions, names and messages.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\getenv simulator RESTLOG_SIM_URL
\set encoding UTF8
\setenv TAG encodings_UTF8
\i setup/encoding.psql
\set encoding LATIN1
\setenv TAG encodings_LATIN1
\i setup/encoding.psql
\set encoding SQL_ASCII
\setenv TAG encodings_SQL_ASCII
\i setup/encoding.psql
\set encoding EUC_JP
\setenv TAG encodings_EUC_JP
\i setup/encoding.psql
