# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What it means when uv did not succeed."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError, CommandError
from ansible_collections.airgap.uv.plugins.module_utils.sync_errors import (
    FetchedWrong,
    LockOutdated,
    LockUnreadable,
    NotFetched,
    NoWheelForPlatform,
    ProjectIncomplete,
    PythonNotFound,
    PythonUnfit,
    Unwritable,
    UvVersionRefused,
    WheelMissing,
    WheelsChanged,
)
from ansible_collections.airgap.uv.plugins.module_utils.sync_options import Options

# The frame that uv draws around an error: multiplication sign, box drawing, triangle.
_DECORATION = re.compile("[\u00d7\u2500-\u257f\u25b6]+")
_CREDENTIALS = re.compile(r"(\w+://)[^/@\s]+@")
_HASH = r"((?:\w+:[0-9a-f]{32,}\s*)+)"

# A wheel of a lock, as uv and the staging write it: an inline table with a path and its hash.
_LOCKED_WHEEL = re.compile(r"\{[^{}]*\}")
_PATH = re.compile(r"\bpath\s*=\s*[\"']([^\"']+)[\"']")
_SHA256 = re.compile(r"\bhash\s*=\s*[\"']sha256:([0-9a-f]{64})[\"']")
_REGISTRY = re.compile(r"^(?:source\s*=\s*\{\s*)?registry\s*=\s*[\"']([^\"']+)[\"']", re.MULTILINE)


def diagnose(options: Options, argv: list[str], rc: int, said: str) -> AirgapError:
    """Return the error that a command's output means; the wording was seen with uv 0.5.0 to 0.13.8."""
    said = _CREDENTIALS.sub(r"\1****@", said)
    text = " ".join(_DECORATION.sub(" ", said).split())
    known = _about_wheels(options, text) or _about_project(options, text) or _about_host(options, text)
    remedy = "Its last lines say why."
    return known or CommandError(f"{options.project} was not installed into {options.venv}", argv, rc, said, remedy)


def _about_wheels(options: Options, text: str) -> AirgapError | None:
    # A changed file need not get as far as the hash: uv may stumble over the archive before.
    changed = changed_wheels(options.project) if re.search("Failed to download|Hash mismatch", text) else []
    if changed:
        return WheelsChanged(changed)
    found = re.search(rf"Hash mismatch for `([^`]+)` Expected: {_HASH}Computed: {_HASH}", text)
    if found:
        return FetchedWrong(found[1], found[2].strip(), found[3].strip())
    found = re.search(r"Failed to download `([^`]+)`.*?Failed to fetch: `?(https?://[^`\s]+)`?(.*)", text)
    if found:
        return _not_fetched(*found.groups())
    found = re.search(r"`([^`]+)` .*failed to query metadata of file `([^`]+)`.*No such file", text)
    if found:
        return WheelMissing(found[1], found[2])
    found = re.search(
        r"Distribution `(\S+?)(?: @ [^`]*)?` can't be installed because it doesn't have a source distribution"
        r" or wheel for the current platform(?: hint: (.*))?",
        text,
    )
    return NoWheelForPlatform(found[1], found[2] or "") if found else None


def _not_fetched(package: str, url: str, rest: str) -> NotFetched:
    """`rest` is the chain of causes; the last one says most, and older versions repeat it."""
    status = re.search(r"HTTP status \w+ error \(([^)]*)\)", rest)
    chain = re.split(r"(?:help|hint):", rest)[0]
    # 0.8 has frames instead of words, so there the chain is one text; its known beginnings part it.
    known = r"(?:Caused by:|cause:|error sending request for url \([^)]*\)|client error \(\w+\)|tcp connect error(?!:))"
    causes = [cause.strip(" .") for cause in re.split(known, chain)]
    reason = status[1] if status else next((cause for cause in reversed(causes) if cause), "no answer")
    return NotFetched(package, url, status[1] if status else "", reason)


def _about_project(options: Options, text: str) -> AirgapError | None:
    project = str(options.project)
    # With a lock that fits, --locked leaves nothing to resolve.
    resolved = "--locked" in options.lock and "No solution found when resolving" in text
    if resolved or re.search(r"lockfile(?: at `[^`]*`)? needs to be updated, but `--locked` was provided", text):
        return LockOutdated(project)
    if re.search(r"Unable to find lockfile", text):
        return ProjectIncomplete(project, "uv.lock", "transfer it, or leave locked and frozen out to make one")
    found = re.search(r"(?:Required uv version|required uv version).*", text)
    if found:
        return UvVersionRefused(project, found[0])
    found = re.search(
        r"(?:Failed to parse `?[^ ]*(?:uv\.lock|pyproject\.toml)`?|[^.]*unsupported schema version).*", text
    )
    return LockUnreadable(project, found[0].replace("error: ", "")) if found else None


def _about_host(options: Options, text: str) -> AirgapError | None:
    found = re.search(r"No interpreter found (?:for|at|in) .*?(?= hint:|$)", text)
    if found:
        return PythonNotFound(options.python, found[0])
    found = re.search(r"[^.]*?(resolved to Python .* incompatible with the project's Python requirement.*)", text)
    if found:
        return PythonUnfit(str(options.project), found[1])
    found = re.search(r"No space left on device|Read-only file system|Disk quota exceeded", text)
    return Unwritable(str(options.venv), found[0]) if found else None


def changed_wheels(project: Path) -> list[dict[str, str]]:
    """Return every wheel that the project's lock names, that is there, and whose hash is another.

    uv stops at the first; whoever has to transfer them again wants all of them.
    """
    present = sorted({wheel for wheel in _locked_files(project) if wheel[0].is_file()})
    hashed = [(path, expected, _sha256(path)) for path, expected in present]
    return [
        {"path": str(path), "expected": expected, "computed": computed}
        for path, expected, computed in hashed
        if expected != computed
    ]


def _locked_files(project: Path) -> Iterator[tuple[Path, str]]:
    """Read without a TOML parser, which Python 3.9 has not: entries have one form in every lock."""
    for package in (project / "uv.lock").read_text(encoding="utf-8").split("[[package]]"):
        registry = _REGISTRY.search(package)
        for entry in _LOCKED_WHEEL.findall(package):
            path, sha256 = _PATH.search(entry), _SHA256.search(entry)
            if registry and path and sha256:
                yield Path(os.path.normpath(project / registry[1] / path[1])), sha256[1]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
