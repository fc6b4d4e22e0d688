"""The life of tokens at a real OAuth2 server: they end, are revoked, keys
rotate, the server goes away; mail comes out in the end, once."""

import base64
import signal
import time

import pytest

from mails import mails
from servers.certs import openssl, public_jwk
from test_oauth2 import SECRET, cc_client, refresh_config, token_account, \
    write_secret

MECHANISMS = pytest.mark.parametrize("mechanism", [
    "xoauth2", pytest.param("oauthbearer", marks=pytest.mark.long)])


def client(oidc, **changes) -> dict:
    return {"grant": "client_credentials", "client_id": "robot",
            "client_secret": {"file": "client.txt"}, "scope": "imap",
            "token_endpoint": oidc.token_endpoint, "tls_ca": oidc.ca,
            **changes}


def passed(bridge, seconds: float) -> None:
    """Until a token has that age: time is what is tested."""
    since = time.monotonic()
    bridge.wait(lambda: time.monotonic() - since > seconds, seconds + 5,
                what="the token to age")


@pytest.fixture
def world(new_bridge, new_dovecot, new_oidc, output):
    """world(mechanism, ttl): a provider, a Dovecot that asks it, a bridge."""
    def make(mechanism: str, ttl: int = 3600, **settings) -> tuple:
        oidc = new_oidc([cc_client("robot")], ttl=ttl)
        dovecot = new_dovecot(
            tokens=(oidc.introspection_endpoint, oidc.ca, mechanism))
        dovecot.append("robot", mails(1))
        bridge = new_bridge([token_account(dovecot, "robot")], output,
                            oauth2={"corp": client(oidc)}, **settings)
        write_secret(bridge, "client.txt", SECRET)
        return oidc, dovecot, bridge

    return make


@MECHANISMS
def test_renewed_during_idle(world, output, mechanism):
    oidc, dovecot, bridge = world(mechanism, ttl=8, log={"level": "debug"})
    bridge.start()
    bridge.wait(lambda: output.count() == 1, what="the mail")
    bridge.wait_state(("idle",))
    bridge.wait_log("-> idle[^$]*renewed as planned[^$]*-> idle")
    dovecot.deliver("robot", *mails(1))
    bridge.wait(lambda: output.count() == 2, what="mail after the renewal")
    assert bridge.terminate() == 0
    assert "refuse" not in bridge.printed()
    assert SECRET not in bridge.printed()


@MECHANISMS
def test_ended_while_down(world, output, mechanism):
    """Stopped, not ended: when it wakes, its token is long over."""
    oidc, dovecot, bridge = world(mechanism, ttl=5)
    bridge.start()
    bridge.wait(lambda: output.count() == 1, what="the mail")
    bridge.wait_state(("idle",))
    bridge.process.send_signal(signal.SIGSTOP)
    dovecot.restart()  # the session is gone as well
    before = oidc.requests()
    dovecot.append("robot", mails(1))
    passed(bridge, 6)
    bridge.process.send_signal(signal.SIGCONT)
    bridge.wait(lambda: output.count() == 2, what="mail after the sleep")
    assert oidc.requests() > before
    assert "refuse" not in bridge.printed(), "no old token was shown"
    assert bridge.terminate() == 0
    # And a new process begins with a new one.
    dovecot.append("robot", mails(1))
    bridge.once()
    assert output.count() == 3


@MECHANISMS
def test_revoked(world, output, mechanism):
    """The server forgets all tokens (it is restarted): one that was kept gets
    one new one, and the login counts as no failure."""
    oidc, dovecot, bridge = world(mechanism)
    bridge.start()
    bridge.wait(lambda: output.count() == 1, what="the mail")
    passed(bridge, 10.5)  # younger ones are not taken for stale
    oidc.stop()
    oidc.start()
    dovecot.restart()  # it may keep what it heard
    before = oidc.requests()
    dovecot.append("robot", mails(1))
    bridge.wait(lambda: output.count() == 2, what="mail with a new token")
    assert oidc.requests() == before + 1
    assert "trying with a new one" in bridge.printed()
    assert "next try for the account" not in bridge.printed()
    assert bridge.terminate() == 0


def certificate(folder, name: str) -> None:
    key = folder / f"{name}.key"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90",
            "-subj", f"/CN={name}", "-keyout", str(key), "-out",
            str(folder / f"{name}.pem"))
    key.chmod(0o600)


def test_client_key_is_rotated(new_bridge, new_dovecot, new_oidc, output):
    """A new key and certificate on the disk are used with the next request;
    the server knows only the new one."""
    bridge = new_bridge([], output)
    for name in ("old", "new"):
        certificate(bridge.folder, name)

    def known(name: str) -> list:
        return [cc_client(
            "robot", token_endpoint_auth_method="private_key_jwt",
            token_endpoint_auth_signing_alg="PS256",
            jwks={"keys": [public_jwk(bridge.folder / f"{name}.pem")]})]

    def install(name: str) -> None:
        for kind in ("pem", "key"):
            (bridge.folder / f"{name}.{kind}").replace(
                bridge.folder / f"now.{kind}")

    oidc = new_oidc(known("old"), ttl=8)
    dovecot = new_dovecot(
        tokens=(oidc.introspection_endpoint, oidc.ca, "oauthbearer"))
    dovecot.append("robot", mails(1))
    bridge.config["accounts"] = [token_account(dovecot, "robot")]
    settings = client(oidc, audience=oidc.issuer, client_certificate={
        "certificate": "now.pem", "key": {"file": "now.key"}})
    del settings["client_secret"]
    bridge.config["oauth2"] = {"corp": settings}
    bridge.write()
    old = bridge.folder / "keep.pem"
    old.write_text((bridge.folder / "old.pem").read_text())
    install("old")
    bridge.start()
    bridge.wait(lambda: output.count() == 1, what="the mail")
    # The operator replaces it there and here.
    oidc.setup["clients"][1:] = known("new")
    oidc.stop()
    oidc.start()
    bridge.wait_log("oauth2.*(refuse|connect)")
    install("new")
    bridge.process.send_signal(signal.SIGHUP)
    dovecot.restart()
    dovecot.append("robot", mails(1))
    bridge.wait(lambda: output.count() == 2, 60, what="mail with the new key")
    assert bridge.terminate() == 0


def test_secret_is_rotated(world, output):
    """A new client secret there, later here: it heals without a signal."""
    oidc, dovecot, bridge = world("xoauth2", ttl=8)
    bridge.start()
    bridge.wait(lambda: output.count() == 1, what="the mail")
    oidc.setup["clients"][1]["client_secret"] = "client-canary-new-44"
    oidc.stop()
    oidc.start()
    line = bridge.wait_log(".*oauth2.*invalid_client.*")[0]
    assert "check client_id and its secret" in line
    write_secret(bridge, "client.txt", "client-canary-new-44")
    dovecot.deliver("robot", *mails(1))
    bridge.wait(lambda: output.count() == 2, 90, what="mail with the new one")
    assert bridge.terminate() == 0
    assert "canary" not in bridge.printed()


@pytest.mark.parametrize("sealed", [
    True, pytest.param(False, marks=pytest.mark.long)])
def test_killed_between_refresh_tokens(new_bridge, new_dovecot, new_oidc,
                                       output, sealed):
    """kill -9 at any moment: what is on the disk is the token that the server
    takes next; for a chain that broke would need a person."""
    oidc = new_oidc([cc_client(
        "app", grant_types=["authorization_code", "refresh_token"],
        response_types=["code"], redirect_uris=["https://localhost/x"],
        scope="openid offline_access imap")], consents={"alice": "app"},
        ttl=4)
    dovecot = new_dovecot(
        tokens=(oidc.introspection_endpoint, oidc.ca, "oauthbearer"))
    bridge = new_bridge([token_account(dovecot, "alice")], output,
                        oauth2=refresh_config(oidc))
    write_secret(bridge, "client.txt", SECRET)
    if sealed:
        write_secret(bridge, "key", base64.b64encode(bytes(32)).decode())
        bridge.config["secret_key"] = {"file": "key"}
        bridge.write()
    write_secret(bridge, "refresh.txt", oidc.refresh_token("alice"))
    for count in range(1, 5):
        dovecot.append("alice", mails(1))
        bridge.start()
        # The access token is used: then its refresh token is on the disk.
        bridge.wait(lambda: output.count() == count, what=f"mail {count}")
        bridge.kill()
    assert oidc.requests() >= 4
    assert "invalid_grant" not in bridge.printed()
    assert "refuse" not in bridge.printed()


def test_provider_keys_are_rotated(new_bridge, new_dovecot, new_oidc, output):
    """Access tokens are opaque to us: new keys of the provider are its and
    the IMAP server's business, and nothing is to be done."""
    oidc = new_oidc([cc_client("robot")], ttl=8)
    dovecot = new_dovecot(
        tokens=(oidc.introspection_endpoint, oidc.ca, "xoauth2"))
    dovecot.append("robot", mails(1))
    bridge = new_bridge([token_account(dovecot, "robot")], output,
                        oauth2={"corp": client(oidc)})
    write_secret(bridge, "client.txt", SECRET)
    bridge.start()
    bridge.wait(lambda: output.count() == 1, what="the mail")
    old = oidc.signing_keys()
    oidc.rotate_keys()
    oidc.stop()
    oidc.start()
    assert old and not old & oidc.signing_keys()
    dovecot.deliver("robot", *mails(1))
    before = oidc.requests()
    bridge.wait(lambda: oidc.requests() > before, what="a renewal")
    bridge.wait(lambda: output.count() == 2, 60, what="mail")
    assert bridge.terminate() == 0
