"""A network of its own, in which packets can be lost."""

import itertools
import os
import re
import subprocess

from .process import Missing, find_program

numbers = itertools.count(1)


class Netns:
    """A network namespace, joined to ours by one cable: `near` is our address
    on it.  What runs there has `launcher` before its command."""

    def __init__(self) -> None:
        if os.geteuid() != 0:
            raise Missing("only root can make a network namespace")
        ip = find_program("ip", "iproute2")
        self.nft = find_program("nft", "nftables")
        number = next(numbers)
        net = f"10.{os.getpid() % 250}.{os.getpid() // 250 % 250}"
        self.near = f"{net}.{number * 4 + 1}"
        far = f"{net}.{number * 4 + 2}"
        self.name = f"mb{os.getpid()}-{number}"
        self.ip = ip
        for command in (
                f"netns add {self.name}",
                f"link add {self.name} type veth peer name v "
                f"netns {self.name}",
                f"address add {self.near}/30 dev {self.name}",
                f"link set {self.name} up",
                f"-n {self.name} address add {far}/30 dev v",
                f"-n {self.name} link set v up",
                f"-n {self.name} link set lo up"):
            subprocess.run([ip, *command.split()], check=True)
        self.launcher = [ip, "netns", "exec", self.name]
        self.filter("add table inet t")
        self.filter("add chain inet t in { type filter hook input "
                    "priority 0 ; }")

    def filter(self, command: str) -> None:
        subprocess.run([*self.launcher, self.nft, *command.split()], check=True)

    def ports(self, port: int) -> list:
        """From which ports there are connections to this one of ours."""
        told = subprocess.run(
            [*self.launcher, "ss", "-Htn", "state", "established"], check=True,
            capture_output=True, text=True).stdout
        return [int(found) for found in re.findall(
            rf":(\d+)\s+{re.escape(self.near)}:{port}\b", told)]

    def drop(self, match: str) -> None:
        """Packets to the far side that fit ("tcp dport 1") are lost."""
        self.filter(f"add rule inet t in {match} drop")

    def heal(self) -> None:
        self.filter("flush chain inet t in")

    def remove(self) -> None:
        subprocess.run([self.ip, "netns", "delete", self.name], check=True)
