"""What came out, of mails that a scripted server has."""

from hashlib import sha256


def published(output) -> list:
    """(UIDVALIDITY, UID, subject) of all that came out."""
    return sorted((event["uidValidity"], event["uid"], event["subject"])
                  for event in output.events())


def uids(output) -> list:
    return sorted(event["uid"] for event in output.events())


def blob_id(octets: bytes) -> str:
    return f"sha256-{sha256(octets).hexdigest()}"


def compare(box, events: list) -> None:
    """These are all mails of the mailbox, as they are, and no other."""
    assert sorted(event["uid"] for event in events) == box.uids()
    for event in events:
        octets = box.mails[event["uid"]]
        assert event["size"] == len(octets)
        assert event["blobId"] == blob_id(octets)
        assert not event.get("problems")


def expect(imap, bridge, output, seconds: float = 30) -> None:
    """Each mail in the mailbox comes out."""
    bridge.wait(lambda: output.count() >= len(imap.box.mails), seconds,
                "all mails")
    compare(imap.box, output.events())


def expect_each(imaps, bridge, output, seconds: float = 30) -> None:
    """The same of several servers (the fixture imaps)."""
    bridge.wait(lambda: output.count() >= sum(
        len(imap.box.mails) for imap in imaps.values()), seconds, "all mails")
    events = output.events()
    for name, imap in imaps.items():
        compare(imap.box, [event for event in events
                           if event["account"] == imaps.account(name)])
