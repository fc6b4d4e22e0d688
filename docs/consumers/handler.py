"""A program for an exec sink: keeps each mail once, in SQLite."""

import json
import sqlite3
import sys

database = sqlite3.connect(sys.argv[1])
database.execute("CREATE TABLE IF NOT EXISTS mails (name PRIMARY KEY, event)")

for line in sys.stdin:
    event = json.loads(line)
    name = f'{event["account"]}/{event["mailbox"]} {event["id"]}'
    with database:  # durable when it ends: only then comes the answer
        database.execute("INSERT OR IGNORE INTO mails VALUES (?, ?)",
                         (name, line))
    print("ok", event["id"], flush=True)
