# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether rsync can reach a host without asking anybody anything, and what it is told if so.

rsync opens its own SSH connection: it can neither answer a prompt nor use what Ansible's own
connection was given for one.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Any

# Seconds without a byte after which rsync, and with it the task, gives up.
SILENCE = 60

# What rsync would have the remote shell read again.
_PLAIN_PATH = re.compile(r"^[\w@%+=:,./-]+$", re.ASCII)


@dataclass(frozen=True)
class Escalation:
    """How the task becomes another user on the host."""

    method: str
    user: str
    executable: str
    password: bool


@dataclass(frozen=True)
class Route:
    """The way from the controller to a host, as Ansible's connection plugin has it."""

    transport: str
    rsync: str | None
    ssh: str
    host: str
    port: int | None = None
    user: str | None = None
    private_key_file: str | None = None
    arguments: tuple[str, ...] = ()
    host_key_checking: bool = True
    timeout: int = 10
    password: bool = False
    other_key: bool = False
    escalation: Escalation | None = None

    def obstacle(self) -> str | None:
        """Why rsync cannot work from here, or none."""
        if self.transport != "ssh":
            return f"the connection is {self.transport}, not ssh"
        if not self.rsync:
            return "the controller has no rsync"
        if self.password:
            return "the connection uses a password, which rsync cannot give"
        if self.other_key:
            return "the connection uses a key that is in no file"
        if self.escalation and self.escalation.method not in ("sudo", "ansible.builtin.sudo"):
            return f"rsync cannot become another user with {self.escalation.method}"
        if self.escalation and self.escalation.password:
            return "sudo is given a password, which rsync cannot give"
        return None

    def obstacle_there(self, rsync: str | None, folder: str) -> str | None:
        """Why it cannot work on the host's side, or none."""
        if not rsync:
            return "the host has no rsync"
        if not (_PLAIN_PATH.match(folder) and _PLAIN_PATH.match(rsync)):
            return f"the path {folder} has characters that a shell would read otherwise"
        return None

    def remote_shell(self) -> str:
        """The ssh command: what Ansible's connection says, and never a prompt."""
        command = [self.ssh, "-S", "none", "-o", "BatchMode=yes", "-o", "Compression=no"]
        command += ["-o", f"ConnectTimeout={self.timeout}"]
        command += ["-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3"]
        if not self.host_key_checking:
            command += ["-o", "StrictHostKeyChecking=no"]
        if self.port:
            command += ["-o", f"Port={self.port}"]
        if self.user:
            command += ["-o", f"User={self.user}"]
        if self.private_key_file:
            command += ["-o", f"IdentityFile={self.private_key_file}"]
        for arguments in self.arguments:
            command += shlex.split(arguments)
        return shlex.join(command)

    def synchronize(self, src: str, dest: str, rsync: str) -> dict[str, Any]:
        """Options of ansible.posix.synchronize: a folder of links here, real files in `dest` there."""
        become = self.escalation
        there = [become.executable, "-n", "-u", become.user, rsync] if become else [rsync]
        host = f"[{self.host}]" if ":" in self.host else self.host
        return {
            "src": f"{src}/",
            "dest": f"{host}:{dest}/",
            "rsync_path": shlex.join(there),
            "archive": False,
            "recursive": True,
            "copy_links": True,
            "compress": False,
            "delay_updates": False,
            "rsync_timeout": SILENCE,
            "rsync_opts": [
                f"--rsh={shlex.quote(self.remote_shell())}",
                "--ignore-times",
                "--whole-file",
                "--chmod=D0700,F0600",
            ],
        }
