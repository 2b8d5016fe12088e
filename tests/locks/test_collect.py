# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real locks are collected for real, and uv itself judges what was chosen."""

from __future__ import annotations

import collections
import dataclasses
import shutil
import subprocess
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
import tomli
from ansible_collections.airgap.uv.tests.unit.support.gate import Gate
from ansible_collections.airgap.uv.tests.unit.support.projects import uv_executable
from ansible_collections.airgap.uv.tests.unit.support.real import (
    PLATFORM,
    compiler,
    export,
    find_python,
    judge,
    network_environment,
)
from ansible_collections.airgap.uv.tests.unit.support.running import Module, Result
from ansible_collections.airgap.uv.tests.unit.support.wheels import sha256

LOCAL = {"frozen": True, "no_install_local": True}

# httptools 0.6.1 and uvloop 0.20.0 hold C that Cython 0.29 made, older than the API of Python 3.13: one
# private function has an argument more there, another is gone. This header, given in CFLAGS for these packages,
# lets them compile.
BRIDGE = """\
#if __has_include(<Python.h>)
#include <Python.h>
#if PY_VERSION_HEX >= 0x030D0000
#define _PyLong_AsByteArray(v, bytes, n, little, is_signed) _PyLong_AsByteArray(v, bytes, n, little, is_signed, 1)
static PyConfig bridged_config;
#define _PyInterpreterState_GetConfig(interp) (&bridged_config)
#endif
#endif
"""


@dataclasses.dataclass(frozen=True)
class Lock:
    """A project, a Python and what must come of it: how many packages, and which of them are built."""

    project: str
    python: str
    packages: int
    built: frozenset[str] = frozenset()
    without: tuple[str, ...] = ()
    large: bool = False
    headers: tuple[str, ...] = ()
    bridge: bool = False

    @property
    def parameter(self) -> Any:
        marks = [pytest.mark.locks_large] if self.large else []
        return pytest.param(self, id=f"{self.project}-{self.python}", marks=marks)


LOCKS = [
    Lock("uv-fastapi-example", "3.13", 33, frozenset({"httptools", "markupsafe", "uvloop"}), bridge=True),
    Lock("genmod", "3.9", 18, frozenset({"extract-vcf", "pytabix"}), headers=("zlib.h",)),
    Lock("genmod", "3.12", 14, frozenset({"extract-vcf", "pytabix"}), headers=("zlib.h",)),
    Lock("meltano", "3.12", 46),
    Lock("uv-fastapi-example", "3.12", 33, large=True),
    Lock("meltano", "3.11", 48, large=True),
    Lock("openai-python", "3.12", 13, large=True),
    Lock("supabase-py", "3.12", 45, large=True),
    Lock("python-sdk", "3.12", 53, large=True),
    Lock("guidellm", "3.12", 85, without=("torch",), large=True),
]


def options(lock: Lock, projects: Path, folder: Path, full: str) -> dict[str, Any]:
    return {
        **LOCAL,
        "project": projects / lock.project,
        "wheelhouse": folder / "wheels",
        "stage": {"path": folder / "stage"},
        "targets": [{"python": full, "platform": PLATFORM}],
        "no_install_package": list(lock.without),
    }


def python_for(lock: Lock) -> str:
    """The version of an interpreter that is here where something must be built, else any."""
    found = find_python(lock.python)
    if found:
        return found[1]
    if lock.built:
        pytest.skip(f"Python {lock.python} is not installed, and {', '.join(sorted(lock.built))} must be built")
    return f"{lock.python}.1"


def refuse_without_tools(lock: Lock) -> None:
    if lock.built and not compiler():
        pytest.skip("there is no C compiler")
    for header in lock.headers:
        check = subprocess.run(
            ["cc", "-E", "-include", header, "-x", "c", "/dev/null"], capture_output=True, check=False
        )
        if check.returncode:
            pytest.skip(f"the header {header} is not installed")


def bridge(folder: Path) -> dict[str, str]:
    header = folder / "bridge.h"
    header.write_text(BRIDGE, encoding="utf-8")
    return {"CFLAGS": f"-include {header}"}


def succeed(result: Result) -> Result:
    assert not result.failed, result.msg
    return result


@pytest.mark.parametrize("lock", [lock.parameter for lock in LOCKS])
def test_a_real_lock(lock: Lock, locks: Path, uv_wheelhouse: Module, tmp_path: Path) -> None:
    full = python_for(lock)
    refuse_without_tools(lock)
    given = options(lock, locks, tmp_path, full)
    if lock.bridge:
        given["build_settings"] = {name: {"environment": bridge(tmp_path)} for name in lock.built}
    before = sha256(locks / lock.project / "uv.lock")
    result = succeed(uv_wheelhouse(patience=900, **given))

    names = [wheel["name"] for wheel in result["wheels"]]
    assert len(names) == len(set(names)) == lock.packages
    assert {wheel["name"] for wheel in result["wheels"] if wheel["origin"]["kind"] == "sdist"} == lock.built
    assert sha256(locks / lock.project / "uv.lock") == before
    for wheel in result["wheels"]:
        assert sha256(tmp_path / "wheels" / wheel["path"]) == wheel["sha256"]

    without = [word for name in lock.without for word in ("--no-emit-package", name)]
    requirements = tmp_path / "requirements.txt"
    text = export(locks / lock.project, "--no-dev", "--no-emit-local", "--no-hashes", *without)
    requirements.write_text(text, encoding="utf-8")
    taken = {
        wheel["name"]: wheel["origin"]["url"].rpartition("/")[2].replace("%2B", "+")
        for wheel in result["wheels"]
        if wheel["origin"]["kind"] in ("index", "sdist")
    }
    assert taken == judge(requirements, full)

    again = succeed(uv_wheelhouse(patience=900, **given))
    assert again["changed"] is False
    assert again["stats"]["downloaded"] == again["stats"]["built"] == 0
    assert again["stage"] == result["stage"]
    shutil.rmtree(tmp_path)


def test_a_real_build_that_fails(locks: Path, uv_wheelhouse: Module, tmp_path: Path) -> None:
    lock = LOCKS[0]
    full = python_for(lock)
    refuse_without_tools(lock)
    result = uv_wheelhouse(**options(lock, locks, tmp_path, full), jobs=4)
    assert result.failed
    assert "Building httptools-0.6.1.tar.gz with" in result.msg
    assert "_PyLong_AsByteArray" in result.msg
    assert not (tmp_path / "stage").exists()


def pinned(folder: Path, *requirements: str) -> Path:
    """Constraints with hashes for what builds need."""
    (folder / "build.in").write_text("\n".join(requirements) + "\n", encoding="utf-8")
    command = [str(uv_executable()), "pip", "compile", "--quiet", "--universal", "--generate-hashes", "build.in"]
    command += ["--output-file", "build.txt", "--no-config", "--python-version", "3.9"]
    subprocess.run(command, cwd=folder, env=network_environment(folder / "home"), check=True, capture_output=True)
    return folder / "build.txt"


def test_what_is_compiled_twice_has_the_same_bytes(locks: Path, uv_wheelhouse: Module, tmp_path: Path) -> None:
    """With pinned build requirements, and nothing kept of the first run."""
    lock = next(lock for lock in LOCKS if lock.project == "genmod" and lock.built)
    full = python_for(lock)
    refuse_without_tools(lock)
    constraints = pinned(tmp_path, "setuptools", "wheel")
    one, two = (
        succeed(
            uv_wheelhouse(
                **options(lock, locks, tmp_path / name, full),
                build_constraints=constraints,
                environment={"XDG_CACHE_HOME": str(tmp_path / name / "cache")},
            )
        )
        for name in ("one", "two")
    )
    assert one["stats"]["built"] == two["stats"]["built"] == len(lock.built)
    built = {wheel["path"] for wheel in one["wheels"] if wheel["origin"]["kind"] == "sdist"}
    assert any("linux" in path for path in built)
    assert built <= {wheel["path"] for wheel in two["wheels"]}
    assert one["stage"]["release"] == two["stage"]["release"]


# What the lock has from elsewhere than its own index, how the error names it, and how many packages there are besides.
ELSEWHERE = [
    ("relate", "3.12", {"django-yamlfield": "django-yamlfield from", "pysaml2": "pysaml2 from"}, 82),
    ("job-server", "3.12", {"opensafely-pipeline": "opensafely-pipeline (v2026.04.22.171515.zip) from"}, 75),
    ("guidellm", "3.12", {"torch": "torch-2.13.0"}, 85),
]


def of_the_index(lock: Path) -> set[str]:
    """The hosts of the index that most packages of a lock come from, and of its files."""
    packages = tomli.loads(lock.read_text(encoding="utf-8"))["package"]
    registries = collections.Counter(package["source"].get("registry", "") for package in packages)
    index = max(filter(None, registries), key=registries.__getitem__)
    files = [
        wheel["url"]
        for package in packages
        if package["source"].get("registry") == index
        for wheel in package.get("wheels", [])
    ]
    return {urllib.parse.urlsplit(url).hostname or "" for url in (index, *files)}


@pytest.mark.parametrize(("project", "python", "sources", "rest"), ELSEWHERE)
def test_sources_out_of_reach(
    project: str, python: str, sources: dict[str, str], rest: int, locks: Path, uv_wheelhouse: Module, tmp_path: Path
) -> None:
    """They are told by name, all in one error; without them the rest is collected. Only the index is in reach."""
    full = python_for(Lock(project, python, rest, built=frozenset({"unicodecsv"} if project == "relate" else ())))
    given = options(Lock(project, python, rest), locks, tmp_path, full)
    with Gate(of_the_index(locks / project / "uv.lock")) as gate:
        result = uv_wheelhouse(patience=900, environment=gate.environment, **given)
        assert result.failed
        assert gate.refused
        assert f"{len(sources)} file(s) could not be fetched" in result.msg
        assert all(said in result.msg for said in sources.values())
        assert "no_install_package" in result.msg
        assert not (tmp_path / "stage").exists()
        without = {**given, "no_install_package": list(sources)}
        result = succeed(uv_wheelhouse(patience=900, environment=gate.environment, **without))
    assert len(result["wheels"]) == rest
    assert not {wheel["name"] for wheel in result["wheels"]} & set(sources)
    shutil.rmtree(tmp_path)
