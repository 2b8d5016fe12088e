#!/usr/bin/python
# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: uv_transfer
short_description: Bring verified files from the controller to a host
description:
  - Compares the files of one or more folders with those on the host, by their sha256 and nothing else, and
    brings what is not there byte for byte. Each file is written beside, verified and renamed.
  - Files go with M(ansible.posix.synchronize) where that can work without asking anything. Otherwise they go
    over Ansible's own connection, in portions, which needs no program on the host but Ansible's Python.
  - Modes are set outright and depend on no umask. Folders get V(0755).
version_added: 0.1.0
author:
  - airgap.uv contributors (@airgap-uv)
options:
  trees:
    description: The folders. All of them are compared in one go.
    type: list
    elements: dict
    required: true
    suboptions:
      src:
        description: Folder on the controller.
        type: str
        required: true
      dest:
        description: Folder on the host. It is made if it is not there.
        type: path
        required: true
      files:
        description:
          - What is to be in the folder. Either C(path), C(size) in bytes, C(sha256) and C(mode) (V('0644') or
            V('0755'), the former by default) of a file, or C(path) and C(link) of a symbolic link.
          - Paths are relative to O(trees[].src) and O(trees[].dest).
        type: list
        elements: dict
        required: true
      delete:
        description: Remove what is in the folder and not listed.
        type: bool
        default: false
      keep:
        description: Names directly in the folder that O(trees[].delete) leaves alone.
        type: list
        elements: str
        default: []
  scripts:
    description:
      - Programs to take out of wheels on the host, once these are there. Only for wheels that O(trees) lists, so
        that their hash is verified.
    type: list
    elements: dict
    default: []
    suboptions:
      wheel:
        description: Path of the wheel on the host.
        type: path
        required: true
      name:
        description: Name of the program in the wheel's C(scripts) folder.
        type: str
        required: true
      path:
        description: Path that the program gets. It is executable for all.
        type: path
        required: true
  owner:
    description: User on the host who owns the files. By default the one who runs the module.
    type: str
  group:
    description: Group on the host that owns the files. By default that of O(owner).
    type: str
  via:
    description:
      - How files travel. V(rsync) is M(ansible.posix.synchronize) and fails where it cannot work, V(connection)
        is Ansible's own connection, and V(auto) falls back from the one to the other.
    type: str
    choices: [auto, rsync, connection]
    default: auto
  step:
    description: What the action plugin asks of the host. It is set there and of no use in a playbook.
    type: dict
    suboptions:
      name:
        description:
          - Compare, do everything on a host that is the controller, put in place what arrived, or give up.
        type: str
        choices: [compare, direct, receive, abandon]
        required: true
      files:
        description: The files that arrived.
        type: list
        elements: str
        default: []
      incoming:
        description: Folder beside, where files arrive.
        type: path
      archive:
        description: The tar that they arrived in.
        type: path
      last:
        description: Whether no more files come.
        type: bool
        default: false
attributes:
  action:
    description: Has an action plugin on the controller.
    support: full
  check_mode:
    description: Can run in check mode and tell what would be brought, on a host where nothing is yet too.
    support: full
  diff_mode:
    description: Lists what is brought and removed.
    support: full
  platform:
    description: Hosts it can run on.
    support: full
    platforms: posix
seealso:
  - module: ansible.posix.synchronize
  - module: airgap.uv.uv_wheelhouse
"""

EXAMPLES = r"""
- name: Bring the wheels
  airgap.uv.uv_transfer:
    owner: root
    trees:
      - src: /srv/wheelhouse
        dest: /opt/shop/wheels
        files: "{{ collected.wheels }}"
"""

RETURN = r"""
sent:
  description: Paths on the host of the files that were brought.
  returned: success
  type: list
  elements: str
  sample: [/opt/shop/wheels/flask-3.1.0-py3-none-any.whl]
replaced:
  description:
    - Those of RV(sent) in whose place other bytes lay. Nobody changes a wheel in passing, so find out who did.
  returned: success
  type: list
  elements: str
  sample: []
sent_bytes:
  description: Bytes of RV(sent).
  returned: success
  type: int
  sample: 102979
via:
  description: How they travelled, V(rsync) or V(connection). None if there was nothing to bring.
  returned: success
  type: str
  sample: rsync
removed:
  description: Paths on the host that were removed.
  returned: success
  type: list
  elements: str
  sample: []
"""

import os
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airgap.uv.plugins.module_utils.arrival import (
    INCOMING,
    Arrival,
    Owner,
    inside,
    missing,
    readable,
    remove,
    surplus,
)
from ansible_collections.airgap.uv.plugins.module_utils.deployment import executable_in, folders_of
from ansible_collections.airgap.uv.plugins.module_utils.guard import guarded
from ansible_collections.airgap.uv.plugins.module_utils.transfer import (
    Key,
    TransferInvalid,
    parse_trees,
)
from ansible_collections.airgap.uv.plugins.module_utils.wheelscript import WheelScript

CHOICES = ["compare", "direct", "receive", "abandon"]

ARGUMENT_SPEC = {
    "trees": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "src": {"type": "str", "required": True},
            "dest": {"type": "path", "required": True},
            "files": {"type": "list", "elements": "dict", "required": True},
            "delete": {"type": "bool", "default": False},
            "keep": {"type": "list", "elements": "str", "default": []},
        },
    },
    "scripts": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "wheel": {"type": "path", "required": True},
            "name": {"type": "str", "required": True},
            "path": {"type": "path", "required": True},
        },
    },
    "owner": {"type": "str"},
    "group": {"type": "str"},
    "via": {"type": "str", "choices": ["auto", "rsync", "connection"], "default": "auto"},
    "step": {
        "type": "dict",
        "options": {
            "name": {"type": "str", "choices": CHOICES, "required": True},
            "files": {"type": "list", "elements": "str", "default": []},
            "incoming": {"type": "path"},
            "archive": {"type": "path"},
            "last": {"type": "bool", "default": False},
        },
    },
}


class Transfer:
    """One call of the module: the trees, and what was found and done so far."""

    def __init__(self, module: AnsibleModule) -> None:
        given = module.params
        self.dry: bool = module.check_mode
        self.trees = parse_trees(given["trees"])
        self.owner = Owner.parse(given["owner"], given["group"], module.check_mode)
        self.arrivals = [Arrival(tree, self.owner, self.dry) for tree in self.trees]
        self.scripts = [WheelScript.parse(raw, f"scripts[{number}]") for number, raw in enumerate(given["scripts"])]
        self.removed: list[str] = []

    def missing(self) -> list[Key]:
        return [Key(number, file) for number, tree in enumerate(self.trees) for file in missing(tree)]

    def differing(self, keys: Sequence[Key]) -> list[str]:
        """Names of the keys in whose place something else lies."""
        return [key.name for key in keys if os.path.lexists(self._place(key))]

    def _place(self, key: Key) -> Path:
        tree = self.trees[key.tree]
        return inside(tree, tree.files[key.file].path)

    def open(self) -> Path:
        """The folder for what comes; the trees' own folders are made with it."""
        return self.arrivals[0].open()

    def incoming(self, named: str | None) -> Path:
        """The folder that `open` made, and no other: it is removed in the end."""
        path = Path(named or "/")
        if path.parent == Path(self.trees[0].dest) and path.name.startswith(INCOMING):
            return path
        raise TransferInvalid("step.incoming", f"{named} is no folder of incoming files")

    def copy(self, keys: Sequence[Key]) -> None:
        """From the source itself, on a controller that is the host."""
        incoming = self.open()
        try:
            for key in keys:
                tree, file = self.trees[key.tree], self.trees[key.tree].files[key.file]
                source = Path(tree.src) / file.path
                with readable(source), source.open("rb") as stream:
                    self.arrivals[key.tree].write(file, stream, incoming)
        finally:
            remove(incoming)

    def unpack(self, archive: Path, keys: Sequence[Key], incoming: Path) -> None:
        """A tar is a stranger's: only regular files that were asked for, each once and of its size."""
        wanted = set(keys)
        with readable(archive), tarfile.open(archive, "r|") as tar:
            for member in tar:
                key = Key.parse(member.name, self.trees)
                file = self.trees[key.tree].files[key.file]
                stream = tar.extractfile(member) if member.isreg() and member.size == file.size else None
                if key not in wanted or stream is None:
                    raise TransferInvalid("transfer", f"the archive's {member.name!r} was not asked for")
                wanted.remove(key)
                self.arrivals[key.tree].write(file, stream, incoming)
        if wanted:
            raise TransferInvalid("transfer", f"the archive lacks {len(wanted)} file(s)")

    def take(self, keys: Sequence[Key], incoming: Path) -> None:
        """What rsync wrote beside."""
        for key in keys:
            self.arrivals[key.tree].take(self.trees[key.tree].files[key.file], incoming / key.name)

    def settle(self) -> list[str]:
        """Everything but the bytes: surplus, links, modes and programs. Gives the paths that changed."""
        for tree in self.trees:
            for path in surplus(tree):
                self.removed.append(str(path))
                if not self.dry:
                    remove(path)
        for arrival in self.arrivals:
            arrival.settle_links()
            arrival.settle_modes()
        changed = [path for arrival in self.arrivals for path in arrival.changed]
        for script in self.scripts:
            if not script.settled(self.owner):
                changed.append(str(script.path))
                if not self.dry:
                    script.settle(self.owner)
        return changed


def compare(transfer: Transfer, step: str) -> dict[str, Any]:
    """The first call. It is the only one where nothing is missing, or the controller is the host."""
    keys = transfer.missing()
    told: dict[str, Any] = {"missing": [key.name for key in keys], "differing": transfer.differing(keys)}
    if keys and step == "compare" and not transfer.dry:
        told["incoming"] = str(transfer.open())
        told["rsync"] = executable_in(
            "rsync", folders_of(os.environ.get("PATH", ""), Path("/usr/bin"), Path("/usr/local/bin"))
        )
        return {**told, "changed": True, "settled": [], "removed": []}
    if keys and not transfer.dry:
        transfer.copy(keys)
    settled = transfer.settle()
    changed = bool(keys or settled or transfer.removed)
    return {**told, "changed": changed, "settled": settled, "removed": transfer.removed}


def receive(transfer: Transfer, given: dict[str, Any]) -> dict[str, Any]:
    """Every further call: files that arrived on this host are put in their place."""
    keys = [Key.parse(name, transfer.trees) for name in given["files"]]
    incoming = transfer.incoming(given["incoming"])
    done = False
    try:
        if given["archive"]:
            transfer.unpack(Path(given["archive"]), keys, incoming)
        else:
            transfer.take(keys, incoming)
        done = True
    finally:
        if given["last"] or not done:
            remove(incoming)
    settled = transfer.settle() if given["last"] else []
    return {"changed": True, "settled": settled, "removed": transfer.removed}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    with guarded(module):
        transfer = Transfer(module)
        step = module.params["step"] or {"name": "direct"}
        if step["name"] == "abandon":
            remove(transfer.incoming(step["incoming"]))
            module.exit_json(changed=False)
        if step["name"] == "receive":
            module.exit_json(**receive(transfer, step))
        module.exit_json(**compare(transfer, step["name"]))


if __name__ == "__main__":
    main()
