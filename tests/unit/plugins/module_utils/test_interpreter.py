# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import (
    Interpreter,
    PythonMissing,
    PythonRequestInvalid,
    Request,
    Search,
    find,
)
from ansible_collections.airgap.uv.tests.unit.support.projects import run_command
from packaging.markers import default_environment


def run(argv: Sequence[str]) -> tuple[int, str, str]:
    return run_command(list(argv), "/", {})


class Machine:
    """Folders with programs that answer as interpreters of a version do; `started` are those that were run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.started: list[str] = []
        self.answers: dict[str, str | None] = {}

    def add(self, path: str, version: str | None, implementation: str = "cpython") -> None:
        """`3.13.0t` is free-threaded; without a version the program does not run."""
        program = self.root / path
        program.parent.mkdir(parents=True, exist_ok=True)
        program.touch(mode=0o755)
        told = {
            "executable": str(program),
            "version": (version or "").rstrip("t"),
            "threaded": (version or "").endswith("t"),
            "bits": 64,
            "libc": "glibc 2.36",
            "markers": {"implementation_name": implementation, "platform_python_implementation": implementation},
        }
        self.answers[str(program)] = json.dumps(told) if version else None

    def run(self, argv: Sequence[str]) -> tuple[int, str, str]:
        self.started.append(str(Path(argv[0]).relative_to(self.root)))
        answer = self.answers[argv[0]]
        return (0, f"a line of a wrapper\n{answer}\n", "") if answer else (127, "", "noise\nnot found\n")

    def find(self, python: str | None = None, requires: str | None = None, path: str = "usr/bin") -> str:
        search = Search.usual(":".join(str(self.root / part) for part in path.split(":")), "/nowhere", self.root)
        return str(Path(find(Request.parse(python, requires), search, self.run).path).relative_to(self.root))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    machine.add("usr/bin/python3", "3.11.2")
    machine.add("usr/bin/python3.9", "3.9.18")
    machine.add("usr/local/bin/python3.13", "3.13.0")
    machine.add("usr/local/bin/python3.13t", "3.13.0t")
    machine.add("opt/py312/bin/python3", "3.12.1")
    return machine


FOUND = [
    (None, None, "usr/bin/python3"),
    (None, ">=3.9", "usr/bin/python3"),
    (None, ">=3.9,<3.11", "usr/bin/python3.9"),
    (None, ">=3.12", "opt/py312/bin/python3"),
    (None, ">3.12.5", "usr/local/bin/python3.13"),
    ("3", None, "usr/bin/python3"),
    ("3.11", None, "usr/bin/python3"),
    ("3.11.2", ">=3.13", "usr/bin/python3"),
    ("3.12", None, "opt/py312/bin/python3"),
    ("3.13", None, "usr/local/bin/python3.13"),
    ("3.13t", None, "usr/local/bin/python3.13t"),
    ("cpython-3.9", None, "usr/bin/python3.9"),
    ("cpython@3.9.18", None, "usr/bin/python3.9"),
    (">=3.12.2,<3.14", None, "usr/local/bin/python3.13"),
]


@pytest.mark.parametrize(("python", "requires", "path"), FOUND)
def test_order_is_that_of_uv(machine: Machine, python: str | None, requires: str | None, path: str) -> None:
    assert machine.find(python, requires) == path


def test_the_first_that_fits_is_the_only_one_that_runs(machine: Machine) -> None:
    machine.find(None, ">=3.9")
    assert machine.started == ["usr/bin/python3"]


def test_path_comes_before_the_usual_places(machine: Machine) -> None:
    assert machine.find("3.13", path="opt/py312/bin:usr/bin") == "usr/local/bin/python3.13"
    assert machine.find(path="opt/py312/bin:usr/bin") == "opt/py312/bin/python3"


def test_virtual_environments_are_passed_over(machine: Machine) -> None:
    (machine.root / "opt/py312/pyvenv.cfg").touch()
    with pytest.raises(PythonMissing):
        machine.find("3.12")
    assert machine.find(str(machine.root / "opt/py312/bin/python3")) == "opt/py312/bin/python3"


def test_what_does_not_run_or_is_another_implementation_is_told(machine: Machine) -> None:
    machine.add("usr/bin/python3.10", None)
    machine.add("opt/pypy/bin/python3.10", "3.10.16", implementation="PyPy")
    with pytest.raises(PythonMissing) as caught:
        machine.find("3.10")
    said = str(caught.value)
    assert said.startswith("The host has no Python that is 3.10. Install one there, or ask for another (python, ")
    assert f"Looked at in {machine.root}/usr/bin, {machine.root}/usr/local/bin" in said
    assert f"\n  {machine.root}/usr/bin/python3.10: does not run (not found)" in said
    assert f"\n  {machine.root}/opt/pypy/bin/python3.10: is PyPy 3.10.16, not CPython" in said
    assert f"\n  {machine.root}/usr/bin/python3: is 3.11.2" in said


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(PythonMissing) as caught:
        find(Request.parse("/nonexistent/python"), Search(()), run)
    assert "\n  /nonexistent/python: does not run (No such file or directory)" in str(caught.value)
    with pytest.raises(PythonMissing, match="/bin/echo: is no Python"):
        find(Request.parse("/bin/echo"), Search(()), run)


@pytest.mark.parametrize("python", ["foo", "2.7", "3.x", "3.11.2.1", ">=x", "pypy3.10"])
def test_what_names_no_python_is_refused(python: str) -> None:
    with pytest.raises(PythonRequestInvalid, match=r"names no Python\. Give a version"):
        Request.parse(python)


def test_markers_are_those_of_packaging() -> None:
    own = Interpreter.probe(sys.executable, run)
    assert own.version == ".".join(map(str, sys.version_info[:3]))
    assert own.markers == default_environment()
