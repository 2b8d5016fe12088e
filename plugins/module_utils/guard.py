# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place where module_utils meets Ansible."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airgap.uv.plugins.module_utils import environ
from ansible_collections.airgap.uv.plugins.module_utils.credentials import masked, passwords_in
from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError

# Facts of these names would be taken for Ansible's own: `path` makes it add that file's owner and mode.
_ANSIBLES = {"path": "where", "changed": "altered", "failed": "unsuccessful", "msg": "message"}


@contextlib.contextmanager
def guarded(module: AnsibleModule) -> Iterator[None]:
    """Turn an `AirgapError` into `fail_json`: its sentence as `msg`, its facts beside it.

    Ansible itself masks the credentials that a module's options hold: `hide_credentials`.
    """
    try:
        yield
    except AirgapError as error:
        facts = {_ANSIBLES.get(key, key): masked(value) for key, value in error.facts().items()}
        module.fail_json(msg=masked(str(error)), **facts)


def hide_credentials(module: AnsibleModule, *values: str | None) -> None:
    """Have Ansible mask the password of each URL, and those for uv in the environment, wherever it would return it."""
    module.no_log_values.update(environ.secrets(os.environ))
    for value in values:
        module.no_log_values.update(passwords_in(value or ""))
