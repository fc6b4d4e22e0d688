"""The mailbox of the scripted server, and what a FETCH asks of a mail."""

import re
from dataclasses import dataclass, field
from typing import Optional

DATE = '"01-Jun-2026 10:00:00 +0000"'


@dataclass
class Mailbox:
    mails: dict = field(default_factory=dict)  # UID: octets
    uidvalidity: int = 1
    uidnext: int = 1
    hidden: set = field(default_factory=set)  # UIDs that SEARCH leaves out
    dates: dict = field(default_factory=dict)  # UID: INTERNALDATE, or DATE

    def add(self, mail: bytes, uid: Optional[int] = None,
            date: str = DATE) -> int:
        uid = uid or self.uidnext
        self.mails[uid] = mail
        self.dates[uid] = date
        self.uidnext = max(self.uidnext, uid + 1)
        return uid

    def uids(self) -> list:
        return sorted(self.mails)

    def resolve(self, text: str) -> list:
        """The UIDs of a set; "*" is the last one, which "n:*" always has."""
        last = max(self.mails, default=0)
        found = set()
        for part in text.split(","):
            ends = [last if end == "*" else int(end)
                    for end in part.split(":")]
            low, high = min(ends), max(ends)
            found.update(uid for uid in self.mails if low <= uid <= high)
        return sorted(found)


def section(items: str, whole: bytes) -> tuple:
    """The name and the octets of the section that is asked for, if any."""
    if "HEADER.FIELDS (MESSAGE-ID)" in items:
        head = whole.partition(b"\r\n\r\n")[0] + b"\r\n"
        return ("BODY[HEADER.FIELDS (MESSAGE-ID)]", b"".join(
            re.findall(rb"(?im)^message-id:.*\r\n", head)) + b"\r\n")
    found = re.search(r"BODY(?:\.PEEK)?\[(\w*)\](?:<(\d+)\.(\d+)>)?", items)
    if not found:
        return "", b""
    name, start, count = found.groups()
    end = whole.find(b"\r\n\r\n") + 4
    data = {"": whole, "HEADER": whole[:end], "TEXT": whole[end:]}[name]
    if not start:
        return f"BODY[{name}]", data
    return (f"BODY[{name}]<{start}>",
            data[int(start):int(start) + int(count)])
