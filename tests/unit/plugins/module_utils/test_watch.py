# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.watch import watched


def run_command(
    argv: Sequence[str],
    handle_exceptions: bool,
    expand_user_and_vars: bool,
    before_communicate_callback: Callable[[Any], None],
) -> tuple[int, str, str]:
    """As Ansible's, as far as it is used here."""
    assert (handle_exceptions, expand_user_and_vars) == (False, False)
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    before_communicate_callback(process)
    out, err = process.communicate()
    return process.returncode, out, err


def ended(pid: int) -> bool:
    """Whether a process is gone, or a zombie that nobody has waited for."""
    for _attempt in range(50):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.1)
    return False


def test_what_ends_in_time_is_passed_on() -> None:
    run = watched(run_command, 60)
    assert run(["/bin/sh", "-c", "echo out; echo err >&2; exit 3"]) == (3, "out\n", "err\n")


@pytest.mark.parametrize("ignores", ["", 'trap "" TERM INT HUP; '])
def test_what_takes_too_long_is_ended_with_all_that_it_started(ignores: str, tmp_path: Path) -> None:
    script = f"{ignores}sh -c 'sleep 300 & echo $! > {tmp_path}/pid; wait' & sleep 301; echo never"
    started = time.monotonic()
    with pytest.raises(TimeoutError) as caught:
        watched(run_command, 0.5)(["/bin/sh", "-c", script])
    assert time.monotonic() - started < 20
    assert caught.value.strerror == "no answer in 0.5 s"
    assert ended(int((tmp_path / "pid").read_text()))


def test_what_cannot_be_started_says_so(tmp_path: Path) -> None:
    (tmp_path / "program").write_text("echo not for a shell")
    (tmp_path / "program").chmod(0o755)
    with pytest.raises(OSError, match="Exec format error"):
        watched(run_command)([str(tmp_path / "program")])
