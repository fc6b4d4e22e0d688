"""A token endpoint that answers as it is told and records what it is asked."""

import json
import shutil
import ssl
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable, Optional

from .certs import Authority
from .process import new_folder


class Request:
    def __init__(self, path: str, headers, form: dict) -> None:
        self.path = path
        self.headers = headers
        self.form = form
        self.at = time.monotonic()


class TokenServer:
    """answer: a function from the request to (status, headers, body); bodies
    that are dicts are sent as JSON.  What it gives as access_token is good
    for introspection at http://127.0.0.1:PORT/introspect, for any user, until
    it is revoked."""

    def __init__(self, answer: Optional[Callable] = None,
                 seconds: int = 3600) -> None:
        self.folder = new_folder("tokens")
        self.authority = Authority(self.folder)
        pem, key = self.authority.issue("server",
                                        "DNS:localhost,IP:127.0.0.1")
        self.requests: list = []
        self.answer = answer or self.good
        self.seconds = seconds
        self.valid: dict = {}  # token: user
        self.user = "nobody"
        self.lock = threading.Lock()
        self.tls = self.serve()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, key)
        # The handshake is the thread's: a client that fails it stops nobody.
        self.tls.socket = context.wrap_socket(
            self.tls.socket, server_side=True, do_handshake_on_connect=False)
        self.plain = self.serve()
        for server in (self.tls, self.plain):
            threading.Thread(target=server.serve_forever, args=(0.05,),
                             daemon=True).start()

    @property
    def ca(self) -> str:
        return str(self.authority.pem)

    @property
    def token_endpoint(self) -> str:
        return f"https://localhost:{self.tls.server_port}/token"

    @property
    def introspection_endpoint(self) -> str:
        return f"http://127.0.0.1:{self.plain.server_port}/introspect"

    # Answers

    def issue(self, user: str) -> str:
        with self.lock:
            token = f"token-canary-{len(self.valid)}-{id(self):x}"
            self.valid[token] = user
            return token

    def good(self, request: Request) -> tuple:
        return 200, {}, {"token_type": "Bearer", "expires_in": self.seconds,
                         "access_token": self.issue(self.user)}

    def revoke_all(self) -> None:
        with self.lock:
            self.valid = {token: "" for token in self.valid}

    def introspect(self, form: dict) -> dict:
        user = self.valid.get(form.get("token"), "")
        return ({"active": True, "username": user} if user
                else {"active": False})

    # HTTP

    def serve(self) -> ThreadingHTTPServer:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # noqa: N802
                owner.on_post(self)

            def do_GET(self) -> None:  # noqa: N802
                owner.requests.append(Request(self.path, self.headers, {}))
                self.send_error(404)

            def log_message(self, *args) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        return server

    def on_post(self, handler) -> None:
        length = int(handler.headers.get("Content-Length", 0))
        text = handler.rfile.read(length).decode()
        form = dict(urllib.parse.parse_qsl(text, keep_blank_values=True,
                                           strict_parsing=True))
        if handler.path == "/introspect":
            status, headers, body = 200, {}, self.introspect(form)
        else:
            request = Request(handler.path, handler.headers, form)
            self.requests.append(request)
            status, headers, body = self.answer(request)
        if isinstance(body, dict):
            body = json.dumps(body).encode()
            headers = {"Content-Type": "application/json", **headers}
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        try:
            handler.wfile.write(body)
        except OSError:
            pass  # the client had enough

    def remove(self) -> None:
        for server in (self.tls, self.plain):
            server.shutdown()
            server.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)
