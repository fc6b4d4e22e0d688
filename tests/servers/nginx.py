"""A private nginx: TLS and HTTP/2 in front of a receiver."""

import os
import shutil

from .certs import Authority
from .process import Server, accepts, find_program, free_port, new_folder

CONFIG = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        listen 127.0.0.1:{plain};
        keepalive_requests 1000000;
        ssl_certificate {pem};
        ssl_certificate_key {key};
        ssl_client_certificate {ca};
        ssl_verify_client {verify};
        location /none {{
            return 204;
        }}
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            proxy_http_version 1.1;
            proxy_set_header X-Protocol $server_protocol;
            proxy_set_header X-Connection $connection;
            proxy_set_header X-Client $ssl_client_s_dn;
        }}
    }}
}}
"""


class Nginx(Server):
    """In front of the receiver at the port upstream; /none has an answer without
    it.  clients: only those with a certificate of our authority may come."""

    def __init__(self, upstream: int, clients: bool = False) -> None:
        super().__init__("nginx")
        program = find_program("nginx", "nginx-light")
        self.folder = new_folder("nginx")
        self.port = free_port()
        self.plain = free_port()  # HTTP/1.1, without TLS
        self.authority = Authority(self.folder)
        pem, key = self.authority.issue("server", "DNS:localhost")
        config = self.folder / "nginx.conf"
        config.write_text(CONFIG.format(
            folder=self.folder, port=self.port, plain=self.plain, pem=pem, key=key,
            ca=self.ca, upstream=upstream,
            verify="on" if clients else "off",
            user="user root;" if os.geteuid() == 0 else ""))
        self.spawn([program, "-e", "stderr", "-c", str(config)],
                   self.folder / "nginx.log")
        self.wait_ready(lambda: accepts(self.port), 20)

    @property
    def ca(self) -> str:
        return str(self.authority.pem)

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/mail?key=hidden"

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
