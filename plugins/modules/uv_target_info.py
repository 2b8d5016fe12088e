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
  python_archives:
    description:
      - Archives of standalone builds of Python. The first that fits the host and O(python) is described in the place
        of a Python that the host has, whether or not it is installed yet; RV(python) tells.
      - Each has a C(path), of which the file's name counts here, a C(hash), and C(python) and C(platform) where the
        file's name does not tell them. O(path) is needed too.
    type: list
    elements: dict
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
  libraries:
    description:
      - Names of shared libraries, such as V(libpq.so.5), or with a version that the library must define, such as
        V(libstdc++.so.6(GLIBCXX_3.4.29\)). RV(missing_libraries) tells which of them the host lacks.
      - Each is loaded once with the interpreter, in a process of its own. A C(libpython) is not said to be missing
        before the interpreter that it belongs to is there.
    type: list
    elements: str
    default: []
  servers:
    description:
      - URLs of servers, such as V(https://index.example). RV(unreachable_servers) tells which of them the host does not
        reach.
      - A connection is opened to each, or to the proxy that the environment of the task names for it.
    type: list
    elements: str
    default: []
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
      description: File name of the archive of O(python_archives) that brings it, or none.
      type: str
      sample: null
    installed:
      description: Whether it is there. One that arrives and is not is told of before it is there.
      type: bool
      sample: true
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
missing_libraries:
  description:
    - Those of O(libraries) that cannot be loaded, each with what the loader says, and those that lack the version, with
      the path of what the loader finds.
  returned: when O(libraries) is given
  type: dict
  sample:
    libpq.so.5: "libpq.so.5: cannot open shared object file: No such file or directory"
    libstdc++.so.6(GLIBCXX_3.4.29): /lib/x86_64-linux-gnu/libstdc++.so.6 has no GLIBCXX_3.4.29
unreachable_servers:
  description: Those of O(servers) that no connection comes about to, each with the reason.
  returned: when O(servers) is given
  type: dict
  sample: {"https://index.example": "index.example:443: Connection refused"}
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
import sys
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airgap.uv.plugins.module_utils.deployment import folders_of
from ansible_collections.airgap.uv.plugins.module_utils.guard import guarded
from ansible_collections.airgap.uv.plugins.module_utils.host import Host, Question
from ansible_collections.airgap.uv.plugins.module_utils.search import Search
from ansible_collections.airgap.uv.plugins.module_utils.watch import watched

ARGUMENT_SPEC = {
    "python": {"type": "str"},
    "requires_python": {"type": "str"},
    "python_archives": {"type": "list", "elements": "dict"},
    "path": {"type": "path"},
    "uv_executable": {"type": "path"},
    "service_user": {"type": "str"},
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "libraries": {"type": "list", "elements": "str", "default": []},
    "servers": {"type": "list", "elements": "str", "default": []},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        required_by={"service_user": ["path"]},
        supports_check_mode=True,
    )
    path = os.environ.get("PATH", "")
    folders = folders_of(path, Path("/usr/local/bin"), Path("/usr/bin"))
    host = Host(
        run=watched(module.run_command),
        folders=folders,
        search=Search.usual(path, own=str(Path(sys.base_prefix) / "bin")),
        own=sys.executable,
        # The folder that it makes in there for this module is gone afterwards.
        tmp=Path(module.tmpdir).parent,
    )
    with guarded(module):
        module.exit_json(changed=False, **host.answer(Question.parse(module.params)))


if __name__ == "__main__":
    main()
