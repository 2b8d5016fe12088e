# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: uv_archive_tree
short_description: Verify the archive of a Python and say how it travels
description:
  - Reads the archive on the controller, and refuses it if its sha256 is not the one that was given.
version_added: 0.1.0
author:
  - airgap.uv contributors (@airgap-uv)
positional: deployment
options:
  _input:
    description: One archive, as P(airgap.uv.uv_python_archives#filter) gives it.
    type: dict
    required: true
  deployment:
    description: Folder of the deployment on the host.
    type: path
    required: true
seealso:
  - module: airgap.uv.uv_transfer
  - module: airgap.uv.uv_python
"""

EXAMPLES = r"""
trees:
  - "{{ archive | airgap.uv.uv_archive_tree('/opt/shop') }}"
"""

RETURN = r"""
_value:
  description: An element of the option C(trees) of M(airgap.uv.uv_transfer).
  type: dict
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.record import verify
from ansible_collections.airgap.uv.plugins.module_utils.standalone import Archive


def uv_archive_tree(raw: Mapping[str, Any], deployment: str) -> dict[str, Any]:
    """Raises `AnsibleFilterError` with the whole sentence."""
    try:
        archive = Archive.parse(raw, "uv_deploy_python_archives")
        path = Path(archive.path)
        verify(path, archive.sha256)
        size = path.stat().st_size
    except (AirgapError, OSError) as error:
        raise AnsibleFilterError(str(error)) from None
    file = {"path": archive.name, "size": size, "sha256": archive.sha256, "mode": "0644"}
    return {"src": str(path.parent), "dest": str(archive.kept(Path(deployment)).parent), "files": [file]}


class FilterModule:
    """Ansible's entry."""

    def filters(self) -> dict[str, Any]:
        return {"uv_archive_tree": uv_archive_tree}
