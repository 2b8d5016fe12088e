# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import hashlib
import http.server
import io
import itertools
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import errors, fetch
from ansible_collections.airgap.uv.plugins.module_utils.credentials import without_credentials
from ansible_collections.airgap.uv.plugins.module_utils.fetch import (
    Artifact,
    Fetcher,
    Http,
    Unavailable,
)
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.running import ROOT
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256


class Fake:
    """A transport without a network: each opening of a file takes its next outcome."""

    def __init__(self, **outcomes: list[bytes | Exception]) -> None:
        self.outcomes = outcomes
        self.opened: list[str] = []

    def open(self, artifact: Artifact) -> Iterator[bytes]:
        self.opened.append(artifact.filename)
        outcomes = self.outcomes[artifact.filename]
        outcome = outcomes.pop(0) if len(outcomes) > 1 else outcomes[0]
        if isinstance(outcome, Exception):
            raise outcome
        yield from (outcome[place : place + 3] for place in range(0, len(outcome), 3))


class Fetching:
    """A fetcher into `folder`, with what it slept and reported."""

    def __init__(self, folder: Path, transport: Any, *, jobs: int = 1, retries: int = 3) -> None:
        self.wheels, self.partial = folder / "wheels", folder / "partial"
        self.partial.mkdir(parents=True, exist_ok=True)
        self.slept: list[float] = []
        self.progress: list[tuple[int, int]] = []
        self.fetcher = Fetcher(
            transport, jobs, retries, lambda *done: self.progress.append(done), pause=self.slept.append
        )

    def __call__(self, *artifacts: Artifact) -> int:
        try:
            return self.fetcher.fetch([(each, self.wheels / each.filename) for each in artifacts], self.partial)
        finally:
            assert list(self.partial.iterdir()) == [], "a temporary file was left"

    @property
    def arrived(self) -> dict[str, bytes]:
        found = self.wheels.iterdir() if self.wheels.exists() else []
        return {path.name: path.read_bytes() for path in found}


def artifact(name: str, data: bytes, *, size: bool = True, host: str = "index.test") -> Artifact:
    digest = hashlib.sha256(data).hexdigest()
    return Artifact(f"https://{host}/files/{name}", name, digest, len(data) if size else None)


@pytest.mark.parametrize("name", ["", "..", ".", "a/b", "a b", "ä" * 128, f"{'x' * 252}.zip"])
def test_a_name_that_no_file_may_have(name: str) -> None:
    with pytest.raises(errors.FileInvalid, match=r"is no name of a file on an index \(https://index\.test"):
        artifact(name, b"")
    assert artifact(f"{'x' * 251}.zip", b"").filename


DATA = b"the bytes of a wheel"
BUSY = Unavailable("HTTP 503 Service Unavailable", 0.0)
GONE = Unavailable("HTTP 404 Not Found", None)
LATER = Unavailable("HTTP 429 Too Many Requests", 7.0)


def test_bytes_arrive_under_their_name(tmp_path: Path) -> None:
    fetch = Fetching(tmp_path, Fake(a=[DATA], b=[DATA * 2]), jobs=4)
    old = os.umask(0o077)
    try:
        assert fetch(artifact("a", DATA), artifact("b", DATA * 2)) == 3 * len(DATA)
    finally:
        os.umask(old)
    assert fetch.arrived == {"a": DATA, "b": DATA * 2}
    assert sorted(done for done, _bytes in fetch.progress) == [1, 2]
    assert fetch.progress[-1][1] == 3 * len(DATA)
    assert {stat.S_IMODE(path.stat().st_mode) for path in fetch.wheels.iterdir()} == {0o644}


# what each opening gives, how often it is opened, whether the pauses are as long as asked for
RETRIED = [
    ([BUSY, DATA], 2, 0.0),
    ([BUSY, BUSY, BUSY, DATA], 4, 0.0),
    ([LATER, DATA], 2, 7.0),
    ([DATA[:5], DATA], 2, 0.0),
    ([b"", DATA], 2, 0.0),
]


@pytest.mark.parametrize(("outcomes", "opened", "pause"), RETRIED)
def test_what_is_tried_again(outcomes: list[Any], opened: int, pause: float, tmp_path: Path) -> None:
    fetch = Fetching(tmp_path, Fake(a=list(outcomes)))
    fetch(artifact("a", DATA))
    assert fetch.arrived == {"a": DATA}
    assert len(fetch.fetcher._transport.opened) == opened
    assert len(fetch.slept) == opened - 1
    assert fetch.slept == sorted(fetch.slept)
    assert fetch.slept[0] >= pause


FAILED = [
    ([BUSY], 4, errors.FetchFailed, "503"),
    ([GONE], 1, errors.FetchFailed, "404"),
    ([DATA[:5]], 4, errors.FetchFailed, f"5 of {len(DATA)} bytes"),
    ([DATA[::-1]], 1, errors.HashMismatch, hashlib.sha256(DATA[::-1]).hexdigest()),
    ([DATA + b"!"], 1, errors.HashMismatch, "more bytes"),
]


@pytest.mark.parametrize(("outcomes", "opened", "kind", "named"), FAILED)
def test_what_fails_leaves_nothing(
    outcomes: list[Any], opened: int, kind: type[errors.AirgapError], named: str, tmp_path: Path
) -> None:
    fetch = Fetching(tmp_path, Fake(a=outcomes))
    with pytest.raises(kind) as caught:
        fetch(artifact("a", DATA))
    assert named in str(caught.value)
    assert "a from https://index.test/files/a" in str(caught.value)
    assert len(fetch.fetcher._transport.opened) == opened
    assert fetch.arrived == {}


def test_a_hash_mismatch_without_a_size(tmp_path: Path) -> None:
    fetch = Fetching(tmp_path, Fake(a=[DATA + b"!"]))
    with pytest.raises(errors.HashMismatch):
        fetch(artifact("a", DATA, size=False))
    assert fetch.arrived == {}


def test_a_server_that_goes_on_sending_is_cut_off(tmp_path: Path) -> None:
    sent = []

    class Endless:
        def open(self, artifact: Artifact) -> Iterator[bytes]:
            while True:
                sent.append(1)
                yield bytes(1000)

    with pytest.raises(errors.HashMismatch, match="more bytes"):
        Fetching(tmp_path, Endless())(artifact("a", DATA))
    assert len(sent) == 1


def test_all_failures_stand_in_one_list_and_the_others_arrive(tmp_path: Path) -> None:
    names = [f"bad{number}" for number in range(5)]
    fetch = Fetching(tmp_path, Fake(good=[DATA], **{name: [GONE] for name in names}), jobs=3)
    with pytest.raises(errors.FetchFailed) as caught:
        fetch(*(artifact(name, DATA) for name in [*names, "good"]))
    assert [file[0] for file in caught.value.files] == names
    assert fetch.arrived == {"good": DATA}


def test_a_host_that_is_down_is_given_up_once(tmp_path: Path) -> None:
    down = Unavailable("no connection within 5 s", 0.0, host_down=True)
    names = [f"w{number}" for number in range(20)]
    fetch = Fetching(tmp_path, Fake(other=[DATA], **{name: [down] for name in names}))
    with pytest.raises(errors.FetchFailed) as caught:
        fetch(*(artifact(name, DATA) for name in names), artifact("other", DATA, host="else.test"))
    assert [file[0] for file in caught.value.files] == sorted(names)
    assert len(fetch.fetcher._transport.opened) == 4 + 1
    assert fetch.arrived == {"other": DATA}


def test_credentials_are_not_shown(tmp_path: Path) -> None:
    url = "https://user:s3cret@index.test/files/a?token=s3cret"
    with pytest.raises(errors.FetchFailed) as caught:
        Fetching(tmp_path, Fake(a=[GONE]))(Artifact(url, "a", "0" * 64))
    assert "s3cret" not in str(caught.value) + repr(caught.value.facts())
    assert "https://index.test/files/a" in str(caught.value)
    assert without_credentials("https://index.test/a?x=@") == "https://index.test/a?x=@"


# --- over real HTTP, from the index on loopback


def served(index: Index, path: Path, *, size: bool = True) -> Artifact:
    return Artifact(index.file_url(path.name), path.name, sha256(path), path.stat().st_size if size else None)


def fetching(folder: Path, *, timeout: float = 5, ca_bundle: str | None = None, **more: Any) -> Fetching:
    return Fetching(folder, Http(timeout, ca_bundle), **more)


def test_connections_are_kept(index: Index, tmp_path: Path) -> None:
    files = [make_wheel(index.folder, f"wheel{number}") for number in range(30)]
    fetch = fetching(tmp_path, jobs=3)
    fetch(*(served(index, path) for path in files))
    assert sorted(fetch.arrived) == sorted(path.name for path in files)
    assert len(index.downloads) == 30
    assert len(index.connections) <= 3


HTTP_FAULTS = [
    ({"status": 500, "times": 2}, True),
    ({"status": 503, "times": 2}, True),
    ({"status": 429, "times": 1, "headers": {"Retry-After": "1"}}, True),
    ({"cut": 100, "times": 1}, True),
    ({"cut": 0, "times": 1}, True),
    ({"short": 100, "times": 1}, True),
    ({"status": 404}, False),
    ({"status": 410}, False),
    ({"status": 503}, False),
    ({"cut": 100}, False),
]


# `short` without a size in the lock cannot be told from wrong bytes
HTTP_CASES = [(*case, size) for case in HTTP_FAULTS for size in (True, False) if size or "short" not in case[0]]


@pytest.mark.parametrize(("fault", "arrives", "size"), HTTP_CASES)
def test_faults_of_a_server(fault: dict[str, Any], arrives: bool, size: bool, index: Index, tmp_path: Path) -> None:
    path = make_wheel(index.folder, "alpha", padding=1000)
    index.fail(path.name, **fault)
    fetch = fetching(tmp_path)
    if arrives:
        fetch(served(index, path, size=size))
        assert fetch.arrived == {path.name: path.read_bytes()}
        return
    with pytest.raises(errors.FetchFailed, match=f"{path.name} from {index.file_url(path.name)}"):
        fetch(served(index, path, size=size))
    assert fetch.arrived == {}


class Half:
    """An answer that ends after five bytes, and a library that does not tell."""

    status_code, reason = 200, "OK"
    headers = {"Content-Length": str(len(DATA))}

    def __init__(self) -> None:
        self.raw = self
        self.body = io.BytesIO(DATA[:5])

    def read(self, count: int, decode_content: bool) -> bytes:
        return self.body.read(count)

    def __enter__(self) -> Half:
        return self

    def __exit__(self, *ignored: object) -> None:
        pass


@pytest.mark.parametrize("size", [True, False])
def test_a_library_that_does_not_tell_that_a_transfer_ended(
    size: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """urllib3 1.26 gives the bytes of half a body and says nothing."""

    class Session:
        def get(self, *ignored: object, **also_ignored: object) -> Half:
            return Half()

    monkeypatch.setattr(Http, "_session", lambda http: Session())
    with pytest.raises(errors.FetchFailed, match=f"5 of {len(DATA)} bytes"):
        fetching(tmp_path)(artifact("a", DATA, size=size))


def test_retry_after_is_waited_for(index: Index, tmp_path: Path) -> None:
    path = make_wheel(index.folder, "alpha")
    index.fail(path.name, status=503, times=1, headers={"Retry-After": "3"})
    fetch = fetching(tmp_path)
    fetch(served(index, path))
    assert fetch.slept == [3.0]


@pytest.mark.parametrize("fault", [{"silent": True}, {"pause_after": 200}])
def test_a_server_that_falls_silent(fault: dict[str, Any], index: Index, tmp_path: Path) -> None:
    path = make_wheel(index.folder, "alpha", padding=1000)
    index.fail(path.name, **fault)
    start = time.monotonic()
    with pytest.raises(errors.FetchFailed, match=r"0\.3 s|timed out"):
        fetching(tmp_path, timeout=0.3, retries=1)(served(index, path))
    assert time.monotonic() - start < 5


def test_a_port_where_nobody_listens(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/files/a"
        with pytest.raises(errors.FetchFailed, match=r"[Cc]onnection refused"):
            fetching(tmp_path)(Artifact(url, "a", "0" * 64))


def test_a_name_that_does_not_resolve(tmp_path: Path) -> None:
    with pytest.raises(errors.FetchFailed, match=r"a from http://no-such-host\.invalid/a") as caught:
        fetching(tmp_path)(Artifact("http://no-such-host.invalid/a", "a", "0" * 64))
    assert "object at 0x" not in str(caught.value)


def test_an_untrusted_certificate_names_ca_bundle(tls_index: Index, tmp_path: Path) -> None:
    path = make_wheel(tls_index.folder, "alpha")
    with pytest.raises(errors.CertificateNotTrusted, match=r"127.0.0.1.*`ca_bundle`"):
        fetching(tmp_path)(served(tls_index, path))


def test_ca_bundle(tls_index: Index, tmp_path: Path) -> None:
    path = make_wheel(tls_index.folder, "alpha")
    fetch = fetching(tmp_path, ca_bundle=str(tmp_path / "tls" / "certificate.pem"))
    fetch(served(tls_index, path))
    assert fetch.arrived == {path.name: path.read_bytes()}


@pytest.mark.parametrize("bundle", [False, True])
def test_credentials_from_netrc(
    bundle: bool, tls_index: Index, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = tls_index if bundle else index
    chosen.credentials = ("user", "s3cret")
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password s3cret\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    path = make_wheel(chosen.folder, "alpha")
    fetch = fetching(tmp_path, ca_bundle=str(tmp_path / "tls" / "certificate.pem") if bundle else None)
    fetch(served(chosen, path))
    assert path.name in fetch.arrived


def test_credentials_of_a_file_s_own_url_are_refused(tmp_path: Path) -> None:
    with Index(tmp_path / "private", credentials=("user", "right")) as index:
        path = make_wheel(index.folder, "alpha")
        artifact = served(index, path)
        artifact = dataclasses.replace(artifact, url=artifact.url.replace("://", "://user:s3cret@"))
        with pytest.raises(errors.CredentialsRefused) as caught:
            fetching(tmp_path)(artifact)
        assert "does not accept the credentials from its URL (HTTP 401 Unauthorized); put them" in str(caught.value)
        assert "s3cret" not in str(caught.value)
        fetch = fetching(tmp_path)
        fetch(dataclasses.replace(artifact, url=artifact.url.replace("s3cret", "right")))
        assert path.name in fetch.arrived


@pytest.mark.parametrize("bundle", [False, True])
def test_no_proxy_holds(
    bundle: bool, tls_index: Index, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = tls_index if bundle else index
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    path = make_wheel(chosen.folder, "alpha")
    fetch = fetching(tmp_path, ca_bundle=str(tmp_path / "tls" / "certificate.pem") if bundle else None)
    fetch(served(chosen, path))
    assert path.name in fetch.arrived


SHORT_WRITES = """
import resource, signal, sys
from pathlib import Path
from ansible_collections.airgap.uv.plugins.module_utils.fetch import Artifact, Fetcher
import hashlib
data = bytes(range(256)) * 400
class Once:
    def open(self, artifact):
        yield data
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50000, resource.RLIM_INFINITY))
here = Path(sys.argv[1])
wanted = Artifact("https://index.test/a", "a", hashlib.sha256(data).hexdigest())
try:
    Fetcher(Once(), 1, 0, lambda *done: None).fetch([(wanted, here / "a")], here / "partial")
except BaseException as error:
    print(type(error).__name__)
print((here / "a").exists(), list((here / "partial").iterdir()))
"""


def test_a_disk_that_takes_a_part_of_a_write(tmp_path: Path) -> None:
    """Where space ends, the system writes a part and tells how much; only the next write fails."""
    (tmp_path / "partial").mkdir()
    command = [sys.executable, "-c", SHORT_WRITES, str(tmp_path)]
    done = subprocess.run(command, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False []", done.stdout


@contextlib.contextmanager
def page_server(headers: dict[str, str], blocks: Iterable[bytes]) -> Iterator[str]:
    """The URL of one page, whose blocks are sent until they or the reader's patience end."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Nothing is told."""

        def do_GET(self) -> None:
            self.send_response(200)
            for name, value in {"Content-Type": "text/html", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                for block in blocks:
                    self.wfile.write(block)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/simple/a/"
        finally:
            server.shutdown()
            thread.join()


def test_a_page_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "_LONGEST_PAGE", 1 << 20)
    blocks = itertools.repeat(b"<p>more</p>" * 1000)
    with page_server({}, blocks) as url, pytest.raises(Unavailable, match="longer than any page") as caught:
        Http(5, None).page(url, "text/html")
    assert caught.value.again is None


def test_a_page_that_is_compressed_unasked() -> None:
    page = b'<a href="a-1.0.tar.gz">a</a>' * 100
    body = gzip.compress(page)
    headers = {"Content-Encoding": "gzip", "Content-Length": str(len(body))}
    with page_server(headers, [body]) as url:
        assert Http(5, None).page(url, "text/html") == (url, "text/html", page)
