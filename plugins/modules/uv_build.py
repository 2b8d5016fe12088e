#!/usr/bin/python
# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: uv_build
short_description: Build a wheel on a host
version_added: 0.1.0
description:
  - Brings a source archive or folder from the controller to the host, builds a wheel of it there with C(uv build), and
    lays the wheel into a folder of the controller.
  - For what the controller cannot build, because its C library is newer than the hosts', it is of another architecture,
    or lacks a compiler. The role P(airgap.uv.uv_deploy#role) does it by itself for the platforms that
    C(uv_deploy_builders) names.
  - The source's hash is checked on the host before anything of it is unpacked or run, the wheel's on the controller
    after it arrived. M(airgap.uv.uv_wheelhouse) looks into the wheel when it takes it
    (O(airgap.uv.uv_wheelhouse#module:built)).
  - A build sees what is declared for it, and of the host's environment only how programs, the network and credentials
    are found. It has neither a terminal nor input.
  - Nothing is left on the host, whether the build succeeds or fails.
author:
  - airgap.uv contributors (@airgap-uv)
requirements:
  - python >= 3.9
  - uv >= 0.9, unless O(uv_wheel) brings it
  - what the build itself needs, such as a compiler
options:
  source:
    description:
      - An sdist or other source archive, or a folder. Of a folder all files go along but for histories (C(.git)),
        environments (C(.venv)) and caches.
    type: path
    required: true
  remote_src:
    description: The source is on the host already, and so are O(constraints) and O(find_links).
    type: bool
    default: false
  hash:
    description:
      - What the source must have, as C(sha256:) and 64 hexadecimal digits. For a folder, the hash of the tar that is
        made of it, which RV(record.source) tells.
      - By default what the controller finds is what must arrive.
    type: str
  subdirectory:
    description: The folder of the source that is built.
    type: str
    default: ""
  name:
    description: Name of the package that must come out.
    type: str
  version:
    description: Version that must come out.
    type: str
  python:
    description:
      - Version or path of the host's interpreter to build with, as with M(airgap.uv.uv_target_info).
      - By default the system's C(python3), or the newest.
    type: str
  platform:
    description:
      - What the wheel is for, in the words of uv's C(--python-platform), such as V(x86_64-manylinux_2_31). A host of
        another kind, or with a newer C library, is refused.
    type: str
  constraints:
    description: Constraints for build requirements, each with its hash; the path of a file, or their text.
    type: str
  index:
    description:
      - URL of the index that build requirements come from, with user and password where it needs them and the host's
        netrc does not have them.
      - By default uv's own.
    type: str
  find_links:
    description:
      - Folder of wheels and sdists that build requirements come from, instead of an index.
    type: path
  environment:
    description:
      - Environment variables of the build. They may stand in what is returned, so they are no place for secrets.
    type: dict
    default: {}
  config_settings:
    description: Settings for the build backend (PEP 517), a value or a list of values for each name.
    type: dict
    default: {}
  requires:
    description: Requirements of the build beside those that the source names itself.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that the build may take. It is then stopped, with all that it has started.
    type: float
    default: 3600
  uv_executable:
    description:
      - The host's uv.
      - By default the one on C(PATH) or in C(/usr/local/bin), if it is 0.9 or later.
    type: path
  uv_wheel:
    description: Path of uv's own wheel on the controller, for a host that has no uv or an older one.
    type: path
  dest:
    description: Folder on the controller for the wheel.
    type: path
    required: true
  step:
    description: What the action plugin asks of the host. It is set there and of no use in a playbook.
    type: dict
    suboptions:
      name:
        description: Say what it would be built with, build, give a part of the wheel, or remove what is left.
        type: str
        choices: [describe, build, read, remove]
        required: true
      bundle:
        description: Archive of what was brought.
        type: path
      source:
        description: Name of the source in it.
        type: str
      packed:
        description: Whether the source was a folder.
        type: bool
        default: false
      uv_wheel:
        description: Name of uv's wheel in it, if it holds that.
        type: str
      links:
        description: Whether it holds build requirements.
        type: bool
        default: false
      work:
        description: The folder that a build left.
        type: path
      wheel:
        description: File name of the wheel.
        type: str
      offset:
        description: Where the part begins.
        type: int
        default: 0
attributes:
  check_mode:
    support: full
    description: Asks the host what it would be built with. Nothing is sent and no code of the source runs.
  diff_mode:
    support: none
    description: There is nothing to compare.
  platform:
    support: full
    platforms: posix
    description: Hosts with a POSIX system.
seealso:
  - module: airgap.uv.uv_wheelhouse
"""

EXAMPLES = r"""
- name: Build for Debian 11 on a machine that runs it
  airgap.uv.uv_build:
    source: /srv/sdists/psutil-7.0.0.tar.gz
    hash: sha256:7be9c3eba38beccb6495ea33afd982a44074b78f28c434a1f51cc07fd315c456
    python: "3.9"
    platform: x86_64-manylinux_2_31
    dest: /srv/wheels
  delegate_to: build-bullseye

- name: Build a folder with settings of its backend
  airgap.uv.uv_build:
    source: /srv/projects/fast
    python: "3.11"
    environment:
      CFLAGS: -O2
    config_settings:
      setup-args: [-Dblas=none]
    dest: /srv/wheels
"""

RETURN = r"""
wheel:
  description: The wheel on the controller.
  returned: success, but in check mode
  type: dict
  contains:
    path:
      description: Where it is.
      type: str
    filename:
      description: Its name.
      type: str
    size:
      description: Bytes.
      type: int
    sha256:
      description: Its hash.
      type: str
    name:
      description: Normalized name of the package.
      type: str
    version:
      description: Version of the package.
      type: str
record:
  description: What it was, or in check mode would be, built from and with.
  returned: success
  type: dict
  contains:
    source:
      description: Hash of the source.
      type: str
    python:
      description: Full version of the interpreter.
      type: str
      sample: 3.9.2
    platform:
      description: The host's platform, as M(airgap.uv.uv_target_info) names it.
      type: str
      sample: x86_64-manylinux_2_31
    libc:
      description: Name and version of its C library.
      type: dict
      sample: {name: glibc, version: "2.31"}
    uv:
      description: Version of uv.
      type: str
      sample: 0.13.8
    requirements:
      description: The build requirements that were installed for it, with their versions. Not in check mode.
      type: list
      elements: str
      sample: [setuptools==80.9.0]
    seconds:
      description: How long it took. Not in check mode.
      type: float
    recipe:
      description: A hash of all that was declared for the build, empty where that is nothing.
      type: str
"""

import base64
import contextlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airgap.uv.plugins.module_utils import parcel
from ansible_collections.airgap.uv.plugins.module_utils.arrival import sha256_of
from ansible_collections.airgap.uv.plugins.module_utils.confine import Limits, Runner, confined
from ansible_collections.airgap.uv.plugins.module_utils.deployment import folders_of
from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.guard import guarded, hide_credentials
from ansible_collections.airgap.uv.plugins.module_utils.order import (
    LINKS,
    SOURCE,
    TOOL,
    Order,
    OrderInvalid,
    Site,
    is_requirements,
)
from ansible_collections.airgap.uv.plugins.module_utils.recipe import Recipe
from ansible_collections.airgap.uv.plugins.module_utils.search import Search
from ansible_collections.airgap.uv.plugins.module_utils.watch import watched

PREFIX = "uv_build-"

# A folder that is older was left by a run that is dead.
_ABANDONED_SECONDS = 24 * 3600

_PART = 4 * 1024 * 1024

ARGUMENT_SPEC = {
    "source": {"type": "path", "required": True},
    "remote_src": {"type": "bool", "default": False},
    "hash": {"type": "str"},
    "subdirectory": {"type": "str", "default": ""},
    "name": {"type": "str"},
    "version": {"type": "str"},
    "python": {"type": "str"},
    "platform": {"type": "str"},
    "constraints": {"type": "str"},
    "index": {"type": "str"},
    "find_links": {"type": "path"},
    "environment": {"type": "dict", "default": {}},
    "config_settings": {"type": "dict", "default": {}},
    "requires": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "float", "default": 3600},
    "uv_executable": {"type": "path"},
    "uv_wheel": {"type": "path"},
    "dest": {"type": "path", "required": True},
    "step": {
        "type": "dict",
        "options": {
            "name": {"type": "str", "choices": ["describe", "build", "read", "remove"], "required": True},
            "bundle": {"type": "path"},
            "source": {"type": "str"},
            "packed": {"type": "bool", "default": False},
            "uv_wheel": {"type": "str"},
            "links": {"type": "bool", "default": False},
            "work": {"type": "path"},
            "wheel": {"type": "str"},
            "offset": {"type": "int", "default": 0},
        },
    },
}


class Yard:
    """The folder on the host where builds lie, each in one of its own, beside Ansible's own temporary files."""

    def __init__(self, module: AnsibleModule) -> None:
        self.path = Path(module.tmpdir).parent

    def open(self) -> Path:
        for left in self.path.glob(f"{PREFIX}*"):
            # Another build may just have removed its own.
            with contextlib.suppress(FileNotFoundError):
                if time.time() - left.lstat().st_mtime > _ABANDONED_SECONDS:
                    shutil.rmtree(left, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=PREFIX, dir=self.path))

    def opened(self, named: str | None) -> Path:
        """A folder that `open` made, and no other: it is removed in the end."""
        path = Path(named or "/")
        if path.parent == self.path and path.name.startswith(PREFIX) and not path.is_symlink():
            return path
        raise OrderInvalid("step.work", f"{named} is no folder of a build")


def site(module: AnsibleModule) -> Site:
    path = os.environ.get("PATH", "")

    def confine(limits: Limits) -> Runner:
        return confined(module.run_command, limits)

    return Site(
        watched(module.run_command),
        confine,
        folders_of(path, Path("/usr/local/bin"), Path("/usr/bin")),
        Search.usual(path, own=str(Path(sys.base_prefix) / "bin")),
    )


def order(given: dict[str, Any], work: Path | None) -> Order:
    """`work`: where what was brought lies; none where nothing was."""
    step = given["step"]
    recipe = {"environment": _texts(given["environment"]), "config_settings": given["config_settings"]}
    recipe["requires"] = given["requires"]
    constraints = given["constraints"] or ""
    source, packed = Path(given["source"]), step["packed"]
    if given["remote_src"] and work:
        constraints = _text(constraints)
        if source.is_dir():
            packed, folder, source = True, source, work / "source.tar"
            parcel.pack(folder, source)
    elif work:
        source = work / SOURCE / str(step["source"])
    links = Path(given["find_links"]) if given["remote_src"] and given["find_links"] else None
    uv_wheel = step["uv_wheel"]
    return Order(
        source=source,
        sha256=_sha256(given["hash"], source, work is not None),
        packed=packed,
        subdirectory=given["subdirectory"],
        name=given["name"] or "",
        version=given["version"] or "",
        python=given["python"] or "",
        platform=given["platform"] or "",
        recipe=Recipe.parse({**recipe, "constraints": constraints}),
        index=given["index"] or "",
        links=work / LINKS if work and step["links"] else links,
        seconds=given["timeout"],
        uv_executable=given["uv_executable"] or "",
        uv_wheel=(work or Path("/")) / TOOL / uv_wheel if uv_wheel else None,
    )


def _sha256(given: str | None, source: Path, there: bool) -> str:
    if given:
        return given.partition(":")[2]
    try:
        return sha256_of(source) if there else ""
    except OSError as error:
        raise OrderInvalid("source", f"{source} cannot be read on the host ({error.strerror})") from None


def _texts(values: dict[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in values.items()}


def _text(constraints: str) -> str:
    """The file's, unless it is text already."""
    if not constraints or is_requirements(constraints):
        return constraints
    try:
        return Path(constraints).read_text(encoding="utf-8")
    except OSError as error:
        raise OrderInvalid("constraints", f"{constraints} cannot be read on the host ({error.strerror})") from None


def build(module: AnsibleModule, yard: Yard) -> dict[str, Any]:
    """What the module returns, and `work`, the folder that holds the wheel."""
    work = yard.open()
    done = False
    try:
        if module.params["step"]["bundle"]:
            parcel.unbundle(Path(module.params["step"]["bundle"]), work)
        wanted = order(module.params, work)
        told = site(module).fulfil(wanted, work)
        told["record"]["source"] = wanted.sha256
        done = True
        return {**told, "work": str(work)}
    finally:
        if not done:
            shutil.rmtree(work, ignore_errors=True)


def describe(module: AnsibleModule) -> dict[str, Any]:
    wanted = order(module.params, None)
    python, libc, uv = site(module).describe(wanted, None)
    told = {
        "source": wanted.sha256,
        "python": python.name,
        "platform": libc.platform(python),
        "libc": {"name": libc.name, "version": libc.version},
        "uv": uv.version,
        "recipe": wanted.recipe.digest,
    }
    return {"record": told}


def read(step: dict[str, Any], work: Path) -> dict[str, Any]:
    """A part of the wheel in base64, empty at its end."""
    name = str(step["wheel"])
    if "/" in name or not name.endswith(".whl"):
        raise OrderInvalid("step.wheel", f"{name} is no wheel's name")
    with (work / "out" / name).open("rb") as file:
        file.seek(step["offset"])
        return {"part": base64.b64encode(file.read(_PART)).decode()}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    hide_credentials(module, module.params["index"])
    os.umask(0o022)
    with guarded(module):
        step = module.params["step"]
        if not step:
            raise OrderInvalid("step", "this module is run by its action plugin, airgap.uv.uv_build")
        yard = Yard(module)
        if step["name"] == "describe":
            module.exit_json(changed=True, **describe(module))
        if step["name"] == "build":
            module.exit_json(changed=True, **build(module, yard))
        work = yard.opened(step["work"])
        if step["name"] == "read":
            module.exit_json(changed=False, **read(step, work))
        try:
            shutil.rmtree(work)
        except OSError as error:
            raise NotRemoved(str(work), error.strerror or str(error)) from None
        module.exit_json(changed=False)


class NotRemoved(AirgapError):
    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder = folder
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.folder} cannot be removed from the builder: {self.reason}. Remove it by hand."


if __name__ == "__main__":
    main()
