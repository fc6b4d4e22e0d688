"""Credentials that are refused, and how it gets well again."""

import re
import signal
from pathlib import Path

import pytest

from bridge import EX_CONFIG, EX_NOPERM, account
from mails import mails
from servers.certs import openssl
from servers.dovecot import PASSWORD


def test_wrong_password_does_not_stop_the_others(new_bridge, dovecot, user,
                                                 output):
    dovecot.append(user, mails(1))
    bridge = new_bridge([
        account(dovecot, "mallory", auth={
            "method": "password", "password": {"file": "wrong.txt"}}),
        account(dovecot, user)], output)
    wrong = bridge.folder / "wrong.txt"
    wrong.write_text("not-the-password\n")
    wrong.chmod(0o600)
    bridge.start()
    bridge.wait(lambda: output.count() == 1, what="the good account")
    line = bridge.wait_log(r".*mallory.*AUTHENTICATIONFAILED.*")[0]
    assert "auth.password" in line, "it should say what to look at"
    assert "wrong.txt" in line, "it should say where the password is from"
    assert "not-the-password" not in bridge.printed()


def test_password_is_read_again(new_bridge, dovecot, user, output):
    """A corrected secret file is found without a restart."""
    dovecot.append(user, mails(1))
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.secret.write_text("old-password\n")
    bridge.start()
    bridge.wait_log("AUTHENTICATIONFAILED")
    bridge.secret.write_text(PASSWORD + "\n")
    bridge.wait(lambda: output.count() == 1, 60, what="the mail")


def test_login_disabled(new_bridge, new_dovecot, output):
    """The server wants TLS before a password: none may be sent."""
    dovecot = new_dovecot(plaintext=False)
    bridge = new_bridge([account(dovecot, "erin", tls="none", tls_ca=None,
                                 host="127.0.0.2", port=dovecot.port)], output)
    bridge.start()
    line = bridge.wait_log(r".*erin.*(LOGINDISABLED|tls).*")[0]
    assert "starttls" in line, "it should say what to do"
    assert "AUTH" not in dovecot.tail(), "a password was sent in the clear"


def test_mailbox_that_does_not_exist(new_bridge, dovecot, user, output):
    dovecot.append(user, mails(1))
    bridge = new_bridge([account(dovecot, user,
                                 mailboxes=["Nowhere", "INBOX"])], output)
    bridge.start()
    bridge.wait(lambda: output.count() == 1, what="INBOX")
    bridge.wait_log(f"{user}/Nowhere.*(NONEXISTENT|doesn't exist)")
    dovecot.create(user, "Nowhere")
    dovecot.append(user, mails(1), "Nowhere")
    bridge.wait(lambda: output.count() == 2, 60, what="the new mailbox")


def test_check_logs_in(new_bridge, dovecot, user, output):
    dovecot.create(user, "INBOX")
    bridge = new_bridge([account(dovecot, user)], output)
    done = bridge.command("check")
    assert done.returncode == 0, done.stderr
    bridge.secret.write_text("wrong\n")
    done = bridge.command("check")
    assert done.returncode not in (0, 70), done.stderr
    assert user in done.stderr + done.stdout
    assert "AUTHENTICATIONFAILED" in done.stderr + done.stdout


def test_secret_that_others_can_read_is_refused(new_bridge, dovecot, user,
                                                output):
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.secret.chmod(0o644)
    done = bridge.command("check")
    assert done.returncode == EX_CONFIG
    assert "secret.txt" in done.stderr and "chmod" in done.stderr


def test_one_attempt_for_all_mailboxes_of_an_account(new_bridge, new_dovecot,
                                                     output):
    """Servers lock accounts: what is refused once is not shown again by every
    mailbox, only by one at each step."""
    dovecot = new_dovecot()
    names = [f"Box{i}" for i in range(8)]
    dovecot.create("frank", *names)
    for name in names:
        dovecot.append("frank", mails(1), name)
    before = dovecot.log.read_text().count("auth failed")
    bridge = new_bridge([account(dovecot, "frank", mailboxes=names)], output,
                        retry={"first_seconds": 0, "then": [3]})
    bridge.secret.write_text("wrong\n")
    bridge.start()
    for steps in range(1, 4):
        bridge.wait(lambda: len(re.findall(
            "next try for the account", bridge.printed())) >= steps,
            what=f"{steps} refusals")
        failed = dovecot.log.read_text().count("auth failed") - before
        assert failed <= steps
    bridge.wait_state(("backing-off",))
    assert all("AUTHENTICATIONFAILED" in row["lastError"]
               for row in bridge.status().values())
    bridge.secret.write_text(PASSWORD + "\n")
    bridge.wait(lambda: output.count() == 8, what="all mailboxes")


def test_check_shows_a_wrong_password_once(new_bridge, new_dovecot, output):
    dovecot = new_dovecot()
    bridge = new_bridge([account(dovecot, "grace",
                                 mailboxes=["INBOX", "A", "B"])], output)
    bridge.secret.write_text("wrong\n")
    done = bridge.command("check")
    assert done.returncode == EX_NOPERM
    assert done.stderr.count("AUTHENTICATIONFAILED") == 1
    assert done.stderr.count("not tried") == 2
    assert dovecot.log.read_text().count("auth failed") == 1


def test_encrypted_secret(new_bridge, dovecot, user, output):
    """From the key to the mail, as the help says."""
    dovecot.append(user, mails(1))
    bridge = new_bridge([account(dovecot, user)], output)
    keys = [bridge.folder / name for name in ("key", "new-key")]
    for path in keys:
        openssl("rand", "-base64", "-out", str(path), "32")
        path.chmod(0o600)
    sealed = bridge.command("secret", "seal", "--key", str(keys[0]),
                            stdin=PASSWORD.encode() + b"\n", config=False)
    assert sealed.returncode == 0, sealed.stderr
    rotated = bridge.command(
        "secret", "rotate", "--key", str(keys[0]), "--new-key", str(keys[1]),
        stdin=sealed.stdout.encode(), config=False)
    assert rotated.returncode == 0, rotated.stderr
    bridge.config["secret_key"] = {"file": "new-key"}
    auth = bridge.config["accounts"][0]["auth"]
    auth["password"] = {"encrypted": sealed.stdout.strip()}
    bridge.write()
    done = bridge.command("check")
    assert done.returncode == EX_CONFIG
    assert "does not open with the key" in done.stderr
    auth["password"] = {"encrypted": rotated.stdout.strip()}
    bridge.write()
    bridge.once()
    assert output.count() == 1


@pytest.mark.parametrize("where", ["env", "credential"])
def test_password_that_stands_elsewhere(bridge, dovecot, user, output, where,
                                        monkeypatch):
    """In the environment, or where systemd puts credentials; a name that is
    not there is said, and what to do."""
    dovecot.append(user, mails(1))
    auth = bridge.config["accounts"][0]["auth"]
    auth["password"] = {where: "imap"}
    bridge.write()
    done = bridge.command("check")
    assert done.returncode == EX_CONFIG
    assert "imap" in done.stderr and PASSWORD not in done.stderr
    monkeypatch.setenv("imap", PASSWORD)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(bridge.folder))
    (bridge.folder / "imap").write_text(PASSWORD)
    (bridge.folder / "imap").chmod(0o600)
    bridge.once()
    assert output.count() == 1


def test_no_core_is_left(bridge, dovecot, user, output):
    dovecot.append(user, mails(1))
    bridge.start()
    bridge.wait(lambda: output.count() == 1, what="the mail")
    text = Path(f"/proc/{bridge.process.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", text)


def test_sighup_tries_again_at_once(new_bridge, dovecot, user, output):
    dovecot.append(user, mails(1))
    bridge = new_bridge([account(dovecot, user)], output,
                        retry={"first_seconds": 0, "then": [600]})
    bridge.secret.write_text("wrong\n")
    bridge.start()
    bridge.wait_log("next try for the account in [0-9]{3}")
    bridge.secret.write_text(PASSWORD + "\n")
    bridge.process.send_signal(signal.SIGHUP)
    bridge.wait(lambda: output.count() == 1, what="the mail")
