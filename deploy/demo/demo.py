"""`make demo`: a mailbox of your own, bridged to files, in a minute.

Starts a private Dovecot on a free port of the loopback, puts six mails into
a mailbox, runs mailbridge until they are files, then delivers one more while
mailbridge waits in IDLE.  Needs Python's standard library only, no root, and
cleans up after itself.
"""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from servers.dovecot import PASSWORD, Dovecot  # noqa: E402
from servers.process import Server, new_folder, wait_until  # noqa: E402

PROGRAM = ROOT / "build/mailbridge"
USER = "demo"

CONFIG = """\
state: state
accounts:
  - name: demo
    host: localhost
    port: {port}
    tls_ca: {ca}
    user: {user}
    auth: {{method: password, password: {{file: secret.txt}}}}
    mailboxes: [INBOX]
    start: beginning
sinks:
  events: {{type: directory, path: out}}
"""

NEW_MAIL = """\
From: Webshop <shop@shop.example>
To: Orders <orders@acme.example>
Subject: New order 4712
Date: {date}
Message-ID: <order-4712@shop.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Order 4712 from Sam Lee

1 x Grinder                 EUR 129.00
""".replace("\n", "\r\n")


def say(text: str) -> None:
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}",
          flush=True)


def samples() -> list:
    return [path.read_bytes() for path in sorted(HERE.glob("mails/*.eml"))]


def write_config(folder: Path, dovecot: Dovecot) -> Path:
    secret = folder / "secret.txt"
    secret.touch(mode=0o600)
    secret.write_text(PASSWORD + "\n")
    config = folder / "mailbridge.yaml"
    config.write_text(CONFIG.format(port=dovecot.port_tls, ca=dovecot.ca,
                                    user=USER))
    return config


def events(folder: Path) -> list:
    return sorted((folder / "out").glob("demo/INBOX/*.json"))


def state(config: Path) -> str:
    """What `mailbridge status` says of the one mailbox."""
    done = subprocess.run([PROGRAM, "status", "--json", "-c", config],
                          capture_output=True, text=True)
    if done.returncode != 0:
        return ""
    answer = json.loads(done.stdout)
    rows = answer["mailboxes"] if isinstance(answer, dict) else answer
    return rows[0]["state"] if rows else ""


def wait(bridge: Server, condition, what: str):
    try:
        return wait_until(lambda: not bridge.running() or condition(), 30,
                          what, step=0.001)
    finally:
        if not bridge.running():
            sys.exit(f"mailbridge ended:\n{bridge.tail()}")


def shorten(value, depth: int = 0):
    """An event for the eye: long texts and lists cut."""
    if isinstance(value, str) and len(value) > 60:
        return value[:57] + "..."
    if isinstance(value, dict):
        return {key: shorten(item, depth + 1) for key, item in value.items()
                if key not in ("bodyStructure", "headers")}
    if isinstance(value, list):
        return [shorten(item, depth + 1) for item in value[:3]]
    return value


def catch_up(bridge: Server, folder: Path) -> None:
    start = time.monotonic()
    count = len(samples())
    wait(bridge, lambda: len(events(folder)) == count, "the files")
    say(f"Caught up: {count} mails are files after "
        f"{(time.monotonic() - start) * 1000:.0f} ms.")
    for path in events(folder):
        event = json.loads(path.read_bytes())
        parts = ", ".join(str(part["name"]) for part in event["attachments"])
        print(f"  out/{path.relative_to(folder / 'out')}  "
              f"{event['subject']}" + (f"  [{parts}]" if parts else ""))


def one_more(bridge: Server, folder: Path, dovecot: Dovecot,
             config: Path) -> None:
    wait(bridge, lambda: state(config) == "idle", "IDLE")
    time.sleep(1.5)  # until Dovecot has put the connection to sleep
    say("mailbridge waits in IDLE. A new mail arrives ...")
    date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
    known = len(events(folder))
    dovecot.append(USER, [NEW_MAIL.format(date=date).encode()])
    start = time.monotonic()
    wait(bridge, lambda: len(events(folder)) > known, "the new file")
    took = (time.monotonic() - start) * 1000
    event = json.loads(events(folder)[-1].read_bytes())
    print(json.dumps(shorten(event), indent=2, ensure_ascii=False))
    say(f"... and was a durable file {took:.0f} ms after its delivery.")
    print("(This Dovecot hibernates idle connections, which makes it notify "
          "at once;\n without that Dovecot alone waits 500 ms.)")


def demo(folder: Path, dovecot: Dovecot) -> None:
    config = write_config(folder, dovecot)
    dovecot.append(USER, samples())
    say("A private Dovecot runs, with six mails in it. The config:")
    print(config.read_text())
    bridge = Server("mailbridge")
    bridge.spawn([PROGRAM, "run", "-c", config], folder / "mailbridge.log")
    try:
        catch_up(bridge, folder)
        one_more(bridge, folder, dovecot, config)
    finally:
        bridge.stop()
    seen = any("\\Seen" in row["flags"] for row in dovecot.fetch(USER))
    say("The mailbox was not touched: no mail is marked as read."
        if not seen else "A mail was marked as read: that is a bug.")


def main() -> None:
    folder = new_folder("demo")
    dovecot = None
    try:
        dovecot = Dovecot(hibernate=True)
        demo(folder, dovecot)
    finally:
        if dovecot:
            dovecot.remove()
        shutil.rmtree(folder, ignore_errors=True)
    say("Next: your own mailbox.")
    print("  cp deploy/mailbridge.example.yaml mailbridge.yaml   # and edit\n"
          "  build/mailbridge check -c mailbridge.yaml\n"
          "  build/mailbridge run -c mailbridge.yaml")


if __name__ == "__main__":
    main()
