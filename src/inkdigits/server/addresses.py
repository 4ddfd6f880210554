"""Where the service is reached: the names that it answers to, and the addresses that other devices can use."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from ipaddress import IPv4Address, IPv6Address, ip_address

import ifaddr
import segno

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
ANY = "*"
"""Stands for every name."""
INSIDE = ("docker", "br-", "veth", "virbr", "lxc", "podman", "cni", "vmnet", "vboxnet")
"""How interfaces are called that join this machine to its own containers and virtual machines, and to nobody else."""
HOST = re.compile(r"(?:\[(?P<bracketed>[^\[\]/@?#\s]+)\]|(?P<plain>[^\[\]:/@?#\s]+))(?::\d*)?")
"""The Host header: a name or an address, perhaps a port."""


@dataclass(frozen=True, slots=True)
class Names:
    """What requests may call the service in their Host header.

    A page from elsewhere whose name was made to point at this machine (DNS rebinding) would read whatever the service answers to its own
    visitors; but its requests bear its name. names: lower case, without port; `ANY` for every name. addresses: whether any IP address
    will do as well, where the service listens on all of them: nobody can make an address point elsewhere.
    """

    names: frozenset[str] = LOOPBACK
    addresses: bool = False

    def hold(self, host: str) -> bool:
        """Whether a Host header is one of them."""
        name = bare(host)
        return bool(name) and (name in self.names or ANY in self.names or (self.addresses and _address(name) is not None))


def names_of(host: str, address: str, allowed: Iterable[str] = ()) -> Names:
    """The names of a service: those of this machine where it listens everywhere, else its own, and those that are allowed besides.

    host: as it was asked for; address: what that came to, to which its socket is bound.
    """
    everywhere = ip_address(address).is_unspecified
    machine = socket.gethostname().lower()
    own = {machine, machine.partition(".")[0] + ".local"} if everywhere else {host.lower(), address}
    return Names(LOOPBACK | own | set(map(bare, allowed)), everywhere)


def bare(host: str) -> str:
    """A name or an address, as it stands in a Host header, without port and brackets, in lower case; "" where it is none."""
    found = HOST.fullmatch(host.strip())
    return (found["bracketed"] or found["plain"]).lower() if found else ""


def pages(host: str, port: int) -> list[str]:
    """The addresses of the page for other devices in the same network, the likeliest first. None where a service listens on itself alone.

    host: an address that a socket is bound to.
    """
    bound = ip_address(host)
    if bound.is_loopback:
        return []
    found = [str(bound)] if not bound.is_unspecified else _of_this_machine(bound.version)
    return [f"http://{f'[{address}]' if ':' in address else address}:{port}/" for address in found]


def qr(address: str) -> list[str]:
    """A QR code of an address as the lines of a terminal: the blocks are its light parts, to be shown light on dark."""
    out = StringIO()
    segno.make(address, error="m", micro=False).terminal(out, compact=True)
    return out.getvalue().splitlines()


def _address(name: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(name)
    except ValueError:
        return None


def _of_this_machine(version: int) -> list[str]:
    """The addresses by which others reach this machine. version: 6 where it listens on those of IPv6 as well."""
    found = [_outward()]
    for adapter in ifaddr.get_adapters():
        if not adapter.nice_name.startswith(INSIDE):
            found += [ip.ip if isinstance(ip.ip, str) else ip.ip[0] for ip in adapter.ips]
    usable = [address for address in map(ip_address, filter(None, found)) if not (address.is_loopback or address.is_link_local)]
    return list(dict.fromkeys(str(address) for address in usable if address.version <= version))


def _outward() -> str:
    """The address from which this machine goes out, "" where it has no way out. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # an address for examples (RFC 5737)
        return str(probe.getsockname()[0])
    return ""
