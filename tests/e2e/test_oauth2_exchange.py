"""What Exchange Online says when a step was forgotten, and what `check` and
the daemon make of it.  The IMAP server is scripted: its lines are Exchange's."""

import base64
import json
import time

import pytest

from bridge import EX_NOPERM, ROOT
from test_oauth2 import write_secret
from test_oauth2_requests import MICROSOFT, TOKEN, jwt
from test_oauth2_requests import check as check_client
from test_oauth2_requests import new_key

CAPABILITY = "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR IDLE"
STEPS = ("scope: https://outlook.office365.com/.default",
         "IMAP.AccessAsApp, with admin consent",
         "New-ServicePrincipal -AppId app-id",
         "Enterprise applications, not that of the App registration",
         "Add-MailboxPermission -Identity bob@contoso.example",
         "Set-CASMailbox -Identity bob@contoso.example -ImapEnabled $true")


@pytest.fixture
def exchange(new_bridge, imap, fake_account, output, tokens):
    """A bridge with a mailbox at the scripted server and a token that says
    what Microsoft's say."""
    imap.capability = CAPABILITY
    token = jwt(aud="https://outlook.office365.com",
                roles=["IMAP.AccessAsApp"], exp=time.time() + 3600)
    tokens.answer = lambda request: (200, {}, {**TOKEN, "access_token": token})
    bridge = new_bridge([fake_account(
        user="bob@contoso.example",
        auth={"method": "oauth2", "client": "corp"})], output, oauth2={
            "corp": {**MICROSOFT, "client_secret": {"file": "client.txt"},
                     "tls_ca": tokens.ca,
                     "token_endpoint": tokens.token_endpoint}},
        log={"level": "debug"})
    write_secret(bridge, "client.txt", "client-canary-90b1")
    bridge.said = ""
    yield bridge
    for text in (bridge.printed(), bridge.said):
        assert token not in text and "canary" not in text


def guide(name: str, first: str, last: str, names: dict) -> str:
    """What a guide says that is printed, between two words; with the names of
    the test in place of its own."""
    text = " ".join((ROOT / "deploy" / name).read_text().split())
    text = text[text.index(first):]
    text = text[:text.index(last) + len(last)]
    for old, new in names.items():
        assert old in text
        text = text.replace(old, new)
    return text


def check(bridge) -> str:
    done = bridge.command("check")
    assert done.returncode == EX_NOPERM, done.stderr
    bridge.said = done.stdout + done.stderr
    words = " ".join(bridge.said.split())
    assert guide("microsoft365.md", "Check for", "$true", {
        "-AppId APP": "-AppId app-id",
        "support@contoso.com": "bob@contoso.example"}) in words
    at = [words.index(step) for step in STEPS]
    assert at == sorted(at), "the steps are in the order of doing them"
    assert 'aud "https://outlook.office365.com"' in words
    assert 'roles ["IMAP.AccessAsApp"]' in words
    return words


def test_authenticated_but_not_connected(exchange, imap, output, tokens):
    imap.on("EXAMINE", "S: $ BAD User is authenticated but not connected.",
            times=2)
    said = check(exchange)
    assert "BAD User is authenticated but not connected" in said
    assert guide("microsoft365.md", "support/INBOX: EXAMINE", "address?)", {
        "support/": "fake/"}) in said
    # The daemon takes it for wrong credentials: slowly, and named; and it
    # gets well by itself when the step is done.
    imap.deliver(b"Subject: x\r\n\r\nx\r\n")
    exchange.start()
    exchange.wait_log("authenticated but not connected.*next try for the "
                      "account")
    exchange.wait(lambda: output.count() == 1, what="the mail")
    # The endpoint gave the same token again, and was not asked for ever.
    assert len(tokens.requests) <= 4


def test_authenticate_failed(exchange, imap):
    error = base64.b64encode(json.dumps(
        {"status": "401", "schemes": "bearer", "scope": "https://x/"}
    ).encode()).decode()

    async def refuse(connection) -> None:
        await connection.say(f"+ {error}")
        assert await connection.line() == "", "what XOAUTH2 wants"
        await connection.say("$ NO AUTHENTICATE failed.")

    imap.on("AUTHENTICATE", [refuse])
    said = check(exchange)
    assert "NO AUTHENTICATE failed. [status 401" in said


def test_google_delegation_forgotten(new_bridge, output, tokens, folder):
    """The guide shows what is printed."""
    tokens.answer = lambda request: (401, {}, {
        "error": "unauthorized_client", "error_description":
        "Client is unauthorized to retrieve access tokens using this method, "
        "or client not authorized for any of the scopes requested."})
    key, _, _ = new_key(folder)
    robot = json.dumps({"client_email": "robot@p.example", "private_key": key,
                        "private_key_id": "1", "token_uri": "https://x/"})
    done, _ = check_client(new_bridge, output, tokens, {
        "provider": "google", "grant": "service_account",
        "key": {"file": "sa.json"}}, [("sa.json", robot)])
    assert done.returncode == EX_NOPERM
    assert guide("google.md", "oauth2.workspace: the token", "com/ ?)", {
        "oauth2.workspace": "oauth2.c"}) in " ".join(done.stderr.split())
