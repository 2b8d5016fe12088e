# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's side of `uv_transfer`: ask the host what is missing, and bring that.

The host's module does everything on the host. What is decided here is only how the bytes travel.
"""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible import constants as C  # noqa: N812 - Ansible's own name for it
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import connection_loader
from ansible.utils.display import Display
from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.rsync import Escalation, Route
from ansible_collections.airgap.uv.plugins.module_utils.transfer import Key, Tree, batches, parse_trees

display = Display()

MODULE = "airgap.uv.uv_transfer"


class SourceMissing(AirgapError):
    def __init__(self, files: list[str]) -> None:
        super().__init__(files)
        self.files = files

    def __str__(self) -> str:
        listed = "".join(f"\n  {path}" for path in self.files)
        return f"The controller lacks {len(self.files)} file(s) to send. Collect again:{listed}"


class TransferFailed(Exception):
    """A step failed; `result` is what the module or the connection said."""

    def __init__(self, result: Mapping[str, Any]) -> None:
        super().__init__(result.get("msg"))
        self.result = dict(result)


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    # ActionBase has no types; these are swapped for a while to run something on the controller.
    _task: Any
    _connection: Any
    _play_context: Any

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._vars = task_vars or {}
        try:
            trees = parse_trees(self._task.args.get("trees"))
            self._trees = [{**tree.as_dict(), "src": str(Path(tree.src).expanduser())} for tree in trees]
            result.update(self._bring(trees))
        except AirgapError as error:
            raise AnsibleActionFail(str(error)) from None
        except TransferFailed as failure:
            result.update(failure.result)
            result["failed"] = True
        return result

    def _bring(self, trees: Sequence[Tree]) -> dict[str, Any]:
        """Each step once, in order."""
        route = self._route()
        via = self._task.args.get("via", "auto")
        if via == "rsync" and route.obstacle():
            raise AnsibleActionFail(f"via: rsync cannot work here, because {route.obstacle()}.")
        told = self._ask("direct" if self._host_is_controller() else "compare")
        keys = [Key.parse(name, trees) for name in told["missing"]]
        if not keys or "incoming" not in told:
            return _summary(trees, keys, told, told, "connection" if keys and not self._task.check_mode else None)
        absent = [path for path in (_source(trees, key) for key in keys) if not path.is_file()]
        if absent:
            self._ask("abandon", incoming=told["incoming"])
            raise SourceMissing([str(path) for path in absent])
        obstacle = route.obstacle() or route.obstacle_there(told["rsync"], told["incoming"])
        if via != "connection" and obstacle is None:
            obstacle = self._rsync(route, trees, keys, told["incoming"], told["rsync"])
            if obstacle is None:
                last = self._receive(told["incoming"], keys, last=True)
                return _summary(trees, keys, told, last, "rsync")
            if via == "auto":
                display.warning(f"rsync failed, so files go over Ansible's connection: {obstacle}")
        if via == "rsync":
            self._ask("abandon", incoming=told["incoming"])
            raise AnsibleActionFail(f"via: rsync cannot work here, because {obstacle}.")
        display.vv(f"uv_transfer: over Ansible's connection ({obstacle or 'via: connection'})")
        return _summary(trees, keys, told, self._send(trees, keys, told["incoming"]), "connection")

    # --- the host -------------------------------------------------------------------------------

    def _ask(self, step: str, **more: Any) -> dict[str, Any]:
        arguments = {**self._task.args, "trees": self._trees, "step": {"name": step, **more}}
        answer: dict[str, Any] = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=self._vars)
        if answer.get("failed") or answer.get("unreachable"):
            raise TransferFailed(answer)
        return answer

    def _receive(self, incoming: str, keys: Sequence[Key], last: bool, archive: str | None = None) -> dict[str, Any]:
        names = [key.name for key in keys]
        return self._ask("receive", incoming=incoming, files=names, last=last, archive=archive)

    def _host_is_controller(self) -> bool:
        """Then the module reads the source itself, unless it runs as somebody who may not."""
        become = self._connection.become
        user = become.get_option("become_user") if become else None
        return self._connection.transport == "local" and user in (None, "", "root")

    # --- Ansible's own connection ---------------------------------------------------------------

    def _send(self, trees: Sequence[Tree], keys: Sequence[Key], incoming: str) -> dict[str, Any]:
        """In portions, so that neither side needs much space besides."""
        portions = list(batches(trees, keys))
        answer: dict[str, Any] = {}
        for number, portion in enumerate(portions, start=1):
            if self._connection._shell.tmpdir is None:
                self._make_tmp_path()
            remote = self._connection._shell.join_path(self._connection._shell.tmpdir, "files.tar")
            with _packed(trees, portion) as archive:
                self._transfer_file(archive, remote)
            self._fixup_perms2([self._connection._shell.tmpdir, remote], execute=False)
            answer = self._receive(incoming, portion, last=number == len(portions), archive=remote)
        return answer

    # --- rsync ----------------------------------------------------------------------------------

    def _rsync(self, route: Route, trees: Sequence[Tree], keys: Sequence[Key], incoming: str, rsync: str) -> str | None:
        """Why it failed, or none."""
        with tempfile.TemporaryDirectory(dir=C.DEFAULT_LOCAL_TMP, prefix="uv_transfer-") as folder:
            for key in keys:
                (Path(folder) / key.name).symlink_to(_source(trees, key))
            arguments = route.synchronize(folder, incoming, rsync)
            with self._on_controller() as variables:
                try:
                    answer = self._execute_module(
                        module_name="ansible.posix.synchronize", module_args=arguments, task_vars=variables
                    )
                except AnsibleError as error:  # ansible.posix is not installed
                    return str(error)
        if not answer.get("failed"):
            return None
        said = str(answer.get("msg") or answer.get("module_stderr") or "it said nothing").strip()
        return " / ".join(line.strip() for line in said.splitlines()[-3:])

    @contextmanager
    def _on_controller(self) -> Iterator[dict[str, Any]]:
        """Run modules here, under the Python that runs Ansible, and never as another user.

        What the inventory, the play and the command line say of connection, become and interpreter is
        meant for the host. Yields the variables to run a module with.
        """
        task, connection, context = self._task, self._connection, self._play_context
        self._task = task.copy()
        self._task.delegate_to = None
        self._task.environment = []
        self._play_context = context.copy()
        self._play_context.become = False
        self._play_context.shell = "sh"
        self._play_context.executable = C.DEFAULT_EXECUTABLE
        self._connection = connection_loader.get("ansible.builtin.local", self._play_context)
        self._connection._remote_is_local = True
        try:
            yield {**self._vars, "ansible_python_interpreter": sys.executable}
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)
            self._task, self._connection, self._play_context = task, connection, context

    def _route(self) -> Route:
        transport = self._connection.transport
        if transport != "ssh":
            return Route(transport, None, "ssh", "")
        option = self.get_connection_option
        arguments = (option(name) for name in ("ssh_args", "ssh_common_args", "ssh_extra_args"))
        return Route(
            transport,
            rsync=shutil.which("rsync"),
            ssh=option("ssh_executable") or "ssh",
            host=str(option("host")),
            port=option("port"),
            user=option("remote_user"),
            private_key_file=option("private_key_file"),
            arguments=tuple(str(text) for text in arguments if text),
            host_key_checking=bool(option("host_key_checking", default=True)),
            timeout=int(option("timeout") or 10),
            password=bool(option("password")),
            other_key=bool(option("private_key") or option("pkcs11_provider")),
            escalation=self._escalation(),
        )

    def _escalation(self) -> Escalation | None:
        become = self._connection.become
        if not become:
            return None

        def option(name: str) -> str:
            return str(become.get_option(name) or "")

        user = option("become_user") or "root"
        return Escalation(become.name, user, option("become_exe") or "sudo", bool(option("become_pass")))


@contextmanager
def _packed(trees: Sequence[Tree], keys: Sequence[Key]) -> Iterator[str]:
    """A tar in a temporary file, written as a stream; its names are the keys'."""
    with tempfile.NamedTemporaryFile(dir=C.DEFAULT_LOCAL_TMP, suffix=".tar") as file:
        with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            for key in keys:
                with _source(trees, key).open("rb") as stream:
                    info = tarfile.TarInfo(key.name)
                    info.size = os.fstat(stream.fileno()).st_size
                    try:
                        tar.addfile(info, stream)
                    except OSError as error:
                        raise AnsibleActionFail(f"{stream.name} cannot be packed: {error}.") from None
        file.flush()
        yield file.name


def _source(trees: Sequence[Tree], key: Key) -> Path:
    tree = trees[key.tree]
    return Path(tree.src).expanduser() / tree.files[key.file].path


def _summary(
    trees: Sequence[Tree], keys: Sequence[Key], first: Mapping[str, Any], told: Mapping[str, Any], via: str | None
) -> dict[str, Any]:
    """What the user sees; `first` and `told` are the host's first and last answer."""
    files = [
        (key.name, f"{trees[key.tree].dest}/{file.path}", file.size) for key in keys for file in [_file(trees, key)]
    ]
    removed, settled = list(told.get("removed", [])), list(told.get("settled", []))
    differing = set(first.get("differing", []))
    lines = [
        f"! {path} ({size} bytes) had other bytes" if name in differing else f"+ {path} ({size} bytes)"
        for name, path, size in files
    ]
    lines += [f"- {path}" for path in removed] + [f"~ {path}" for path in settled]
    # A discovered interpreter is told along, so that no later task looks for it again.
    passed = {key: told[key] for key in ("ansible_facts", "warnings", "deprecations") if key in told}
    return {
        **passed,
        "changed": bool(lines),
        "sent": [path for _name, path, _size in files],
        "replaced": [path for name, path, _size in files if name in differing],
        "sent_bytes": sum(size for _name, _path, size in files),
        "settled": settled,
        "removed": removed,
        "via": via,
        "diff": {"prepared": "".join(f"{line}\n" for line in lines)},
    }


def _file(trees: Sequence[Tree], key: Key) -> Any:
    return trees[key.tree].files[key.file]
