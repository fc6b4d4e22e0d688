"""Secrets are wiped from memory after use."""

import pytest

import memory
from bridge import account
from mails import mails
from servers.dovecot import PASSWORD
from test_oauth2 import SECRET, cc_client, token_account, write_secret


def test_password(new_bridge, dovecot, user, output):
    memory.needs_root()
    dovecot.append(user, mails(1))
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.start()
    bridge.wait(lambda: output.count() == 1, what="the mail")
    bridge.wait_state(("idle",))
    # What is to be found is found.
    assert memory.find(bridge.process.pid, {"name": user})
    assert memory.find(bridge.process.pid, {"password": PASSWORD}) == {}
    assert bridge.terminate() == 0


def test_client_secret(new_bridge, new_dovecot, new_oidc, output):
    memory.needs_root()
    oidc = new_oidc([cc_client("robot")], ttl=8)
    dovecot = new_dovecot(
        tokens=(oidc.introspection_endpoint, oidc.ca, "xoauth2"))
    dovecot.append("robot", mails(1))
    bridge = new_bridge([token_account(dovecot, "robot")], output, oauth2={
        "corp": {"grant": "client_credentials", "client_id": "robot",
                 "client_secret": {"file": "client.txt"}, "scope": "imap",
                 "token_endpoint": oidc.token_endpoint, "tls_ca": oidc.ca}})
    write_secret(bridge, "client.txt", SECRET)
    bridge.start()
    bridge.wait(lambda: output.count() == 1, what="the mail")
    bridge.wait(lambda: oidc.requests() >= 2, what="a renewal")
    bridge.wait_state(("idle",))
    # While a request is under way its form is there.
    bridge.wait(lambda: memory.find(
        bridge.process.pid, {"client secret": SECRET}) == {},
        10, what="the secret to be gone")
    assert bridge.terminate() == 0
