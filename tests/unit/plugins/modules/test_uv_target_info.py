# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.tests.unit.support.running import Module, snapshot

PYTHON = getattr(sys, "_base_executable", sys.executable)
VERSION = ".".join(map(str, sys.version_info[:3]))


@pytest.fixture
def uv_target_info(tmp_path: Path) -> Module:
    (tmp_path / "home").mkdir()
    return Module("uv_target_info", tmp_path / "home")


@pytest.mark.parametrize("check", [False, True])
def test_a_bare_host_tells_all_and_stays_as_it_is(uv_target_info: Module, tmp_path: Path, check: bool) -> None:
    before = snapshot(tmp_path / "opt")
    said = uv_target_info(python=PYTHON, path=tmp_path / "opt/app", check=check)
    assert not said.failed, said.msg
    assert said["changed"] is False
    assert said["python"]["version"] == VERSION
    assert said["target"]["python"].startswith(VERSION)
    assert said["target"]["markers"]["python_full_version"].startswith(VERSION)
    assert said["target"]["platform"].endswith("_".join(said["libc"]["version"].split(".")))
    assert (said["current"], said["current_python"], said["releases"]) == (None, None, [])
    assert said["free_bytes"] > 0
    assert said["wheels"] == {}
    assert set(said["places"]) == {"releases", "wheels", "bin", "python", "tmp"}
    # Not the folder in it that Ansible makes for this run alone.
    assert said["places"]["tmp"]["at"] == str(tmp_path / "home/tmp")
    assert said["places"]["releases"]["at"] == str(tmp_path)
    assert snapshot(tmp_path / "opt") == before


def test_without_a_path_nothing_is_told_of_releases(uv_target_info: Module) -> None:
    said = uv_target_info(python=PYTHON)
    assert "releases" not in said.data
    assert "free_bytes" not in said.data


def test_a_named_uv_is_the_one(uv_target_info: Module, tmp_path: Path) -> None:
    named = tmp_path / "uv"
    named.write_text("#!/bin/sh\necho uv 0.6.1\n")
    named.chmod(0o755)
    said = uv_target_info(python=PYTHON, uv_executable=named)
    assert said["uv"] == {"path": str(named), "version": "0.6.1"}


def test_names_that_the_host_does_not_know_are_told(uv_target_info: Module) -> None:
    said = uv_target_info(python=PYTHON, owner="no-such-user", group="root")
    assert said["unknown"] == ["user no-such-user"]


def test_an_interpreter_that_hangs_is_ended_and_all_else_is_told(uv_target_info: Module, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nsleep 300\n")
    program.chmod(0o755)
    started = time.monotonic()
    said = uv_target_info(python=program, path=tmp_path / "opt/app", service_user="root")
    assert time.monotonic() - started < 60
    assert said.failed
    assert said.msg == (
        f"python: {program} does not run (no answer in 10 s). Put that right on the host, or name another "
        "interpreter (python, uv_deploy_python)."
    )
    assert "target" not in said.data
    assert said["places"]["wheels"]["writable"]
    assert said["service_user"] == {"name": "root", "known": True, "stopped_at": None}


def test_garbage_in_no_known_encoding_is_no_python(uv_target_info: Module, tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_bytes(b"#!/bin/sh\nprintf '\\377\\000\\n{'\n")
    program.chmod(0o755)
    said = uv_target_info(python=program)
    assert said.failed
    assert said.msg.startswith(f"python: {program} is no Python.")


BAD = [
    ({"python": "3.99"}, "The host has no Python that is 3.99. Install one there, or ask for another"),
    ({"requires_python": ">=3.99"}, "The host has no Python that is within requires-python >=3.99."),
    ({"python": "foo"}, "python: 'foo' names no Python. Give a version"),
    ({"python": PYTHON, "uv_executable": "/nonexistent/uv"}, "uv_executable: /nonexistent/uv does not exist."),
    ({"service_user": "nobody"}, "missing parameter(s) required by 'service_user': path"),
]


@pytest.mark.parametrize(("options", "said"), BAD)
def test_bad_input_gets_a_sentence(uv_target_info: Module, options: dict[str, str], said: str) -> None:
    result = uv_target_info(**options)
    assert result.failed
    assert said in result.msg
