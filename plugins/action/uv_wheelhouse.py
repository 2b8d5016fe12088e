# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keeps `uv_wheelhouse` on the controller, whatever the task's host, connection and become are."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import connection_loader
from ansible.utils.display import Display
from ansible_collections.airgap.uv.plugins.module_utils.page import writes_for_programs
from ansible_collections.airgap.uv.plugins.module_utils.progress import VARIABLE

# A collect that is shorter shows nothing.
_QUIET_SECONDS = 2.0
_BETWEEN = 1.0

# Settings of the inventory, the play or the command line that are about the host, not the controller.
_OF_THE_HOST = (
    "ansible_python_interpreter",
    "discovered_interpreter_python",
    "ansible_facts",
    "ansible_delegated_vars",
)
_TEMPORARY = ("ansible_remote_tmp", "ansible_async_dir", "ansible_shell_type", "ansible_shell_executable")


class ActionModule(ActionBase):
    """Runs the module of the same name over a local connection and shows what it tells."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False
    # ActionBase does not say
    _connection: Any
    _play_context: Any

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        variables = self._controller_variables(task_vars or {})
        with self._on_the_controller(), _shown_progress(Display()):
            result.update(self._execute_module(task_vars=variables))
        return result

    def _controller_variables(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        kept = {key: value for key, value in task_vars.items() if key not in (*_OF_THE_HOST, *_TEMPORARY)}
        named = self._templar.template(task_vars.get("uv_deploy_controller_python") or "")
        kept["ansible_python_interpreter"] = named or sys.executable
        return kept

    @contextlib.contextmanager
    def _on_the_controller(self) -> Iterator[None]:
        """Swap in a local connection without become for this one module run."""
        theirs = (self._connection, self._play_context, self._task.delegate_to)
        here = self._play_context.copy()
        here.become = False
        here.executable = "/bin/sh"  # the host's shell need not exist here
        local = connection_loader.get("ansible.builtin.local", here)
        local.set_options()
        local.become = None
        local._shell.set_options()
        # The host's remote_tmp may name a folder that means nothing here.
        local._shell.set_option("remote_tmp", tempfile.gettempdir())
        # With delegate_to the interpreter would be looked up for that host.
        self._connection, self._play_context, self._task.delegate_to = local, here, None
        try:
            yield
        finally:
            self._connection, self._play_context, self._task.delegate_to = theirs


@contextlib.contextmanager
def _shown_progress(display: Display) -> Iterator[None]:
    """Show the latest sentence of the module, about once a second, when it takes longer than two."""
    descriptor, path = tempfile.mkstemp(prefix="airgap-uv-progress-")
    os.close(descriptor)
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(Path(path), done, display), daemon=True)
    # The local connection hands this process's environment on; the process serves this one task.
    os.environ[VARIABLE] = path
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        os.environ.pop(VARIABLE, None)
        with contextlib.suppress(OSError):
            Path(path).unlink()


def _watch(path: Path, done: threading.Event, display: Display) -> None:
    shown = ""
    pause = _QUIET_SECONDS
    while not done.wait(pause):
        pause = _BETWEEN
        lines = path.read_text(encoding="utf-8").splitlines()
        if lines and lines[-1] != shown:
            shown = lines[-1]
            display.display(f"airgap.uv: {shown}", stderr=writes_for_programs(constants.DEFAULT_STDOUT_CALLBACK))
