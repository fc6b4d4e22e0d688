"""Many accounts on one client: one request for each token."""

import base64
import re
from collections import Counter

import pytest

from servers.process import wait_until
from test_oauth2 import write_secret
from test_oauth2_requests import OTHER

ACCOUNTS = 500


def shown(imap) -> Counter:
    """How often each token was shown."""
    found = Counter()
    for _, command in list(imap.commands):
        match = re.match(r"AUTHENTICATE XOAUTH2 (\S+)$", command)
        if match:
            found[base64.b64decode(match[1]).split(b"Bearer ")[1]] += 1
    return found


@pytest.mark.long
def test_one_request_for_each_renewal(new_bridge, imap, fake_account, output,
                                      tokens):
    """All are logged in, and their token is about to end: one request gets
    the next one, and each session is made anew with it, once."""
    imap.capability = "IMAP4rev1 SASL-IR AUTH=XOAUTH2 IDLE"
    tokens.seconds = 40
    bridge = new_bridge(
        [fake_account(f"user{i}", auth={"method": "oauth2", "client": "c"})
         for i in range(ACCOUNTS)], output,
        oauth2={"c": {"tls_ca": tokens.ca, **OTHER,
                      "token_endpoint": tokens.token_endpoint}})
    write_secret(bridge, "client.txt", "client-canary-500")
    bridge.start()
    bridge.wait(lambda: sum(shown(imap).values()) == ACCOUNTS, 60,
                what="all logins")
    assert len(tokens.requests) == 1
    bridge.wait(lambda: sum(shown(imap).values()) == 2 * ACCOUNTS, 60,
                what="all renewals")
    assert sorted(shown(imap).values()) == [ACCOUNTS, ACCOUNTS]
    assert len(tokens.requests) == 2
    first, second = tokens.requests
    assert 28 <= second.at - first.at < 40, "ahead of the end"
    bridge.kill()
    wait_until(lambda: not bridge.running(), what="its end")
