#!/usr/bin/python
# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: uv_preflight
short_description: Report what stands in the way of a deployment, for all hosts of a play at once
description:
  - Shows one report, in which hosts are grouped of which the same is to be said. Where nothing is in the way it
    shows nothing.
  - It goes to standard output, or to standard error where the callback for standard output writes for programs.
  - Refuses the strategies C(free) and C(host_pinned), in which hosts do not wait for one another.
  - The role P(airgap.uv.uv_deploy#role) uses it. It runs on the controller and asks no host.
version_added: 0.1.0
author:
  - airgap.uv contributors (@airgap-uv)
options:
  hosts:
    description: What the filter P(airgap.uv.uv_obstacles#filter) says of each host, by the host's name.
    type: dict
    default: {}
  gone:
    description: Names of hosts that were to be asked and were not reached.
    type: list
    elements: str
    default: []
  partial:
    description: Whether hosts without an obstacle are deployed to although others have one. The report says so.
    type: bool
    default: false
attributes:
  action:
    description: Is an action plugin on the controller, and nothing else.
    support: full
  check_mode:
    description: Can run in check mode and shows the same.
    support: full
  diff_mode:
    description: Changes nothing, so there is nothing to show.
    support: none
  platform:
    description: Hosts it can run for.
    support: full
    platforms: posix
seealso:
  - module: airgap.uv.uv_target_info
  - plugin: airgap.uv.uv_obstacles
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show what stands in the way
  airgap.uv.uv_preflight:
    hosts:
      web1: "{{ web1_told | airgap.uv.uv_obstacles({'path': '/opt/shop'}) }}"
"""

RETURN = r"""
page:
  description: The lines of the report.
  returned: success
  type: list
  elements: str
  sample: ["Preflight: 1 of 2 hosts cannot be deployed to, and nothing was changed on any."]
stopped:
  description: Names of the hosts with an obstacle.
  returned: success
  type: list
  elements: str
  sample: [web1]
lost:
  description: Names of hosts that were not reached, where the play has C(any_errors_fatal) and goes no further.
  returned: success
  type: list
  elements: str
  sample: []
play:
  description: Names the play, for as long as Ansible runs. It is the same in all batches of C(serial).
  returned: success
  type: str
  sample: 02fc0000-0001-ae0c-3a03-000000000003
call:
  description: Names the task, for as long as Ansible runs. It is the same for the hosts that run it together.
  returned: success
  type: str
  sample: 02fc0000-0001-ae0c-3a03-00000000000b-9f86d081884c
"""

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "hosts": {"type": "dict", "default": {}},
            "gone": {"type": "list", "elements": "str", "default": []},
            "partial": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    module.fail_json(msg="uv_preflight is an action plugin and does nothing on a host.")


if __name__ == "__main__":
    main()
