"""A TCP proxy that loses the answer to a commit: the server has done it, the client will never know. For crash tests."""

import contextlib
import socket
import threading
import time

# Bolt's COMMIT, a chunk of two bytes.
_COMMIT = b"\x00\x02\xb0\x12\x00\x00"
_COMMIT_SECONDS = 2.0  # more than the server takes


class LossyProxy:
    """Between a client and `port` of this machine. `lose_next_commit` arms it for one commit."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._armed = threading.Event()
        self.lost = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def lose_next_commit(self) -> None:
        self._armed.set()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            muted = threading.Event()
            threading.Thread(target=self._forward, args=(client, server, muted), daemon=True).start()
            threading.Thread(target=self._back, args=(server, client, muted), daemon=True).start()

    def _forward(self, client: socket.socket, server: socket.socket, muted: threading.Event) -> None:
        while data := _received(client):
            losing = _COMMIT in data and self._armed.is_set()
            if losing:
                self._armed.clear()
                muted.set()
            server.sendall(data)
            if losing:
                time.sleep(_COMMIT_SECONDS)
                self.lost += 1
                break
        _close(client, server)

    def _back(self, server: socket.socket, client: socket.socket, muted: threading.Event) -> None:
        while data := _received(server):
            if not muted.is_set():
                client.sendall(data)
        _close(client, server)


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(65_536)
    except OSError:
        return b""


def _close(*sockets: socket.socket) -> None:
    for one in sockets:
        with contextlib.suppress(OSError):  # the other thread was first
            one.shutdown(socket.SHUT_RDWR)
        one.close()
