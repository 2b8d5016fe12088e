# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the bytes travel. Run by ansible-playbook itself, over its own ssh connection with a stand-in for ssh.

The stand-in runs on this machine what it is asked to run on the host, so rsync, the connection and the
host's module are the real ones.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.tests.unit.support.playing import SSH, Playing
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256, tamper

BOTH = ["abc/beta-1.0-py3-none-any.whl", "alpha-1.0-py3-none-any.whl"]


class Play(Playing):
    """One task that brings two wheels to a host behind the stand-in."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.src, self.dest = root / "wheelhouse", root / "host/wheels"
        self.wheels = [make_wheel(self.src, "alpha"), make_wheel(self.src / "abc", "beta")]
        self.task: dict[str, Any] = {}

    def bring(self, *words: str, **options: Any) -> dict[str, Any]:
        """The task's result."""
        files = [
            {"path": str(wheel.relative_to(self.src)), "size": wheel.stat().st_size, "sha256": sha256(wheel)}
            for wheel in self.wheels
        ]
        trees = [{"src": str(self.src), "dest": str(self.dest), "files": files}]
        return self.run("airgap.uv.uv_transfer", {"trees": trees, **options}, *words, **self.task)

    @property
    def on_host(self) -> list[str]:
        return sorted(str(path.relative_to(self.dest)) for path in self.dest.rglob("*") if path.is_file())


@pytest.fixture
def play(tmp_path: Path) -> Play:
    if not shutil.which("rsync"):
        pytest.skip("rsync is not installed")
    return Play(tmp_path)


def test_rsync_brings_the_files_where_it_can(play: Play) -> None:
    first = play.bring()
    assert first["via"] == "rsync", play.output
    assert first["sent"] == [f"{play.dest}/{path}" for path in reversed(BOTH)]
    assert first["sent_bytes"] == sum(wheel.stat().st_size for wheel in play.wheels)
    assert play.on_host == BOTH
    again = play.bring()
    assert (again["changed"], again["sent"], again["via"]) == (False, [], None)


def test_only_what_is_missing_goes(play: Play) -> None:
    assert play.bring(via="connection")["replaced"] == []
    tamper(play.dest / BOTH[0])
    said = play.bring("--diff", via="connection")
    assert (said["sent"], said["via"]) == ([f"{play.dest}/{BOTH[0]}"], "connection")
    assert said["replaced"] == said["sent"]
    assert said["diff"]["prepared"].startswith(f"! {play.dest}/{BOTH[0]} (")
    assert sha256(play.dest / BOTH[0]) == sha256(play.wheels[1])


def test_check_mode_brings_nothing(play: Play) -> None:
    said = play.bring("--check", "--diff")
    assert (said["changed"], len(said["sent"]), said["via"]) == (True, 2, None)
    assert said["diff"]["prepared"].count("\n") == 2
    assert not play.dest.exists()


def test_when_rsync_fails_the_connection_takes_over_and_says_why(play: Play) -> None:
    refuse = 'case "$*" in *"rsync --server"*) echo "sudo: sorry" >&2; exit 1 ;; esac'
    play.program("ssh", SSH.replace("exec ", f"{refuse}\nexec "))
    said = play.bring()
    assert said["via"] == "connection", play.output
    assert play.on_host == BOTH
    assert "rsync failed, so files go over Ansible's connection: sudo: sorry" in play.output


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({"ansible_become_method": "su"}, "rsync cannot become another user with su"),
        ({"ansible_become_password": "made-up"}, "sudo is given a password, which rsync cannot give"),
    ],
)
def test_rsync_alone_is_refused_where_somebody_would_be_asked(play: Play, variables: dict[str, str], why: str) -> None:
    play.variables = {**play.variables, "ansible_become": True, **variables}
    said = play.bring(via="rsync")
    assert said["msg"].endswith(f"via: rsync cannot work here, because {why}.")
    assert not play.dest.exists()


def test_a_file_that_is_gone_is_named(play: Play) -> None:
    gone = {"path": "x.whl", "size": 1, "sha256": "0" * 64}
    said = play.bring(trees=[{"src": str(play.src), "dest": str(play.dest), "files": [gone]}])
    assert f"The controller lacks 1 file(s) to send. Collect again:\n  {play.src}/x.whl" in said["msg"]
    assert list(play.dest.iterdir()) == []


def test_what_the_inventory_says_of_the_host_does_not_reach_the_controller(play: Play) -> None:
    play.program("python", f'#!/bin/sh\necho ran >> {play.root}/there\nexec {sys.executable} "$@"\n')
    play.variables["ansible_python_interpreter"] = str(play.root / "python")
    play.task = {"environment": {"RSYNC_RSH": "/nonexistent"}}
    said = play.bring(via="rsync")
    assert said.get("via") == "rsync", play.output
    # compare and receive; synchronize ran under the Python that runs Ansible
    assert (play.root / "there").read_text().count("ran") == 2


def test_a_local_connection_needs_neither(play: Play) -> None:
    play.variables = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    said = play.bring()
    assert (said["changed"], said["via"]) == (True, "connection")
    assert play.on_host == BOTH
