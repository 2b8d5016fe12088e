# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import (
    FLAGS,
    PROBE,
    Interpreter,
    PythonRequestInvalid,
    Request,
    is_there,
)
from ansible_collections.airgap.uv.tests.unit.support.projects import run_command
from packaging.markers import default_environment


def run(argv: Sequence[str]) -> tuple[int, str, str]:
    return run_command(list(argv), "/", {})


def interpreter(name: str, implementation: str = "cpython", threaded: bool = False, debug: bool = False) -> Interpreter:
    markers = {"implementation_name": implementation, "platform_python_implementation": implementation.title()}
    return Interpreter("/usr/bin/python3", name, threaded, 64, None, markers, debug)


NAMES = [
    (interpreter("3.11.2"), "3.11.2"),
    (interpreter("3.13.1", threaded=True), "3.13.1t"),
    (interpreter("3.13.1", debug=True), "3.13.1d"),
    (interpreter("3.13.1", threaded=True, debug=True), "3.13.1td"),
    (interpreter("3.10.16", "pypy"), "pypy3.10.16"),
]


@pytest.mark.parametrize(("found", "name"), NAMES)
def test_an_interpreter_has_the_name_that_a_target_takes(found: Interpreter, name: str) -> None:
    assert found.name == name
    assert Request.parse(name).refusal(found) is None


BAD = ["foo", "2.7", "3.x", "3.11.2.1", ">=x", "pypy>=x", "graalpy", "@", "t", "-", "3.13tt", "3 11"]


@pytest.mark.parametrize("python", BAD)
def test_what_names_no_python_is_refused(python: str) -> None:
    with pytest.raises(PythonRequestInvalid, match=r"names no Python\. Give a version"):
        Request.parse(python)


def test_markers_are_those_of_packaging() -> None:
    own = Interpreter.probe(sys.executable, run)
    assert own.version == ".".join(map(str, sys.version_info[:3]))
    assert own.markers == default_environment()
    assert own.lacks == ()
    assert (own.threaded, own.debug) == ("t" in sys.abiflags, "d" in sys.abiflags)


PROGRAMS = [
    ("echo hello", "is no Python"),
    ("echo 5", "is no Python"),
    ("echo '{}'", "is no Python"),
    ("printf '%0.s[' $(seq 100000)", "is no Python"),
    (":", "is no Python"),
    ("exit 3", "does not run (code 3)"),
    ("echo '  all broken ' >&2; echo advice >&2; exit 1", "does not run (all broken)"),
    ("printf 'Traceback:\\n  File x\\nImportError: y\\n' >&2; exit 1", "does not run (ImportError: y)"),
    ("printf 'Path:\\nFatal Python error: z\\n<no frame>\\n' >&2; exit 1", "does not run (Fatal Python error: z)"),
    ("kill -SEGV $$", "does not run (ended by SIGSEGV)"),
    ("kill -9 $$", "does not run (ended by SIGKILL)"),
    ("""echo '{"version": "2.7.18", "missing": []}'""", "is Python 2.7.18"),
    (
        """echo '{"version": "3.11.2", "missing": ["json", "platform"]}'""",
        "is Python 3.11.2 without json, platform: its standard library is not whole (Debian's package python3, not "
        "python3-minimal, has it)",
    ),
]


@pytest.mark.parametrize(("script", "reason"), PROGRAMS)
def test_what_gives_no_facts_is_told_in_words(script: str, reason: str, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    with pytest.raises(ValueError) as caught:
        Interpreter.probe(str(program), run)
    assert str(caught.value) == reason


def test_one_that_cannot_be_started_is_told_with_the_reason() -> None:
    def overdue(argv: Sequence[str]) -> tuple[int, str, str]:
        raise TimeoutError(110, "no answer in 10 s")

    with pytest.raises(ValueError) as caught:
        Interpreter.probe("/usr/bin/python3", overdue)
    assert str(caught.value) == "does not run (no answer in 10 s)"


WITHOUT = """
import sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == {module!r}:
            raise ImportError(name)
for name in [name for name in sys.modules if name.split(".")[0] == {module!r}]:
    del sys.modules[name]
sys.meta_path.insert(0, Without())
"""


def without(module: str, *, more: str = "") -> Interpreter:
    """This Python as it describes itself when `module` is not installed."""

    def run_without(argv: Sequence[str]) -> tuple[int, str, str]:
        return run([*argv[:-1], WITHOUT.format(module=module) + more + argv[-1]])

    return Interpreter.probe(sys.executable, run_without)


def test_an_interpreter_with_half_a_library_says_what_is_missing() -> None:
    with pytest.raises(ValueError, match=r"is Python 3\.\d+\.\d+ without platform: its standard library"):
        without("platform")


BUILDS = [
    ({"Py_GIL_DISABLED": 1, "Py_DEBUG": 0}, (True, False)),
    ({"Py_GIL_DISABLED": 0, "Py_DEBUG": 1}, (False, True)),
    ({"Py_GIL_DISABLED": 1, "Py_DEBUG": 1}, (True, True)),
    ({}, (False, False)),
]


@pytest.mark.parametrize(("variables", "told"), BUILDS)
def test_a_build_is_told_as_packaging_tells_it(variables: dict[str, int], told: tuple[bool, bool]) -> None:
    built = f"import sysconfig\nsysconfig.get_config_var = {variables!r}.get\n"

    def run_built(argv: Sequence[str]) -> tuple[int, str, str]:
        return run([*argv[:-1], built + argv[-1]])

    found = Interpreter.probe(sys.executable, run_built)
    assert (found.threaded, found.debug) == told


# What Debian 11's Python 3.9 and others before 3.10 are like, for uv.
OLD = "import sysconfig\nsysconfig._PIP_USE_SYSCONFIG = False\n"


def test_uv_needs_distutils_where_sysconfig_is_not_asked() -> None:
    assert without("distutils", more=OLD).lacks == ("distutils",)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="before 3.11 uv needs distutils")
def test_distutils_is_not_missed_where_uv_does_without() -> None:
    assert without("distutils").lacks == ()


def test_nothing_is_written_and_nothing_of_the_user_is_read() -> None:
    assert {"-I", "-S", "-B"} <= set(FLAGS)
    assert "$" not in PROBE


def test_a_folder_of_somebody_else_on_path_is_passed_over() -> None:
    def closed(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    assert not is_there(Path("/root/.cargo/bin/uv"), closed)
