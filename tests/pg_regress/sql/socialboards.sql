-- Socialboards' ticket log: POST, skip and take without a total, one chain for each ticket, an error code in every answer.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\set name socialboards
\set switches 'tickets=30'
\set source socialboards
\i setup/token.psql
\d ticket_log
\d tickets
SELECT ok, message FROM restlog.check_server('socialboards');

-- The rows are the simulator's: mixed offsets, seven digits of a second, nested users
CREATE TABLE public.truth_tickets (LIKE tickets);
\copy public.truth_tickets FROM PROGRAM '"$RESTLOG_LAB" rows --table socialboards.tickets tickets=30' CSV HEADER
CREATE TABLE read_tickets AS SELECT * FROM tickets;
SELECT count(*), count(DISTINCT id) FROM read_tickets;
SELECT id FROM ((TABLE read_tickets EXCEPT ALL TABLE public.truth_tickets) UNION ALL (TABLE public.truth_tickets EXCEPT ALL TABLE read_tickets)) different;
CREATE TABLE public.truth_log (LIKE ticket_log);
\copy public.truth_log FROM PROGRAM '"$RESTLOG_LAB" rows --table socialboards.ticket_log tickets=30' CSV HEADER
CREATE TABLE read_log AS SELECT l.* FROM tickets t JOIN ticket_log l ON l.ticketid = t.id;
SELECT count(*), count(DISTINCT ticketid) FROM read_log;
(TABLE read_log EXCEPT ALL TABLE public.truth_log) UNION ALL (TABLE public.truth_log EXCEPT ALL TABLE read_log);
\! "$RESTLOG_LAB" requests socialboards --count

-- Pages overlap by one record, so that rows that move are noticed
SELECT ticketid, count(*) FROM ticket_log WHERE ticketid IN (SELECT id FROM public.truth_tickets ORDER BY 1 LIMIT 2) GROUP BY 1 ORDER BY 1;
SELECT ticketid, count(*) FROM public.truth_log WHERE ticketid IN (SELECT id FROM public.truth_tickets ORDER BY 1 LIMIT 2) GROUP BY 1 ORDER BY 1;
\! "$RESTLOG_LAB" requests socialboards --sort
-- The action travels in the body
SELECT count(*) FROM ticket_log WHERE ticketid = (SELECT min(id) FROM public.truth_tickets) AND actiontype IN ('ticket_read', 'ticket_created');
SELECT count(*) FROM public.truth_log WHERE ticketid = (SELECT min(id) FROM public.truth_tickets) AND actiontype IN ('ticket_read', 'ticket_created');
SELECT count(*) FROM tickets WHERE creationtime >= '2026-01-10' AND creationtime < '2026-01-20' AND status = 'open';
SELECT count(*) FROM public.truth_tickets WHERE creationtime >= '2026-01-10' AND creationtime < '2026-01-20' AND status = 'open';
\! "$RESTLOG_LAB" requests socialboards --sort | sed "s/\"to\":\"$(date -u +%Y-%m)[^\"]*/\"to\":\"<now>/"
SELECT count(*) FROM ticket_log;                                                          -- ERROR
SELECT count(*) FROM ticket_log WHERE ticketid = 999999999;                               -- ERROR

\set switches 'tickets=130'
\i setup/fault.psql
CALL fault('fault=error_code');
SELECT count(*) FROM tickets;
CALL fault('fault=error_code,at=2');
SELECT count(*) FROM tickets;
CALL fault('fault=shift,at=2');
SELECT count(*) FROM tickets;
CALL fault('latency=0');
SELECT count(*), count(DISTINCT id) FROM tickets;
ALTER SERVER socialboards OPTIONS (ADD page_size '1');
SELECT count(*), count(DISTINCT id) FROM tickets WHERE creationtime < '2026-01-10';
ALTER SERVER socialboards OPTIONS (SET page_size '20');
SELECT count(*), count(DISTINCT id) FROM tickets;
CALL fault('max_limit=7,over=clamp');
SELECT count(*), count(DISTINCT id) FROM tickets;
CALL fault('static_token=off');
SELECT count(*) FROM tickets;
