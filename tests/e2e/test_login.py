"""Credentials that are refused, and how it gets well again."""

from bridge import EX_CONFIG, account
from mails import mails
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
