# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A proxy that lets through to some hosts only, and notes who was asked for.

Everything that goes to another machine takes it, when `environment` is set: requests, uv and git heed the
variables. Only TLS passes, which it cannot read (CONNECT, RFC 9110 section 9.3.6).
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_BLOCK = 1 << 16
_PATIENCE = 60  # seconds without a byte in either direction


class Gate:
    """Use it as a context manager. Where this machine has a proxy itself, it is gone through."""

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self.allowed = frozenset(allowed)
        self.passed: set[str] = set()
        self.refused: set[str] = set()
        self.upstream = urllib.request.getproxies().get("https")

    def __enter__(self) -> Gate:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.gate = self
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *ignored: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """What sends a process's requests this way, but for those to this machine."""
        url = f"http://127.0.0.1:{self._server.server_address[1]}"
        names = ("http_proxy", "https_proxy", "all_proxy")
        found = {name: url for each in names for name in (each, each.upper())}
        return {**found, "no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}

    def connect(self, host: str, port: int) -> socket.socket:
        """A connection to where a client wants to go, by this machine's own proxy if it has one."""
        if not self.upstream:
            return socket.create_connection((host, port), timeout=_PATIENCE)
        proxy = urllib.parse.urlsplit(self.upstream)
        made = socket.create_connection((proxy.hostname or "", proxy.port or 80), timeout=_PATIENCE)
        made.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            byte = made.recv(1)
            if not byte:
                raise OSError("the proxy hung up")
            answer += byte
        if b" 200" not in answer.split(b"\r\n", 1)[0]:
            raise OSError(answer.split(b"\r\n", 1)[0].decode())
        return made


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    gate: Gate


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is told."""

    def do_CONNECT(self) -> None:
        gate = self.server.gate
        self.close_connection = True
        host, _colon, port = self.path.rpartition(":")
        if host not in gate.allowed:
            gate.refused.add(host)
            self.send_error(403, "not through here")
            return
        gate.passed.add(host)
        try:
            made = gate.connect(host, int(port))
        except OSError as error:
            self.send_error(502, str(error))
            return
        with made:
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                _exchange(self.connection, made)

    def do_GET(self) -> None:
        self.refuse()

    def do_HEAD(self) -> None:
        self.refuse()

    def do_POST(self) -> None:
        self.refuse()

    def refuse(self) -> None:
        """What comes without TLS."""
        self.server.gate.refused.add(urllib.parse.urlsplit(self.path).hostname or self.path)
        self.send_error(403, "not through here")


def _exchange(one: socket.socket, other: socket.socket) -> None:
    """Pass bytes on in both directions until one side ends."""
    while True:
        ready = select.select([one, other], [], [], _PATIENCE)[0]
        if not ready:
            return
        for side in ready:
            data = side.recv(_BLOCK)
            if not data:
                return
            (other if side is one else one).sendall(data)
