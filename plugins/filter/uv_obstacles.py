# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`module_utils.preflight` for playbooks."""

from __future__ import annotations

DOCUMENTATION = r"""
name: uv_obstacles
short_description: Tell what stands in the way of a deployment to a host
version_added: 0.1.0
author:
  - airgap.uv contributors (@airgap-uv)
description:
  - Compares what a host says of itself with what is to be deployed to it. No host is asked and nothing is changed.
options:
  _input:
    description: What M(airgap.uv.uv_target_info) returned, or what its failure left.
    type: dict
    required: true
  wish:
    description:
      - What is to be deployed. C(path), C(owner), C(group), C(service_user), C(uv_source), C(via) and C(keep_releases)
        are the variables of the role P(airgap.uv.uv_deploy#role), and C(check_mode) Ansible's.
      - C(uv_needed) is the oldest uv that can do it, C(uv_needed_for) what needs it, and C(sends_uv) whether uv
        travels.
      - C(collected) is whether something was collected, C(failure) why not. C(release), C(wheels) and C(files) are
        what M(airgap.uv.uv_wheelhouse) returned for this host, and C(installs) those of the wheels that it installs.
      - C(unserved) are the C(obstacles) of its target, C(uncovered) wheels that the host needs and no target takes,
        and C(earlier) is the C(host) of the play that got another C(release).
      - C(carried) is whether files pass through Ansible's own temporary folder on the host.
      - C(archive) is the Python that travels, as P(airgap.uv.uv_python_archives#filter) gives it. Its hash is checked.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Stop where something is in the way
  ansible.builtin.assert:
    that: told.obstacles | length == 0
  vars:
    told: "{{ host | airgap.uv.uv_obstacles({'path': '/opt/shop', 'owner': 'shop'}) }}"
"""

RETURN = r"""
_value:
  description:
    - C(obstacles), each with its C(kind), C(short) and C(text); C(notes), sentences on what is no obstacle today;
      C(sends), bytes of the wheels that the host lacks; and C(takes), bytes that the deployment takes on its disks.
  type: dict
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.preflight import Preflight
from ansible_collections.airgap.uv.plugins.module_utils.record import verify
from ansible_collections.airgap.uv.plugins.module_utils.standalone import Archive


def uv_obstacles(told: Mapping[str, Any], wish: Mapping[str, Any]) -> dict[str, Any]:
    """See `RETURN`."""
    if not isinstance(told, Mapping) or not isinstance(wish, Mapping):
        raise AnsibleFilterError("uv_obstacles wants what uv_target_info returned, and a dictionary.")
    return Preflight.parse(told, {**wish, "archive_fault": _fault(wish.get("archive"))}).result()


def _fault(archive: Mapping[str, Any] | None) -> str:
    """What is wrong with the archive on the controller."""
    if not archive:
        return ""
    try:
        verify(Path(archive["path"]), Archive.parse(archive, "uv_deploy_python_archives").sha256)
    except (AirgapError, OSError) as error:
        return str(error)
    return ""


class FilterModule:
    """The filter's name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"uv_obstacles": uv_obstacles}
