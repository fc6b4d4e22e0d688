"""The admin port: metrics as Prometheus' own parser reads them, liveness,
readiness, status as JSON and as a page."""

import http.client
import json
import re
import socket
import time
from datetime import datetime, timedelta, timezone

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bridge import EX_CONFIG, account
from mails import mails
from servers.certs import openssl
from servers.dovecot import PASSWORD
from servers.process import free_port


class Admin:
    """The admin port of a bridge, set up in its config."""

    def __init__(self, bridge, host: str = "127.0.0.1") -> None:
        self.host, self.port = host, free_port()
        bridge.config["admin"] = {"listen": (
            f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}")}
        bridge.write()

    def ask(self, path: str, method: str = "GET", body=None,
            headers: dict = {}) -> tuple:
        connection = http.client.HTTPConnection(self.host, self.port,
                                                timeout=10)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def up(self) -> bool:
        try:
            return self.ask("/livez")[0] == 200
        except OSError:
            return False

    def metrics(self) -> dict:
        """{(name, label values in the order of their names): value}"""
        status, headers, text = self.ask("/metrics")
        assert status == 200
        assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
        found, names = {}, []
        for family in text_string_to_metric_families(text):
            names.append(family.name)
            assert family.documentation and family.type != "unknown"
            for sample in family.samples:
                key = (sample.name,
                       *(sample.labels[k] for k in sorted(sample.labels)))
                assert key not in found, f"{key} comes twice"
                found[key] = sample.value
        assert len(names) == len(set(names)), "a family comes in two pieces"
        return found


def test_metrics(new_bridge, dovecot, user, output):
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user)], output)
    admin = Admin(bridge)
    bridge.start()
    bridge.wait(admin.up, what="the admin port")
    bridge.wait_state(("idle",))
    bridge.wait(lambda: admin.metrics()[
        "mailbridge_checkpoint_commit_seconds_count",] > 0, what="a commit")
    found = admin.metrics()
    one = {"mailbridge_messages_received_total": 3,
           "mailbridge_messages_published_total": 3,
           "mailbridge_messages_dead_lettered_total": 0,
           "mailbridge_account_login_refused": 0,
           "mailbridge_account_login_failures_total": 0}
    for name, value in one.items():
        assert found[name, user] == value, name
    assert found["mailbridge_received_bytes_total", user] > 100
    for name, value in {"mailbridge_sink_up": 1,
                        "mailbridge_sink_in_flight_messages": 0,
                        "mailbridge_sink_ack_seconds_count": 3,
                        "mailbridge_sink_losses_total": 0,
                        "mailbridge_sink_oldest_unanswered_seconds": 0,
                        }.items():
        assert found[name, "events"] == value, name
    assert found["mailbridge_sink_answers_total", "stored", "events"] == 3
    assert found["mailbridge_mailboxes", "idle"] == 1
    for name, value in {"up": 1, "lag_messages": 0, "stalled_seconds": 0,
                        }.items():
        assert found[f"mailbridge_mailbox_{name}", user, "INBOX"] == value
    assert found["mailbridge_mailbox_last_success_timestamp_seconds",
                 user, "INBOX"] > 1.7e9
    assert found["mailbridge_imap_logins_total",] == 1
    assert found["process_resident_memory_bytes",] > 1e6
    text = admin.ask("/metrics")[2]
    assert "@" not in text and "Subject" not in text
    assert bridge.terminate() == 0


def test_pages(new_bridge, dovecot, user, output):
    dovecot.append(user, mails(1))
    name = 'a "b" <c>&d'
    dovecot.create(user, name)
    bridge = new_bridge([account(dovecot, user, mailboxes=["INBOX", name])],
                        output)
    admin = Admin(bridge)
    bridge.start()
    bridge.wait_state(("idle",))
    bridge.wait(lambda: bridge.status()[(user, "INBOX")]["uid"] == 1,
                what="the committed UID")
    assert admin.ask("/livez")[2] == "ok\n"
    status, _, text = admin.ask("/readyz")
    assert status == 200
    assert text == "[+]running ok\n[+]checkpoint ok\n[+]sink events ok\n"
    # The same as the command, but for what moves meanwhile.
    told = json.loads(admin.ask("/status")[2])
    shown = json.loads(bridge.command("status", "--json").stdout)
    for report in (told, shown):
        for row in report["mailboxes"]:
            assert row.pop("lastSuccess")
    assert told == shown and told["pid"] == bridge.process.pid
    status, headers, page = admin.ask("/")
    assert status == 200 and headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "a &quot;b&quot; &lt;c&gt;&amp;d" in page
    assert "<script" not in page and "://" not in page
    assert ('mailbox="a \\"b\\" <c>&d"') in admin.ask("/metrics")[2]
    assert bridge.terminate() == 0


def test_what_is_refused(bridge):
    admin = Admin(bridge)
    bridge.start()
    bridge.wait(admin.up, what="the admin port")
    assert admin.ask("/nothing")[0] == 404
    assert admin.ask("/metrics/../status")[0] == 404
    status, headers, text = admin.ask("/livez", "HEAD")
    assert (status, text, headers["Content-Length"]) == (200, "", "3")
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        status, headers, _ = admin.ask("/status", method, "x" * 100_000)
        assert status == 405 and headers["Allow"] == "GET, HEAD"
    assert admin.ask("/livez", headers={"X": "y" * 100_000})[0] in (413, 431)
    # One that says nothing holds nobody up; nor do many.
    silent = [socket.create_connection(("127.0.0.1", admin.port))
              for _ in range(20)]
    assert admin.up()
    for connection in silent:
        connection.close()
    assert admin.up()
    assert bridge.terminate() == 0


def test_listens_where_it_is_told(new_bridge, dovecot, user, output):
    first, second = (new_bridge([account(dovecot, user)], output)
                     for _ in range(2))
    admin = Admin(first, "::1")
    first.start()
    first.wait(admin.up, what="the port of IPv6")
    second.config["admin"] = first.config["admin"]
    second.write()
    second.start()
    assert second.wait_exit() == EX_CONFIG
    line = re.search(r".*admin\.listen.*", second.printed())[0]
    assert re.search(r"mailbridge\.yaml:\d+:\d+: admin\.listen: cannot listen "
                     r"on \[::1\]:\d+: bind: Address already in use", line)
    assert first.terminate() == 0
    open_to_all = Admin(first, "0.0.0.0")
    open_to_all.host = "127.0.0.1"
    first.start()
    first.wait(open_to_all.up, what="the port")
    assert "is open to the network" in first.printed()
    assert first.terminate() == 0


@pytest.mark.parametrize("listen", ["9464", ":9464", "127.0.0.1:0",
                                    "127.0.0.1:65536", "::1:9464",
                                    "example.com:9464", "127.0.0.1:x"])
def test_wrong_address(bridge, listen):
    bridge.config["admin"] = {"listen": listen}
    bridge.write()
    done = bridge.command("check", "--offline")
    assert done.returncode == EX_CONFIG
    assert re.search(r"mailbridge\.yaml:\d+:\d+: admin\.listen: .*such as "
                     r"127\.0\.0\.1:9464", done.stderr)


def test_not_ready_while_the_sink_is_down(new_bridge, dovecot, user,
                                          redis_output, redis_server):
    dovecot.append(user, mails(1))
    bridge = new_bridge([account(dovecot, user)], redis_output)
    admin = Admin(bridge)
    bridge.start()
    bridge.wait(lambda: redis_output.count() == 1, what="the mail")
    assert admin.ask("/readyz")[0] == 200
    redis_server.stop()
    bridge.wait(lambda: admin.ask("/readyz")[0] == 503, what="the loss")
    assert re.search(r"\[-\]sink events failed: .", admin.ask("/readyz")[2])
    assert admin.ask("/livez")[0] == 200
    assert admin.metrics()["mailbridge_sink_up", "events"] == 0
    dovecot.append(user, mails(1))
    bridge.wait(lambda: admin.metrics()[
        "mailbridge_sink_losses_total", "events"] == 1, what="the count")
    redis_server.start()
    bridge.wait(lambda: admin.ask("/readyz")[0] == 200, what="its return")
    bridge.wait(lambda: redis_output.count() == 2, what="the second mail")
    assert bridge.terminate() == 0


def test_wrong_credentials_are_named(new_bridge, dovecot, user, output):
    """In metrics and status, until they are right again; without a restart."""
    dovecot.append(user, mails(1))
    bridge = new_bridge([account(dovecot, user, mailboxes=["INBOX", "B"]),
                         account(dovecot, user, name="other")], output)
    dovecot.create(user, "B")
    bridge.secret.write_text("wrong\n")
    wrong = bridge.secret.rename(bridge.folder / "wrong.txt")
    bridge.secret.write_text(PASSWORD)
    bridge.secret.chmod(0o600)
    bridge.config["accounts"][0]["auth"]["password"] = {"file": str(wrong)}
    admin = Admin(bridge)
    bridge.start()
    bridge.wait(admin.up, what="the admin port")
    bridge.wait(lambda: admin.metrics()[
        "mailbridge_account_login_refused", user] == 1, what="the refusal")
    found = admin.metrics()
    assert found["mailbridge_account_login_refused", "other"] == 0
    assert found["mailbridge_imap_login_failures_total", "refused"] >= 1
    # One attempt a step, whatever the number of the mailboxes.
    assert (found["mailbridge_account_login_failures_total", user]
            == found["mailbridge_imap_login_failures_total", "refused"])
    bridge.wait(lambda: all(
        "AUTHENTICATIONFAILED" in (bridge.status()[user, box]["lastError"]
                                   or "") for box in ("INBOX", "B")),
        what="both mailboxes to say it")
    assert "AUTHENTICATIONFAILED" in admin.ask("/")[2]
    assert admin.ask("/readyz")[0] == 200
    wrong.write_text(PASSWORD)
    bridge.wait(lambda: output.count() == 2, 60, what="the mail of both")
    assert admin.metrics()["mailbridge_account_login_refused", user] == 0
    assert bridge.terminate() == 0


def test_expiry_is_visible(new_bridge, tokens, fake_account, imap, output):
    """Token, client secret and certificate: in metrics, status and log."""
    imap.capability = "IMAP4rev1 SASL-IR AUTH=XOAUTH2 IDLE"
    bridge = new_bridge([], output)
    pem, key = bridge.folder / "c.pem", bridge.folder / "k.pem"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9",
            "-subj", "/CN=x", "-keyout", str(key), "-out", str(pem))
    key.chmod(0o600)
    (bridge.folder / "s.txt").write_text("canary")
    (bridge.folder / "s.txt").chmod(0o600)
    soon = datetime.now(timezone.utc).date() + timedelta(days=20)
    common = {"grant": "client_credentials", "client_id": "c",
              "tls_ca": tokens.ca, "token_endpoint": tokens.token_endpoint}
    bridge.config["oauth2"] = {
        "cert": {**common, "client_certificate": {
            "certificate": "c.pem", "key": {"file": "k.pem"}}},
        "secret": {**common, "client_secret": {"file": "s.txt"},
                   "expires_at": soon.isoformat()}}
    bridge.config["accounts"] = [
        fake_account(name, auth={"method": "oauth2", "client": name})
        for name in ("cert", "secret")]
    admin = Admin(bridge)
    bridge.start()
    bridge.wait_state(("idle",))
    found, now = admin.metrics(), time.time()
    prefix = "mailbridge_oauth2_"
    for name in ("cert", "secret"):
        assert found[f"{prefix}requests_total", name, "ok"] == 1
        left = found[f"{prefix}token_expiry_timestamp_seconds", name] - now
        assert 3500 < left <= 3600
    assert 8 < (found[f"{prefix}certificate_expiry_timestamp_seconds", "cert"]
                - now) / 86400 <= 9
    assert 19 < (found[f"{prefix}secret_expiry_timestamp_seconds", "secret"]
                 - now) / 86400 <= 21
    assert (f"{prefix}secret_expiry_timestamp_seconds", "cert") not in found
    rows = {row["client"]: row
            for row in json.loads(admin.ask("/status")[2])["oauth2"]}
    assert rows["secret"]["secretExpiresAt"].startswith(soon.isoformat())
    assert rows["cert"]["certificateExpiresAt"] > rows["cert"][
        "tokenExpiresAt"]
    assert re.search(r"warn.*cert.*certificate expires in [89] days",
                     bridge.printed())
    assert re.search(r"warn.*secret.*client secret expires in (19|20) days",
                     bridge.printed())
    assert bridge.terminate() == 0
