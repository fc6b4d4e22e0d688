"""A certificate authority of our own, by the openssl command."""

import base64
import subprocess
from pathlib import Path

from .process import find_program


def openssl(*args: str) -> None:
    program = find_program("openssl", "openssl")
    subprocess.run([program, *args], check=True, capture_output=True)


def public_jwk(pem: Path) -> dict:
    """The RSA key of a certificate, as oauth2 servers take it."""
    program = find_program("openssl", "openssl")
    text = subprocess.run([program, "x509", "-in", str(pem), "-noout",
                           "-modulus"], check=True, capture_output=True,
                          text=True).stdout
    modulus = bytes.fromhex(text.strip().split("=")[1])
    return {"kty": "RSA", "use": "sig", "e": "AQAB",
            "n": base64.urlsafe_b64encode(modulus).decode().rstrip("=")}


class Authority:
    """ca.pem, and certificates NAME.pem with NAME.key signed by it."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self.key = folder / f"{name}.key"
        self.pem = folder / f"{name}.pem"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
                "-subj", f"/CN=mailbridge test {name}", "-addext",
                "keyUsage=critical,keyCertSign,cRLSign", "-keyout",
                str(self.key), "-out", str(self.pem))

    def issue(self, name: str, subjects: str,
              usage: str = "serverAuth") -> tuple:
        """A pair (certificate, key); subjects: "DNS:localhost,IP:127.0.0.1"."""
        key = self.folder / f"{name}.key"
        pem = self.folder / f"{name}.pem"
        request = self.folder / f"{name}.csr"
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={subjects}\n"
                              "basicConstraints=CA:FALSE\n"
                              "authorityKeyIdentifier=keyid\n"
                              f"extendedKeyUsage={usage}\n")
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}",
                "-keyout", str(key), "-out", str(request))
        openssl("x509", "-req", "-days", "30", "-in", str(request), "-CA",
                str(self.pem), "-CAkey", str(self.key), "-CAcreateserial",
                "-extfile", str(extensions), "-out", str(pem))
        return pem, key
