# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the role as a playbook does. Hosts and controller are this machine, below one temporary folder."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.tests.unit.support.projects import clean_environment, uv_executable, write_tree
from ansible_collections.airgap.uv.tests.unit.support.running import ansible_environment, ansible_playbook

USER = pwd.getpwuid(os.getuid()).pw_name

# Every module call on the host starts this interpreter once; what runs on the controller does not.
COUNTING = f'#!/bin/sh\necho started >> {{log}}\nexec {sys.executable} "$@"\n'


class Deployment:
    """A project, the playbook that deploys it, and the path on the host."""

    def __init__(self, folder: Path, project: Path) -> None:
        self.folder = folder
        self.project = Path(shutil.copytree(project, folder / "app"))
        self.path = folder / "host/app"
        self.home = folder / "home"
        self.log = folder / "calls"
        self.program("python", COUNTING.format(log=self.log))
        self.hosts: dict[str, dict[str, Any]] = {"web1": {}}
        self.play: dict[str, Any] = {}
        self.plays: list[dict[str, Any]] = []  # instead
        self.output = ""

    def program(self, name: str, text: str) -> Path:
        write_tree(self.folder, {name: text})
        (self.folder / name).chmod(0o755)
        return self.folder / name

    def inventory(self, **variables: Any) -> dict[str, dict[str, Any]]:
        """The hosts' variables. `variables` are the role's, without their prefix."""
        given = {
            "project": str(self.project),
            "path": str(self.path),
            "owner": USER,
            "python": sys.executable,
            "uv_executable": str(uv_executable()),
            "retries": 0,
            "timeout": 5,
            **variables,
        }
        connection = {"ansible_connection": "local", "ansible_python_interpreter": str(self.folder / "python")}
        return {
            host: {**connection, **{f"uv_deploy_{key}": value for key, value in {**given, **own}.items()}}
            for host, own in self.hosts.items()
        }

    def run(self, *words: str, **variables: Any) -> int:
        """Run the role; return the exit code. `variables` are the role's, without their prefix."""
        hosts = self.inventory(**variables)
        play = {"hosts": "all", "gather_facts": False, "roles": ["airgap.uv.uv_deploy"], **self.play}
        # JSON is YAML
        write_tree(
            self.folder,
            {"play.yml": json.dumps(self.plays or [play]), "hosts.yml": json.dumps({"all": {"hosts": hosts}})},
        )
        self.log.unlink(missing_ok=True)
        done = subprocess.run(
            [ansible_playbook(), "-i", "hosts.yml", "play.yml", *words],
            cwd=self.folder,
            env=ansible_environment(self.folder / "ansible-home", clean_environment(self.home)),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        self.output = done.stdout + done.stderr
        return done.returncode

    def succeed(self, *words: str, **variables: Any) -> str:
        """Run the role to its end; return the name of the release that is current then."""
        assert self.run(*words, **variables) == 0, self.output
        return self.current

    def edit(self, code: str) -> None:
        """Change the project's code."""
        write_tree(self.project, {"main.py": f"print({code!r})\n"})

    @property
    def calls(self) -> int:
        """How many modules the last run started on the host."""
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0

    @property
    def changed(self) -> list[int]:
        """How many tasks changed something, by host."""
        return [int(number) for number in re.findall(r" changed=(\d+) ", self.output)]

    @property
    def current(self) -> str:
        """The release that `current` points to, or nothing."""
        link = self.path / "current"
        return Path(os.readlink(link)).name if link.is_symlink() else ""

    @property
    def releases(self) -> set[str]:
        return {path.name for path in (self.path / "releases").iterdir()}

    @property
    def says(self) -> tuple[str, str]:
        """What the installed console script and the deployed code answer."""
        commands = [[".venv/bin/alpha"], [".venv/bin/python", "main.py"]]
        script, code = (
            subprocess.run(command, cwd=self.path / "current", capture_output=True, text=True, check=True).stdout
            for command in commands
        )
        return script.strip(), code.strip()
