"""What is sent to token endpoints, field by field, against the documents of
those who run them; and what is made of strange answers.

learn.microsoft.com: "OAuth 2.0 client credentials flow", "Certificate
credentials"; developers.google.com: "Using OAuth 2.0 for Server to Server
Applications"."""

import base64
import hashlib
import json
import re
import subprocess
import time
import uuid
from pathlib import Path

import jwt as pyjwt
import pytest

from bridge import EX_CONFIG, EX_NOPERM, EX_TEMPFAIL, account
from mails import mails
from servers.certs import openssl
from servers.process import free_port

SECRET = "client-canary-17aa"
TOKEN = {"token_type": "Bearer", "expires_in": 3599}
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def secret_file(bridge, name: str, text: str) -> None:
    path = bridge.folder / name
    path.write_text(text)
    path.chmod(0o600)


def nowhere(user: str, **changes) -> dict:
    """An account whose server nobody runs: tokens come before connections."""
    values = {"name": user, "host": "127.0.0.1", "port": free_port(),
              "user": f"{user}@example.com", "mailboxes": ["INBOX"],
              "auth": {"method": "oauth2", "client": "c"}}
    return {**values, **changes}


def check(new_bridge, output, tokens, client: dict, files=(), **changes):
    """`check` with the client; what it said, and the bridge."""
    bridge = new_bridge([nowhere("bob", **changes)], output, oauth2={
        "c": {"tls_ca": tokens.ca, "token_endpoint": tokens.token_endpoint,
              **client}}, log={"level": "debug"})
    secret_file(bridge, "client.txt", SECRET)
    for name, text in files:
        secret_file(bridge, name, text)
    done = bridge.command("check")
    for text in (done.stdout, done.stderr):
        assert "canary" not in text
    return done, bridge


def b64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def decode(jwt: str) -> tuple:
    header, claims, _ = jwt.split(".")
    return json.loads(b64(header)), json.loads(b64(claims))


def verify(jwt: str, folder, public: str, algorithm: str,
           audience: str) -> None:
    """By PyJWT, its times and claims included, and by the openssl command."""
    pyjwt.decode(jwt, Path(public).read_text(), [algorithm],
                 audience=audience,
                 options={"require": ["exp", "iat", "iss", "sub", "aud"]})
    text, signature = jwt.rsplit(".", 1)
    (folder / "jwt.txt").write_text(text)
    (folder / "jwt.sig").write_bytes(b64(signature))
    options = ["-sigopt", "rsa_padding_mode:pss", "-sigopt",
               "rsa_pss_saltlen:32"] if algorithm == "PS256" else []
    openssl("dgst", "-sha256", "-verify", public, *options, "-signature",
            str(folder / "jwt.sig"), str(folder / "jwt.txt"))


def new_key(folder) -> tuple:
    key, pem, public = (folder / name for name in
                        ("k.pem", "c.pem", "public.pem"))
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "400",
            "-subj", "/CN=x", "-keyout", str(key), "-out", str(pem))
    openssl("pkey", "-in", str(key), "-pubout", "-out", str(public))
    key.chmod(0o600)
    return key.read_text(), pem, str(public)


MICROSOFT = {"provider": "microsoft365", "grant": "client_credentials",
             "tenant": "contoso.example", "client_id": "app-id"}
SCOPE = "https://outlook.office365.com/.default"


def test_microsoft_secret(new_bridge, output, tokens):
    check(new_bridge, output, tokens,
          {**MICROSOFT, "client_secret": {"file": "client.txt"}})
    request, = tokens.requests
    assert request.form == {
        "client_id": "app-id", "client_secret": SECRET, "scope": SCOPE,
        "grant_type": "client_credentials"}
    headers = request.headers
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["Accept"] == "application/json"
    assert headers["Authorization"] is None


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
def test_microsoft_certificate(new_bridge, output, tokens, folder, algorithm):
    key, pem, public = new_key(folder)
    _, bridge = check(new_bridge, output, tokens, {
        **MICROSOFT, "assertion_algorithm": algorithm, "client_certificate": {
            "certificate": str(pem), "key": {"file": "key.pem"}}},
        [("key.pem", key)])
    bridge.command("check")
    first, second = (request.form for request in tokens.requests)
    jwt = first.pop("client_assertion")
    assert first == {
        "client_id": "app-id", "scope": SCOPE, "client_assertion_type":
        ASSERTION, "grant_type": "client_credentials"}
    header, claims = decode(jwt)
    der = subprocess.run(["openssl", "x509", "-in", str(pem), "-outform",
                          "DER"], check=True, capture_output=True).stdout
    assert header["alg"] == algorithm and header["typ"] == "JWT"
    assert b64(header["x5t"]) == hashlib.sha1(der).digest()
    assert b64(header["x5t#S256"]) == hashlib.sha256(der).digest()
    assert claims["aud"] == tokens.token_endpoint
    assert claims["iss"] == claims["sub"] == "app-id"
    now = time.time()
    assert claims["nbf"] <= claims["iat"] <= now + 1
    assert now + 60 < claims["exp"] <= now + 600
    assert claims["exp"] - claims["nbf"] <= 600, "the document says so"
    verify(jwt, folder, public, algorithm, tokens.token_endpoint)
    other = decode(second["client_assertion"])[1]
    assert str(uuid.UUID(claims["jti"])) == claims["jti"] != other["jti"]


def test_federated_assertion_is_read_each_time(new_bridge, output, tokens):
    _, bridge = check(new_bridge, output, tokens, {
        **MICROSOFT, "client_assertion": {"file": "federated.jwt"}},
        [("federated.jwt", "canary-one")])
    secret_file(bridge, "federated.jwt", "canary-two")
    bridge.command("check")
    first, second = (request.form for request in tokens.requests)
    assert first == {
        "client_id": "app-id", "scope": SCOPE, "client_assertion_type":
        ASSERTION, "grant_type": "client_credentials",
        "client_assertion": "canary-one"}
    assert second["client_assertion"] == "canary-two"


def test_google_service_account(new_bridge, output, tokens, folder):
    key, _, public = new_key(folder)
    account_key = json.dumps({
        "type": "service_account", "private_key_id": "kid-1",
        "private_key": key, "client_email": "robot@p.example",
        "token_uri": "https://wrong.example/"})
    check(new_bridge, output, tokens, {
        "provider": "google", "grant": "service_account",
        "key": {"file": "sa.json"}}, [("sa.json", account_key)])
    request, = tokens.requests
    jwt = request.form.pop("assertion")
    assert request.form == {
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}
    header, claims = decode(jwt)
    assert header == {"alg": "RS256", "typ": "JWT", "kid": "kid-1"}
    assert claims.pop("exp") - claims["iat"] <= 3600
    assert abs(claims.pop("iat") - time.time()) < 60
    assert claims == {
        "iss": "robot@p.example", "sub": "bob@example.com",
        "aud": tokens.token_endpoint, "scope": "https://mail.google.com/"}
    verify(jwt, folder, public, "RS256", tokens.token_endpoint)


def test_google_refresh_token(new_bridge, output, tokens):
    check(new_bridge, output, tokens, {
        "provider": "google", "grant": "refresh_token", "client_id": "id",
        "client_secret": {"file": "client.txt"},
        "refresh_token": {"file": "r.txt"}}, [("r.txt", "refresh-canary")])
    request, = tokens.requests
    assert request.form == {
        "grant_type": "refresh_token", "refresh_token": "refresh-canary",
        "client_id": "id", "client_secret": SECRET,
        "scope": "https://mail.google.com/"}


# What is made of the answers

OTHER = {"grant": "client_credentials", "client_id": "id",
         "client_secret": {"file": "client.txt"}}


@pytest.mark.parametrize("answer, code, text", [
    ((302, {"Location": "https://127.0.0.1/canary"}, b""), EX_CONFIG,
     "redirect .302., which is not followed"),
    ((200, {}, b"x" * 10_000_000), EX_TEMPFAIL, "larger than 64 KiB"),
    ((200, {}, b"<html>canary</html>"), EX_TEMPFAIL, "no JSON object"),
    ((200, {}, b"\xff\x00" * 100), EX_TEMPFAIL, "no JSON object"),
    ((200, {}, {"access_token": "a b"}), EX_TEMPFAIL, "no access_token"),
    ((404, {}, b"no"), EX_CONFIG, "check `token_endpoint`"),
    ((503, {}, b"later"), EX_TEMPFAIL, "out of order .HTTP 503."),
    ((401, {}, {"error": "invalid_client", "error_description":
                "AADSTS7000222: expired. Trace ID: canary"}), EX_NOPERM,
     "the client secret has expired: make a new one"),
    ((400, {}, {"error": "invalid_grant"}), EX_NOPERM, "revoked"),
])
def test_strange_answers(new_bridge, output, tokens, answer, code, text):
    tokens.answer = lambda request: answer
    done, _ = check(new_bridge, output, tokens, OTHER)
    assert done.returncode == code, done.stderr
    assert re.search(text, done.stderr), done.stderr
    assert all(request.path == "/token" for request in tokens.requests)
    assert len(tokens.requests) == 1


def test_endpoint_that_is_not_there(new_bridge, output, tokens):
    done, _ = check(new_bridge, output, tokens, {
        **OTHER, "token_endpoint": f"https://127.0.0.1:{free_port()}/t"})
    assert done.returncode == EX_TEMPFAIL
    assert "https_proxy" in done.stderr
    done, bridge = check(new_bridge, output, tokens, OTHER)
    del bridge.config["oauth2"]["c"]["tls_ca"]
    bridge.write()
    done = bridge.command("check")
    assert done.returncode == EX_TEMPFAIL
    assert "tls_ca" in done.stderr


def test_retry_after_is_honoured(new_bridge, output, tokens):
    def busy_once(request):
        if len(tokens.requests) == 1:
            return 429, {"Retry-After": "3"}, b""
        return tokens.good(request)

    tokens.answer = busy_once
    bridge = new_bridge([nowhere("bob")], output, oauth2={
        "c": {"tls_ca": tokens.ca, "token_endpoint": tokens.token_endpoint,
              **OTHER}})
    secret_file(bridge, "client.txt", SECRET)
    bridge.start()
    bridge.wait(lambda: len(tokens.requests) == 2, what="the second request")
    first, second = tokens.requests
    assert 3 <= second.at - first.at < 10
    assert "throttling us" in bridge.printed()


def test_one_request_for_many_accounts(new_bridge, output, tokens):
    accounts = [nowhere(f"user{i}", port=1) for i in range(500)]
    bridge = new_bridge(accounts, output, oauth2={
        "c": {"tls_ca": tokens.ca, "token_endpoint": tokens.token_endpoint,
              **OTHER}})
    secret_file(bridge, "client.txt", SECRET)
    bridge.start("--once")
    assert bridge.wait_exit(120) == EX_TEMPFAIL
    assert len(tokens.requests) == 1
    for i in range(500):
        assert f"user{i}/INBOX" in bridge.printed()


def test_refused_token_is_replaced_once(new_bridge, new_dovecot, output,
                                        tokens):
    """A kept token that is refused: one new one, and no failure. One that was
    just made: a failure, and no storm of requests."""
    dovecot = new_dovecot(tokens=(tokens.introspection_endpoint, None,
                                  "xoauth2"))
    tokens.user = "carol"
    dovecot.append("carol", mails(1))
    bridge = new_bridge([account(dovecot, "carol", auth={
        "method": "oauth2", "client": "c"})], output, oauth2={
        "c": {"tls_ca": tokens.ca, "token_endpoint": tokens.token_endpoint,
              **OTHER}})
    secret_file(bridge, "client.txt", SECRET)
    bridge.start()
    bridge.wait(lambda: output.count() == 1, what="the mail")
    bridge.wait_state()
    born = tokens.requests[0].at
    # A token counts as kept when it is ten seconds old.
    bridge.wait(lambda: time.monotonic() - born > 10.5, what="its age")
    tokens.revoke_all()
    dovecot.restart()
    dovecot.append("carol", mails(1))
    bridge.wait(lambda: output.count() == 2, what="mail with the new token")
    assert len(tokens.requests) == 2
    assert "trying with a new one" in bridge.printed()
    assert "next try for the account" not in bridge.printed()
    # From now on all tokens are another user's.
    tokens.user = "mallory"
    tokens.revoke_all()
    dovecot.restart()
    bridge.wait_log("AUTHENTICATE XOAUTH2.*the token is from oauth2.c; next")
    tokens.user = "carol"
    dovecot.append("carol", mails(1))
    bridge.wait(lambda: output.count() == 3, what="recovery by itself")
    done = bridge.command("status")
    assert "carol" in done.stdout
    texts = [bridge.printed(), done.stdout] + [
        path.read_bytes().decode("latin-1")
        for path in (bridge.folder / "state").rglob("*") if path.is_file()]
    for text in texts:
        assert "canary" not in text


def jwt(**claims) -> str:
    parts = ({"alg": "none"}, claims)
    return ".".join([base64.urlsafe_b64encode(json.dumps(part).encode())
                     .decode().rstrip("=") for part in parts] + ["canary"])


def test_check_tells_which_step_was_forgotten(new_bridge, output, tokens):
    client = {**MICROSOFT, "client_secret": {"file": "client.txt"}}
    good = {"aud": "https://outlook.office365.com",
            "roles": ["IMAP.AccessAsApp"], "exp": time.time() + 3600}

    def said(**claims) -> str:
        token = jwt(**{**good, **claims})
        tokens.answer = lambda request: (
            200, {}, {**TOKEN, "access_token": token})
        done, _ = check(new_bridge, output, tokens, client)
        assert token not in done.stdout + done.stderr
        assert 'aud "https://' in done.stdout
        return "".join(line for line in done.stderr.splitlines()
                       if line.startswith("oauth2.c:"))

    assert said() == ""
    assert "lacks the role IMAP.AccessAsApp" in said(roles=["Mail.Read"])
    assert "lacks the role" in said(roles=None)
    assert "another service (aud)" in said(aud="https://graph.microsoft.com")


def test_command_and_file(new_bridge, new_dovecot, output, tokens):
    dovecot = new_dovecot(tokens=(tokens.introspection_endpoint, None,
                                  "oauthbearer"))
    for user in ("dave", "erin"):
        dovecot.append(user, mails(1))
    bridge = new_bridge([
        account(dovecot, "dave", auth={"method": "oauth2", "client": "cmd"}),
        account(dovecot, "erin", auth={"method": "oauth2", "client": "f"})],
        output, oauth2={
            "cmd": {"grant": "command",
                    "command": ["/bin/sh", "-c", "cat; echo $0; echo >&2 x",
                                tokens.issue("dave")]},
            "f": {"grant": "token_file", "token": {"file": "t.txt"}}})
    secret_file(bridge, "t.txt", tokens.issue("erin"))
    bridge.once()
    assert output.count() == 2
    client = bridge.config["oauth2"]["cmd"]
    for command, text in ((["/bin/false"], "exited with code 1"),
                          (["/nonexistent"], "cannot be started"),
                          (["/bin/echo", "two words"], "one word"),
                          (["/bin/cat", "/dev/zero"], "more than 64 KiB")):
        client["command"] = command
        bridge.write()
        done = bridge.command("check")
        assert done.returncode in (EX_CONFIG, EX_NOPERM)
        assert text in done.stderr
        assert "erin/INBOX: logged in" in done.stdout
