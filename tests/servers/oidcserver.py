"""A real OAuth2 server: oidc-provider of npm, over TLS."""

import json
import re
import shutil
import ssl
import urllib.request
import uuid
from pathlib import Path
from typing import Optional

from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from .certs import Authority
from .process import Missing, Server, accepts, find_program, free_port, \
    new_folder

MODULES = Path(__file__).resolve().parents[2] / ".cache/oidc/node_modules"
INTROSPECTOR = ("introspector", "introspection-canary-55ac")


class OidcServer(Server):
    """clients: as oidc-provider takes them; consents: {user: client_id},
    for each of which there is a refresh token; ttl: of access tokens."""

    def __init__(self, clients: list, consents: Optional[dict] = None,
                 ttl: int = 3600) -> None:
        super().__init__("oidc-provider")
        self.program = find_program("node", "nodejs")
        if not (MODULES / "oidc-provider").is_dir():
            raise Missing("oidc-provider is not there; run: make test-deps")
        self.folder = new_folder("oidc")
        self.authority = Authority(self.folder)
        pem, key = self.authority.issue("server", "DNS:localhost")
        self.port = free_port()
        introspector = {
            "client_id": INTROSPECTOR[0], "client_secret": INTROSPECTOR[1],
            "grant_types": [], "response_types": [], "redirect_uris": []}
        self.setup = {
            "port": self.port, "cert": str(pem), "key": str(key),
            "modules": str(MODULES), "clients": [introspector, *clients],
            "consents": consents or {}, "ttl": ttl}
        self.start()

    @property
    def ca(self) -> str:
        return str(self.authority.pem)

    @property
    def issuer(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def token_endpoint(self) -> str:
        return f"https://localhost:{self.port}/token"

    @property
    def introspection_endpoint(self) -> str:
        name, secret = INTROSPECTOR
        return (f"https://{name}:{secret}@localhost:{self.port}"
                "/token/introspection")

    def start(self) -> None:
        path = self.folder / "setup.json"
        path.write_text(json.dumps(self.setup))
        script = Path(__file__).with_name("oidc.mjs")
        self.spawn([self.program, str(script), str(path)],
                   self.folder / "oidc.log")
        self.wait_ready(lambda: accepts(self.port), 30)

    def refresh_token(self, user: str) -> str:
        line = re.search(r"^{.*}$", self.log.read_text(), re.M)[0]
        return json.loads(line)["refresh"][user]

    def rotate_keys(self) -> None:
        """New signing keys from the next start on."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        jwk = json.loads(RSAAlgorithm.to_jwk(key))
        self.setup["jwks"] = {"keys": [
            {**jwk, "use": "sig", "alg": "RS256", "kid": str(uuid.uuid4())}]}

    def signing_keys(self) -> set:
        context = ssl.create_default_context(cafile=self.ca)
        with urllib.request.urlopen(f"{self.issuer}/jwks", timeout=10,
                                    context=context) as answer:
            return {key["kid"] for key in json.load(answer)["keys"]}

    def requests(self) -> int:
        """How many tokens were asked for."""
        return self.log.read_text().count("TOKEN REQUEST")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
