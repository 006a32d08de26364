"""Ports: taken before anything else starts, so that a port in use is one clear error."""

import errno
import socket

from graph_model.errors import GuanxiError


class PortInUse(GuanxiError):
    code = "port.in_use"

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"Port {port} of {host} is in use by another program. Stop it, or choose another: --port (of a demo's pages --ui-port), "
            "or GUANXI_API_PORT and GUANXI_UI_PORT."
        )


class PortRefused(GuanxiError):
    """An address that isn't this machine's, or a port that this user may not take."""

    code = "port.refused"


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound socket. Raises PortInUse or PortRefused."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        opened = socket.socket(family, kind, protocol)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(address)
    except OSError as exc:
        if exc.errno == errno.EADDRINUSE:
            raise PortInUse(host, port) from exc
        raise PortRefused(f"{host}:{port} can't be listened on: {exc.strerror}. Choose another host or port.") from exc
    return opened
