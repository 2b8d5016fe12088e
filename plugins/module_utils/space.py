# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The space that a deployment takes on a host, by file system.

Counted are blocks of 4 KiB, as `du` counts. uv unpacks a wheel into a cache beside the `.venv` and links it
from there, so what is unpacked is there once, in the moment of the install too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.transfer import BATCH_BYTES

BLOCK = 4096
_MIB = 1 << 20

# For what is not counted: folders, the .venv itself, logs of others that grow meanwhile.
RESERVE = 32 * _MIB
_RESERVED_FILES = 200

# How many times its archive a standalone Python takes, with bytecode; and how many files (measured with 3.12).
_UNPACKED_PYTHON = 5
_FILES_OF_PYTHON = 8000


@dataclass(frozen=True)
class Refusal:
    """Why nothing can be written, or run, at a place."""

    kind: str
    short: str
    text: str


@dataclass(frozen=True)
class Place:
    """The nearest folder that exists, as `uv_target_info` returns it in `places`."""

    at: str
    device: str
    free_bytes: int
    free_inodes: int | None
    read_only: bool
    noexec: bool
    writable: bool

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Place:
        inodes = raw.get("free_inodes")
        return cls(
            at=str(raw["at"]),
            device=str(raw.get("device", "")),
            free_bytes=int(raw["free_bytes"]),
            free_inodes=None if inodes is None else int(inodes),
            read_only=bool(raw.get("read_only")),
            noexec=bool(raw.get("noexec")),
            writable=bool(raw.get("writable", True)),
        )

    def refuses(self, user: str, runs: bool) -> Refusal | None:
        """The first reason; `runs`: programs and libraries are to be loaded from there."""
        if self.read_only:
            return Refusal(
                "read_only",
                f"{self.at} is read-only",
                f"{self.at} is on a file system that is mounted read-only. Mount it for writing",
            )
        if not self.writable:
            return Refusal(
                "rights", f"{user} may not write {self.at}", f"{user} may not write {self.at}. Let the play become root"
            )
        if runs and self.noexec:
            return Refusal(
                "noexec",
                f"{self.at} is noexec",
                f"{self.at} is on a file system that is mounted noexec, and nothing that is installed there would "
                "run. Mount it without noexec",
            )
        return None


@dataclass(frozen=True)
class Need:
    """What one place has to take, in bytes and files; `what` says it to a person."""

    place: str
    what: str
    size: int
    files: int


@dataclass(frozen=True)
class Space:
    """What a host has to take, and what it has."""

    places: Mapping[str, Place]
    needs: tuple[Need, ...]
    copy: int

    @classmethod
    def of(
        cls,
        places: Mapping[str, Place],
        missing: Sequence[Mapping[str, Any]],
        unpacked: Sequence[Mapping[str, Any]],
        program: Sequence[Mapping[str, Any]],
        files: Sequence[Mapping[str, Any]],
        archive: Mapping[str, Any] | None,
        carried: bool = False,
    ) -> Space:
        """`missing` and `unpacked` are wheels as `uv_wheelhouse` returns them, `archive` has a `size`."""
        copy = _sum(unpacked, "installed_size") + _sum(files, "size")
        needs = [
            Need("wheels", "wheels", _sum(missing, "size"), len(missing)),
            Need(
                "releases",
                "the unpacked release",
                copy,
                len(files) + sum(int(wheel.get("installed_files") or 0) for wheel in unpacked),
            ),
            Need("bin", "uv", _sum(program, "installed_size"), len(program)),
        ]
        if carried:
            sizes = [int(entry.get("size") or 0) for entry in [*missing, *files, *([archive] if archive else [])]]
            portion = max([min(sum(sizes), BATCH_BYTES), *sizes])
            needs.append(Need("tmp", "files on their way", portion, 1))
        if archive:
            size = _sum([archive], "size")
            needs.append(Need("python", "Python", size + _UNPACKED_PYTHON * size, _FILES_OF_PYTHON))
        return cls(places, tuple(need for need in needs if need.size), copy)

    @property
    def sent(self) -> int:
        """Bytes of the wheels that are not there."""
        return sum(need.size for need in self.needs if need.place == "wheels")

    @property
    def needed(self) -> int:
        return sum(need.size for need in self.needs)

    def lacking(self) -> Iterator[tuple[str, str]]:
        """A few words and a sentence for each file system that is too small."""
        for place, needs in self._by_device():
            total = sum(need.size for need in needs) + RESERVE
            only_passing = all(need.place == "tmp" for need in needs)
            elsewhere = "name another ansible_remote_tmp" if only_passing else "deploy to another uv_deploy_path"
            parts = ", ".join(f"{human(need.size)} for {need.what}" for need in needs)
            if total > place.free_bytes:
                yield (
                    f"{place.at} has {human(place.free_bytes)} free and {human(total)} are needed",
                    f"{place.at} has {human(place.free_bytes)} free, and the deployment takes {human(total)}: {parts}, "
                    f"{human(RESERVE)} in reserve. Make room there, or {elsewhere}.",
                )
            count = sum(need.files for need in needs) + _RESERVED_FILES
            if place.free_inodes is not None and count > place.free_inodes:
                yield (
                    f"too few inodes at {place.at}",
                    f"{place.at} has room for {place.free_inodes} more files, and the deployment brings {count}. "
                    "Remove files there, or deploy to another uv_deploy_path.",
                )

    def later(self, copies: int, kept: int) -> Iterator[str]:
        """What there will be no room for, when as many releases more are kept."""
        for place, needs in self._by_device():
            if copies < 1 or place.device != self.places["releases"].device:
                continue
            now = sum(need.size for need in needs) + RESERVE
            if now <= place.free_bytes < now + copies * self.copy:
                yield (
                    f"{place.at} has {human(place.free_bytes)} free: enough now, but not for the {kept} releases that "
                    f"uv_deploy_keep_releases keeps, {human(self.copy)} each."
                )

    def _by_device(self) -> Iterator[tuple[Place, list[Need]]]:
        devices: dict[str, list[Need]] = {}
        for need in self.needs:
            if need.place in self.places:
                devices.setdefault(self.places[need.place].device, []).append(need)
        for needs in devices.values():
            yield self.places[needs[0].place], needs


def human(size: int) -> str:
    """`734 MB`, `1.2 GB`: as `ls -h --si` would say it."""
    if size < 1_000_000:
        return f"{-(-size // 1000)} kB"
    for factor, unit in ((1_000_000, "MB"), (1_000_000_000, "GB")):
        if size < factor * 1000 or unit == "GB":
            return f"{size / factor:.1f} {unit}" if size < factor * 10 else f"{round(size / factor)} {unit}"
    return str(size)


def _sum(entries: Iterable[Mapping[str, Any]], key: str) -> int:
    """In whole blocks."""
    return sum(-(-int(entry.get(key) or 0) // BLOCK) * BLOCK for entry in entries)
