"""Mistakes in the config are named, with their place and a way out."""

import pytest

from bridge import EX_CONFIG, EX_USAGE, account
from servers.process import free_port

VALID = """\
state: state
accounts:
  - name: support
    host: imap.example.com
    user: support@example.com
    auth: {method: password, password: {file: secret.txt}}
    mailboxes: [INBOX, "Orders/2026"]
sinks:
  events: {type: directory, path: ./out}
"""


@pytest.fixture
def check(new_bridge, dovecot, user, output):
    """check(text): `mailbridge check --offline` of that config file."""
    bridge = new_bridge([account(dovecot, user)], output)

    def run(text: str, *args: str):
        bridge.path.write_text(text)
        return bridge.command("check", "--offline", *args)

    return run


def test_valid(check):
    done = check(VALID)
    assert done.returncode == 0, done.stderr


MISTAKES = {
    "unknown key": ("host: imap", "hst: imap", r"5?.*accounts\[0\]", "host"),
    "unknown top key": ("state: state", "stat: state", "", "state"),
    "unknown method": ("method: password", "method: passwd",
                       "accounts[0].auth.method", "password"),
    "literal secret": ("password: {file: secret.txt}", "password: hunter2",
                       "accounts[0].auth.password", "file"),
    "wrong type": ("mailboxes: [INBOX, \"Orders/2026\"]", "mailboxes: 7",
                   "accounts[0].mailboxes", ""),
    "bad name": ("name: support", "name: \"sup port\"", "accounts[0].name",
                 ""),
    "bad port": ("user: support@", "port: 70000\n    user: support@",
                 "accounts[0].port", "65535"),
    "unknown sink type": ("type: directory", "type: dirctory",
                          "sinks.events.type", "directory"),
    "sink without path": (", path: ./out", "", "sinks.events", "path"),
    "unknown sink key": ("path: ./out", "path: ./out, pth: x", "sinks.events",
                         "pth"),
    "bad start": ("user: support@", "start: yesterday\n    user: support@",
                  "accounts[0].start", "beginning"),
    "not yaml": ("sinks:", "sinks: [", "", ""),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake(check, mistake):
    old, new, place, hint = MISTAKES[mistake]
    assert old in VALID
    done = check(VALID.replace(old, new))
    assert done.returncode == EX_CONFIG, done.stderr
    line = done.stderr
    assert "mailbridge.yaml:" in line, "it should name the file and the line"
    if not place.startswith("5?"):
        assert place in line
    assert hint in line
    assert "hunter2" not in line, "a secret was printed"


def test_place_is_exact(check):
    done = check(VALID.replace("host: imap", "hots: imap"))
    assert "mailbridge.yaml:4:5: accounts[0].hots:" in done.stderr
    assert "host" in done.stderr


def test_duplicate_account(check):
    block = VALID.split("sinks:")[0].split("accounts:\n")[1]
    done = check(VALID.replace("sinks:", block + "sinks:"))
    assert done.returncode == EX_CONFIG
    assert "support" in done.stderr


def test_no_such_file(new_bridge, dovecot, user, output):
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.path.unlink()
    done = bridge.command("run")
    assert done.returncode == EX_CONFIG
    assert "mailbridge.yaml" in done.stderr


def test_missing_secret_file(new_bridge, dovecot, user, output):
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.secret.unlink()
    done = bridge.command("check")
    assert done.returncode == EX_CONFIG
    assert "secret.txt" in done.stderr
    # A server that is away does not hide it.
    bridge.config["accounts"][0]["port"] = free_port()
    bridge.write()
    done = bridge.command("check")
    assert done.returncode == EX_CONFIG
    assert "secret.txt" in done.stderr


def test_defaults_and_include(new_bridge, dovecot, user, output):
    from mails import mails
    dovecot.append(user, mails(1))
    values = account(dovecot, user)
    inherited = {key: values.pop(key) for key in ("host", "port", "tls_ca",
                                                  "auth", "start")}
    bridge = new_bridge([], output)
    folder = bridge.folder / "accounts.d"
    folder.mkdir()
    import json
    (folder / "one.yaml").write_text(json.dumps({"accounts": [values]}))
    bridge.config.pop("accounts")
    bridge.config["defaults"] = inherited
    bridge.config["include"] = ["accounts.d/*.yaml"]
    bridge.write()
    bridge.once()
    assert output.count() == 1


@pytest.mark.parametrize("args", [["run"], ["nonsense"], ["run", "--nonsense"],
                                  ["checkpoint", "-c", "x", "nonsense"], []])
def test_usage(bridge, args):
    done = bridge.command(*args, config=False)
    assert done.returncode == EX_USAGE
    assert "mailbridge" in done.stderr


@pytest.mark.parametrize("command", ["run", "check", "status", "checkpoint",
                                     "convert", "version", "help"])
def test_help(bridge, command):
    done = bridge.command(command, "--help", config=False)
    assert done.returncode == 0
    assert "Usage" in done.stdout or "usage" in done.stdout


def test_version(bridge):
    done = bridge.command("version", config=False)
    assert done.returncode == 0
    assert done.stdout.startswith("mailbridge ")
