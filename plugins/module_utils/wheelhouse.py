# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The wheelhouse: a folder of wheels, `wheelhouse.json` (what each is) and `SHA256SUMS`."""

from __future__ import annotations

import concurrent.futures
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable

from ansible_collections.airgap.uv.plugins.module_utils.errors import NotAWheelhouse, WheelhouseBusy
from ansible_collections.airgap.uv.plugins.module_utils.libraries import utils
from ansible_collections.airgap.uv.plugins.module_utils.repository import LARGE
from ansible_collections.airgap.uv.plugins.module_utils.tree import file_digest
from ansible_collections.airgap.uv.plugins.module_utils.unpacked import Unpacked

MANIFEST = "wheelhouse.json"
SUMS = "SHA256SUMS"
CACHE = ".cache"

_VERSION = 1
_FOLDER = re.compile(r"[0-9a-f]{12}")
_PLAIN = re.compile(r"[\w.+!-]+")
_PAUSE = 0.5  # seconds between two looks at a lock that another run holds


@dataclass(frozen=True)
class Wheel:
    """A wheel of the wheelhouse. `path` is relative to it; `origin` says where it came from.

    `installed_size` and `installed_files` are `Unpacked`'s; 0 as long as the file was not looked into.
    `requires` is what `WheelFile` found, of wheels that were built or brought: None where that is not known.
    """

    name: str
    version: str
    filename: str
    path: str
    size: int
    sha256: str
    origin: Mapping[str, Any] = field(hash=False)
    installed_size: int = 0
    installed_files: int = 0
    requires: Mapping[str, Any] | None = field(default=None, hash=False)

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Wheel:
        """Read an entry of the manifest or a build's record; `ValueError` when its path is no wheel's place."""
        known = [key for key in cls.__dataclass_fields__ if key in raw]
        wheel = cls(**{key: raw[key] for key in known})
        utils.parse_wheel_filename(wheel.filename)
        folder, _slash, name = wheel.path.rpartition("/")
        if name != wheel.filename or not _PLAIN.fullmatch(name) or (folder and not _FOLDER.fullmatch(folder)):
            raise ValueError(f"{wheel.path!r} is not where a wheel lies")
        return wheel

    @property
    def source(self) -> tuple[str, str] | None:
        """What a wheel that was built was built from: a hash or a commit, and the part of it (`Commit.part`)."""
        found = self.origin.get("commit") or self.origin.get("sha256")
        part = f"{self.origin.get('subdirectory', '')}{LARGE if self.origin.get('lfs') else ''}"
        return (str(found), part) if found else None

    def as_dict(self) -> dict[str, Any]:
        found = {key: getattr(self, key) for key in self.__dataclass_fields__}
        if self.requires is None:
            del found["requires"]
        return found


class Wheelhouse:
    """The folder as its manifest describes it. Nothing is trusted for its name: `whole` hashes."""

    def __init__(self, path: Path, wheels: Iterable[Wheel], fresh: bool) -> None:
        self.path = path
        self.fresh = fresh
        self._known = {wheel.path: wheel for wheel in wheels}
        # Where a wheel lies is settled for the whole run, also when `remove` then frees a name.
        self._places = {(wheel.filename, wheel.sha256): wheel.path for wheel in self._known.values()}
        self._flat = {wheel.path: wheel.sha256 for wheel in self._known.values()}

    @classmethod
    def read(cls, path: Path) -> Wheelhouse:
        """Read the manifest; `NotAWheelhouse` when the folder holds something else."""
        if path.exists() and not path.is_dir():
            raise NotAWheelhouse(str(path), ["it is a file"])
        entries = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []
        manifest = path / MANIFEST
        if not manifest.is_file():
            # An earlier run may have ended before it wrote the manifest.
            foreign = [name for name in entries if not _may_be_ours(name)]
            if foreign:
                raise NotAWheelhouse(str(path), foreign)
            return cls(path, [], True)
        try:
            raw = json.loads(manifest.read_text(encoding="utf-8"))
            if raw["version"] != _VERSION:
                raise NotAWheelhouse(str(path), [f"{MANIFEST} of version {raw['version']}"])
            return cls(path, [Wheel.parse(item) for item in raw["wheels"]], False)
        except (ValueError, KeyError, TypeError) as error:
            raise NotAWheelhouse(str(path), [f"a {MANIFEST} that cannot be read: {error}"]) from error

    @property
    def cache(self) -> Path:
        return self.path / CACHE

    @property
    def wheels(self) -> list[Wheel]:
        return [self._known[path] for path in sorted(self._known)]

    def place(self, filename: str, sha256: str, built: bool = False) -> str:
        """Where a wheel lies: flat; in a folder of its own when built or when its name is taken."""
        if built:
            return f"{sha256[:12]}/{filename}"
        if (filename, sha256) not in self._places:
            flat = self._flat.setdefault(filename, sha256) == sha256
            self._places[filename, sha256] = filename if flat else f"{sha256[:12]}/{filename}"
        return self._places[filename, sha256]

    def required(self, wheel: Wheel) -> Mapping[str, Any] | None:
        """What an earlier run found out that the wheel needs, or None."""
        known = self._known.get(wheel.path)
        return known.requires if known and known.sha256 == wheel.sha256 else None

    def size(self, path: str) -> int:
        """Bytes of a wheel that an earlier run brought, one that failed too; 0 when it is not there."""
        full = self.path / path
        return full.stat().st_size if full.is_file() else 0

    def measured(self, wheel: Wheel) -> Wheel:
        """The wheel with what it takes once it is installed; a file is looked into once, the manifest keeps it."""
        known = self._known.get(wheel.path)
        if wheel.installed_size:
            return wheel
        if known and known.sha256 == wheel.sha256 and known.installed_size:
            return replace(wheel, installed_size=known.installed_size, installed_files=known.installed_files)
        unpacked = Unpacked.of(self.path / wheel.path)
        return replace(wheel, installed_size=unpacked.size, installed_files=unpacked.files)

    def absent(self, files: Mapping[str, str]) -> list[str]:
        """Those of `files` (path to sha256) that are not there with exactly these bytes."""
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            verdicts = pool.map(lambda item: self.whole(*item), files.items())
            return [path for path, whole in zip(files, verdicts) if not whole]

    def whole(self, path: str, sha256: str) -> bool:
        full = self.path / path
        return full.is_file() and not full.is_symlink() and file_digest(full) == sha256

    @contextlib.contextmanager
    def locked(self, seconds: float, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold the folder for this run alone; wait up to `seconds` for another's end."""
        self.cache.mkdir(parents=True, exist_ok=True)
        with open(self.cache / "lock", "a", encoding="utf-8") as file:
            _acquire(file.fileno(), str(self.path), seconds, waiting)
            yield

    @contextlib.contextmanager
    def temporary(self) -> Iterator[Path]:
        """A folder on the same filesystem for what is not whole yet; earlier runs' remains go."""
        parent = self.cache / "tmp"
        shutil.rmtree(parent, ignore_errors=True)
        parent.mkdir(parents=True)
        for remains in [path for name in (MANIFEST, SUMS) for path in self.path.glob(f".{name}.*")]:
            remains.unlink()
        try:
            yield parent
        finally:
            shutil.rmtree(parent, ignore_errors=True)

    def unwanted(self, wanted: Iterable[str]) -> list[str]:
        """Paths of wheels in the folder, known or not, that are not among `wanted`."""
        keep = set(wanted)
        return sorted(path for path in self._present() if path not in keep)

    @property
    def present(self) -> set[str]:
        """Paths of the wheels in the folder, known or not."""
        return set(self._present())

    def _present(self) -> Iterator[str]:
        if not self.path.is_dir():
            return
        for entry in self.path.iterdir():
            if entry.name.endswith(".whl") and not entry.is_dir():
                yield entry.name
            elif _FOLDER.fullmatch(entry.name) and entry.is_dir():
                yield from (f"{entry.name}/{wheel.name}" for wheel in entry.glob("*.whl"))

    def remove(self, paths: Iterable[str]) -> None:
        for path in paths:
            full = self.path / path
            full.unlink(missing_ok=True)
            self._known.pop(path, None)
            if full.parent != self.path:
                with contextlib.suppress(OSError):
                    full.parent.rmdir()

    def write(self, wheels: Iterable[Wheel]) -> bool:
        """Take `wheels` up, write manifest and sums; True when either changed."""
        self._known.update({wheel.path: wheel for wheel in wheels})
        self._known = {path: wheel for path, wheel in self._known.items() if (self.path / path).is_file()}
        written = [write_text(self.path / name, text) for name, text in self._texts().items()]  # both, always
        return any(written)

    def would_write(self, wheels: Iterable[Wheel]) -> bool:
        """Whether `write` would change a file, when every wheel is there already."""
        after = Wheelhouse(self.path, [*self.wheels, *wheels], self.fresh)
        after._known = {path: wheel for path, wheel in after._known.items() if (self.path / path).is_file()}
        return any(not _says(self.path / name, text) for name, text in after._texts().items())

    def _texts(self) -> dict[str, str]:
        """The manifest, and the sums as `sha256sum -c` reads them, the manifest's among them."""
        content = {"version": _VERSION, "wheels": [wheel.as_dict() for wheel in self.wheels]}
        manifest = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        lines = [(wheel.path, wheel.sha256) for wheel in self.wheels]
        lines.append((MANIFEST, hashlib.sha256(manifest.encode()).hexdigest()))
        return {MANIFEST: manifest, SUMS: "".join(f"{sha256}  {path}\n" for path, sha256 in sorted(lines))}


def _may_be_ours(name: str) -> bool:
    unfinished = name.startswith((f".{MANIFEST}.", f".{SUMS}."))
    return name in (CACHE, SUMS) or unfinished or name.endswith(".whl") or bool(_FOLDER.fullmatch(name))


def _acquire(descriptor: int, path: str, seconds: float, waiting: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= end:
                raise WheelhouseBusy(path, seconds) from None
            waiting()
            time.sleep(_PAUSE)


def _says(path: Path, text: str) -> bool:
    try:
        return path.read_text(encoding="utf-8") == text
    except (OSError, UnicodeDecodeError):
        return False


def write_text(path: Path, text: str) -> bool:
    """Write beside and rename, unless the file says the same already. True when it changed."""
    if _says(path, text):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return True
