# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""uv and pip say which wheel they take for a target, from an index that `offers` serves.

uv is asked in its own words (`--python-platform`), or, where it has none, with an interpreter that says
of itself what one of the target would say.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.tests.unit.support.offers import NOTHING
from ansible_collections.airgap.uv.tests.unit.support.projects import uv_executable
from ansible_collections.airgap.uv.tests.unit.support.real import network_environment

# Runs uv's own query in a real Python, then lets it speak for another one.
_INTERPRETER = """\
#!{python}
import json, subprocess, sys
done = subprocess.run([sys.executable, *sys.argv[1:]], capture_output=True, text=True)
told = json.loads(done.stdout)
other = json.loads({other!r})
told["markers"].update(other.pop("markers"))
told.update(other, sys_executable={path!r})
print(json.dumps(told))
"""

# How uv's query names a system; it finds glibc and musl out itself.
_SYSTEMS = {("linux", "glibc"): "manylinux", ("linux", "musl"): "musllinux", ("macos", ""): "macos"}


def interpreter(folder: Path, target: Target, full: str) -> Path:
    """An executable that uv takes for the target's Python, of the version `full`."""
    platform, python = target.platform, target.python
    system: dict[str, Any] = {"name": _SYSTEMS.get((platform.system, platform.libc), platform.system)}
    if platform.system != "windows":
        system.update(major=platform.version[0], minor=platform.version[1])
    other = {
        "markers": {**python.markers(full), **platform.markers(), **dict(target.markers)},
        "os": system,
        "arch": platform.arch,
        "manylinux_compatible": platform.libc == "glibc",
        "gil_disabled": python.threaded,
        "debug_enabled": python.debug,
        "pointer_size": "32" if platform.arch in ("i686", "armv7l") else "64",
    }
    path = folder / f"python-{target.label}-{full}"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = _INTERPRETER.format(python=sys.executable, other=json.dumps(other), path=str(path))
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def _exact(target: Target) -> bool:
    named = target.named_by_uv
    return named is not None and named.platform.version == target.platform.version


class Uv:
    """uv with a cache of its own, so that each page is asked for once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = network_environment(folder / "home", NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
        for name in ("MACOSX_DEPLOYMENT_TARGET", "IPHONEOS_DEPLOYMENT_TARGET", "ANDROID_API_LEVEL"):
            self._environment.pop(name, None)

    @property
    def version(self) -> str:
        """As `uv 0.13.8`."""
        done = subprocess.run([str(uv_executable()), "--version"], capture_output=True, text=True, check=True)
        return " ".join(done.stdout.split()[:2])

    def words(self, target: Target, full: str) -> list[str]:
        """How uv is asked for the target: in its own words where they are exact."""
        words = target.uv_arguments(full)
        if words and _exact(target):
            return ["--python", sys.executable, *words]
        return ["--python", str(interpreter(self.folder / "pythons", target, full))]

    def asked(self, target: Target) -> str:
        """The same, for a reader."""
        words = target.uv_arguments("")
        return " ".join(words[:2]) if words and _exact(target) else "an interpreter"

    def takes(self, index: str, requirements: Path, words: Iterable[str]) -> dict[str, str | None]:
        """The wheel of each package whose marker holds; none where no wheel fits."""
        command = [str(uv_executable()), "pip", "install", "--target", str(self.folder / "target"), "--dry-run", "-v"]
        command += ["--no-deps", "--no-config", "--cache-dir", str(self.folder / "cache"), "--index-url", index]
        command += ["--color", "never", *words, "-r", str(requirements)]
        done = subprocess.run(command, env=self._environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(f"{' '.join(command)}\n{done.stderr[-3000:]}")
        found = re.findall(r"Selecting: (\S+?)==\S+ \[\S+\] \((.+?)\)", done.stderr)
        return {name: taken(filename) for name, filename in found}


def pip_takes(index: str, pins: Iterable[str], folder: Path, words: Iterable[str]) -> dict[str, str | None]:
    """The wheel of each pin that `pip download` takes. pip reads markers for its own Python, so give none."""
    requirements = folder / "pins.txt"
    folder.mkdir(parents=True, exist_ok=True)
    requirements.write_text("\n".join(pins), encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--isolated", "--disable-pip-version-check"]
    command += ["--no-cache-dir", "--no-deps", "--only-binary=:all:", "--index-url", index, *words]
    command += ["--dest", str(folder / "wheels"), "--requirement", str(requirements)]
    environment = network_environment(folder / "home", NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{' '.join(command)}\n{done.stderr[-3000:]}")
    names = [path.name for path in (folder / "wheels").glob("*.whl")]
    return {re.sub(r"[-_.]+", "-", name.split("-")[0]).lower(): taken(name) for name in names}


def pip_version() -> str:
    """As `pip 23.2.1`; empty where this Python has none."""
    done = subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, text=True, check=False)
    return " ".join(done.stdout.split()[:2])


def taken(filename: str) -> str | None:
    return None if filename.endswith(f"-{NOTHING}.whl") else filename
