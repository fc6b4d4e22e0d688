"""What Cyrus' JMAP makes of mails, in the form of views.py."""

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Optional

from servers.cyrus import Cyrus
from views import seconds

USING = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
PROPERTIES = ["subject", "messageId", "sentAt", "from", "to", "cc",
              "bodyValues", "textBody", "htmlBody", "attachments"]
AUTH = "Basic " + base64.b64encode(b"user:any").decode()


class Jmap:
    """A client of one private server."""

    def __init__(self, root: Path) -> None:
        self.server = Cyrus(root=root)
        self.server.add("user")

    def ask(self, path: str, body: Optional[bytes], kind: str) -> bytes:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.server.http}/jmap/{path}", data=body,
            headers={"Authorization": AUTH, "Content-Type": kind})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read()

    def upload(self, raw: bytes) -> str:
        return json.loads(self.ask("upload/user/", raw,
                                   "message/rfc822"))["blobId"]

    def parse(self, blob: str) -> Optional[dict]:
        call = ["Email/parse", {"accountId": "user", "blobIds": [blob],
                                "fetchAllBodyValues": True,
                                "properties": PROPERTIES}, "0"]
        body = json.dumps({"using": USING, "methodCalls": [call]}).encode()
        answer = json.loads(self.ask("", body, "application/json"))
        return (answer["methodResponses"][0][1].get("parsed") or {}).get(blob)

    def download(self, blob: str) -> str:
        name = urllib.parse.quote(f"{blob}/file")
        content = self.ask(f"download/user/{name}"
                           "?accept=application/octet-stream", None, "")
        return base64.b64encode(content).decode()

    def view(self, raw: bytes) -> dict:
        try:
            mail = self.parse(self.upload(raw))
            return self.shape(mail) if mail else {"error": "not parsable"}
        except (OSError, KeyError, ValueError) as error:
            return {"error": repr(error)}

    def shape(self, mail: dict) -> dict:
        def people(name: str) -> Optional[list]:
            return mail.get(name) and [[a["name"], a["email"]]
                                       for a in mail[name]]

        def body(name: str, kind: str) -> Optional[str]:
            texts = [mail["bodyValues"][part["partId"]]["value"]
                     for part in mail[name] if part["type"] == kind]
            return "\n".join(texts) if texts else None

        return {
            "subject": mail.get("subject"),
            "messageId": (mail.get("messageId") or [None])[0],
            "date": seconds(mail.get("sentAt")),
            "from": people("from"), "to": people("to"), "cc": people("cc"),
            "text": body("textBody", "text/plain"),
            "html": body("htmlBody", "text/html"),
            "attachments": self.files(mail),
        }

    def files(self, mail: dict) -> list:
        """attachments, and the media parts that are only in a body."""
        parts = {part["blobId"]: part for part in mail["attachments"]}
        result = [*mail["attachments"]]
        for part in [*mail["textBody"], *mail["htmlBody"]]:
            if not part["type"].startswith("text/") and \
                    part["blobId"] not in parts:
                parts[part["blobId"]] = part
                result.append(part)
        return [{"name": p["name"], "type": p["type"],
                 "content": self.safe(p["blobId"])} for p in result]

    def safe(self, blob: str) -> str:
        try:
            return self.download(blob)
        except OSError as error:
            return base64.b64encode(repr(error).encode()).decode()

    def close(self) -> None:
        self.server.remove()


def of_all(raws: list, root: Path) -> list[dict[str, Any]]:
    jmap = Jmap(root)
    try:
        return [jmap.view(raw) for raw in raws]
    finally:
        jmap.close()
