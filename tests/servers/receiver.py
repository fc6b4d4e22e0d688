"""A webhook's other side: keeps what is posted and answers as it is told."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable, Optional


class Posted:
    def __init__(self, headers, body: bytes) -> None:
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body
        self.status = 0


class Receiver:
    """answer: a function from the request to (status, headers, body)."""

    def __init__(self, answer: Optional[Callable] = None) -> None:
        self.requests: list = []
        self.answer = answer or self.good
        self.lock = threading.Lock()
        self.server = self.serve()
        threading.Thread(target=self.server.serve_forever, args=(0.05,),
                         daemon=True).start()

    @property
    def port(self) -> int:
        return self.server.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mail"

    def good(self, request: Posted) -> tuple:
        return 204, {}, b""

    def accepted(self) -> list:
        """What was answered with 2xx, in that order."""
        with self.lock:
            return [request for request in self.requests
                    if request.status // 100 == 2]

    def serve(self) -> ThreadingHTTPServer:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:  # noqa: N802
                owner.on_post(self)

            def log_message(self, *args) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        return server

    def on_post(self, handler) -> None:
        length = int(handler.headers["Content-Length"])
        body = handler.rfile.read(length)
        if len(body) < length:
            return  # it was killed while it sent
        request = Posted(handler.headers, body)
        request.status, headers, body = self.answer(request)
        with self.lock:
            self.requests.append(request)
        try:
            handler.send_response(request.status)
            for name, value in headers.items():
                handler.send_header(name, value)
            if request.status != 204:
                handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)
        except OSError:
            pass  # the client had enough

    def remove(self) -> None:
        self.server.shutdown()
        self.server.server_close()
