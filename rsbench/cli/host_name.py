"""Whether this machine knows itself by name, which launchers and libraries ask for."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Final

WAIT_S: Final = 5.0
"""How long a name service may take; it is asked in a thread that does not keep the command from ending."""


def host_name_problems(name: str, resolve: Callable[[str], object] | None = None) -> list[str]:
    """Return what is wrong with the name of this machine and what to do.

    Args:
        name: of this machine.
        resolve: raises an ``OSError`` for a name without an address; by default asks the system.
    """
    ended: list[OSError | None] = []

    def ask() -> None:
        try:
            (resolve or _resolve)(name)
        except (OSError, UnicodeError) as error:
            ended.append(error if isinstance(error, OSError) else OSError(str(error)))
        else:
            ended.append(None)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(WAIT_S)
    if ended == [None]:
        return []
    cause = "has no address" if ended else f"got no answer from the name service within {WAIT_S:g} s"
    return [
        f'The name of this machine, "{name}", {cause}: torchrun and runs on several nodes may wait for ever. Add the'
        f' line "127.0.1.1 {name}" to /etc/hosts, and name nodes by their IP addresses in --rdzv-endpoint.'
    ]


def _resolve(name: str) -> object:
    return socket.getaddrinfo(name, None)
