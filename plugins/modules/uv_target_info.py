#!/usr/bin/python
# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: uv_target_info
short_description: Tell which Python, platform and uv a host has
description:
  - Finds the Python that an application would run with, and describes it as a target of
    M(airgap.uv.uv_wheelhouse).
  - Tells too which uv, which wheels and which releases the host has, and what the folders that a deployment
    writes to allow. Changes nothing.
  - Where something cannot be told, such as the Python because there is none, the module fails, and its result
    holds everything else.
  - Needs only the Python that Ansible uses on the host.
version_added: 0.1.0
author:
  - airgap.uv contributors (@airgap-uv)
options:
  python:
    description:
      - A version (V(3.11), V(3.11.2), free-threaded V(3.13t), a debug build V(3.13d), V(pypy3.10)), a range
        (V(>=3.11,<3.14)) or the path of an interpreter.
      - It is started once, and has 10 seconds to answer.
      - Interpreters are looked for on C(PATH), in C(/usr/bin), C(/usr/local/bin) and C(/opt/*/bin). Virtual
        environments are passed over.
    type: str
  requires_python:
    description:
      - The range that the interpreter must be in when O(python) is not given. The system's C(python3) is
        taken if it fits, otherwise the newest that does.
    type: str
  path:
    description: Folder on the host that the application is deployed to. It need not be there.
    type: path
  uv_executable:
    description:
      - The host's uv. By default the first on C(PATH), in C(/usr/local/bin) or in C(bin/) under O(path).
    type: path
  service_user:
    description: User who is to read what is under O(path).
    type: str
  owner:
    description: User whom the code is to belong to. RV(unknown) tells whether the host knows it.
    type: str
  group:
    description: Group whom the code is to belong to. RV(unknown) tells whether the host knows it.
    type: str
attributes:
  check_mode:
    description: Can run in check mode and tell the same.
    support: full
  diff_mode:
    description: Changes nothing, so there is nothing to show.
    support: none
  platform:
    description: Hosts it can run on.
    support: full
    platforms: linux
seealso:
  - module: airgap.uv.uv_wheelhouse
"""

EXAMPLES = r"""
- name: Ask the host what it is
  airgap.uv.uv_target_info:
    python: "3.11"
  register: host

- name: Collect for it
  airgap.uv.uv_wheelhouse:
    project: /srv/checkouts/shop
    wheelhouse: /srv/wheelhouse
    targets:
      - "{{ host.target }}"
"""

RETURN = r"""
target:
  description: The host as a target of M(airgap.uv.uv_wheelhouse).
  returned: success
  type: dict
  contains:
    python:
      description:
        - Version of the interpreter, after C(pypy) if it is a PyPy, and with C(t) if it is free-threaded or C(d)
          if it is a debug build.
      type: str
      sample: 3.11.2
    platform:
      description:
        - Platform in the words of uv's C(--python-platform), or for another musl than 1.2 in those of wheels,
          such as C(x86_64-musllinux_1_1).
        - The architecture is the interpreter's own, such as C(i686) for a 32-bit one on a 64-bit kernel.
      type: str
      sample: x86_64-manylinux_2_36
    markers:
      description: Environment markers of the interpreter.
      type: dict
      sample: {sys_platform: linux}
python:
  description: The interpreter.
  returned: success
  type: dict
  contains:
    path:
      description: Where it is.
      type: str
      sample: /usr/bin/python3
    version:
      description: Its version.
      type: str
      sample: 3.11.2
    implementation:
      description: C(cpython) or C(pypy).
      type: str
      sample: cpython
    threaded:
      description: Whether it is a free-threaded build.
      type: bool
      sample: false
    debug:
      description: Whether it is a debug build.
      type: bool
      sample: false
    bits:
      description: Width of its pointers.
      type: int
      sample: 64
    lacks:
      description: Modules that uv needs of it and that it has not, such as C(distutils) in Python 3.9 of Debian.
      type: list
      elements: str
      sample: []
    arrives:
      description: File name of the archive that brings it, or none.
      type: str
      sample: null
libc:
  description: The C library, C(glibc) or C(musl), and its version.
  returned: success
  type: dict
  sample: {name: glibc, version: "2.36"}
uv:
  description: The host's uv, or none.
  returned: success
  type: dict
  sample: {path: /usr/local/bin/uv, version: 0.13.8}
unknown:
  description: Those of O(owner) and O(group) that the host does not know. Numbers need not be known.
  returned: always
  type: list
  elements: str
  sample: [user shop, group www]
rsync:
  description: Path of the host's rsync, or none.
  returned: success
  type: str
  sample: /usr/bin/rsync
user:
  description: User who runs the module.
  returned: success
  type: str
  sample: root
service_user:
  description:
    - Whether the host knows O(service_user), and the folder at or above O(path) that keeps the
      user out or none.
  returned: when O(service_user) is given
  type: dict
  sample: {name: shop, known: true, stopped_at: null}
current:
  description: Release that C(current) under O(path) names, or none.
  returned: when O(path) is given
  type: str
  sample: 0.1.0-3f1c9a2b7d54
current_python:
  description: Version of the Python of the current release, none if that Python or the release's lock is gone.
  returned: when O(path) is given
  type: str
  sample: 3.11.2
releases:
  description: Names of the releases under O(path), the one that was written longest ago first.
  returned: when O(path) is given
  type: list
  elements: str
  sample: [0.1.0-3f1c9a2b7d54]
in_the_way:
  description: Paths at or under O(path) that are no folder, or for C(current) no link, where one is needed.
  returned: when O(path) is given
  type: list
  elements: str
  sample: []
places:
  description:
    - The folders C(releases), C(wheels), C(bin) and C(python) under O(path), and C(tmp), where Ansible puts its own
      files, each with the nearest folder that is there (C(at)), a number that is one for all folders on a file
      system (C(device)), the space and the inodes that are free for this user (C(free_bytes), C(free_inodes);
      none where the file system does not count inodes), whether it is mounted read-only (C(read_only)) or without
      the right to run programs (C(noexec)), and whether this user may write there (C(writable)).
  returned: when O(path) is given
  type: dict
  sample:
    releases:
      at: /opt
      device: 65024
      free_bytes: 21474836480
      free_inodes: 1310720
      read_only: false
      noexec: false
      writable: true
wheels:
  description: Sizes of the wheels in C(wheels) under O(path).
  returned: when O(path) is given
  type: dict
  sample: {certifi-2024.8.30-py3-none-any.whl: 167321}
free_bytes:
  description: Free space where O(path) is or would be.
  returned: when O(path) is given
  type: int
  sample: 21474836480
"""

import os
import pwd
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airgap.uv.plugins.module_utils.deployment import (
    Deployment,
    DeploymentClosed,
    ServiceUser,
    Uv,
    executable_in,
    folders_of,
    unknown,
)
from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.guard import guarded
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Interpreter, Request, Runner
from ansible_collections.airgap.uv.plugins.module_utils.libc import Libc
from ansible_collections.airgap.uv.plugins.module_utils.places import kept_wheels, places
from ansible_collections.airgap.uv.plugins.module_utils.search import Search, find
from ansible_collections.airgap.uv.plugins.module_utils.watch import watched

ARGUMENT_SPEC = {
    "python": {"type": "str"},
    "requires_python": {"type": "str"},
    "path": {"type": "path"},
    "uv_executable": {"type": "path"},
    "service_user": {"type": "str"},
    "owner": {"type": "str"},
    "group": {"type": "str"},
}

Facts = dict[str, Any]


class HostUnfit(AirgapError):
    """What could not be told of the host, and beside it everything that could."""

    def __init__(self, errors: list[AirgapError], told: Facts) -> None:
        super().__init__(errors, told)
        self._errors = errors
        self._told = told

    def facts(self) -> Facts:
        found = {key: value for error in self._errors for key, value in error.facts().items()}
        return {**found, **self._told}

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self._errors)


@dataclass(frozen=True)
class Host:
    """What the facts are asked of: `folders` are searched for programs, `tmp` is Ansible's folder there."""

    run: Runner
    folders: list[Path]
    tmp: Path


def describe(given: Facts, host: Host) -> Facts:
    """Everything that the module returns. Raises `HostUnfit`."""
    told: Facts = {}
    errors: list[AirgapError] = []
    for part in (_general, _python, _uv, _deployed):
        try:
            told.update(part(given, host))
        except AirgapError as error:
            errors.append(error)
    if errors:
        raise HostUnfit(errors, told)
    return told


def _general(given: Facts, host: Host) -> Facts:
    return {
        "rsync": executable_in("rsync", host.folders),
        "user": _user(),
        "unknown": unknown(given["owner"], given["group"]),
    }


def _python(given: Facts, host: Host) -> Facts:
    search = Search.usual(os.environ.get("PATH", ""), own=str(Path(sys.base_prefix) / "bin"))
    python = find(Request.parse(given["python"], given["requires_python"]), search, host.run)
    libc = Libc.of(python, host.run)
    return {
        "target": {"python": python.name, "platform": libc.platform(python), "markers": dict(python.markers)},
        "python": _told_of(python),
        "libc": {"name": libc.name, "version": libc.version},
    }


def _told_of(python: Interpreter) -> Facts:
    return {
        "path": python.path,
        "version": python.version,
        "implementation": python.implementation,
        "threaded": python.threaded,
        "debug": python.debug,
        "bits": python.bits,
        "lacks": list(python.lacks),
        "arrives": None,
    }


def _uv(given: Facts, host: Host) -> Facts:
    own = [Path(given["path"]) / "bin"] if given["path"] else []
    uv = Uv.find(given["uv_executable"], [*host.folders, *own], host.run)
    return {"uv": {"path": uv.path, "version": uv.version} if uv else None}


def _deployed(given: Facts, host: Host) -> Facts:
    if not given["path"]:
        return {}
    path = Path(given["path"])
    deployment = Deployment(path)
    # The places first: they stand in for the rest where a folder is closed to this user.
    parts: dict[str, Callable[[], Any]] = {
        "places": lambda: places(path, tmp=host.tmp),
        "free_bytes": lambda: deployment.free_bytes,
        "in_the_way": lambda: deployment.in_the_way,
        "current": lambda: deployment.current,
        "current_python": lambda: deployment.current_python,
        "releases": lambda: deployment.releases,
        "wheels": lambda: kept_wheels(path / "wheels"),
    }
    if given["service_user"]:
        parts["service_user"] = lambda: vars(ServiceUser.of(given["service_user"], path)).copy()
    told: Facts = {}
    for name, part in parts.items():
        try:
            told[name] = part()
        except OSError as error:
            closed = DeploymentClosed(str(error.filename or path), error.strerror or str(error))
            raise HostUnfit([closed], told) from None
    return told


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        required_by={"service_user": ["path"]},
        supports_check_mode=True,
    )
    folders = folders_of(os.environ.get("PATH", ""), Path("/usr/local/bin"), Path("/usr/bin"))
    run = watched(module.run_command, executable_in("setsid", folders))
    with guarded(module):
        host = Host(run, folders, Path(module.tmpdir))
        module.exit_json(changed=False, **describe(module.params, host))


if __name__ == "__main__":
    main()
