"""Ids and dates that only some servers tell: as docs/events.md shows them."""

import json
import re

import pytest

from bridge import ROOT
from mails import mail

GMAIL = {"X-GM-MSGID": "1278455344230334865",
         "X-GM-THRID": "1266894439832287888",
         "X-GM-LABELS": '(\\Inbox "Entw&APw-rfe 2026")'}
OBJECTID = {"EMAILID": "(M6d99ac3275bb4e)", "THREADID": "(T64b478a75b7ea9)"}
SAVEDATE = {"SAVEDATE": '"01-Jun-2026 12:00:05 +0200"'}


def documented() -> dict:
    text = (ROOT / "docs/events.md").read_text()
    return json.loads("{" + re.search(
        r'\n    ("emailId".*?\n    })\n', text, re.S)[1] + "}")


@pytest.mark.parametrize("form", ["envelope", "jmap"])
def test_as_documented(imap, new_bridge, fake_account, output, form):
    imap.capability += " OBJECTID SAVEDATE X-GM-EXT-1"
    imap.box.add(mail(1))
    imap.box.add(mail(2))
    imap.facts = {
        1: {**OBJECTID, **SAVEDATE, **GMAIL},
        2: {"EMAILID": "(M2)", "THREADID": "NIL", "SAVEDATE": "NIL"}}
    new_bridge([fake_account()], output, envelope={"format": form}).once()
    first, second = output.events()
    told = documented()
    if form == "jmap":
        assert first["threadId"] == told["threadId"]
        assert second["threadId"].startswith("sha256-")
        first, second = first["imap"], second["imap"]
    assert {name: first[name] for name in told} == told
    assert second["emailId"] == "M2"
    assert not {"threadId", "savedAt", "gmail"} & second.keys()


def test_not_asked_of_others(imap, fake_bridge, output):
    imap.box.add(mail(1))
    imap.facts = {1: {**OBJECTID, **SAVEDATE, **GMAIL}}
    fake_bridge().once()
    event, = output.events()
    assert not documented().keys() & event.keys()
