#!/usr/bin/python
# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: uv_python
short_description: Install a standalone Python from an archive, without any network
description:
  - Has C(uv python install) install a Python from an archive that lies on the host, such as one of the
    python-build-standalone project, after comparing its sha256. uv compares it too.
  - Each archive has a folder of its own, C(python/VERSION-HASH) under O(path), so that another build or the next
    patch release never touches a Python that is in use. uv's link from the minor version is removed.
  - A record with the hash of each installed file is written last, as C(SHA256SUMS) in that folder. Where it is
    missing, or a file or link is not as it was, or one was added, or the interpreter does not run, the Python is
    installed anew. Bytecode that Python adds is let be.
  - Pythons that nothing uses any more are not removed.
version_added: 0.1.0
author:
  - airgap.uv contributors (@airgap-uv)
options:
  archive:
    description:
      - The archive on the host, laid out as those of python-build-standalone are (C(python/bin), C(python/lib)),
        and packed as C(.tar.gz), C(.tgz) or C(.tar.zst).
    type: path
    required: true
  hash:
    description: Its sha256, as C(sha256:) and 64 digits.
    type: str
    required: true
  python:
    description:
      - The version that it holds, in full, with C(t) for a free-threaded one. Needed where the name of the file
        is not one that python-build-standalone gives.
    type: str
  platform:
    description:
      - The hosts that it runs on, in the words of uv's C(--python-platform), such as
        V(x86_64-unknown-linux-gnu), V(aarch64-unknown-linux-musl) or V(x86_64-manylinux_2_36). Needed where the
        name of the file does not tell it.
    type: str
  path:
    description: Folder that C(python) is in or is made in, such as the one that an application is deployed to.
    type: path
    required: true
  uv_executable:
    description:
      - uv to use, version 0.6.13 or later. By default the first on C(PATH), in C(/usr/local/bin) or in C(bin/)
        under O(path).
    type: path
  owner:
    description: User who owns what is installed. By default the one who runs the module.
    type: str
  group:
    description: Group that owns it. By default that of O(owner).
    type: str
attributes:
  check_mode:
    description: >-
      Can tell that it would install, on a host that has neither the archive nor uv yet too. The archive's hash is
      compared if it is there.
    support: full
  diff_mode:
    description: Shows the Python in its folder before and after.
    support: full
  platform:
    description: Hosts it can run on.
    support: full
    platforms: linux
notes:
  - Modes do not depend on a umask. Everybody can read and run what is installed.
  - Needs Python 3.9 or later on the host and nothing but its standard library.
seealso:
  - module: airgap.uv.uv_target_info
  - module: airgap.uv.uv_transfer
"""

EXAMPLES = r"""
- name: Install Python 3.12.7 below /opt/shop/python
  airgap.uv.uv_python:
    archive: /srv/cpython-3.12.7+20241016-x86_64-unknown-linux-gnu-install_only.tar.gz
    hash: "sha256:{{ python_sha256 }}"
    path: /opt/shop
  register: standalone

- name: Install an application with it
  airgap.uv.uv_sync:
    project: /opt/shop/releases/1.4.0-3f1c9a2b7d54
    python: "{{ standalone.python.path }}"
    locked: true
    no_index: true
    find_links:
      - ../../wheels

- name: Install a Python that was built on a Debian 12 of one's own
  airgap.uv.uv_python:
    archive: /srv/our-python.tar.gz
    hash: "{{ our_python_hash }}"
    python: 3.12.7
    platform: x86_64-manylinux_2_36
    path: /opt/shop
"""

RETURN = r"""
python:
  description: The interpreter. In check mode the one that would be there.
  returned: success
  type: dict
  sample:
    path: /opt/shop/python/3.12.7-3f1c9a2b7d54/cpython-3.12.7-linux-x86_64-gnu/bin/python3.12
    version: 3.12.7
home:
  description: Folder that this Python and nothing else is in.
  returned: success
  type: str
  sample: /opt/shop/python/3.12.7-3f1c9a2b7d54
uv:
  description: The uv that was used, or none where nothing was to be done.
  returned: success
  type: dict
  sample: {path: /usr/local/bin/uv, version: 0.13.8}
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airgap.uv.plugins.module_utils.arrival import Owner
from ansible_collections.airgap.uv.plugins.module_utils.deployment import Uv, folders_of
from ansible_collections.airgap.uv.plugins.module_utils.guard import guarded
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Runner
from ansible_collections.airgap.uv.plugins.module_utils.record import verify
from ansible_collections.airgap.uv.plugins.module_utils.standalone import Archive
from ansible_collections.airgap.uv.plugins.module_utils.standalone_install import Installation
from ansible_collections.airgap.uv.plugins.module_utils.sync_errors import Unwritable, UvMissing
from ansible_collections.airgap.uv.plugins.module_utils.watch import watched

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "archive": {"type": "path", "required": True},
    "hash": {"type": "str", "required": True},
    "python": {"type": "str"},
    "platform": {"type": "str"},
    "path": {"type": "path", "required": True},
    "uv_executable": {"type": "path"},
    "owner": {"type": "str"},
    "group": {"type": "str"},
}


def run_command(module: AnsibleModule, argv: Sequence[str], env: Mapping[str, str]) -> tuple[int, str, str]:
    """Run with exactly `env`; the module's own `run_command` can add variables but take none away."""
    kept = dict(os.environ)
    os.environ.clear()
    os.environ.update(env)
    try:
        rc, out, err = module.run_command(list(argv), cwd="/", handle_exceptions=False, expand_user_and_vars=False)
        return rc, out, err
    finally:
        os.environ.clear()
        os.environ.update(kept)


def find_uv(given: Mapping[str, Any], probe: Runner) -> Uv:
    folders = [*folders_of(os.environ.get("PATH", ""), Path("/usr/local/bin")), Path(given["path"]) / "bin"]
    found = Uv.find(given["uv_executable"], folders, probe)
    if found is None:
        raise UvMissing([str(folder) for folder in folders])
    return found


def installed(module: AnsibleModule) -> dict[str, Any]:
    """Everything that the module returns."""
    given = module.params
    archive = Archive.parse({**given, "path": given["archive"]}, "uv_python")
    source, deployment = Path(given["archive"]), Path(given["path"]).absolute()
    owner = Owner.parse(given["owner"], given["group"], module.check_mode)
    probe = watched(module.run_command)
    there = os.path.lexists(archive.home(deployment))
    found = archive.installed(deployment, probe)
    uv = None

    def run(argv: list[str], env: Mapping[str, str]) -> tuple[int, str, str]:
        return run_command(module, argv, env)

    installation = Installation(archive, deployment, owner, dict(os.environ), run, probe)
    settled = bool(found) and installation.settled
    if not found and module.check_mode:
        if source.is_file():
            verify(source, archive.sha256)
    elif not found:
        uv = find_uv(given, probe)
        installation.install(source, uv)
    elif not settled and not module.check_mode:
        installation.settle()
    return {
        "changed": not settled,
        "python": {"path": str(archive.interpreter(deployment)), "version": archive.build.version},
        "home": str(archive.home(deployment)),
        "uv": {"path": uv.path, "version": uv.version} if uv else None,
        "diff": describe(archive, deployment, found=bool(found), settled=settled, there=there),
    }


def describe(archive: Archive, deployment: Path, *, found: bool, settled: bool, there: bool) -> dict[str, str]:
    """The diff; what is there and is not whole, or is another's, is told as such."""
    header = str(archive.home(deployment))
    whole = f"Python {archive.build.python} out of {archive.heading}\n"
    before = "half of a Python, or one that was changed\n" if there else ""
    return {
        "before_header": header,
        "after_header": header,
        "before": (whole if settled else f"{whole}of another owner\n") if found else before,
        "after": whole,
    }


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    # uv sets modes by it, and the service user is to read what is installed.
    os.umask(0o022)
    with guarded(module):
        try:
            returned = installed(module)
        except OSError as error:
            raise Unwritable(str(error.filename or module.params["path"]), error.strerror or str(error)) from None
        module.exit_json(**returned)


if __name__ == "__main__":
    main()
