# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real uv projects, interpreters and other versions of uv, for tests and benchmarks that use the network."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.tests.unit.support.collecting import ARCH
from ansible_collections.airgap.uv.tests.unit.support.projects import uv_executable

HERE = Path(__file__).resolve()
PLATFORM = f"{ARCH}-manylinux_2_36"

# Nothing answers there, so what is installed with it came from files.
NO_NETWORK = dict.fromkeys(
    ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9"
)

_STEERING = ("UV_", "PIP_", "XDG_")


def build_folder() -> Path:
    """`build/` of the checkout, also where the tests run from a copy below it."""
    above = [parent for parent in HERE.parents if parent.name == "build"]
    return above[0] if above else HERE.parents[3] / "build"


def locks_folder() -> Path | None:
    """The folder with real locks, where it is there: named by LOCKS, or beside the checkout."""
    named = [Path(os.environ["LOCKS"])] if os.environ.get("LOCKS") else []
    beside = [parent / "shared" / "locks" for parent in HERE.parents]
    found = (path for path in [*named, *beside] if (path.parent / "bin" / "restore-locks").is_file())
    return next(found, None)


def restore(locks: Path, destination: Path, *projects: str) -> Path:
    """Write real projects to `destination`, ready for uv; all of them if none is named."""
    script = locks.parent / "bin" / "restore-locks"
    command = [sys.executable, str(script), str(destination), *projects]
    subprocess.run(command, check=True, capture_output=True)
    return destination


def network_environment(home: Path, **more: str) -> dict[str, str]:
    """This process's environment without what steers uv and pip, but with its certificates and proxies."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_STEERING)}
    for name in ("VIRTUAL_ENV", "PYTHONPATH"):
        kept.pop(name, None)
    home.mkdir(parents=True, exist_ok=True)
    return {**kept, "HOME": str(home), "UV_PYTHON_DOWNLOADS": "never", "LC_ALL": "C.UTF-8", **more}


def find_python(version: str) -> tuple[str, str] | None:
    """Path and full version of an interpreter of this machine, e.g. for `3.12`."""
    for folder in [*os.environ.get("PATH", "").split(os.pathsep), *_pyenv(version)]:
        path = Path(folder) / f"python{version}"
        if not path.is_file():
            continue
        code = "import sys; print(sys.executable, '.'.join(map(str, sys.version_info[:3])))"
        done = subprocess.run([str(path), "-c", code], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.split()[1].startswith(f"{version}."):
            real, full = done.stdout.split()
            return real, full
    return None


def _pyenv(version: str) -> list[str]:
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    return [str(path / "bin") for path in sorted(root.glob(f"versions/{version}.*"))]


def fetch_uv(version: str) -> Path:
    """Another uv, installed from its wheel into `build/uvs/` once."""
    folder = build_folder() / "uvs" / version
    path = folder / "bin" / "uv"
    if path.is_file():
        return path
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        target = Path(temporary) / version
        command = [str(uv_executable()), "pip", "install", "--quiet", "--target", str(target), f"uv=={version}"]
        environment = network_environment(Path(temporary) / "home")
        subprocess.run([*command, "--no-config", "--no-cache", "--python", sys.executable], env=environment, check=True)
        if not path.is_file():
            os.replace(target, folder)
    return path


def export(project: Path, *options: str) -> str:
    """The lock as requirements, as uv itself exports it."""
    command = [str(uv_executable()), "export", "--frozen", "--offline", "--no-config", "--quiet", "--no-header"]
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [*command, "--no-cache", *options],
            cwd=project,
            env=network_environment(Path(home)),
            check=True,
            capture_output=True,
            text=True,
        )
    return done.stdout


def judge(requirements: Path, python: str, index: Iterable[str] = ()) -> dict[str, str]:
    """Which file of each package uv takes for a Python and a platform, by package; nothing is downloaded."""
    folder = requirements.parent / "judge"
    command = [str(uv_executable()), "pip", "install", "--target", str(folder / "target"), "--dry-run", "-v"]
    command += ["--no-deps", "--python-platform", PLATFORM, "--python-version", python, "-r", str(requirements)]
    command += ["--no-config", "--cache-dir", str(folder / "cache"), *index]
    done = subprocess.run(command, env=network_environment(folder / "home"), check=True, capture_output=True, text=True)
    found = re.findall(r"Selecting: (\S+?)==\S+ \[\S+\] \((.+?)\)", done.stderr)
    return dict(found)


def sync(
    uv: Path, release: Path, python: str, home: Path, indexes: Iterable[str] = ("--no-index",)
) -> subprocess.CompletedProcess[str]:
    """What a host does in a release, with every index out of reach but those on loopback."""
    environment = network_environment(home, **NO_NETWORK, NO_PROXY="127.0.0.1")
    command = [str(uv), "sync", "--locked", *indexes, "-f", "../../wheels", "--no-cache", "--python", python]
    return subprocess.run(command, cwd=release, env=environment, capture_output=True, text=True, check=False)


def installed(release: Path) -> dict[str, str]:
    """Name and version of each distribution in the release's environment."""
    found = {}
    for path in release.glob(".venv/lib/python*/site-packages/*.dist-info/METADATA"):
        head = path.read_text(encoding="utf-8", errors="replace").split("\n\n", 1)[0]
        fields: Mapping[str, Any] = dict(re.findall(r"^(Name|Version): *(\S+)", head, re.MULTILINE))
        found[re.sub(r"[-_.]+", "-", fields["Name"]).lower()] = fields["Version"]
    return found


def compiler() -> bool:
    """Whether C extensions can be built here."""
    return bool(shutil.which("cc") or shutil.which("gcc"))
