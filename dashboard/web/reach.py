"""Where browsers reach this server: the machine's own addresses, the origins of our pages, and QR codes of addresses.

Everything comes from this machine: no other host is asked, not even for a name. Addresses are looked up anew each time, since a
laptop changes networks.

Left out: names that only a router knows for this machine (ORIGINS takes them).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import ifaddr
import segno

EVERYWHERE = ("0.0.0.0", "::")
PRIVATE_ZONES = ("local", "lan", "home", "home.arpa", "internal", "localdomain")  # nobody can register a name in these
NOT_FOR_PHONES = ("docker", "br-", "veth", "virbr", "vboxnet", "vmnet", "utun", "tun", "tap")  # these networks come last
QUIET_ZONE = 4  # light modules round a QR code, as its standard asks


def is_loopback(host: str) -> bool:
    """True when only this machine can reach the host."""
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    with suppress(ValueError):
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    return None


def _host_in(origin: str) -> str:
    """The host of an origin; empty for a text that is none."""
    with suppress(ValueError):
        return urlsplit(origin).hostname or ""
    return ""


def in_address(host: str) -> str:
    """The host as it stands in an address of a page."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def network_addresses(host: str) -> list[str]:
    """The addresses at which other machines reach a server that listens to this host, the likeliest first."""
    if host not in EVERYWHERE:
        return [] if is_loopback(host) else [host]
    found: list[tuple[bool, bool, str]] = []  # in which order they are offered
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            text = str(ip.ip[0] if isinstance(ip.ip, tuple) else ip.ip)
            address = ipaddress.ip_address(text)
            if address.is_loopback or address.is_link_local or (address.version == 6 and host != "::"):
                continue
            found.append((address.version == 6, str(adapter.nice_name).startswith(NOT_FOR_PHONES), text))
    main = _way_out()
    found.sort(key=lambda each: (each[2] != main, *each[:2]))
    return list(dict.fromkeys(text for _, _, text in found))


def _way_out() -> str:
    """This machine's address in the network to which it sends by default, or empty."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("10.255.255.255", 1))  # sends nothing; it only chooses an address
        return str(probe.getsockname()[0])
    return ""


def names(host: str) -> list[str]:
    """Names and addresses at which browsers reach the server: this machine's and, if HOST allows it, others'."""
    found = ["127.0.0.1", "localhost", "[::1]"] if is_loopback(host) or host in EVERYWHERE else []
    if host in EVERYWHERE:
        name = socket.gethostname().lower()
        short = name.partition(".")[0]
        found += [name, short, *(f"{short}.{zone}" for zone in PRIVATE_ZONES)]
    found += [in_address(address) for address in network_addresses(host)]
    if host not in EVERYWHERE and in_address(host) not in found:
        found.append(in_address(host))
    return list(dict.fromkeys(found))


def _with_port(host: str, port: int) -> str:
    return f"http://{host}" + ("" if port == 80 else f":{port}")


def origins_of(host: str, port: int) -> list[str]:
    """The origins of our own pages. An explicit list also keeps out a foreign page whose name points to this server."""
    return [_with_port(name, port) for name in names(host)]


class Reach:
    """Where this server can be reached: it listens to a host and a port, and has further origins behind a proxy."""

    def __init__(self, host: str = "127.0.0.1", port: int = 5000, origins: Sequence[str] = ()) -> None:
        self.host = host
        self.port = port
        self.origins = tuple(origins)

    def allows(self, origin: str, environ: dict[str, Any] | None = None) -> bool:
        """May a page from there connect? One from a numeric address of ours always may: no foreign name leads to that."""
        if origin in self.origins:
            return True
        here = str((environ or {}).get("HTTP_HOST", ""))
        if origin == f"http://{here}" and _address(_host_in(origin)) is not None:
            return True
        return origin in origins_of(self.host, self.port)

    def network(self) -> list[str]:
        """The addresses of the page for others in this network, the likeliest first."""
        return [_with_port(in_address(address), self.port) for address in network_addresses(self.host)]

    def offered(self, scheme: str, here: str) -> list[str]:
        """What a join panel shows to a page that was loaded from ``here``: what works for that page works for phones, too."""
        own = f"{scheme}://{here}"
        usable = _host_in(own) != "" and not is_loopback(_host_in(own)) and self.allows(own, {"HTTP_HOST": here})
        return list(dict.fromkeys([*([own] if usable else []), *self.origins, *self.network()]))


def qr(text: str) -> bytes:
    """A QR code as an SVG image without a size of its own, dark on light whatever the page's theme."""
    image = BytesIO()
    code = segno.make(text, error="m", micro=False)
    code.save(image, kind="svg", xmldecl=False, omitsize=True, border=QUIET_ZONE, dark="#000", light="#fff")
    return image.getvalue()
