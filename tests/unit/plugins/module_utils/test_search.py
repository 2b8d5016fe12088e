# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Request
from ansible_collections.airgap.uv.plugins.module_utils.search import PythonMissing, PythonUnusable, Search, find
from ansible_collections.airgap.uv.tests.unit.support.projects import run_command


def run(argv: Sequence[str]) -> tuple[int, str, str]:
    return run_command(list(argv), "/", {})


class Machine:
    """Folders with programs that answer as interpreters of a version do; `started` are those that were run."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.started: list[str] = []
        self.answers: dict[str, str | None] = {}

    def add(self, path: str, version: str | None, implementation: str = "CPython") -> None:
        """`3.13.0td` is a free-threaded debug build; without a version the program does not run."""
        program = self.root / path
        program.parent.mkdir(parents=True, exist_ok=True)
        program.touch(mode=0o755)
        told = {
            "executable": str(program),
            "version": (version or "").rstrip("td"),
            "threaded": "t" in (version or ""),
            "debug": "d" in (version or ""),
            "lacks": [],
            "bits": 64,
            "libc": "glibc 2.36",
            "markers": {
                "implementation_name": implementation.lower(),
                "platform_python_implementation": implementation,
            },
        }
        self.answers[str(program)] = json.dumps(told) if version else None

    def run(self, argv: Sequence[str]) -> tuple[int, str, str]:
        self.started.append(str(Path(argv[0]).relative_to(self.root)))
        answer = self.answers[argv[0]]
        return (0, f"a line of a wrapper\n{answer}\n", "") if answer else (127, "", "not found\nnoise\n")

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
    machine.add("usr/local/bin/python3.13d", "3.13.0d")
    machine.add("usr/bin/python3.11-dbg", "3.11.2d")
    machine.add("opt/py312/bin/python3", "3.12.1")
    machine.add("opt/pypy/bin/pypy3.10", "3.10.16", "PyPy")
    machine.add("opt/pypy/bin/python3", "3.10.16", "PyPy")
    machine.add("usr/bin/pypy3", "3.9.16", "PyPy")
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
    ("3.13d", None, "usr/local/bin/python3.13d"),
    ("3.13+debug", None, "usr/local/bin/python3.13d"),
    ("3.11d", None, "usr/bin/python3.11-dbg"),
    ("cpython", None, "usr/bin/python3"),
    ("cp312", None, "opt/py312/bin/python3"),
    ("pypy", None, "usr/bin/pypy3"),
    ("pypy3.10", None, "opt/pypy/bin/pypy3.10"),
    ("pypy@3.10.16", None, "opt/pypy/bin/pypy3.10"),
    ("pypy>=3.10", None, "opt/pypy/bin/pypy3.10"),
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


VARIANTS = [
    ("3.12t", "opt/py312/bin/python3: is CPython 3.12.1, not free-threaded"),
    ("3.13td", "usr/local/bin/python3.13: is CPython 3.13.0, not free-threaded"),
    ("3.12d", "opt/py312/bin/python3: is CPython 3.12.1, not a debug build"),
    ("pypy3.11", "usr/bin/pypy3: is pypy3.9.16"),
    ("pypy3.11", "usr/bin/python3: is CPython 3.11.2, not PyPy"),
]


@pytest.mark.parametrize(("python", "said"), VARIANTS)
def test_another_variant_is_not_the_one(machine: Machine, python: str, said: str) -> None:
    with pytest.raises(PythonMissing) as caught:
        machine.find(python)
    assert f"\n  {machine.root}/{said}" in f"{caught.value}\n"


def test_a_path_is_taken_as_it_is(machine: Machine) -> None:
    machine.add("opt/graal/bin/python", "3.11.7", "GraalVM")
    assert machine.find(str(machine.root / "usr/local/bin/python3.13d")) == "usr/local/bin/python3.13d"
    with pytest.raises(
        PythonUnusable, match=r"python: .*/graal/bin/python is GraalVM 3\.11\.7, neither CPython nor PyPy"
    ):
        machine.find(str(machine.root / "opt/graal/bin/python"))
    with pytest.raises(PythonUnusable) as caught:
        find(Request.parse("/nonexistent/python"), Search(()), run)
    assert str(caught.value) == (
        "python: /nonexistent/python does not run (No such file or directory). Put that right on the host, or name "
        "another interpreter (python, uv_deploy_python)."
    )
    (machine.root / "loop").symlink_to("loop")
    with pytest.raises(PythonUnusable, match=r"python: .*/loop does not run "):
        find(Request.parse(str(machine.root / "loop")), Search(()), run)
    with pytest.raises(PythonUnusable, match="python: /bin/echo is no Python"):
        find(Request.parse("/bin/echo"), Search(()), run)
