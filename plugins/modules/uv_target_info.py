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
  - Tells too which uv and which releases the host has. Changes nothing.
  - Needs only the Python that Ansible uses on the host.
version_added: 0.1.0
author:
  - airgap.uv contributors (@airgap-uv)
options:
  python:
    description:
      - A version (V(3.11), V(3.11.2), V(3.13t)), a range (V(>=3.11,<3.14)) or the path of an interpreter.
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
      description: Version of the interpreter, with C(t) if it is free-threaded.
      type: str
      sample: 3.11.2
    platform:
      description: Platform in the words of uv's C(--python-platform).
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
  sample: {path: /usr/bin/python3, version: 3.11.2}
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
free_bytes:
  description: Free space where O(path) is or would be.
  returned: when O(path) is given
  type: int
  sample: 21474836480
"""

import os
import pwd
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airgap.uv.plugins.module_utils.deployment import (
    Deployment,
    DeploymentClosed,
    Libc,
    ServiceUser,
    Uv,
    executable_in,
    folders_of,
)
from ansible_collections.airgap.uv.plugins.module_utils.guard import guarded
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Request, Search, find

ARGUMENT_SPEC = {
    "python": {"type": "str"},
    "requires_python": {"type": "str"},
    "path": {"type": "path"},
    "uv_executable": {"type": "path"},
    "service_user": {"type": "str"},
}


def describe(module: AnsibleModule) -> dict[str, Any]:
    """Everything that the module returns."""

    def run(argv: Sequence[str]) -> tuple[int, str, str]:
        rc, out, err = module.run_command(list(argv), handle_exceptions=False)
        return rc, out, err

    given = module.params
    path = os.environ.get("PATH", "")
    search = Search.usual(path, own=str(Path(sys.base_prefix) / "bin"))
    python = find(Request.parse(given["python"], given["requires_python"]), search, run)
    libc = Libc.of(python, run)
    places = folders_of(path, Path("/usr/local/bin"), Path("/usr/bin"))
    own = [Path(given["path"]) / "bin"] if given["path"] else []
    uv = Uv.find(given["uv_executable"], [*places, *own], run)
    return {
        "target": {
            "python": python.name,
            "platform": libc.platform(python),
            "markers": dict(python.markers),
        },
        "python": {"path": python.path, "version": python.version},
        "libc": {"name": libc.name, "version": libc.version},
        "uv": {"path": uv.path, "version": uv.version} if uv else None,
        "rsync": executable_in("rsync", places),
        "user": _user(),
        **(_told_of(Path(given["path"]), given["service_user"]) if given["path"] else {}),
    }


def _told_of(path: Path, service_user: str | None) -> dict[str, Any]:
    try:
        return _deployed(path, service_user)
    except OSError as error:
        raise DeploymentClosed(str(error.filename or path), error.strerror or str(error)) from None


def _deployed(path: Path, service_user: str | None) -> dict[str, Any]:
    deployment = Deployment(path)
    told: dict[str, Any] = {
        "current": deployment.current,
        "current_python": deployment.current_python,
        "releases": deployment.releases,
        "in_the_way": deployment.in_the_way,
        "free_bytes": deployment.free_bytes,
    }
    if service_user:
        user = ServiceUser.of(service_user, path)
        told["service_user"] = {"name": user.name, "known": user.known, "stopped_at": user.stopped_at}
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
    with guarded(module):
        module.exit_json(changed=False, **describe(module))


if __name__ == "__main__":
    main()
