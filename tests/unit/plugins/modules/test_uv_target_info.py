# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys
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
