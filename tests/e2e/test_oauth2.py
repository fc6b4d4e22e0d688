"""Tokens of a server that is not ours: oidc-provider gives them, Dovecot asks
it about them."""

import json

import pytest

from bridge import account
from mails import mails
from servers.certs import openssl, public_jwk

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


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
def test_client_certificate(new_bridge, new_dovecot, new_oidc, output,
                            algorithm):
    """oidc-provider verifies the assertion: a second implementation."""
    bridge = new_bridge([], output)
    key, pem = bridge.folder / "k.pem", bridge.folder / "c.pem"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
            "-subj", "/CN=robot", "-keyout", str(key), "-out", str(pem))
    key.chmod(0o600)
    oidc = new_oidc([cc_client(
        "robot", token_endpoint_auth_method="private_key_jwt",
        token_endpoint_auth_signing_alg=algorithm,
        jwks={"keys": [public_jwk(pem)]})])
    dovecot = new_dovecot(
        tokens=(oidc.introspection_endpoint, oidc.ca, "xoauth2 oauthbearer"))
    dovecot.append("robot", mails(1))
    bridge.config["accounts"] = [token_account(dovecot, "robot")]
    bridge.config["oauth2"] = {"corp": {
        "grant": "client_credentials", "client_id": "robot", "scope": "imap",
        "client_certificate": {"certificate": "c.pem",
                               "key": {"file": "k.pem"}},
        "assertion_algorithm": algorithm, "audience": oidc.issuer,
        "token_endpoint": oidc.token_endpoint, "tls_ca": oidc.ca}}
    bridge.write()
    bridge.once()
    assert output.count() == 1
    done = bridge.command("check")
    assert done.returncode == 0, done.stderr
    assert "certificate expires within 30 days" in done.stderr


def refresh_config(oidc) -> dict:
    return {"corp": {
        "grant": "refresh_token", "client_id": "app",
        "client_secret": {"file": "client.txt"},
        "refresh_token": {"file": "refresh.txt"},
        "token_endpoint": oidc.token_endpoint, "tls_ca": oidc.ca}}


def test_refresh_token_rotates(new_bridge, new_dovecot, new_oidc, output):
    """Each refresh token is good for once: what came last is what the next
    process, and the next after it, must show."""
    oidc = new_oidc([cc_client(
        "app", grant_types=["authorization_code", "refresh_token"],
        response_types=["code"], redirect_uris=["https://localhost/x"],
        scope="openid offline_access imap")], consents={"alice": "app"})
    dovecot = new_dovecot(
        tokens=(oidc.introspection_endpoint, oidc.ca, "oauthbearer"))
    dovecot.append("alice", mails(1))
    bridge = new_bridge([token_account(dovecot, "alice")], output,
                        oauth2=refresh_config(oidc))
    write_secret(bridge, "client.txt", SECRET)
    first = oidc.refresh_token("alice")
    write_secret(bridge, "refresh.txt", first)
    for count in range(1, 4):
        bridge.once()
        assert output.count() == count
        dovecot.append("alice", mails(1))
    assert oidc.requests() == 3
    stored = (bridge.folder / "state/oauth2/corp.json")
    assert stored.stat().st_mode & 0o077 == 0
    assert first not in stored.read_text()
    # A daemon that runs owns the token: nobody takes it away from it.
    bridge.start()
    bridge.wait_state()
    requests = oidc.requests()
    done = bridge.command("check")
    assert "the daemon" in done.stderr + done.stdout
    assert oidc.requests() == requests
    assert bridge.terminate() == 0


def test_session_is_renewed_before_its_token_ends(new_bridge, new_dovecot,
                                                  new_oidc, output):
    oidc = new_oidc([cc_client("robot")], ttl=8)
    dovecot = new_dovecot(
        tokens=(oidc.introspection_endpoint, oidc.ca, "xoauth2"))
    dovecot.append("robot", mails(1))
    bridge = new_bridge([token_account(dovecot, "robot")], output, oauth2={
        "corp": {"grant": "client_credentials", "client_id": "robot",
                 "client_secret": {"file": "client.txt"}, "scope": "imap",
                 "token_endpoint": oidc.token_endpoint, "tls_ca": oidc.ca}},
        log={"level": "debug"})
    write_secret(bridge, "client.txt", SECRET)
    bridge.start()
    bridge.wait(lambda: output.count() == 1, what="the mail")
    bridge.wait(lambda: oidc.requests() >= 3, what="two renewals")
    bridge.wait_log("renewed as planned")
    row, = json.loads(bridge.command("status", "--json").stdout)["oauth2"]
    assert row["client"] == "corp" and row["lastError"] == ""
    assert row["tokenExpiresAt"].startswith("20")
    assert "TOKEN UNTIL" in bridge.command("status").stdout
    dovecot.deliver("robot", *mails(1))
    bridge.wait(lambda: output.count() == 2, what="mail after the renewal")
    assert "refused" not in bridge.printed()
    # While the endpoint is away nothing is lost; then it goes on.
    oidc.stop()
    dovecot.deliver("robot", *mails(1))
    bridge.wait_log("oauth2.corp.*(refused|connect)")
    oidc.start()
    bridge.wait(lambda: output.count() == 3, 60, what="mail after the outage")
    assert bridge.terminate() == 0
    assert SECRET not in bridge.printed()
