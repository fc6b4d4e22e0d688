"""Tokens of a server that is not ours: oidc-provider gives them, Dovecot asks
it about them."""

import pytest

from bridge import account
from mails import mails

SECRET = "client-canary-9f31"


def cc_client(name: str, **more) -> dict:
    return {"client_id": name, "client_secret": SECRET,
            "grant_types": ["client_credentials"], "redirect_uris": [],
            "response_types": [], "scope": "imap",
            "token_endpoint_auth_method": "client_secret_post", **more}


def token_account(dovecot, user: str, **changes) -> dict:
    return account(dovecot, user,
                   auth={"method": "oauth2", "client": "corp"}, **changes)


def write_secret(bridge, name: str, text: str) -> None:
    path = bridge.folder / name
    path.write_text(text)
    path.chmod(0o600)


@pytest.mark.parametrize("mechanism", ["xoauth2", "oauthbearer"])
def test_client_secret(new_bridge, new_dovecot, new_oidc, output, mechanism):
    oidc = new_oidc([cc_client("robot")])
    dovecot = new_dovecot(
        tokens=(oidc.introspection_endpoint, oidc.ca, mechanism))
    dovecot.append("robot", mails(2))
    bridge = new_bridge([token_account(dovecot, "robot")], output, oauth2={
        "corp": {"grant": "client_credentials", "client_id": "robot",
                 "client_secret": {"file": "client.txt"}, "scope": "imap",
                 "token_endpoint": oidc.token_endpoint, "tls_ca": oidc.ca}})
    write_secret(bridge, "client.txt", SECRET)
    done = bridge.command("check")
    assert done.returncode == 0, done.stderr
    assert "oauth2.corp: token until" in done.stdout
    bridge.once()
    assert output.count() == 2
    assert SECRET not in bridge.printed()
