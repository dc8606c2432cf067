"""Networks of addresses, and which machine a request comes from."""

import ipaddress
from dataclasses import dataclass

from interp.errors import PuzzlescopeError, brief

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK_NAMES = ("localhost",)


def address_of(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address in numbers that this is, if it is one. IPv4 written as IPv6 is IPv4."""
    try:
        found = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return mapped or found


def is_this_machine(text: str) -> bool:
    """Whether only programs on this machine reach a server that listens there."""
    found = address_of(text)
    return text.lower() in LOOPBACK_NAMES or (found is not None and found.is_loopback)


@dataclass(frozen=True)
class Networks:
    """Some networks.

    Attributes:
        blocks: each one of them.
    """

    blocks: tuple[Network, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.blocks)

    def __contains__(self, host: object) -> bool:
        found = address_of(host) if isinstance(host, str) else None
        return found is not None and any(
            found.version == block.version and found in block for block in self.blocks
        )


NOWHERE = Networks()


def networks(name: str, said: tuple[str, ...]) -> Networks:
    """What a variable lists.

    Args:
        name: the variable's.

    Raises:
        PuzzlescopeError: if one is no network, or is every address there is.
    """
    blocks = []
    for one in said:
        try:
            block = ipaddress.ip_network(one)
        except ValueError:
            raise PuzzlescopeError(
                f"{name} must list addresses and networks, such as 10.0.0.5 or 10.0.0.0/24, "
                f"got '{brief(one)}'."
            ) from None
        if block.prefixlen == 0:
            raise PuzzlescopeError(
                f"{name} must name the proxy's own network: {one} is every machine there is."
            )
        blocks.append(block)
    return Networks(tuple(blocks))
