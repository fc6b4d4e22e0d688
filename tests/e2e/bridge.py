"""The program under test: its config, its process, what it printed."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Optional

from faults import Faults
from schemas import Schemas
from servers.dovecot import PASSWORD
from servers.process import Server, wait_until

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("MAILBRIDGE", ROOT / "build/asan/mailbridge"))
schemas = Schemas(str(PROGRAM))

EX_USAGE, EX_DATAERR, EX_UNAVAILABLE, EX_TEMPFAIL, EX_NOPERM, EX_CONFIG = (
    64, 65, 69, 75, 77, 78)


def account(server, user: str, **changes) -> dict:
    """An account of the config; a change to None removes the key."""
    values = {**server.account(user), **changes}
    return {key: value for key, value in values.items() if value is not None}


class Bridge(Server):
    """One mailbridge with a folder of its own: config, state, logs."""

    def __init__(self, folder: Path, accounts: list, sinks: dict,
                 **settings) -> None:
        super().__init__("mailbridge")
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.secret = folder / "secret.txt"
        self.secret.write_text(PASSWORD + "\n")
        self.secret.chmod(0o600)
        self.path = folder / "mailbridge.yaml"
        self.config = {
            "state": "state", "log": {"level": "info", "format": "text"},
            "retry": {"first_seconds": 0, "then": [1], "attempts": 0},
            "accounts": accounts, "sinks": sinks, **settings}
        self.write()
        self.log = folder / "stderr.txt"
        self.faults: Optional[Faults] = None  # of the next starts
        self.stdout = None  # a file of the next starts; otherwise the log

    def write(self) -> None:
        self.path.write_text(json.dumps(self.config, indent=2,
                                        ensure_ascii=False))

    # The daemon

    def environment(self) -> dict:
        reports = f"log_path={self.folder}/sanitizer:exitcode=99"
        leaks = f"suppressions={ROOT}/tests/tools/lsan.supp"
        return {**os.environ,
                "ASAN_OPTIONS": reports + ":detect_leaks=1"
                ":verify_asan_link_order=0",
                "LSAN_OPTIONS": leaks + ":print_suppressions=0",
                "UBSAN_OPTIONS": reports + ":print_stacktrace=1"}

    def start(self, *args: str) -> "Bridge":
        faults = self.faults.environment() if self.faults else {}
        options = {} if self.stdout is None else {"stdout": self.stdout}
        self.spawn([str(PROGRAM), "run", "-c", str(self.path), *args],
                   self.log, env={**self.environment(), **faults},
                   cwd=self.folder, **options)
        return self

    def terminate(self, seconds: float = 30) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait_exit(seconds)

    def wait_exit(self, seconds: float = 30) -> int:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"still running after {seconds} s:\n{self.tail()}") from None

    def once(self, seconds: float = 90) -> None:
        """Catch up everywhere; it must say that all went well."""
        self.start("--once")
        code = self.wait_exit(seconds)
        assert code == 0, f"run --once exited with {code}:\n{self.tail()}"

    def printed(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_log(self, pattern: str, seconds: float = 30) -> re.Match:
        """Until the log has it."""
        return self.wait(lambda: re.search(pattern, self.printed()), seconds,
                         f"/{pattern}/ in the log")

    def wait(self, condition, seconds: float = 30, what: str = ""):
        """wait_until() that notices a daemon that died, and shows its log."""
        def check():
            value = condition()
            if not value and not self.running():
                raise AssertionError(
                    f"mailbridge ended with {self.process.poll()} while "
                    f"waiting for {what}:\n{self.tail()}")
            return value

        try:
            return wait_until(check, seconds, what, step=0.02)
        except TimeoutError as error:
            raise AssertionError(f"{error}\n{self.tail()}") from None

    def wait_ended_or(self, condition, what: str, seconds: float = 60) -> None:
        """Until the condition holds, or the daemon is gone."""
        wait_until(lambda: not self.running() or condition(), seconds, what,
                   step=0.02)

    # The commands

    def command(self, *args: str, stdin: bytes = b"",
                config: bool = True) -> subprocess.CompletedProcess:
        argv = [str(PROGRAM), *args]
        if config:
            argv += ["-c", str(self.path)]
        done = subprocess.run(argv, input=stdin, capture_output=True,
                              env=self.environment(), cwd=self.folder,
                              timeout=60)
        if args[:1] in (("convert",), ("run",)) and "--help" not in args:
            for line in done.stdout.splitlines():
                schemas.check(line)
        done.stdout = done.stdout.decode(errors="replace")
        done.stderr = done.stderr.decode(errors="replace")
        return done

    def status(self) -> dict:
        """{(account, mailbox): what `mailbridge status --json` says}; empty
        before the daemon wrote the first."""
        done = self.command("status", "--json")
        if done.returncode != 0:
            return {}
        answer = json.loads(done.stdout)
        rows = answer["mailboxes"] if isinstance(answer, dict) else answer
        return {(row["account"], row["mailbox"]): row for row in rows}

    def sinks(self) -> dict:
        """{name: what `mailbridge status --json` says of the sink}"""
        done = self.command("status", "--json")
        assert done.returncode == 0, done.stderr
        return {row["sink"]: row for row in json.loads(done.stdout)["sinks"]}

    def wait_state(self, states: tuple = ("idle", "polling"),
                   count: Optional[int] = None, seconds: float = 30) -> None:
        """Until every mailbox of the config is in one of the states."""
        expected = count or sum(len(a["mailboxes"])
                                for a in self.config["accounts"])

        def settled() -> bool:
            rows = self.status().values()
            good = [row for row in rows if row["state"] in states]
            return len(good) >= expected

        self.wait(settled, seconds, f"{expected} mailboxes to be {states}")

    def checkpoint(self, user: str, mailbox: str = "INBOX") -> int:
        """The committed UID, as `mailbridge checkpoint get` prints it."""
        done = self.command("checkpoint", "get", "--account", user,
                            "--mailbox", mailbox)
        assert done.returncode == 0, done.stderr
        return int(re.findall(r"\d+", done.stdout)[-1])

    # Resources, from /proc

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text()
        user, system = fields.rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    # The end of a test

    def finish(self) -> None:
        """No sanitizer report, and no password in anything printed."""
        if self.process is not None:
            self.kill()
        reports = sorted(self.folder.glob("sanitizer*"))
        text = "\n".join(path.read_text(errors="replace") for path in reports)
        assert not reports, f"sanitizer reports:\n{text}"
        assert PASSWORD not in self.printed(), "the password was logged"
