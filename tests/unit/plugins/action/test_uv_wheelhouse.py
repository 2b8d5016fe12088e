# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collect stays on the controller, whatever is said about the hosts. Run by ansible-playbook itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.tests.unit.support.collecting import TARGET, Collect
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import clean_environment, write_tree
from ansible_collections.airgap.uv.tests.unit.support.running import ansible_environment, ansible_playbook
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel

ALPHA = "alpha-1.0-py3-none-any.whl"

# Nothing of this can work on the controller, and none of these addresses answers (RFC 5737).
HOSTILE = {
    "ansible_host": "192.0.2.1",
    "ansible_connection": "ssh",
    "ansible_python_interpreter": "/nonexistent/python",
    "ansible_remote_tmp": "/nonexistent/tmp",
    "ansible_ssh_common_args": "-o ConnectTimeout=2",
}


@pytest.fixture
def collect(index: Index, tmp_path: Path) -> Collect:
    make_wheel(index.folder, "alpha")
    collect = Collect(tmp_path, index)
    collect.make("alpha")
    return collect


class Playbook:
    """One play of one task on hosts that nobody can reach."""

    def __init__(self, collect: Collect) -> None:
        self.collect = collect
        self.hosts: dict[str, dict[str, Any]] = {"web1": HOSTILE}
        self.play: dict[str, Any] = {}
        self.task: dict[str, Any] = {}

    def run(self, *words: str, environment: dict[str, str] | None = None, **options: Any) -> Any:
        folder = self.collect.folder
        given = {**self.collect.options, "frozen": True, **options}
        given["stage"] = {"path": str(self.collect.stage)}
        task = {"airgap.uv.uv_wheelhouse": {key: _plain(value) for key, value in given.items()}, **self.task}
        play = {"hosts": "all", "gather_facts": False, "tasks": [task], **self.play}
        # JSON is YAML
        write_tree(folder, {"play.yml": json.dumps([play]), "hosts.yml": json.dumps({"all": {"hosts": self.hosts}})})
        home = folder / "ansible-home"
        own = ansible_environment(home, clean_environment(home))
        command = [ansible_playbook(), "-i", "hosts.yml", "play.yml", *words]
        return subprocess.run(
            command,
            cwd=folder,
            env={**own, **(environment or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def succeed(self, *words: str, **options: Any) -> str:
        done = self.run(*words, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        assert ALPHA in self.collect.files or "--check" in words
        return str(done.stdout)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


@pytest.fixture
def playbook(collect: Collect) -> Playbook:
    return Playbook(collect)


NOBODY = {"become": True, "become_user": "nobody"}
SETTINGS: dict[str, dict[str, Any]] = {
    "a host out of reach": {},
    "become in the play": {"play": NOBODY},
    "become in the task": {"task": NOBODY},
    "become in the inventory": {"host": {"ansible_become": True, "ansible_become_user": "nobody"}},
    "become on the command line": {"words": ["-b", "--become-user", "nobody"]},
    "su instead of sudo": {"play": {**NOBODY, "become_method": "su"}},
    "delegated": {"task": {"delegate_to": "web2"}, "hosts": {"web2": {**HOSTILE, "ansible_host": "192.0.2.2"}}},
    "once for two hosts": {"task": {"run_once": True}, "hosts": {"web2": HOSTILE}},
    "local on the command line": {"words": ["-c", "local"]},
    "a shell that only the host has": {"host": {"ansible_shell_executable": "/nonexistent/sh"}},
    "another connection": {"host": {"ansible_connection": "containers.podman.podman"}},
    "settings of the environment": {
        "environment": {
            "ANSIBLE_BECOME": "true",
            "ANSIBLE_BECOME_USER": "nobody",
            "ANSIBLE_REMOTE_TEMP": "/nonexistent/tmp",
            "ANSIBLE_PYTHON_INTERPRETER": "/nonexistent/python",
            "ANSIBLE_PIPELINING": "true",
        }
    },
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_the_controller_collects(setting: str, playbook: Playbook) -> None:
    given = SETTINGS[setting]
    playbook.hosts = {"web1": {**HOSTILE, **given.get("host", {})}, **given.get("hosts", {})}
    playbook.play, playbook.task = given.get("play", {}), given.get("task", {})
    if setting == "delegated":
        playbook.play = {"hosts": "web1"}
    said = playbook.succeed(*given.get("words", []), environment=given.get("environment"))
    assert "unreachable=0" in said
    assert said.count("changed: [") == 1


def test_check_mode(playbook: Playbook) -> None:
    said = playbook.succeed("--check", "--diff", targets=[TARGET])
    assert "changed=1" in said
    assert f"+{ALPHA}" in said
    assert not playbook.collect.wheelhouse.exists()
    assert not playbook.collect.stage.exists()
    playbook.succeed()
    assert "changed=0" in playbook.succeed()


def test_the_interpreter_that_is_named(playbook: Playbook) -> None:
    folder = playbook.collect.folder
    write_tree(folder, {"python": f'#!/bin/sh\necho ran >> {folder}/named\nexec {sys.executable} "$@"\n'})
    (folder / "python").chmod(0o755)
    playbook.play = {"vars": {"named": f"{folder}/python", "uv_deploy_controller_python": "{{ named }}"}}
    playbook.succeed()
    assert (folder / "named").exists()


def test_an_error_is_one_message(playbook: Playbook) -> None:
    (playbook.collect.project / "uv.lock").unlink()
    done = playbook.run()
    assert done.returncode != 0
    assert f"There is no {playbook.collect.project}/uv.lock. Run `uv lock`" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_progress_is_shown_when_it_lasts(playbook: Playbook) -> None:
    collect = playbook.collect
    names = [f"wheel{number}" for number in range(4)]
    for name in names:
        collect.index.fail(make_wheel(collect.index.folder, name, padding=100_000).name, rate=50_000)
    (collect.project / "uv.lock").unlink()
    collect.make("alpha", *names)
    said = playbook.succeed(jobs=2)
    assert "airgap.uv: " in said
    assert "airgap.uv: " not in playbook.succeed()
