#!/usr/bin/python
# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: uv_sync
short_description: Install a locked Python project into its virtual environment
description:
  - Runs C(uv sync) on the host and tells which packages it changed.
  - uv itself checks every file against the hash in C(uv.lock). With O(locked=true), O(no_index=true) and
    O(find_links) a project that M(airgap.uv.uv_wheelhouse) staged is installed without any network, and a
    wheel that was changed after the transfer is refused.
  - uv looks for no Python to download, unless the task's environment sets E(UV_PYTHON_DOWNLOADS) and
    O(no_config) is false.
  - While uv works, a folder named like O(venv) with C(.uv_sync) added lies beside the virtual environment.
    Where a killed run left one, the next run installs every package again, because uv would take half an
    installation for a whole one.
  - Where the installation fails, a virtual environment that this run created is removed again, and one that
    it was to replace is put back.
version_added: 0.1.0
author:
  - airgap.uv contributors (@airgap-uv)
options:
  project:
    description:
      - Folder on the host with C(pyproject.toml), and with C(uv.lock) where O(locked) or O(frozen) is set.
      - uv runs there, so relative paths in other options start from it.
    type: path
    required: true
  venv:
    description:
      - Virtual environment to install into. uv creates it, and creates it anew when its interpreter is gone
        or is another Python than the one that is asked for.
      - A folder that holds files and is no virtual environment is refused.
      - By default C(.venv) in O(project).
    type: path
  python:
    description:
      - Interpreter for the virtual environment, as uv's C(--python). A version or a path.
    type: str
  locked:
    description:
      - Fail when C(uv.lock) is out of date with C(pyproject.toml), instead of writing it anew.
      - Not together with O(frozen).
    type: bool
    default: false
  frozen:
    description:
      - Take C(uv.lock) as it is.
      - Not together with O(locked).
    type: bool
    default: false
  no_index:
    description:
      - Ask no package index, take files from O(find_links) alone.
      - Not together with O(index) and O(default_index).
    type: bool
    default: false
  default_index:
    description:
      - The index to take files from instead of uv's own default, as its URL or as C(NAME=URL).
      - Credentials do not belong into it, for every user of the host may read the arguments of a command. uv has them
        from netrc or, for an index with a name, from the variables C(UV_INDEX_<NAME>_USERNAME) and
        C(UV_INDEX_<NAME>_PASSWORD) of the task.
    type: str
  index:
    description:
      - Further indexes, each in the same form. Where O(locked) is set, every index that C(uv.lock) names must be known.
    type: list
    elements: str
    default: []
  find_links:
    description:
      - Folders or pages with wheels. They go to uv as they stand here. Where C(uv.lock) names one as a
        source, it must be written in the same way.
    type: list
    elements: str
    default: []
  extras:
    description: Extras of the project to install.
    type: list
    elements: str
    default: []
  all_extras:
    description: Install all extras.
    type: bool
    default: false
  groups:
    description: Dependency groups to install besides the default ones.
    type: list
    elements: str
    default: []
  all_groups:
    description: Install all dependency groups. Not in uv 0.5.0.
    type: bool
    default: false
  no_dev:
    description: Leave the group C(dev) out. Set it to V(false) to install that group.
    type: bool
    default: true
  no_default_groups:
    description: Leave out the groups that C(tool.uv.default-groups) names. Not in uv 0.5.0.
    type: bool
    default: false
  only_groups:
    description: Install these dependency groups and nothing else.
    type: list
    elements: str
    default: []
  package:
    description: Member of the workspace to install.
    type: str
  all_packages:
    description: Install all members of the workspace. Not together with O(package).
    type: bool
    default: false
  no_install_project:
    description: Leave the project itself out, install what it depends on.
    type: bool
    default: false
  no_install_workspace:
    description: Leave out all members of the workspace.
    type: bool
    default: false
  no_install_local:
    description: Leave out the project, all members and every other local package. Not in uv 0.8 and earlier.
    type: bool
    default: false
  no_install_package:
    description: Packages to leave out.
    type: list
    elements: str
    default: []
  inexact:
    description: Keep packages that the lock does not name. Otherwise they are removed.
    type: bool
    default: false
  compile_bytecode:
    description:
      - Compile what is installed. A user who may not write to the virtual environment starts faster then.
      - Bytecode alone never counts as a change.
    type: bool
    default: false
  link_mode:
    description:
      - How files come from uv's cache into the virtual environment. By default uv chooses what the
        filesystem does best.
    type: str
    choices: [clone, copy, hardlink, symlink]
  cache_dir:
    description: uv's cache. By default that of the user who runs the module. Not together with O(no_cache).
    type: path
  no_cache:
    description:
      - Use a cache of this run's own, beside the virtual environment, and remove it at the end.
      - In any other cache files are shared between virtual environments. One that is changed in a running
        environment is then installed into the next one, without a hash being checked.
    type: bool
    default: false
  no_config:
    description:
      - Read no C(uv.toml) of the host or the user and no settings in C(pyproject.toml).
      - All variables of uv, pip and Python are dropped from the environment but those for credentials,
        certificates, proxies and timeouts.
    type: bool
    default: false
  umask:
    description:
      - Umask for the installation, in octal, as a string.
      - With a cache that was filled before, files have the modes that they have there.
    type: str
  uv_executable:
    description:
      - uv to use, version 0.5.0 or later. By default the first on C(PATH), in C(/usr/local/bin),
        C(~/.local/bin) or C(~/.cargo/bin).
    type: path
attributes:
  check_mode:
    description: >-
      Can tell what it would change without changing anything. Files are not read for that, so a wheel that is
      missing or was changed is found only by a real run.
    support: full
  diff_mode:
    description: Shows the virtual environment's Python and packages, a line each.
    support: full
  platform:
    description: Hosts it can run on.
    support: full
    platforms: posix
notes:
  - Needs Python 3.9 or later on the host and nothing but its standard library.
seealso:
  - module: airgap.uv.uv_wheelhouse
  - module: airgap.uv.uv_target_info
  - name: uv sync
    description: What the options mean in detail.
    link: https://docs.astral.sh/uv/reference/cli/#uv-sync
"""

EXAMPLES = r"""
- name: Install a staged release from its wheels, without any network
  airgap.uv.uv_sync:
    project: /opt/shop/releases/1.4.0-3f1c9a2b7d54
    python: /usr/bin/python3
    locked: true
    no_index: true
    find_links:
      - ../../wheels
    no_cache: true
    no_config: true
    umask: "022"

- name: Install a checkout from its index, with one extra
  airgap.uv.uv_sync:
    project: /srv/shop
    locked: true
    extras:
      - postgres

- name: Install into an environment that lies elsewhere, with bytecode
  airgap.uv.uv_sync:
    project: /srv/shop
    venv: /var/lib/shop/venv
    frozen: true
    compile_bytecode: true
  become: true
  become_user: shop
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Normalized name of the package.
      type: str
      sample: flask
    version:
      description: Version that is installed now, or the one that was removed.
      type: str
      sample: 3.1.0
    action:
      description: V(install), V(remove) or V(reinstall).
      type: str
      sample: install
    from:
      description: Version that was there before.
      returned: when another version is installed in its place
      type: str
      sample: 3.0.3
venv:
  description: Path of the virtual environment.
  returned: success
  type: str
  sample: /opt/shop/releases/1.4.0-3f1c9a2b7d54/.venv
environment:
  description: >-
    V(kept), V(created), or V(recreated) where its interpreter was gone or another one was asked for. All
    packages count as installed in the latter two.
  returned: success
  type: str
  sample: created
python:
  description: Interpreter of the virtual environment.
  returned: success
  type: dict
  contains:
    path:
      description: Path in the virtual environment.
      type: str
      sample: /opt/shop/releases/1.4.0-3f1c9a2b7d54/.venv/bin/python
    version:
      description: Its version.
      type: str
      sample: 3.11.2
lock_changed:
  description: Whether C(uv.lock) was written. Never with O(locked) or O(frozen).
  returned: success
  type: bool
  sample: false
uv:
  description: The uv that was used.
  returned: success
  type: dict
  sample: {path: /usr/local/bin/uv, version: 0.13.8}
"""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airgap.uv.plugins.module_utils.deployment import Uv, folders_of
from ansible_collections.airgap.uv.plugins.module_utils.guard import guarded
from ansible_collections.airgap.uv.plugins.module_utils.sync import Outcome, Sync
from ansible_collections.airgap.uv.plugins.module_utils.sync_errors import Unwritable, UvMissing
from ansible_collections.airgap.uv.plugins.module_utils.sync_options import Options

ARGUMENT_SPEC: dict[str, dict[str, Any]] = {
    "project": {"type": "path", "required": True},
    "venv": {"type": "path"},
    "python": {"type": "str"},
    "locked": {"type": "bool", "default": False},
    "frozen": {"type": "bool", "default": False},
    "no_index": {"type": "bool", "default": False},
    "default_index": {"type": "str"},
    "index": {"type": "list", "elements": "str", "default": []},
    "find_links": {"type": "list", "elements": "str", "default": []},
    "extras": {"type": "list", "elements": "str", "default": []},
    "all_extras": {"type": "bool", "default": False},
    "groups": {"type": "list", "elements": "str", "default": []},
    "all_groups": {"type": "bool", "default": False},
    "no_dev": {"type": "bool", "default": True},
    "no_default_groups": {"type": "bool", "default": False},
    "only_groups": {"type": "list", "elements": "str", "default": []},
    "package": {"type": "str"},
    "all_packages": {"type": "bool", "default": False},
    "no_install_project": {"type": "bool", "default": False},
    "no_install_workspace": {"type": "bool", "default": False},
    "no_install_local": {"type": "bool", "default": False},
    "no_install_package": {"type": "list", "elements": "str", "default": []},
    "inexact": {"type": "bool", "default": False},
    "compile_bytecode": {"type": "bool", "default": False},
    "link_mode": {"type": "str", "choices": ["clone", "copy", "hardlink", "symlink"]},
    "cache_dir": {"type": "path"},
    "no_cache": {"type": "bool", "default": False},
    "no_config": {"type": "bool", "default": False},
    "umask": {"type": "str"},
    "uv_executable": {"type": "path"},
}

EXCLUSIVE = (
    ("locked", "frozen"),
    ("no_index", "index"),
    ("no_index", "default_index"),
    ("cache_dir", "no_cache"),
    ("package", "all_packages"),
)


def run_command(module: AnsibleModule, argv: Sequence[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
    """Run with exactly `env`; the module's own `run_command` can add variables but take none away."""
    kept = dict(os.environ)
    os.environ.clear()
    os.environ.update(env)
    try:
        rc, out, err = module.run_command(list(argv), cwd=cwd, handle_exceptions=False)
        return rc, out, err
    finally:
        os.environ.clear()
        os.environ.update(kept)


def find_uv(module: AnsibleModule) -> Uv:
    home = Path(os.environ.get("HOME", "/"))
    path = os.environ.get("PATH", "")
    folders = folders_of(path, Path("/usr/local/bin"), home / ".local" / "bin", home / ".cargo" / "bin")

    def run(argv: Sequence[str]) -> tuple[int, str, str]:
        return run_command(module, argv, "/", os.environ.copy())

    found = Uv.find(module.params["uv_executable"], folders, run)
    if found is None:
        raise UvMissing([str(folder) for folder in folders])
    return found


def synchronize(module: AnsibleModule) -> dict[str, Any]:
    """Everything that the module returns."""

    def run(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
        return run_command(module, argv, cwd, env)

    options = Options.parse(module.params)
    uv = find_uv(module)
    sync = Sync(options, uv.path, uv.version, run, dict(os.environ))
    if module.check_mode:
        with tempfile.TemporaryDirectory(dir=module.tmpdir) as temporary:
            outcome = sync.preview(Path(temporary))
    else:
        outcome = sync.install()
    return {**describe(outcome), "uv": {"path": uv.path, "version": uv.version}}


def describe(outcome: Outcome) -> dict[str, Any]:
    venv = outcome.before.path
    return {
        "changed": outcome.changed,
        "changes": [change.as_dict() for change in outcome.changes],
        "diff": outcome.diff,
        "venv": str(venv),
        "environment": outcome.environment,
        "python": {"path": str(venv / "bin" / "python"), "version": outcome.python},
        "lock_changed": outcome.lock_changed,
    }


def refuse_contradictions(module: AnsibleModule) -> None:
    """What `mutually_exclusive` would refuse even where one of two is false."""
    for one, other in EXCLUSIVE:
        if module.params[one] and module.params[other]:
            module.fail_json(msg=f"{one} and {other} exclude one another; leave one of them out.")
    if module.params["no_cache"] and module.params["link_mode"] == "symlink":
        module.fail_json(msg="link_mode: symlink leads into a cache that no_cache removes; choose another.")


def set_umask(module: AnsibleModule) -> None:
    if module.params["umask"] is None:
        return
    try:
        os.umask(int(module.params["umask"], 8))
    except (ValueError, OverflowError):
        module.fail_json(msg=f'umask: {module.params["umask"]!r} is no octal number; write it like "022".')


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    refuse_contradictions(module)
    set_umask(module)
    with guarded(module):
        try:
            returned = synchronize(module)
        except OSError as error:
            raise Unwritable(str(error.filename or module.params["project"]), error.strerror or str(error)) from None
        module.exit_json(**returned)


if __name__ == "__main__":
    main()
