# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: uv_python_archives
short_description: Read a list of archives of standalone Pythons
description:
  - Checks the list, and looks on the controller whether each archive is there. Nothing is hashed yet.
version_added: 0.1.0
author:
  - airgap.uv contributors (@airgap-uv)
positional: base
options:
  _input:
    description:
      - Each with C(path) and C(hash), and with C(python) and C(platform) where the name of the file does not
        tell them.
    type: list
    elements: dict
    required: true
  base:
    description: Folder that relative paths are relative to.
    type: path
    required: true
seealso:
  - plugin: airgap.uv.uv_archive_tree
    plugin_type: filter
  - module: airgap.uv.uv_python
"""

EXAMPLES = r"""
archives: "{{ uv_deploy_python_archives | airgap.uv.uv_python_archives(playbook_dir) }}"
"""

RETURN = r"""
_value:
  description:
    - Each with C(path), which is absolute, C(name), C(hash), C(python) (V(3.12.7), V(3.13.0t)), C(platform) and
      C(size) in bytes.
  type: list
  elements: dict
"""

import os
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.record import ArchiveUnreadable
from ansible_collections.airgap.uv.plugins.module_utils.standalone import parse_archives


def uv_python_archives(raw: object, base: str) -> list[dict[str, Any]]:
    """The archives in plain words. Raises `AnsibleFilterError` with the whole sentence."""
    try:
        archives = parse_archives(raw, "uv_deploy_python_archives")
        found = []
        for archive in archives:
            path = Path(os.path.abspath(Path(base) / Path(archive.path).expanduser()))
            if not path.is_file():
                raise ArchiveUnreadable(str(path), "there is no such file on the controller")
            found.append({**archive.as_dict(), "path": str(path), "size": path.stat().st_size})
        return found
    except (AirgapError, OSError) as error:
        raise AnsibleFilterError(str(error)) from None


class FilterModule:
    """Ansible's entry."""

    def filters(self) -> dict[str, Any]:
        return {"uv_python_archives": uv_python_archives}
