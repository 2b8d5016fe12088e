# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place where module_utils meets Ansible."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError


@contextlib.contextmanager
def guarded(module: AnsibleModule) -> Iterator[None]:
    """Turn an `AirgapError` into `fail_json`: its sentence as `msg`, its facts beside it."""
    try:
        yield
    except AirgapError as error:
        facts = {key: value for key, value in error.facts().items() if key not in ("msg", "changed", "failed")}
        module.fail_json(msg=str(error), **facts)
