-- Logins: secrets become a token, once for a session; a token that is refused in the middle of a scan is renewed, and the scan goes on.
\set VERBOSITY verbose
\set SHOW_CONTEXT never

-- Socialboards: a refresh token becomes an access token
\set name login_social
\set switches 'tickets=130,static_token=off'
\set source socialboards
\i setup/token.psql
SELECT count(*) FROM tickets;
ALTER USER MAPPING FOR CURRENT_USER SERVER login_social OPTIONS (DROP token, ADD client_id 'lab-client');
SELECT count(*) FROM tickets;
ALTER USER MAPPING FOR CURRENT_USER SERVER login_social OPTIONS (ADD refresh_token 'lab-refresh');
\! "$RESTLOG_LAB" requests login_social --count
SELECT count(*), count(DISTINCT id) FROM tickets;
SELECT count(*) FROM tickets WHERE creationtime < '2026-01-03';
SELECT ok, message FROM restlog.check_server('login_social');
\! "$RESTLOG_LAB" requests login_social --headers authorization | sed -E "s/\"(to|from)\":\"[^\"]*\"/\"\1\":\"<time>\"/g"
-- A token that is good for two requests: renewed in the middle, and nothing is lost or read twice
\i setup/fault.psql
CALL fault('token_uses=2');
SELECT count(*), count(DISTINCT id) FROM tickets;
SELECT requests, pages, rows, retries FROM restlog.last_scan();
\! "$RESTLOG_LAB" requests login_social --headers authorization | sed -E "s/\"(to|from)\":\"[^\"]*\"/\"\1\":\"<time>\"/g"
-- One that is good for none: renewed once, then refused
CALL fault('token_life=0');
SELECT count(*) FROM tickets;
\! "$RESTLOG_LAB" requests login_social | sed -E "s/\"(to|from)\":\"[^\"]*\"/\"\1\":\"<time>\"/g"
-- Wrong secrets, and none of them in the error
CALL fault('latency=0');
ALTER USER MAPPING FOR CURRENT_USER SERVER login_social OPTIONS (SET refresh_token 'wr0ng');
SELECT count(*) FROM tickets;
SELECT ok, message, detail, hint, sqlstate FROM restlog.check_server('login_social');
-- The API fails after the login, or auth_url is no login at all
ALTER USER MAPPING FOR CURRENT_USER SERVER login_social OPTIONS (SET refresh_token 'lab-refresh');
CALL fault('fault=status:500');
SELECT count(*) FROM tickets;
CALL fault('latency=0');
\set nowhere :simulator '/nowhere'
ALTER SERVER login_social OPTIONS (ADD auth_url :'nowhere');
SELECT count(*) FROM tickets;
ALTER SERVER login_social OPTIONS (SET auth_url 'http://api.example/token');
ALTER SERVER login_social OPTIONS (SET auth_url 'https://me:wr0ng@api.example/token');
ALTER SERVER login_social OPTIONS (SET auth_url 'https://api.example/token');
SET restlog_fdw.allowed_hosts = '127.0.0.1';
SELECT count(*) FROM tickets;
RESET restlog_fdw.allowed_hosts;
ALTER SERVER login_social OPTIONS (DROP auth_url);
SELECT count(*) FROM tickets;

-- Viviot: ServiceStack's credentials; a token of the mapping goes first, and the login takes over when it is refused
\set name login_viviot
\set switches 'rows=2500,static_token=off,token_uses=4'
\set source viviot
\i setup/token.psql
ALTER USER MAPPING FOR CURRENT_USER SERVER login_viviot OPTIONS (ADD username 'lab-user', ADD password 'lab-password');
ALTER SERVER login_viviot OPTIONS (ADD page_size '100');
SELECT count(information), count(DISTINCT id) FROM action_logs WHERE timestamp >= '2026-01-01' OR timestamp IS NULL;
SELECT requests, pages, retries FROM restlog.last_scan();
\! "$RESTLOG_LAB" requests login_viviot | grep -c POST
ALTER USER MAPPING FOR CURRENT_USER SERVER login_viviot OPTIONS (SET password 'wr0ng', DROP token);
SELECT count(*) FROM action_logs WHERE information = 'x';

-- Huawei: IAM is another host, so its address must be told; the token comes in a header
\set name login_huawei
\set switches 'cases=30,static_token=off'
\set source huawei
\i setup/token.psql
ALTER USER MAPPING FOR CURRENT_USER SERVER login_huawei OPTIONS (DROP token, ADD username 'lab-user', ADD password 'lab-password', ADD domain 'lab-domain');
SELECT count(*) FROM cases WHERE simple_description IS NOT NULL;
\set iam :simulator '/~tag=login_iam/v3/auth/tokens'
ALTER SERVER login_huawei OPTIONS (ADD auth_url :'iam');
SELECT count(incident_id) FROM cases;
ALTER USER MAPPING FOR CURRENT_USER SERVER login_huawei OPTIONS (ADD project 'lab-project');
SELECT count(incident_id) FROM cases;
\! "$RESTLOG_LAB" requests login_huawei --headers x-auth-token
-- Eight workers whose token runs out together log in once: as many logins as ten requests a token take
\set iam :simulator '/~tag=login_ten,token_uses=10/v3/auth/tokens'
ALTER SERVER login_huawei OPTIONS (SET auth_url :'iam', SET concurrency '8');
SELECT array_agg(incident_id) AS keys FROM cases \gset
SELECT count(DISTINCT case_id) FROM operate_logs WHERE case_id = ANY (:'keys');
SELECT pages FROM restlog.last_scan();
\! "$RESTLOG_LAB" requests login_ten --count
\set iam :simulator '/~tag=login_iam/v3/auth/tokens'
ALTER SERVER login_huawei OPTIONS (SET auth_url :'iam');
ALTER USER MAPPING FOR CURRENT_USER SERVER login_huawei OPTIONS (SET project 'other');
SELECT count(incident_id) FROM cases;
\! "$RESTLOG_LAB" requests login_iam

-- A source without a login has no use for the address of one
CREATE SERVER login_tixngo FOREIGN DATA WRAPPER restlog_fdw OPTIONS (source 'tixngo', base_url 'https://api.example', auth_url 'https://api.example/login');
-- Secrets belong into a user mapping
ALTER SERVER login_huawei OPTIONS (ADD password 'lab-password');
