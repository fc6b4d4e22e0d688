"""STARTTLS, and certificates that must be refused."""

import pytest

from bridge import EX_CONFIG, account
from mails import mail, mails
from servers.certs import Authority


def test_starttls(new_bridge, dovecot, user, output):
    dovecot.append(user, mails(2))
    bridge = new_bridge([account(dovecot, user, tls="starttls",
                                 port=dovecot.port)], output)
    bridge.start()
    bridge.wait_state(("idle",))
    dovecot.deliver(user, mail(3))
    bridge.wait(lambda: output.count() == 3, what="the third mail")


def test_starttls_where_plaintext_login_is_off(new_bridge, new_dovecot, user,
                                               output):
    dovecot = new_dovecot(plaintext=False)
    dovecot.append(user, mails(1))
    bridge = new_bridge([account(dovecot, user, tls="starttls",
                                 port=dovecot.port)], output)
    bridge.once()
    assert output.count() == 1


def test_plain_to_the_loopback(new_bridge, dovecot, user, output):
    dovecot.append(user, mails(1))
    bridge = new_bridge([account(dovecot, user, tls="none", port=dovecot.port,
                                 host="127.0.0.1", tls_ca=None)], output)
    bridge.once()
    assert output.count() == 1


def test_plain_to_elsewhere_is_refused(new_bridge, dovecot, user, output):
    bridge = new_bridge([account(dovecot, user, tls="none", tls_ca=None,
                                 host="imap.example.com")], output)
    done = bridge.command("check", "--offline")
    assert done.returncode == EX_CONFIG
    assert "tls" in done.stderr and "loopback" in done.stderr


@pytest.fixture
def healthy(dovecot, user):
    """Another account, that must go on."""
    dovecot.append(user, mails(1))
    return account(dovecot, user)


def test_wrong_host_name(new_bridge, new_dovecot, healthy, output):
    other = new_dovecot(certificate="DNS:imap.example.com")
    other.append("carol", mails(1))
    bridge = new_bridge([account(other, "carol"), healthy], output)
    bridge.start()
    bridge.wait(lambda: output.count() == 1, what="the healthy account")
    line = bridge.wait_log(r"carol.*(certificate|host ?name).*")[0]
    assert "localhost" in line
    assert {event["account"] for event in output.events()} == {
        healthy["name"]}


def test_unknown_authority(new_bridge, dovecot, healthy, output, folder):
    stranger = Authority(folder, "stranger")
    bridge = new_bridge([account(dovecot, "dave", tls_ca=str(stranger.pem)),
                         healthy], output)
    bridge.start()
    bridge.wait(lambda: output.count() == 1, what="the healthy account")
    line = bridge.wait_log(r"dave.*certificate.*")[0]
    assert "tls_ca" in line, "it should say which key to look at"


def test_missing_ca_file(new_bridge, dovecot, user, output):
    bridge = new_bridge([account(dovecot, user, tls_ca="not-there.pem")],
                        output)
    done = bridge.command("check")
    assert done.returncode == EX_CONFIG
    assert "not-there.pem" in done.stderr
