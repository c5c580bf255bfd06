"""Reads a chain of pages and copies them into a table: the loader that a user would write by hand.

With a URL, a connection string and a table it prints seconds and rows; without, what it would use, or it fails.
"""
import csv
import io
import json
import sys
import time
from urllib.parse import quote

HEADERS = {"X-Api-Key": "lab-key"}

try:
    import requests

    http = "requests"
except ImportError:
    try:
        import httpx

        http = "httpx"
    except ImportError:
        import urllib.request

        http = "urllib"
try:
    import psycopg as driver
except ImportError:
    try:
        import psycopg2 as driver
    except ImportError:
        sys.exit("Python has neither psycopg nor psycopg2")

if len(sys.argv) == 1:
    print(http, "+", driver.__name__)
    sys.exit()
url, address, table = sys.argv[1:]

if http == "requests":
    session = requests.Session()
    session.trust_env = False
    session.headers.update(HEADERS)

    def get(target):
        answer = session.get(target)
        answer.raise_for_status()
        return answer.json()

elif http == "httpx":
    client = httpx.Client(headers=HEADERS, trust_env=False, timeout=60)

    def get(target):
        return client.get(target).raise_for_status().json()

else:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(target):
        with opener.open(urllib.request.Request(target, headers=HEADERS)) as answer:
            return json.load(answer)


FIELDS = """ticketId ticketStatusLogId actor actionName fromStatus toStatus fromOwnerId toOwnerId spectatorId transferMessage
transferGroup transferLang controlledDate deletionReason activationDetails ticketTransferDirection checked keptByOwner eventID
contingentId mobileDateTime devices transferDirection createdDate updatedDate""".split()
COLUMNS = ", ".join("eventid" if name == "eventID" else name for name in FIELDS)
COPY = f"COPY {table} ({COLUMNS}) FROM STDIN (FORMAT csv)"


def pages():
    target = url
    while True:
        page = get(target)
        text = io.StringIO()
        write = csv.writer(text).writerow
        for record in page["result"]:
            details = record["activationDetails"]
            if details is not None:
                record["activationDetails"] = json.dumps(details)
            write([record[name] for name in FIELDS])
        yield text.getvalue(), len(page["result"])
        key = page["pagination"]["nextPageKey"]
        if key is None:
            return
        target = f"{url}&paginationKey={quote(key)}"


connection = driver.connect(address)
cursor = connection.cursor()
started = time.monotonic()
rows = 0
if driver.__name__ == "psycopg":
    with cursor.copy(COPY) as copy:
        for text, count in pages():
            copy.write(text)
            rows += count
else:
    for text, count in pages():
        cursor.copy_expert(COPY, io.StringIO(text))
        rows += count
connection.commit()
print(time.monotonic() - started, rows)
