"""Fixtures: real servers, bridges that clean up after themselves."""

import itertools
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import outputs  # noqa: E402
from bridge import PROGRAM, Bridge, account  # noqa: E402
from mails import mails  # noqa: E402
from outputs import (  # noqa: E402
    WEBHOOK_SECRET, DirectoryOutput, ExecOutput, KafkaOutput, RedisOutput,
    WebhookOutput)
from servers.dovecot import Dovecot  # noqa: E402
from servers.fakeimap import FakeImap  # noqa: E402
from servers.kafkabroker import KafkaBroker  # noqa: E402
from servers.oidcserver import OidcServer  # noqa: E402
from servers.nginx import Nginx  # noqa: E402
from servers.process import Missing, new_folder  # noqa: E402
from servers.receiver import Receiver  # noqa: E402
from servers.redisserver import RedisServer  # noqa: E402
from servers.tokenserver import TokenServer  # noqa: E402

numbers = itertools.count(1)


def pytest_configure(config) -> None:
    if not PROGRAM.is_file():
        pytest.exit(f"{PROGRAM} is not built; run: make asan", 2)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    """While the servers still run: all that was published fits its schema."""
    wrong = None
    try:
        for output in outputs.made:
            output.check()
    except Exception as error:
        wrong = error
    outputs.made.clear()
    result = yield
    if wrong is not None:
        raise wrong
    return result


def pytest_terminal_summary(terminalreporter) -> None:
    """What tests that passed have to tell: record_property("told", TEXT)."""
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            if name == "told" and report.when == "call":
                terminalreporter.line(f"{report.nodeid}: {text}")


def real(server, *args, **options):
    """Start a real server. CI must have all of them; a person may lack one."""
    try:
        return server(*args, **options)
    except Missing as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def dovecot():
    """Shared by the tests: use the fixture `user` for a name of your own,
    and new_dovecot for one that you stop or set up otherwise."""
    server = real(Dovecot)
    yield server
    server.remove()


@pytest.fixture
def new_dovecot():
    servers = []

    def start(**options) -> Dovecot:
        servers.append(real(Dovecot, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.remove()


@pytest.fixture
def new_oidc():
    servers = []

    def start(clients: list, **options) -> OidcServer:
        servers.append(real(OidcServer, clients, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.remove()


@pytest.fixture
def tokens():
    """A scripted token endpoint."""
    server = TokenServer()
    yield server
    server.remove()


@pytest.fixture(scope="session")
def kafka_session():
    broker = real(KafkaBroker)
    yield broker
    broker.remove()


@pytest.fixture
def kafka(kafka_session):
    """Shared by the tests; running, whatever the test before did to it."""
    if not kafka_session.running():
        kafka_session.start()
    return kafka_session


@pytest.fixture
def redis_server():
    server = real(RedisServer)
    yield server
    server.remove()


@pytest.fixture
def user(request) -> str:
    """A mailbox owner nobody else uses."""
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")
    return f"{name[:40]}-{os.getpid()}-{next(numbers)}"


@pytest.fixture
def folder(request):
    """Removed when the test passed; kept, and named, when it failed."""
    path = new_folder("test")
    failed = request.session.testsfailed
    yield path
    if request.session.testsfailed == failed:
        shutil.rmtree(path, ignore_errors=True)
    else:
        print(f"left for you to look at: {path}")


@pytest.fixture
def output(folder) -> DirectoryOutput:
    return DirectoryOutput(folder / "out")


@pytest.fixture
def kafka_output(kafka, user) -> KafkaOutput:
    out = KafkaOutput(kafka, f"mail-{user}")
    out.create()
    return out


@pytest.fixture
def redis_output(redis_server, user) -> RedisOutput:
    return RedisOutput(redis_server, f"mail-{user}")


@pytest.fixture
def receiver():
    server = Receiver()
    yield server
    server.remove()


@pytest.fixture
def new_nginx(receiver):
    """In front of the receiver."""
    servers = []

    def start(**options) -> Nginx:
        servers.append(real(Nginx, receiver.port, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.remove()


@pytest.fixture
def webhook_output(receiver, folder) -> WebhookOutput:
    secret = folder / "webhook.secret"
    secret.write_text(WEBHOOK_SECRET + "\n")
    secret.chmod(0o600)
    return WebhookOutput(receiver, str(secret))


@pytest.fixture
def exec_output(folder) -> ExecOutput:
    return ExecOutput(folder)


@pytest.fixture
def new_bridge(folder):
    """new_bridge(accounts, output, **settings); checked at the end."""
    bridges = []

    def make(accounts: list, output, **settings) -> Bridge:
        bridge = Bridge(folder / f"bridge{len(bridges)}", accounts,
                        {"events": output.section()}, **settings)
        bridges.append(bridge)
        return bridge

    yield make
    for bridge in bridges:
        bridge.finish()


@pytest.fixture
def imap():
    """A scripted IMAP server of the test's own."""
    server = FakeImap()
    yield server
    server.close()
    assert not server.surprises


def fake(port: int, name: str, **changes) -> dict:
    """An account on a scripted server."""
    return {"name": name, "host": "127.0.0.1", "port": port,
            "tls": "none", "user": name, "mailboxes": ["INBOX"],
            "auth": {"method": "password",
                     "password": {"file": "secret.txt"}},
            "start": "beginning", **changes}


@pytest.fixture
def fake_account(imap):
    """fake_account(**changes): an account on the scripted server."""
    def make(name: str = "fake", **changes) -> dict:
        return fake(changes.pop("port", imap.port), name, **changes)

    return make


@pytest.fixture
def imaps(new_bridge, output):
    """imaps(names, count): a scripted server for each, with so many mails, as
    {name: server}.  imaps.bridge(**changes): one bridge to all of them, each an
    account of that name (blanks are hyphens).  What takes time takes it once."""
    class Several(dict):
        def __call__(self, names, count: int = 1) -> dict:
            self.update((name, FakeImap(mails(count))) for name in names)
            return self

        def account(self, name: str) -> str:
            return re.sub(r"[^A-Za-z0-9]+", "-", name)[:40]

        def bridge(self, **changes) -> Bridge:
            return new_bridge([
                fake(server.port, self.account(name), **changes)
                for name, server in self.items()], output)

    several = Several()
    yield several
    for server in several.values():
        server.close()
    assert not [server.surprises for server in several.values()
                if server.surprises]


@pytest.fixture
def fake_bridge(new_bridge, fake_account, output):
    """fake_bridge(**changes of the account), to a directory."""
    def make(**changes) -> Bridge:
        return new_bridge([fake_account(**changes)], output)

    return make


@pytest.fixture
def bridge(new_bridge, dovecot, user, output) -> Bridge:
    """The simplest: INBOX of `user`, from the beginning, to a directory."""
    return new_bridge([account(dovecot, user)], output)
