# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A package index on loopback: real HTTP/1.1 with kept-alive connections, and faults on demand.

It speaks the simple API as HTML and as JSON (PEP 503, 691, 658), lists files with or without
`size` and hashes, and writes down every request, so a test can show that connections are used
again or that nothing was asked for at all.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import itertools
import json
import re
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.tests.unit.support import wheels

_BLOCK = 64 * 1024


@dataclasses.dataclass(frozen=True)
class Request:
    """One request: its method and path, the number of the connection it came on, its headers."""

    method: str
    path: str
    connection: int
    headers: dict[str, str] = dataclasses.field(repr=False, compare=False)


@dataclasses.dataclass
class Fault:
    """What goes wrong with a file, `times` times (for ever when it is None).

    `status`: this code instead of the file, with `headers`.
    `cut`: send only this many bytes of it under the full Content-Length, then close.
    `short`: send only this many bytes under a Content-Length that agrees.
    `wrong`: send these bytes instead.
    `silent`: never answer; the connection stays open until the index stops.
    `rate`: bytes a second.
    `pause_after`: send this many bytes, then nothing more until the index stops.
    """

    status: int | None = None
    headers: dict[str, str] = dataclasses.field(default_factory=dict)
    cut: int | None = None
    short: int | None = None
    wrong: bytes | None = None
    silent: bool = False
    rate: int | None = None
    pause_after: int | None = None
    times: int | None = None


class Index:
    """The files of one folder, served as an index. Use it as a context manager."""

    def __init__(
        self,
        folder: Path,
        *,
        sizes: bool = True,
        hashes: bool = True,
        api: str = "json",
        certificate: tuple[Path, Path] | None = None,
        credentials: tuple[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.sizes = sizes
        self.hashes = hashes
        self.api = api
        self.credentials = credentials
        self.files = "../.."  # where pages say that the files are
        self.requests: list[Request] = []
        self.faults: dict[str, Fault] = {}
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._certificate = certificate
        self._sha256: dict[Path, tuple[int, str]] = {}
        self._server: _Server | None = None
        self._port = 0
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Index:
        self.start()
        return self

    def __exit__(self, *ignored: object) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; after `stop()`, on the same port again."""
        self.stopping.clear()
        self._server = _Server(("127.0.0.1", self._port), _Handler, self)
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self._certificate)
            self._server.tls = context
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Close the port and every open connection."""
        self.stopping.set()
        if self._server:
            self._server.shutdown()
            self._server.close_connections()
            self._server.server_close()
            self._server = None

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{'https' if self._certificate else 'http'}://127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """Where the simple API starts."""
        return f"{self.origin}/simple"

    def file_url(self, filename: str) -> str:
        """The address of one file."""
        return f"{self.origin}/files/{urllib.parse.quote(filename)}"

    def fail(self, filename: str, **fault: Any) -> None:
        """Let something go wrong with a file, see `Fault`; `filename` "*" means every file."""
        self.faults[filename] = Fault(**fault)

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        self.faults.clear()

    def forget(self) -> None:
        """Forget the requests that came so far."""
        with self._lock:
            self.requests.clear()

    @property
    def downloads(self) -> list[str]:
        """The file names that were asked for with GET, in order, without PEP 658 metadata."""
        with self._lock:
            paths = [each.path for each in self.requests if each.method == "GET"]
        names = [urllib.parse.unquote(path.rsplit("/", 1)[1]) for path in paths if path.startswith("/files/")]
        return [name for name in names if not name.endswith(".metadata")]

    @property
    def connections(self) -> set[int]:
        """The connections on which a file was asked for."""
        with self._lock:
            return {each.connection for each in self.requests if each.path.startswith("/files/")}

    def _note(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)

    def _take_fault(self, filename: str) -> Fault | None:
        with self._lock:
            fault = self.faults.get(filename) or self.faults.get("*")
            if fault is None or fault.times == 0:
                return None
            if fault.times is not None:
                fault.times -= 1
            return fault

    def _files(self) -> list[Path]:
        return sorted(path for path in self.folder.iterdir() if path.name.endswith((".whl", ".tar.gz", ".zip")))

    def _digest(self, path: Path) -> str:
        stamp = path.stat().st_mtime_ns
        if self._sha256.get(path, (0, ""))[0] != stamp:
            self._sha256[path] = (stamp, wheels.sha256(path))
        return self._sha256[path][1]

    def _project(self, path: Path) -> str:
        stem = re.sub(r"(\.tar\.gz|\.zip)$", "", path.name)
        name = path.name.split("-", 1)[0] if path.suffix == ".whl" else stem.rpartition("-")[0]
        return re.sub(r"[-_.]+", "-", name).lower()

    def _listing(self, project: str) -> list[dict[str, Any]]:
        found = []
        for path in self._files():
            if self._project(path) != project:
                continue
            entry: dict[str, Any] = {
                "filename": path.name,
                "url": f"{self.files}/files/{urllib.parse.quote(path.name)}",
                "hashes": {"sha256": self._digest(path)} if self.hashes else {},
            }
            if self.sizes:
                entry["size"] = path.stat().st_size
            if path.suffix == ".whl":
                digest = hashlib.sha256(wheels.read_metadata(path)).hexdigest()
                entry["core-metadata"] = {"sha256": digest}
            found.append(entry)
        return found


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    tls: ssl.SSLContext | None = None

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], index: Index) -> None:
        self.index = index
        self._open: dict[int, socket.socket] = {}
        self._numbers = itertools.count(1)
        super().__init__(address, handler)

    def server_bind(self) -> None:
        # not HTTPServer's, which asks a name server for the name of the address
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls:
            try:
                request = self.tls.wrap_socket(request, server_side=True)
            except OSError:
                return
        number = next(self._numbers)
        self._open[number] = request
        with contextlib.suppress(OSError):
            # the number of the connection takes the place of the client's port
            self.RequestHandlerClass(request, (client_address[0], number), self)
        self._open.pop(number, None)
        if self.tls:
            request.close()

    def close_connections(self) -> None:
        for connection in list(self._open.values()):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        index = self.server.index
        path = urllib.parse.urlsplit(self.path).path
        headers = {key.lower(): value for key, value in self.headers.items()}
        index._note(Request(self.command, path, self.client_address[1], headers))
        if index.credentials and headers.get("authorization") != _basic(*index.credentials):
            self._send(401, b"credentials, please", {"WWW-Authenticate": 'Basic realm="index"'})
        elif path.startswith("/simple/"):
            self._send_listing(path.strip("/").split("/")[1:])
        elif path.startswith("/files/"):
            self._send_file(urllib.parse.unquote(path[len("/files/") :]))
        else:
            self._send(404, b"no such page")

    def _send_listing(self, parts: list[str]) -> None:
        index = self.server.index
        if not parts:
            names = sorted({index._project(path) for path in index._files()})
            self._send_page([{"filename": name, "url": f"{name}/"} for name in names], {"projects": names})
            return
        files = index._listing(parts[0])
        if not files:
            self._send(404, b"no such project")
            return
        self._send_page(files, {"meta": {"api-version": "1.1"}, "name": parts[0], "files": files})

    def _send_page(self, files: list[dict[str, Any]], page: dict[str, Any]) -> None:
        if self.server.index.api == "json":
            self._send(200, json.dumps(page).encode(), {"Content-Type": "application/vnd.pypi.simple.v1+json"})
            return
        links = []
        for file in files:
            digest = file.get("hashes", {}).get("sha256")
            href = file["url"] + (f"#sha256={digest}" if digest else "")
            links.append(f'<a href="{href}">{file["filename"]}</a><br>')
        body = "<!DOCTYPE html><html><body>" + "\n".join(links) + "</body></html>"
        self._send(200, body.encode(), {"Content-Type": "text/html"})

    def _send_file(self, filename: str) -> None:
        index = self.server.index
        path = index.folder / Path(filename).name
        if filename.endswith(".metadata"):
            wheel = path.with_name(path.name[: -len(".metadata")])
            self._send(200, wheels.read_metadata(wheel)) if wheel.is_file() else self._send(404, b"")
            return
        fault = index._take_fault(path.name) or Fault()
        if fault.silent:
            index.stopping.wait()
            self.close_connection = True
        elif fault.status is not None:
            self._send(fault.status, b"out of order", fault.headers)
        elif fault.wrong is not None:
            self._send(200, fault.wrong)
        elif fault.short is not None:
            self._send(200, path.read_bytes()[: fault.short])
        elif not path.is_file():
            self._send(404, b"no such file")
        else:
            self._stream(path, fault)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {"Cache-Control": "no-store", **(headers or {})}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def _stream(self, path: Path, fault: Fault) -> None:
        size = path.stat().st_size
        start, end = self._range(size)
        self.send_response(206 if "Range" in self.headers else 200)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Accept-Ranges", "bytes")
        if "Range" in self.headers:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        self.send_header("Content-Length", str(end - start))
        self.end_headers()
        if self.command != "GET":
            return
        stop = end if fault.cut is None else min(end, start + fault.cut)
        pause = stop if fault.pause_after is None else min(stop, start + fault.pause_after)
        for block in _blocks(path, start, pause, fault.rate):
            self.wfile.write(block)
        if pause < stop:
            self.server.index.stopping.wait()
        if pause < end:
            self.close_connection = True

    def _range(self, size: int) -> tuple[int, int]:
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        if not match:
            return 0, size
        if not match[1]:
            return max(0, size - int(match[2])), size
        return int(match[1]), min(size, int(match[2]) + 1) if match[2] else size


def _blocks(path: Path, start: int, end: int, rate: int | None) -> Iterator[bytes]:
    with path.open("rb") as stream:
        stream.seek(start)
        left = end - start
        while left > 0:
            block = stream.read(min(left, _BLOCK if rate is None else max(1, rate // 20)))
            if rate is not None:
                time.sleep(len(block) / rate)
            left -= len(block)
            yield block


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
