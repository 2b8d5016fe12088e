# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What concerns all hosts of a play at once. Everything happens on the controller, and no host is asked."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.airgap.uv.plugins.module_utils.page import page, writes_for_programs

# With these, hosts do not wait for one another, so nobody would know what all of them want.
_ALONE = ("free", "host_pinned")


class ActionModule(ActionBase):
    """Names the play and the call, and shows the report."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False
    # ActionBase does not say
    _task: Any

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        play = self._play()
        strategy = str(getattr(play, "strategy", "")).rpartition(".")[2]
        if strategy in _ALONE:
            raise AnsibleActionFail(
                f"The play has the strategy {strategy}, in which hosts do not wait for one another, and what is "
                "collected depends on all of them. Give the play `strategy: linear`."
            )
        hosts = self._task.args.get("hosts") or {}
        gone = self._task.args.get("gone") or []
        fatal = bool(self._task.any_errors_fatal)
        lines = page(hosts, gone, boolean(self._task.args.get("partial", False)), fatal)
        if lines:
            # A callback that writes for programs has standard output to itself; the result has the page as well.
            Display().display(
                "\n".join(["", *lines, ""]), stderr=writes_for_programs(constants.DEFAULT_STDOUT_CALLBACK)
            )
        stopped = [name for name, told in hosts.items() if told["obstacles"]]
        result.update(
            changed=False,
            play=str(getattr(play, "_uuid", "")),
            call=self._call(task_vars),
            page=lines,
            stopped=stopped,
            lost=list(gone) if fatal else [],
        )
        return result

    def _call(self, task_vars: Mapping[str, Any] | None) -> str:
        """The task, and the hosts that run it together: of a role's tasks there are no others in the next batch."""
        batch = ",".join((task_vars or {}).get("ansible_play_batch", []))
        return f"{self._task._uuid}-{sha256(batch.encode()).hexdigest()[:12]}"

    def _play(self) -> Any:
        """The play that the task is part of; it is the same one in all batches of `serial`."""
        play, node = None, self._task
        while node is not None:
            play = getattr(node, "_play", None) or play
            node = getattr(node, "_parent", None)
        return play
