# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a module of the collection as Ansible does, but in a process of the test's own."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.tests.unit.support.projects import clean_environment

# The folder that holds `ansible_collections`, so that another process imports the same collection.
ROOT = Path(__file__).absolute().parents[6]

_PREFIX = "ansible_collections.airgap.uv.plugins.modules."


@dataclasses.dataclass(frozen=True)
class Result:
    """What a module said: its JSON, its exit code and all of its output."""

    data: dict[str, Any]
    rc: int
    output: str

    def __getitem__(self, key: str) -> Any:
        return self.data[key]

    def get(self, key: str, default: Any = None) -> Any:
        """As a dict's."""
        return self.data.get(key, default)

    @property
    def failed(self) -> bool:
        """Whether the module called `fail_json` (or died)."""
        return bool(self.data.get("failed")) or self.rc != 0

    @property
    def msg(self) -> str:
        """The message, or the output of a module that died without one."""
        return str(self.data.get("msg") or self.output)


class Module:
    """One module, with the environment in which it runs."""

    def __init__(self, name: str, home: Path, python: str = sys.executable, **options: Any) -> None:
        self.name = name
        self.home = home
        self.python = python
        self.options = options
        self.environment = clean_environment(home, PYTHONPATH=str(ROOT))

    def start(
        self,
        options: Mapping[str, Any],
        *,
        check: bool = False,
        diff: bool = False,
        umask: int | None = None,
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        wrapper: tuple[str, ...] = (),
    ) -> subprocess.Popen[str]:
        """Start it without waiting; `finish` takes its result."""
        arguments = {
            **self.options,
            **options,
            "_ansible_check_mode": check,
            "_ansible_diff": diff,
            "_ansible_remote_tmp": str(self.home / "tmp"),
            "_ansible_keep_remote_files": False,
        }
        arguments = {key: _plain(value) for key, value in arguments.items() if value is not None}
        process = subprocess.Popen(
            [*wrapper, self.python, "-m", _PREFIX + self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**self.environment, **(environment or {})},
            cwd=cwd or self.home,
            start_new_session=True,
            umask=-1 if umask is None else umask,
            # A shell starts what it runs in the background deaf to it, and all that is started by that.
            preexec_fn=functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )
        if process.stdin:
            process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
            process.stdin.close()
            process.stdin = None
        return process

    def __call__(self, patience: float = 120, **options: Any) -> Result:
        """Run it to its end, for `patience` seconds at most. What `start` knows goes to it, the rest is options."""
        own = ("check", "diff", "umask", "environment", "cwd", "wrapper")
        how = {key: options.pop(key) for key in own if key in options}
        process = self.start(options, **how)
        try:
            return finish(process, patience)
        except subprocess.TimeoutExpired:
            kill(process)
            raise


def finish(process: subprocess.Popen[str], patience: float = 120) -> Result:
    """Wait for a started module and read what it said."""
    output = process.communicate(timeout=patience)[0]
    for line in reversed(output.splitlines()):
        if line.startswith("{"):
            return Result(json.loads(line), process.returncode, output)
    return Result({}, process.returncode or 1, output)


def kill(process: subprocess.Popen[str]) -> None:
    """kill -9, for the module and what it started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()


def ansible_environment(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` with what lets Ansible find this collection and keep its files in `folder`."""
    collections = [str(ROOT), *(path for path in sys.path if (Path(path) / "ansible_collections").is_dir())]
    return {
        **environment,
        "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(dict.fromkeys(collections)),
        "ANSIBLE_DEPRECATION_WARNINGS": "0",
        "ANSIBLE_HOME": str(folder),
        "ANSIBLE_LOCAL_TEMP": str(folder / "tmp"),
        "ANSIBLE_NOCOLOR": "1",
    }


def ansible_playbook() -> str:
    """The program beside the Python that runs this, or the one on PATH."""
    beside = Path(sys.executable).with_name("ansible-playbook")
    return str(beside) if beside.is_file() else "ansible-playbook"


def snapshot(*folders: Path, content: bool = True, times: bool = True) -> dict[str, tuple[Any, ...]]:
    """Every file, folder and link below `folders`: mode, modification time, size, sha256 or target."""
    found: dict[str, tuple[Any, ...]] = {}
    for folder in folders:
        for path in [folder, *sorted(folder.rglob("*"))] if folder.exists() else []:
            status = path.lstat()
            facts: list[Any] = [stat.filemode(status.st_mode)]
            if times:
                facts.append(status.st_mtime_ns)
            if path.is_symlink():
                facts.append(os.readlink(path))
            elif path.is_file() and content:
                facts.append(hashlib.sha256(path.read_bytes()).hexdigest())
            found[str(path)] = tuple(facts)
    return found


def names(folder: Path) -> list[str]:
    """The files below `folder`, relative to it, in order; without those in `.cache`."""
    found = [str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()]
    return sorted(name for name in found if not name.startswith(".cache/"))


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value
