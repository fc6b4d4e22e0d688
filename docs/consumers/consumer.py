"""consumer.py URL STREAM: print the subject of each mail of a Redis stream, once.

An entry is acknowledged when it is dealt with: after a crash the group gives it
again.  Its id is kept for a week, with the acknowledgement in one transaction,
so that what is published twice is dealt with once."""

import json
import sys

import redis

GROUP, NAME, WEEK = "subjects", "consumer-1", 7 * 24 * 3600
url, stream = sys.argv[1:]
server = redis.Redis.from_url(url, protocol=2)


def deal(mail: dict) -> None:
    print(mail["id"], mail["subject"], flush=True)


try:
    server.xgroup_create(stream, GROUP, id="0", mkstream=True)
except redis.ResponseError as error:
    if "BUSYGROUP" not in str(error):
        raise
after = "0"  # first what was taken before a crash, then what is new: ">"
while True:
    for _, entries in server.xreadgroup(GROUP, NAME, {stream: after}, 100, 5000):
        after = "0" if entries and after == "0" else ">"
        for entry, fields in entries:
            key = b"seen %s %s" % (fields[b"ce_source"], fields[b"ce_id"])
            mail = fields[b"ce_type"] == b"mailbridge.message.received.v1"
            if mail and not server.exists(key):
                deal(json.loads(fields[b"data"]))
            with server.pipeline(transaction=True) as both:
                both.set(key, 1, ex=WEEK).xack(stream, GROUP, entry).execute()
