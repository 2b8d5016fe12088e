# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One task, run by ansible-playbook over its own ssh connection with a stand-in for ssh, or over a local one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.tests.unit.support.projects import clean_environment, write_tree
from ansible_collections.airgap.uv.tests.unit.support.running import ROOT

SSH = r"""#!/bin/sh
# options, then the host, then the command
while [ $# -gt 0 ]; do
  case "$1" in
    -o|-S|-l|-p|-i) shift 2 ;;
    -*) shift ;;
    *) break ;;
  esac
done
shift
exec /bin/sh -c "$*"
"""

LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


class Playing:
    """`output`: what the last run showed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.output = ""
        self.program("ssh", SSH)
        self.variables: dict[str, Any] = {
            "ansible_connection": "ssh",
            "ansible_host": "192.0.2.1",
            "ansible_ssh_executable": str(root / "ssh"),
            "ansible_ssh_transfer_method": "piped",
            "ansible_python_interpreter": sys.executable,
        }
        self.environment: dict[str, str] = {}

    def program(self, name: str, text: str) -> None:
        write_tree(self.root, {name: text})
        (self.root / name).chmod(0o755)

    @property
    def remote_tmp(self) -> Path:
        return self.root / "home/remote"

    def run(self, module: str, options: Mapping[str, Any], *words: str, **task: Any) -> dict[str, Any]:
        """The task's result."""
        own = {module: dict(options), "register": "told", "ignore_errors": True, **task}
        write = {"ansible.builtin.copy": {"content": "{{ told | to_json }}", "dest": str(self.root / "told.json")}}
        here = {"delegate_to": "localhost", "become": False, "check_mode": False, "vars": LOCAL}
        play = {"hosts": "all", "gather_facts": False, "tasks": [own, {**write, **here}]}
        hosts = {"all": {"hosts": {"web1": self.variables}}}
        # JSON is YAML
        write_tree(self.root, {"play.yml": json.dumps([play]), "hosts.yml": json.dumps(hosts)})
        self.output = self._ansible(words)
        result: dict[str, Any] = json.loads((self.root / "told.json").read_text())
        return result

    def _ansible(self, words: tuple[str, ...]) -> str:
        collections = [str(ROOT), *(path for path in sys.path if (Path(path) / "ansible_collections").is_dir())]
        environment = clean_environment(
            self.root / "home",
            ANSIBLE_COLLECTIONS_PATH=os.pathsep.join(dict.fromkeys(collections)),
            ANSIBLE_HOME=str(self.root / "home/ansible"),
            ANSIBLE_REMOTE_TMP=str(self.remote_tmp),
            ANSIBLE_NOCOLOR="1",
            ANSIBLE_DEPRECATION_WARNINGS="0",
            COLUMNS="1000",
            **self.environment,
        )
        beside = Path(sys.executable).with_name("ansible-playbook")
        command = [str(beside) if beside.is_file() else "ansible-playbook", "-i", "hosts.yml", "play.yml", *words]
        done = subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        return done.stdout + done.stderr
