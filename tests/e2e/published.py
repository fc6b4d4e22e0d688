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


def expect(imap, bridge, output, seconds: float = 30) -> None:
    """Each mail in the mailbox comes out, as it is, and no other."""
    bridge.wait(lambda: output.count() >= len(imap.box.mails), seconds,
                "all mails")
    assert uids(output) == imap.box.uids()
    for event in output.events():
        octets = imap.box.mails[event["uid"]]
        assert event["size"] == len(octets)
        assert event["blobId"] == blob_id(octets)
        assert not event.get("problems")
