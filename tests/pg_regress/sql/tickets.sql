-- TIXNGO's tickets: limit and offset with a total, and what changed since, which no record carries.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
\set name tickets
\set switches 'tickets=2500'
\i setup/tixngo.psql
\d tickets
CREATE TABLE public.truth AS SELECT ticketid, eventid, organizerid, eventname, eventcode, eventstartdate, owneremail, ownerfirstname, ownerlastname, ownerphone, ownerbirthdate, owneridnumber, ownerresidencecountry, NULL::timestamptz AS lastupdated, mobileappid FROM tickets WHERE false;
\copy public.truth FROM PROGRAM '"$RESTLOG_LAB" rows --table tixngo.tickets tickets=2500' CSV HEADER
ALTER FOREIGN TABLE tickets ADD COLUMN lastupdated timestamptz OPTIONS (field '/lastUpdated');
CREATE VIEW own AS SELECT ticketid, eventid, organizerid, eventname, eventcode, eventstartdate, owneremail, ownerfirstname, ownerlastname, ownerphone, ownerbirthdate, owneridnumber, ownerresidencecountry, lastupdated, mobileappid FROM tickets;
SELECT count(*), count(owneremail), count(DISTINCT ticketid) FROM own;
SELECT ticketid FROM ((TABLE own EXCEPT ALL TABLE public.truth) UNION ALL (TABLE public.truth EXCEPT ALL TABLE own)) different;
SELECT count(*) FROM tickets;
\! "$RESTLOG_LAB" requests tickets

-- What changed: to the microsecond, in any zone and type
SET TimeZone = 'America/New_York';
SELECT count(*), min(lastupdatedsince) FROM tickets WHERE lastupdatedsince = '2026-01-20 00:00:00.123456+00';
SELECT count(*) FROM public.truth WHERE lastupdated >= '2026-01-20 00:00:00.123456+00';
SELECT count(ticketid) FROM tickets WHERE lastupdatedsince = date '2026-01-20' AND lastupdatedbefore = timestamp '2026-01-21 12:00' AND excludedeleted;
SELECT count(*) FROM public.truth WHERE lastupdated >= date '2026-01-20' AND lastupdated <= timestamp '2026-01-21 12:00' AND owneremail IS NOT NULL;
RESET TimeZone;
SELECT lastupdatedsince, count(ticketid) FROM tickets WHERE lastupdatedsince IN ('2026-01-20Z', '2026-01-25Z') GROUP BY 1 ORDER BY 1;
SELECT s.t, count(ticketid) FROM (VALUES (timestamptz '2026-01-30Z'), ('2026-01-31Z')) s(t) LEFT JOIN tickets ON lastupdatedsince = s.t GROUP BY 1 ORDER BY 1;
SELECT count(ticketid) FROM tickets WHERE lastupdatedsince >= '2026-01-20Z';                     -- ERROR
SELECT count(ticketid) FROM tickets WHERE lastupdatedsince::date = '2026-01-20';                 -- ERROR
SELECT count(ticketid) FROM tickets WHERE lastupdatedsince = 'infinity';                         -- ERROR
SELECT count(*) FROM tickets WHERE NOT excludedeleted AND lastupdatedsince IS NULL;
\! "$RESTLOG_LAB" requests tickets --times --sort

-- The detailed list
SELECT count(*) FROM tickets WHERE report = 'tickets';
ALTER SERVER tickets OPTIONS (ADD tickets_report 'tickets');
SELECT count(*), min(report) FROM tickets WHERE ownerfirstname = 'Ada';
SELECT count(*) FROM public.truth WHERE ownerfirstname = 'Ada';
ALTER SERVER tickets OPTIONS (SET tickets_report '../../secret');
SELECT count(ticketid) FROM tickets;
ALTER SERVER tickets OPTIONS (SET tickets_report '..');
SELECT count(ticketid) FROM tickets;
ALTER SERVER tickets OPTIONS (DROP tickets_report);
\! "$RESTLOG_LAB" requests tickets
-- A total that moves, or is missing
\i setup/fault.psql
CALL fault('fault=moved_total,at=2');
SELECT count(ticketid) FROM tickets;
CALL fault('total=absent');
SELECT count(ticketid) FROM tickets;
ALTER FOREIGN TABLE tickets OPTIONS (ADD evidence 'empty_page');
SELECT count(ticketid), count(DISTINCT ticketid) FROM tickets;
CALL fault('fault=shift,at=2,total=absent');
SELECT count(ticketid) FROM tickets;
