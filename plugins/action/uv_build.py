# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's side of `uv_build`: bring the source to the host, and the wheel back."""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible import constants as C  # noqa: N812 - Ansible's own name for it
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.airgap.uv.plugins.module_utils import parcel, record
from ansible_collections.airgap.uv.plugins.module_utils.arrival import sha256_of
from ansible_collections.airgap.uv.plugins.module_utils.credentials import masked
from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.order import LINKS, SOURCE, TOOL, OrderInvalid, is_requirements

MODULE = "airgap.uv.uv_build"

# What uv looks for in a folder of links.
_FILES = (".whl", ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tgz")


class StepFailed(Exception):
    """A step failed; `result` is what the module or the connection said."""

    def __init__(self, result: Mapping[str, Any]) -> None:
        super().__init__(result.get("msg"))
        self.result = dict(result)


class ActionModule(ActionBase):
    TRANSFERS_FILES = True
    _supports_check_mode = True
    _supports_async = False

    # ActionBase has no types.
    _task: Any
    _connection: Any

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._vars = task_vars or {}
        try:
            with tempfile.TemporaryDirectory(dir=C.DEFAULT_LOCAL_TMP, prefix="uv_build-") as folder:
                result.update(self._build(Path(folder)))
        except AirgapError as error:
            raise AnsibleActionFail(masked(str(error))) from None
        except StepFailed as failure:
            result.update(failure.result)
            result["failed"] = True
        return result

    def _build(self, folder: Path) -> dict[str, Any]:
        """Each step once, in order."""
        arguments = {**self._task.args}
        for option in ("source", "dest"):
            if not arguments.get(option):
                raise OrderInvalid(option, "it is missing")
        step = {} if self._remote else self._packed(folder, arguments)
        if self._task.check_mode:
            return self._passed(self._ask(arguments, {"name": "describe", **step}))
        if step:
            step["bundle"] = self._sent(folder / "bundle.tar")
        told = self._ask(arguments, {"name": "build", **step})
        work = told.pop("work")
        try:
            path = self._fetched(arguments, told["wheel"], work)
        finally:
            self._ask(arguments, {"name": "remove", "work": work})
        return {**self._passed(told), "wheel": {**told["wheel"], "path": str(path)}}

    @property
    def _remote(self) -> bool:
        return str(self._task.args.get("remote_src", False)).lower() in ("true", "yes", "on", "1")

    def _packed(self, folder: Path, arguments: dict[str, Any]) -> dict[str, Any]:
        """Put together what the host gets, name the hash that it must have, and tell what is in it."""
        source = self._here(arguments["source"])
        step: dict[str, Any] = {"packed": source.is_dir()}
        if source.is_dir():
            parcel.pack(source, folder / f"{source.name}.tar")
            source = folder / f"{source.name}.tar"
        elif not source.is_file():
            raise OrderInvalid("source", f"there is no {source} on the controller")
        arguments["hash"] = self._verified(source, arguments.get("hash"))
        files = [(f"{SOURCE}/{source.name}", source)]
        step["source"] = source.name
        if arguments.get("uv_wheel"):
            wheel = self._here(arguments["uv_wheel"])
            if not wheel.is_file():
                raise OrderInvalid("uv_wheel", f"there is no {wheel} on the controller")
            files.append((f"{TOOL}/{wheel.name}", wheel))
            step["uv_wheel"] = wheel.name
        if arguments.get("find_links"):
            links = self._here(arguments["find_links"])
            if not links.is_dir():
                raise OrderInvalid("find_links", f"there is no folder {links} on the controller")
            files += [(f"{LINKS}/{path.name}", path) for path in sorted(links.iterdir()) if path.name.endswith(_FILES)]
            step["links"] = True
        arguments["constraints"] = self._constraints(arguments.get("constraints"))
        if not self._task.check_mode:
            parcel.bundle(files, folder / "bundle.tar")
        return step

    def _verified(self, source: Path, given: str | None) -> str:
        found = f"sha256:{sha256_of(source)}"
        if given:
            algorithm, _colon, digest = str(given).partition(":")
            if algorithm != "sha256" or len(digest) != 64:
                raise OrderInvalid("hash", "give sha256: and 64 hexadecimal digits")
            record.verify(source, digest.lower())
        return found

    def _constraints(self, given: str | None) -> str | None:
        """The file's text, unless it is text already."""
        if not given or is_requirements(given):
            return given
        try:
            return self._here(given).read_text(encoding="utf-8")
        except OSError as error:
            raise OrderInvalid("constraints", f"{given} cannot be read on the controller ({error.strerror})") from None

    def _here(self, path: str) -> Path:
        """A path on the controller, seen from the playbook's folder as with other modules."""
        return Path(self._loader.path_dwim(path))

    def _sent(self, bundle: Path) -> str:
        if self._connection._shell.tmpdir is None:
            self._make_tmp_path()
        folder = self._connection._shell.tmpdir
        remote: str = self._connection._shell.join_path(folder, "uv_build.tar")
        self._transfer_file(str(bundle), remote)
        self._fixup_perms2([folder, remote], execute=False)
        return remote

    def _ask(self, arguments: Mapping[str, Any], step: Mapping[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._execute_module(
            module_name=MODULE, module_args={**arguments, "step": dict(step)}, task_vars=self._vars
        )
        if answer.get("failed") or answer.get("unreachable"):
            raise StepFailed(answer)
        return answer

    def _fetched(self, arguments: Mapping[str, Any], wheel: Mapping[str, Any], work: str) -> Path:
        """Written beside, verified, renamed."""
        name = str(wheel["filename"])
        if "/" in name or not name.endswith(".whl"):
            raise OrderInvalid("source", f"the host gives {name!r}, which is no wheel's name")
        dest = self._here(str(arguments["dest"]))
        dest.mkdir(parents=True, exist_ok=True)
        with _beside(dest / name) as beside:
            if self._connection.become:
                self._read(arguments, wheel, work, beside)
            else:
                self._connection.fetch_file(wheel["path"], str(beside))
            found = sha256_of(beside)
            if found != wheel["sha256"]:
                raise OrderInvalid("source", f"{name} arrived with sha256 {found} instead of {wheel['sha256']}")
            beside.chmod(0o644)
            beside.replace(dest / name)
        return dest / name

    def _read(self, arguments: Mapping[str, Any], wheel: Mapping[str, Any], work: str, beside: Path) -> None:
        """In parts: who logs in may not read what another user built."""
        with beside.open("wb") as file:
            while file.tell() < wheel["size"]:
                step = {"name": "read", "work": work, "wheel": wheel["filename"], "offset": file.tell()}
                part = base64.b64decode(self._ask(arguments, step)["part"])
                if not part:
                    return
                file.write(part)

    def _passed(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """What the user sees. A discovered interpreter is told along, so that no later task looks for it again."""
        kept = ("changed", "record", "ansible_facts", "warnings", "deprecations")
        return {key: told[key] for key in kept if key in told}


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)
