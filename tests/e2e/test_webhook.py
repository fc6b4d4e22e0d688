"""webhook: each mail is a signed POST, and 2xx is its acknowledgement."""

import json
import re
import signal

import pytest

from bridge import EX_TEMPFAIL, account
from mails import mail, mails


@pytest.fixture
def bridge(new_bridge, dovecot, user, webhook_output):
    """bridge(url=..., more keys of the sink)"""
    def make(**sink):
        webhook_output.settings.update(sink)
        return new_bridge([account(dovecot, user)], webhook_output)

    return make


def letters(bridge) -> list:
    done = bridge.command("dead-letter", "list", "--json")
    return json.loads(done.stdout)


def test_http2_and_tls(new_bridge, dovecot, user, webhook_output, new_nginx,
                       receiver):
    """Through a real nginx that wants a client certificate, in each mode of
    CloudEvents."""
    nginx = new_nginx(clients=True)
    pem, key = nginx.authority.issue("bridge", "DNS:bridge", "clientAuth")
    token = nginx.folder / "token"
    token.write_text("Bearer hunter22")
    for path in (token, key):
        path.chmod(0o600)
    webhook_output.settings = {
        "url": nginx.url, "tls_ca": nginx.ca,
        "headers": {"Authorization": {"file": str(token)}, "X-Stage": "test"},
        "client_certificate": {"certificate": str(pem),
                               "key": {"file": str(key)}}}
    dovecot.create(user, "Orders/2026")
    for mailbox in ("INBOX", "Orders/2026"):
        dovecot.append(user, mails(10), mailbox=mailbox)
    for mode in ("binary", "structured", "none"):
        del receiver.requests[:]
        new_bridge([account(dovecot, user, mailboxes=["INBOX", "Orders/2026"])],
                   webhook_output, envelope={"cloudevents": mode}).once()
        assert webhook_output.count() == 20
        in_order(webhook_output)
        seen = [request.headers for request in receiver.requests]
        assert {one["x-protocol"] for one in seen} == {"HTTP/2.0"}
        assert len({one["x-connection"] for one in seen}) == 1
        assert {one["x-client"] for one in seen} == {"CN=bridge"}
        assert {one["authorization"] for one in seen} == {"Bearer hunter22"}
        assert len({one["webhook-id"] for one in seen}) == 20
        assert ("ce-id" in seen[0]) == (mode == "binary")
        assert ("cloudevents" in seen[0]["content-type"]) == (
            mode == "structured")


def test_answer_before_the_end(bridge, dovecot, user, new_nginx):
    """nginx says 204 without reading the event, and ends the stream."""
    nginx = new_nginx()
    dovecot.append(user, mails(5, size=100_000))
    webhook = bridge(url=f"https://localhost:{nginx.port}/none",
                     tls_ca=nginx.ca)
    webhook.once()
    assert webhook.checkpoint(user) == 5


def in_order(output) -> None:
    seen: dict = {}
    for event in output.events():
        data = event.get("data", event)
        assert data["uid"] > seen.get(data["mailbox"], 0)
        seen[data["mailbox"]] = data["uid"]


def test_check_sends_nothing(bridge, dovecot, user, receiver, new_nginx):
    nginx = new_nginx()
    dovecot.append(user, mails(1))
    webhook = bridge(url=nginx.url)
    done = webhook.command("check")
    assert done.returncode == EX_TEMPFAIL
    assert "set `tls_ca`" in done.stderr
    webhook.start()  # nor does it when nobody knows who is there
    webhook.wait_log("set `tls_ca`")
    assert webhook.terminate() == 0
    webhook.config["sinks"]["events"]["tls_ca"] = nginx.ca
    webhook.write()
    done = webhook.command("check")
    assert done.returncode == 0, done.stderr
    assert "sinks.events: reachable" in done.stdout
    assert "hidden" not in done.stdout + done.stderr + webhook.printed()
    assert receiver.requests == []


def test_outages_hold_and_heal(bridge, dovecot, user, receiver, webhook_output):
    """503 with Retry-After, 401, 410: no mail is given up, and SIGHUP is the
    end of a long rest."""
    answers = [(503, {"Retry-After": "1"}, b"busy"),
               (401, {}, b"who?\x1b[1m"), (410, {}, b"")]
    receiver.answer = lambda r: answers.pop(0) if answers else receiver.good(r)
    dovecot.append(user, mails(5))
    webhook = bridge().start()
    webhook.wait_log("503; it says: busy; mail waits")
    webhook.wait_log(r"401 Unauthorized .*it says: who\?\?\[1m")
    webhook.process.send_signal(signal.SIGHUP)
    webhook.wait_log("410 Gone")
    assert webhook.status()[user, "INBOX"]["uid"] in (0, None)
    webhook.process.send_signal(signal.SIGHUP)
    webhook.wait(lambda: webhook.checkpoint(user) == 5, what="all of it")
    assert letters(webhook) == []
    in_order(webhook_output)
    assert webhook.terminate() == 0


def test_one_mail_only(bridge, dovecot, user, receiver):
    """500 for it, for ever: the others go on, and it is told of by name."""
    def answer(request):
        bad = json.loads(request.body)["uid"] == 2
        return (500, {}, b"oh") if bad else receiver.good(request)

    receiver.answer = answer
    dovecot.append(user, mails(2))
    dovecot.create(user, "Orders")
    webhook = bridge()
    webhook.config["accounts"][0]["mailboxes"] = ["INBOX", "Orders"]
    webhook.write()
    webhook.start()
    webhook.wait(lambda: len(receiver.accepted()) == 1, what="the other")
    dovecot.append(user, mails(1), mailbox="Orders")
    webhook.wait(lambda: len(receiver.accepted()) == 2, what="the third")
    webhook.wait(lambda: re.fullmatch(
        f"{user}/INBOX: UID 2 was handed in \\d+ times: .* 500; it says: oh",
        webhook.sinks()["events"]["lastError"] or ""), what="its name")
    assert webhook.sinks()["events"]["state"] in ("slow", "down")
    assert webhook.checkpoint(user) == 1
    assert webhook.printed().count("mail waits") == 1, webhook.tail()
    receiver.answer = receiver.good
    webhook.wait(lambda: webhook.checkpoint(user) == 2, what="the mark")
    assert webhook.terminate() == 0


def test_refused_and_too_large(bridge, dovecot, user, receiver, webhook_output,
                               new_nginx):
    """422 of the receiver, 413 of nginx: the dead letter; the others go on.
    With max_event_bytes the large one fits."""
    def answer(request):
        event = json.loads(request.body)
        return (422 if event["subject"] == "bad" else 204), {}, b""

    receiver.answer = answer
    nginx = new_nginx()
    dovecot.append(user, [mail(1), mail(2, subject="bad"),
                          mail(3, size=2_000_000), mail(4)])
    webhook = bridge(url=nginx.url, tls_ca=nginx.ca)
    webhook.once()
    assert webhook.checkpoint(user) == 4
    assert [event["uid"] for event in webhook_output.events()] == [1, 4]
    assert {letter["uid"]: letter["reason"].split(": ")[2][:3]
            for letter in letters(webhook)} == {2: "422", 3: "413"}
    webhook.config["sinks"]["events"]["max_event_bytes"] = "900KiB"
    webhook.write()
    receiver.answer = receiver.good
    done = webhook.command("dead-letter", "retry")
    assert done.returncode == 0, done.stderr
    assert letters(webhook) == []
    large = [event for event in webhook_output.events() if event["uid"] == 3]
    assert large[-1]["problems"]
