# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The machine that collects: its environment, its Pythons, itself as a target."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.airgap.uv.plugins.module_utils import environ, interpreter, search
from ansible_collections.airgap.uv.plugins.module_utils.errors import TargetPythonMissing

# The times of all files that go into a wheel; archives get other bytes otherwise
# (https://reproducible-builds.org/specs/source-date-epoch/).
SOURCE_DATE_EPOCH = "315532800"  # 1980-01-01, the first that a zip file can hold


class Runner(Protocol):
    """Runs a command and gives its return code, standard output and standard error."""

    def __call__(self, argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]: ...


def use_only_this_environment(ca_bundle: str | None) -> None:
    """Drop what would steer uv, and make modes independent of the caller's umask."""
    kept = environ.clean(os.environ)
    os.environ.clear()
    os.environ.update(kept)
    os.environ.update(UV_PYTHON_DOWNLOADS="never", GIT_OPTIONAL_LOCKS="0")
    if ca_bundle:
        os.environ.update(SSL_CERT_FILE=ca_bundle, REQUESTS_CA_BUNDLE=ca_bundle)
    os.umask(0o022)


def find_python(request: str | None, requires_python: str | None, run: Runner) -> interpreter.Interpreter:
    """An interpreter of this machine; uv's and pyenv's own folders are searched too."""
    path = os.environ.get("PATH", "")
    folders = [*path.split(":"), *_version_managers(path.split(":"))]
    places = search.Search.usual(":".join(folders), str(Path(sys.executable).parent))
    # `/`: a .python-version of the working folder would lead shims astray.
    return search.find(
        interpreter.Request.parse(request, requires_python), places, lambda argv: run(list(argv), "/", {})
    )


def _version_managers(path: Sequence[str]) -> Iterator[str]:
    roots = [Path(folder).parent / "versions" for folder in path if folder.endswith("/shims")]
    for root in [*roots, Path.home() / ".local/share/uv/python"]:
        yield from sorted(str(folder) for folder in root.glob("*/bin"))


def own_target(project: Path, requires_python: str, run: Runner) -> dict[str, Any]:
    """This machine as a target, with the Python that the project asks for."""
    pinned = project / ".python-version"
    lines = pinned.read_text(encoding="utf-8").splitlines() if pinned.is_file() else []
    asked = next((line.strip() for line in lines if line.strip() and not line.strip().startswith("#")), None)
    try:
        found = find_python(asked, requires_python, run)
    except search.PythonMissing as error:
        wanted = f"{asked} ({pinned})" if asked else requires_python
        raise TargetPythonMissing(wanted, list(error.rejected)) from error
    minor = (found.libc or "glibc 2.17").rpartition(".")[2]
    return {
        "python": found.name,
        "platform": f"{found.markers['platform_machine']}-manylinux_2_{minor}",
        "markers": dict(found.markers),
    }


def machine() -> str:
    """What a compiled wheel depends on here besides the Python: architecture and libc."""
    return f"{platform.machine()} {' '.join(platform.libc_ver())}"
