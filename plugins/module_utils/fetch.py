# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files from indexes: in parallel, over kept-alive connections, hashed while they stream to disk."""

from __future__ import annotations

import concurrent.futures
import contextlib
import errno
import hashlib
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Callable, Protocol
from urllib.parse import urlsplit

from ansible_collections.airgap.uv.plugins.module_utils import trust
from ansible_collections.airgap.uv.plugins.module_utils.accounts import Accounts
from ansible_collections.airgap.uv.plugins.module_utils.credentials import without_secrets
from ansible_collections.airgap.uv.plugins.module_utils.errors import (
    CertificateNotTrusted,
    CredentialsRefused,
    DiskFull,
    FetchFailed,
    FileInvalid,
    HashMismatch,
)
from ansible_collections.airgap.uv.plugins.module_utils.libraries import requests, utils

CHUNK = 1 << 18  # bytes read at once; the memory of a download, whatever its size
_LONGEST_PAGE = 100 << 20  # bytes of an index's page; the longest of the public index have some 30 MB
_LONGEST_NAME = 255  # bytes of a file's name, on nearly every file system
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_PAUSE = 30.0  # seconds, also when a server's Retry-After asks for more


@dataclass(frozen=True)
class Artifact:
    """A file that a lock names: where it is and what its bytes are. `via`: the first place of a mirror to try.

    `package`: what it is of, if that is known.
    """

    url: str
    filename: str
    sha256: str
    size: int | None = None
    via: str = ""
    package: str = ""

    def __post_init__(self) -> None:
        # packaging parses the name, but takes any text for its tags; that of an archive is how its URL ends.
        shaped = re.fullmatch(r"[\w.+!-]+", self.filename) and self.filename.strip(".")
        if not shaped or len(self.filename.encode()) > _LONGEST_NAME:
            raise FileInvalid("The lock", f"{self.filename!r} is no name of a file on an index ({self.shown})")

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def place(self) -> tuple[str, str]:
        """Scheme and host that it is had from, without a credential."""
        parts = urlsplit(self.via or self.url)
        return parts.scheme, parts.netloc.rpartition("@")[2]

    @property
    def shown(self) -> str:
        """The URL without a credential, for people and manifests."""
        return without_secrets(self.url)

    @property
    def label(self) -> str:
        """Its name for people, with the package's where the file's does not tell it (`main.zip`)."""
        tells = utils.canonicalize_name(self.filename).startswith(f"{self.package}-")
        return self.filename if tells or not self.package else f"{self.package} ({self.filename})"

    @property
    def told(self) -> str:
        """Where it is had from, for people."""
        return f"{self.shown} (its mirror: {without_secrets(self.via)})" if self.via else self.shown


@dataclass(frozen=True)
class Failure:
    """Why an artifact was not had. `host_down`: no artifact of this host can be had."""

    artifact: Artifact
    reason: str
    host_down: bool = False


class Transport(Protocol):
    """Opens an artifact: an iterator over its bytes. Raises `Unavailable`."""

    def open(self, artifact: Artifact) -> Iterator[bytes]: ...


class Unavailable(Exception):
    """One attempt did not succeed. `again`: seconds until the next is sensible, None for never."""

    def __init__(self, reason: str, again: float | None, host_down: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again
        self.host_down = host_down


class Absent(Unavailable):
    """The server has no such file; another place may."""


class Refused(Unavailable):
    """The server wants credentials, or others. The reason is a sentence without its full stop."""


class Http:
    """The transport over HTTP(S): one session a thread, whose connections stay open."""

    def __init__(
        self,
        timeout: float,
        ca_bundle: str | None,
        accounts: Accounts | None = None,
    ) -> None:
        """`accounts`: who is who where; netrc serves the others."""
        self._accounts = accounts or Accounts()
        self._timeout = timeout
        self._ca_bundle = ca_bundle
        self._tls = trust.context(ca_bundle)
        self._local = threading.local()

    def open(self, artifact: Artifact) -> Iterator[bytes]:
        with self._answer(artifact.url) as response:
            yield from _body(response)

    def page(self, url: str, accept: str) -> tuple[str, str, bytes]:
        """Where a page was found in the end, its content type and its bytes."""
        with self._answer(url, {"Accept": accept}) as response:
            return response.url, response.headers.get("Content-Type", ""), _page(response)

    @contextlib.contextmanager
    def _answer(self, url: str, headers: Mapping[str, str] | None = None) -> Iterator[requests.Response]:
        """An answer whose status says that the file follows. Raises `Unavailable`, while the body is read too.

        requests leaves credentials behind where it is sent on to another host.
        """
        try:
            auth = self._accounts.auth(url)
            with self._session().get(url, stream=True, timeout=self._timeout, auth=auth, headers=headers) as response:
                self._refuse_status(response, url)
                yield response
        except requests.exceptions.SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise CertificateNotTrusted(urlsplit(url).hostname or "", self._ca_bundle) from error
            raise Unavailable(f"TLS failed: {_cause(error)}", 1.0) from error
        except requests.exceptions.ConnectTimeout as error:
            raise Unavailable(f"no connection within {self._timeout:g} s", 1.0, host_down=True) from error
        except requests.exceptions.Timeout as error:
            raise Unavailable(f"no answer within {self._timeout:g} s", 1.0) from error
        except requests.exceptions.ConnectionError as error:
            refused = "NewConnectionError" in repr(error) or "NameResolution" in repr(error)
            raise Unavailable(_cause(error), 1.0, host_down=refused) from error
        except requests.exceptions.RequestException as error:
            raise Unavailable(_cause(error), None) from error
        except OSError as error:
            raise Unavailable(_cause(error), 1.0) from error
        except Exception as error:
            # urllib3 raises its own errors while a body is read; requests does not wrap those of `raw`.
            if type(error).__module__.startswith("urllib3."):
                raise Unavailable(_cause(error), 1.0) from error
            raise

    def _refuse_status(self, response: requests.Response, url: str) -> None:
        """`url`: what was asked for, with the credentials that it may hold; `response.url` has none."""
        status = response.status_code
        if status == 200:
            return
        said = f"HTTP {status} {response.reason}"
        if status in (401, 403):
            sent_on = urlsplit(response.url).hostname != urlsplit(url).hostname
            raise Refused(self._accounts.sentence(response.url if sent_on else url, said), None)
        if status in (404, 410):
            raise Absent(said, None)
        if status not in _AGAIN:
            raise Unavailable(said, None)
        pause = response.headers.get("Retry-After", "")
        raise Unavailable(said, min(float(pause), _LONGEST_PAUSE) if pause.isdigit() else 0.0)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = trust.session(self._tls)
        return session


def _page(response: requests.Response) -> bytes:
    """The whole of a page, which some servers compress though nobody asked for that."""
    encoded = bool(response.headers.get("Content-Encoding"))
    page = bytearray()
    for chunk in _body(response, decode=encoded):
        page += chunk
        if len(page) > _LONGEST_PAGE:
            raise Unavailable("it is longer than any page of an index", None)
    return bytes(page)


def _body(response: requests.Response, decode: bool = False) -> Iterator[bytes]:
    """The bytes as they are sent; urllib3 1.26 does not tell when a server stops half-way.

    `decode`: as they were before the server compressed them; how many there are is not known then.
    """
    announced = "" if decode else response.headers.get("Content-Length", "")
    received = 0
    for chunk in iter(lambda: response.raw.read(CHUNK, decode_content=decode), b""):
        received += len(chunk)
        yield chunk
    if announced.isdigit() and received < int(announced):
        raise Unavailable(f"the transfer ended after {received} of {announced} bytes", 0.0)


class Fetcher:
    """Fetches many artifacts with one transport and tells all that could not be had together."""

    def __init__(
        self,
        transport: Transport,
        jobs: int,
        retries: int,
        progress: Callable[[int, int], None],
        pause: Callable[[float], object] | None = None,
    ) -> None:
        self._transport = transport
        self._jobs = jobs
        self._retries = retries
        self._progress = progress
        self._down: dict[tuple[str, str], str] = {}
        self._stop = threading.Event()
        # Ends at once when the run is given up.
        self._pause = pause or self._stop.wait

    def fetch(
        self,
        wanted: Sequence[tuple[Artifact, Path]],
        partial: Path,
        lacking: Sequence[tuple[str, str, str]] = (),
        barred: Mapping[str, Sequence[str]] | None = None,
    ) -> int:
        """Bring each artifact to its path, verified; `partial` is a folder on the same filesystem.

        What could not be had by other means is told with the rest: `lacking` as `FetchFailed` has it, `barred` as
        `CredentialsRefused`.

        Returns the bytes received. Raises `FetchFailed`, `CredentialsRefused` or `HashMismatch` with every
        artifact that failed, after all others were tried; what arrived whole by then stays.
        """
        failures: list[Failure] = []
        refused = {reason: list(names) for reason, names in (barred or {}).items()}
        mismatches: list[HashMismatch] = []
        received = done = 0
        # The largest first: none of them is then left alone at the end.
        ordered = sorted(wanted, key=lambda item: -(item[0].size or 0))
        with concurrent.futures.ThreadPoolExecutor(self._jobs) as pool:
            futures = {pool.submit(self._one, artifact, path, partial): artifact for artifact, path in ordered}
            try:
                for future in concurrent.futures.as_completed(futures):
                    try:
                        received += future.result()
                        done += 1
                        self._progress(done, received)
                    except Refused as error:
                        refused.setdefault(error.reason, []).append(futures[future].label)
                    except Unavailable as error:
                        failures.append(Failure(futures[future], error.reason))
                    except HashMismatch as error:
                        mismatches.append(error)
            except BaseException:
                self._stop.set()
                pool.shutdown(cancel_futures=True)
                raise
        failed = [*lacking, *((item.artifact.label, item.artifact.told, item.reason) for item in failures)]
        also: FetchFailed | CredentialsRefused | None = FetchFailed(failed) if failed else None
        if refused:
            also = CredentialsRefused(refused, also)
        if mismatches:
            raise HashMismatch.joined(mismatches, also)
        if also:
            raise also
        return received

    def _one(self, artifact: Artifact, path: Path, partial: Path) -> int:
        attempt = 0
        while True:
            try:
                self._refuse_down(artifact)
                return self._attempt(artifact, path, partial)
            except Unavailable as error:
                if error.again is None or attempt >= self._retries:
                    if error.host_down:
                        self._down[artifact.place] = error.reason
                    raise
                self._pause(max(error.again, min(0.25 * 2**attempt, _LONGEST_PAUSE)))
                attempt += 1

    def _refuse_down(self, artifact: Artifact) -> None:
        """Once a host was given up, its other artifacts do not wait for the same end."""
        if artifact.place in self._down:
            raise Unavailable(self._down[artifact.place], None)

    def _attempt(self, artifact: Artifact, path: Path, partial: Path) -> int:
        # The name is unique to the bytes wanted: two threads never write to one file.
        temporary = partial / f"{artifact.sha256}.{threading.get_ident()}.part"
        try:
            with open(temporary, "wb") as file:
                digest, size = self._stream(artifact, file)
            if digest != artifact.sha256:
                raise _wrong_bytes(artifact, digest, size)
            os.chmod(temporary, 0o644)
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary, path)
            return size
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise DiskFull(str(path.parent), artifact.filename, artifact.size) from error
            raise
        finally:
            temporary.unlink(missing_ok=True)

    def _stream(self, artifact: Artifact, file: BinaryIO) -> tuple[str, int]:
        digest = hashlib.sha256()
        size = 0
        for chunk in self._transport.open(artifact):
            if self._stop.is_set():
                raise Unavailable("stopped", None)
            size += len(chunk)
            # A server that goes on sending must not fill the disk.
            if artifact.size is not None and size > artifact.size:
                raise HashMismatch([(artifact.label, artifact.told, artifact.sha256, "more bytes than the lock says")])
            digest.update(chunk)
            file.write(chunk)
        return digest.hexdigest(), size


def _wrong_bytes(artifact: Artifact, digest: str, size: int) -> Exception:
    if artifact.size is not None and size < artifact.size:
        return Unavailable(f"the transfer ended after {size} of {artifact.size} bytes", 0.0)
    return HashMismatch([(artifact.label, artifact.told, artifact.sha256, digest)])


def _cause(error: BaseException) -> str:
    """The innermost reason of a chain of urllib3's and requests' exceptions, in its own words."""
    while True:
        inner = getattr(error, "reason", None) or next((a for a in error.args if isinstance(a, BaseException)), None)
        if not isinstance(inner, BaseException):
            break
        error = inner
    text = str(error)
    return text.rpartition(": ")[2] if "object at 0x" in text else text
