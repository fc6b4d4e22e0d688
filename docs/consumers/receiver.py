"""Receives mailbridge's webhooks and keeps each mail once, in SQLite.

    WEBHOOK_SECRET=whsec_... python3 receiver.py 8080 mails.db
"""

import json
import os
import sqlite3
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["WEBHOOK_SECRET"])
database = sqlite3.connect(sys.argv[2])
database.execute("CREATE TABLE IF NOT EXISTS mails (name PRIMARY KEY, event)")


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.keep(body))
        self.end_headers()

    def keep(self, body):
        try:
            event = webhook.verify(body, dict(self.headers))
        except WebhookVerificationError:
            return 401
        row = self.headers["webhook-id"], json.dumps(event)
        with database:  # durable when it ends: only then comes the answer
            new = database.execute("INSERT OR IGNORE INTO mails VALUES (?, ?)",
                                   row).rowcount
        if new:
            print(event["id"], event["subject"], flush=True)
        return 204


HTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
