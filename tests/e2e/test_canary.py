"""A secret of each kind, the log at debug, success and failure: none of them
is printed, written, served, or dumped."""

import base64
import itertools
import json
import os
import resource
import signal
import subprocess
from pathlib import Path

import pytest

import memory
from bridge import account
from mails import mails
from outputs import RedisOutput
from servers.certs import openssl
from servers.dovecot import PASSWORD
from servers.process import free_port
from servers.redisserver import RedisServer
from test_admin import Admin

ENVIRONMENT = "canary-of-the-environment-2b"


def body(pem: str) -> str:
    """A line out of the middle of a key."""
    lines = pem.strip().splitlines()
    return lines[len(lines) // 2]


class Secrets:
    """{kind: text}; `put` writes the file that holds it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "secrets"
        self.folder.mkdir(parents=True)
        self.all: dict = {"password": PASSWORD, "environment": ENVIRONMENT}

    def put(self, kind: str, text: str, canary: str = "") -> dict:
        self.all[kind] = canary or text
        path = self.folder / kind.replace(" ", "-")
        path.write_text(text)
        path.chmod(0o600)
        return {"file": str(path)}


def private_key(secrets: Secrets, kind: str) -> tuple:
    pem = secrets.folder / "certificate.pem"
    key = secrets.folder / "new.key"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9",
            "-subj", "/CN=x", "-keyout", str(key), "-out", str(pem))
    text = key.read_text()
    return pem, secrets.put(kind, text, body(text)), text


def seal(bridge, key: dict, text: str) -> dict:
    done = bridge.command("secret", "seal", "--key", key["file"],
                          stdin=text.encode(), config=False)
    assert done.returncode == 0, done.stderr
    return {"encrypted": done.stdout.strip()}


def clients(secrets: Secrets, tokens, bridge) -> dict:
    """One for each grant and credential."""
    pem, key, _ = private_key(secrets, "private key")
    _, _, google = private_key(secrets, "google key")
    robot = json.dumps({"client_email": "robot@x", "private_key": google,
                        "private_key_id": "1", "token_uri": "https://x/"})
    cc = {"grant": "client_credentials", "client_id": "c"}
    token = tokens.issue("someone")
    secrets.all["token in a file"] = token
    found = {
        "secret": {**cc, "client_secret": secrets.put(
            "client secret", "canary-client-secret-81")},
        "certificate": {**cc, "client_certificate": {
            "certificate": str(pem), "key": key}},
        "federated": {**cc, "client_assertion": secrets.put(
            "assertion", "canary-assertion-3c")},
        "refresh": {"grant": "refresh_token", "client_id": "c",
                    "refresh_token": secrets.put(
                        "refresh token", "canary-refresh-0")},
        "google": {"provider": "google", "grant": "service_account",
                   "key": secrets.put("google key", robot, body(google))},
        "down": {**cc, "token_endpoint": f"https://localhost:{free_port()}/",
                 "client_secret": secrets.put("secret 2", "canary-down-6")},
    }
    for client in found.values():
        client["tls_ca"] = tokens.ca
        client.setdefault("token_endpoint", tokens.token_endpoint)
    found["file"] = {"grant": "token_file",
                     "token": secrets.put("token in a file", token)}
    found["command"] = {"grant": "command", "command": [
        "/bin/cat", str(secrets.folder / "token-in-a-file")]}
    return found


def unkind(tokens):
    """Good, then bad in every way, in turns."""
    ways = itertools.cycle([
        lambda r: (401, {}, {"error": "invalid_client"}),
        lambda r: (429, {"Retry-After": "0"}, b""),
        lambda r: (200, {}, b"<html>canary-rubbish-1</html>"),
        lambda r: (302, {"Location": "https://x/canary-rubbish-1"}, b""),
        lambda r: (200, {}, b"x" * 10_000_000),
        lambda r: (503, {}, b"canary-rubbish-1")])
    numbers = itertools.count(1)

    def answer(request):
        number = next(numbers)
        if number % 2 == 0:
            return next(ways)(request)
        status, headers, good = tokens.good(request)
        return status, headers, {**good, "refresh_token":
                                 f"canary-refresh-{number}"}

    return answer


@pytest.fixture
def world(new_bridge, new_dovecot, tokens, folder):
    """Everything at once: accounts that get in, and some that do not."""
    dovecot = new_dovecot(
        tokens=(tokens.introspection_endpoint, None, "xoauth2"))
    redis = RedisServer("canary-redis-password-5")
    bridge = new_bridge([], RedisOutput(redis, "mail"))
    secrets = Secrets(bridge.folder)
    key = secrets.put("sealing key",
                      base64.b64encode(os.urandom(32)).decode())
    secrets.all["sealed"] = "canary-sealed-text-44"
    tokens.user, tokens.seconds = "someone", 6
    tokens.answer = unkind(tokens)
    config = bridge.config
    config["secret_key"] = key
    config["log"] = {"level": "debug"}
    config["oauth2"] = clients(secrets, tokens, bridge)
    config["sinks"] = {
        "events": {**config["sinks"]["events"], "password": secrets.put(
            "redis password", redis.password)},
        "kafka": {"type": "kafka", "brokers": f"127.0.0.1:{free_port()}",
                  "topic": "t", "properties": {
                      "security.protocol": "sasl_plaintext",
                      "sasl.mechanism": "PLAIN", "sasl.username": "u",
                      "sasl.password": secrets.put(
                          "kafka password", "canary-kafka-password-9")}}}
    (secrets.folder / "cred").write_text("canary-credential-12")
    (secrets.folder / "cred").chmod(0o600)
    secrets.all["credential"] = "canary-credential-12"
    passwords = {"good": {"file": str(bridge.secret)},
                 "env": {"env": "CANARY"}, "cred": {"credential": "cred"},
                 "sealed": seal(bridge, key, secrets.all["sealed"]),
                 "wrong": secrets.put("wrong password", "canary-wrong-8")}
    dovecot.append("good", mails(3))
    for name, where in passwords.items():
        config["accounts"].append(account(
            dovecot, name, sink="events",
            auth={"method": "password", "password": where}))
    for name in config["oauth2"]:
        config["accounts"].append(account(
            dovecot, "someone", name=f"o-{name}", sink="events",
            auth={"method": "oauth2", "client": name}))
    config["accounts"].append(account(
        dovecot, "good", name="kafka", sink="kafka",
        auth={"method": "password", "password": passwords["good"]}))
    os.environ["CANARY"] = ENVIRONMENT
    os.environ["CREDENTIALS_DIRECTORY"] = str(secrets.folder)
    admin = Admin(bridge)
    yield bridge, secrets, admin, tokens
    for name in ("CANARY", "CREDENTIALS_DIRECTORY"):
        del os.environ[name]
    redis.remove()


def leaks(secrets: Secrets, texts: dict) -> list:
    """Where which secret is, as it is or in base64."""
    return [f"{kind} in {place}" for place, data in texts.items()
            for kind, secret in secrets.all.items()
            for form in memory.forms(secret) if form in data]


def files(bridge) -> dict:
    return {str(path): path.read_bytes()
            for path in bridge.folder.rglob("*") if path.is_file()
            and path.parent.name != "secrets" and path != bridge.secret}


def used(secrets: Secrets, requests: int) -> dict:
    """Those that nobody needs any more.  librdkafka keeps its own password
    for its next connection, hiredis before 1.0 does not let us wipe what it
    gives back; the tokens that hold now are in use; the environment is the
    operator's choice."""
    kept = ("kafka password", "redis password", "environment",
            "token in a file")
    found = {kind: text for kind, text in secrets.all.items()
             if kind not in kept}
    for number in range(requests - 8):
        found[f"refresh token {number}"] = f"canary-refresh-{number}"
    return found


def not_in_memory(bridge, secrets: dict) -> None:
    """One that is in use now is gone at another moment."""
    left = dict(secrets)
    where: dict = {}

    def gone() -> bool:
        where.clear()
        where.update(memory.find(bridge.process.pid, left))
        for kind in set(left) - set(where):
            del left[kind]
        return not left

    try:
        bridge.wait(gone, 60, what="them to be gone")
    except AssertionError:
        raise AssertionError(f"still there: {where}") from None


def test_no_secret_gets_out(world):
    bridge, secrets, admin, tokens = world
    texts = {}
    for args in (["check"], ["check", "--offline"], ["status"]):
        done = bridge.command(*args)
        texts[" ".join(args)] = (done.stdout + done.stderr).encode()
    bridge.start()
    bridge.wait(lambda: len(tokens.requests) >= 40, 90,
                what="good and bad answers")
    for text in ("AUTHENTICATIONFAILED", "invalid_client", "throttling us",
                 "no JSON object", "redirect", "larger than", "out of order",
                 "renewed as planned", "logged in|-> idle"):
        bridge.wait_log(text, 60)
    if os.geteuid() == 0:
        not_in_memory(bridge, used(secrets, len(tokens.requests)))
    secrets.all.update({f"access token {i}": token
                        for i, token in enumerate(list(tokens.valid))})
    secrets.all["rotated refresh token"] = "canary-refresh-"
    secrets.all["what the endpoint said"] = "canary-rubbish-1"
    pid = bridge.process.pid
    texts["argv"] = Path(f"/proc/{pid}/cmdline").read_bytes()
    for path in ("/", "/status", "/metrics", "/readyz"):
        texts[path] = admin.ask(path)[2].encode()
    done = bridge.command("status", "--json")
    texts["status --json"] = done.stdout.encode()
    texts.update(files(bridge))
    assert any(path.endswith("refresh.json") for path in texts)
    assert leaks(secrets, texts) == []
    bridge.process.send_signal(signal.SIGHUP)
    bridge.wait_log("SIGHUP")
    bridge.kill()  # what is in the write-ahead log stays there
    assert leaks(secrets, files(bridge)) == []


def dumps_core(process) -> bool:
    """It is aborted: is there a core?"""
    process.send_signal(signal.SIGABRT)
    _, status = os.waitpid(process.pid, 0)
    process.returncode = -os.WTERMSIG(status)
    assert process.returncode == -signal.SIGABRT
    return os.WCOREDUMP(status)


@pytest.fixture
def cores_allowed():
    """What is started has no limit on cores."""
    old = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (old[1], old[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, old)


def test_no_core(bridge, dovecot, user, output, folder, cores_allowed):
    other = subprocess.Popen(["/bin/sleep", "60"], cwd=folder)
    if not dumps_core(other):
        pytest.skip("this kernel writes no cores")
    dovecot.append(user, mails(1))
    os.environ["ASAN_OPTIONS"] = "disable_coredump=0"
    try:
        bridge.start()
    finally:
        del os.environ["ASAN_OPTIONS"]
    bridge.wait(lambda: output.count() == 1, what="the mail")
    assert not dumps_core(bridge.process)
