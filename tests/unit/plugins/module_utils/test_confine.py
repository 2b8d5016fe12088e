# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands in a cell of this kernel's own; what it has not got is skipped."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import cell, confine
from ansible_collections.airgap.uv.plugins.module_utils.confine import Limits, Means, Overdue, confined

Result = tuple[int, str, str]


def run_command(
    argv: list[str],
    cwd: str | None = None,
    environ_update: Mapping[str, str] | None = None,
    before_communicate_callback: Callable[[Any], object] = lambda process: None,
    expand_user_and_vars: bool = True,
) -> Result:
    """As `AnsibleModule.run_command`."""
    assert not expand_user_and_vars, "a `$` in an argument is what it is"
    environ = {**os.environ, **(environ_update or {})}
    with subprocess.Popen(argv, cwd=cwd, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as it:
        before_communicate_callback(it)
        out, err = it.communicate()
    return it.returncode, out, err


MEANS = confine.means(run_command)
needs_landlock = pytest.mark.skipif(not MEANS.landlock, reason="this kernel has no Landlock")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "own"


def inside(own: Path, script: str, seconds: float = 60, network: bool = True, **environ: str) -> Result:
    """Run a shell script in a cell whose folder is `own`."""
    run = confined(run_command, Limits(seconds, (own,), network))
    own.mkdir(exist_ok=True)
    return run(["sh", "-c", script], str(own), {"PATH": os.environ["PATH"], **environ})


def test_it_sees_what_it_is_given_and_its_code_is_told(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "x")
    rc, out, err = inside(own, "echo $GIVEN$SECRET; pwd; echo said >&2; exit 3", GIVEN="given")
    assert (rc, out, err) == (3, f"given\n{own}\n", "said\n")
    assert inside(own, "kill -9 $$")[0] == 128 + 9


@needs_landlock
@pytest.mark.parametrize(
    "write",
    [
        "echo x > {}/file",
        "mkdir {}/new",
        "rm {}/there",
        "mv {}/there ./",
        "mv ./mine {}/",
        "ln -s x {}/link",
        ": > {}/there",
    ],
)
def test_it_writes_nowhere_else(write: str, own: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "there").write_text("as it was", encoding="utf-8")
    rc, _out, err = inside(own, f"echo x > mine; {write.format(other)}")
    assert rc
    assert "ermission denied" in err or "cross-device" in err
    assert [path.read_text(encoding="utf-8") for path in other.iterdir()] == ["as it was"]


def test_it_writes_in_its_own_folder(own: Path) -> None:
    script = "mkdir a b; echo x > a/x; mv a/x b/y; ln b/y a/z; ln -s y b/l; rm a/z; echo > /dev/null; cat b/l"
    assert inside(own, script) == (0, "x\n", "")


@needs_landlock
def test_it_makes_no_devices(own: Path) -> None:
    """A disk's would be its own, to be written."""
    rc, _out, err = inside(own, "mkfifo pipe && mknod disk b 7 0")
    assert rc
    assert "disk: Permission denied" in err
    assert (own / "pipe").is_fifo()


def test_pythons_own_locks_work(own: Path) -> None:
    code = "import multiprocessing as m; print(m.Pool(2).map(abs, [-1, 2]))"
    assert inside(own, f"{sys.executable} -c '{code}'")[:2] == (0, "[1, 2]\n")


@pytest.mark.skipif(MEANS.landlock < 6, reason="this kernel's Landlock knows no signals")
def test_it_signals_nobody_else(own: Path) -> None:
    rc, _out, err = inside(own, f"kill -0 {os.getpid()}")
    assert rc
    assert "not permitted" in err


ASKS = """
import socket, sys
try:
    socket.create_connection(("127.0.0.1", int(sys.argv[1])), 5)
    print("reached")
except OSError as error:
    print("kept")
"""


@pytest.mark.parametrize("network", [True, False])
@pytest.mark.parametrize("by", [cell.NAMESPACE, cell.LANDLOCK])
def test_it_reaches_the_network_if_it_may(
    by: str, network: bool, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (by == cell.NAMESPACE and MEANS.network != by) or (by == cell.LANDLOCK and MEANS.landlock < 4):
        pytest.skip("this kernel has not got it, or not for this user")
    monkeypatch.setattr(confine, "means", lambda run: Means(MEANS.landlock, by))
    script = tmp_path / "asks.py"
    script.write_text(ASKS, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = inside(own, f"{sys.executable} {script} {server.getsockname()[1]}", network=network)
    assert found[1] == ("reached\n" if network else "kept\n")


def test_where_nothing_can_cut_it_off_proxies_do(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confine, "means", lambda run: Means(0, ""))
    given = {"https_proxy": "http://proxy.test:3128", "NO_PROXY": "*"}
    assert inside(own, "echo $https_proxy $HTTPS_PROXY", network=False, **given)[1].count("127.0.0.1:9") == 2
    assert inside(own, "echo $https_proxy", **given)[1] == "http://proxy.test:3128\n"
    assert "no Landlock" in Means(0, "").warning
    assert Means(0, cell.NAMESPACE).warning == Means(4, cell.LANDLOCK).warning == ""


LONG = f"{os.getpid()}7"  # seconds, and by them they are found
DAEMONS = f"sleep {LONG} & setsid sleep {LONG} & (setsid setsid sleep {LONG} &) & sleep 0.3"


def sleepers() -> list[str]:
    """The processes that `DAEMONS` starts."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == f"sleep\0{LONG}\0".encode():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


def test_nothing_is_left_of_it(own: Path) -> None:
    assert inside(own, f"{DAEMONS}; exit 4")[0] == 4
    assert sleepers() == []


def test_its_time_is_limited(own: Path) -> None:
    started = time.monotonic()
    with pytest.raises(Overdue) as caught:
        inside(own, f"echo so far; {DAEMONS}; sleep {LONG}", seconds=1)
    assert time.monotonic() - started < 30
    assert (caught.value.seconds, caught.value.output) == (1, "so far\n")
    assert sleepers() == []


def test_it_ends_with_the_process_that_asked_for_it(own: Path, tmp_path: Path) -> None:
    """However that ends."""
    own.mkdir()
    root = str(Path(confine.__file__).absolute().parents[5])
    program = (
        f"import sys; sys.path[:0] = [{root!r}]\n"
        "from pathlib import Path\n"
        "from ansible_collections.airgap.uv.tests.unit.plugins.module_utils.test_confine import inside\n"
        f"inside(Path({str(own)!r}), {f'touch there; {DAEMONS}; sleep {LONG}'!r})"
    )
    with subprocess.Popen([sys.executable, "-c", program]) as asks:
        until = time.monotonic() + 60
        while not (own / "there").exists() or not sleepers():
            assert time.monotonic() < until
            time.sleep(0.05)
        asks.kill()
    until = time.monotonic() + 30
    while sleepers() and time.monotonic() < until:
        time.sleep(0.1)
    assert sleepers() == []


def test_a_command_that_is_not_there(own: Path) -> None:
    own.mkdir()
    rc, _out, err = confined(run_command, Limits(60, (own,)))(["/nonexistent/uv"], str(own), {})
    assert rc
    assert "error: /nonexistent/uv cannot be run in a cell of its own: [Errno 2]" in err
