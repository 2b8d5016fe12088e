# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds side by side: how many, in which order they are told, and how all of them end."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.tests.unit.support.collecting import ARCH, MINOR, Collect
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.running import finish, kill
from ansible_collections.airgap.uv.tests.unit.support.sdists import fails, make_sdist

NAMES = ["alpha", "beta", "gamma"]


def spanned(name: str) -> str:
    """A prelude of a build that takes a second, whose wheel tells when that was, and what it may compile with."""
    return (
        "_begun = time.monotonic()\ntime.sleep(1.0)\n"
        f"open({f'{name}/span.txt'!r}, 'w').write('%f %f' % (_begun, time.monotonic()))\n"
        f"open({f'{name}/jobs.txt'!r}, 'w').write(os.environ['MAX_JOBS'])\n"
    )


def told(collect: Collect, member: str) -> list[str]:
    """What the wheels hold under that name."""
    folder = collect.folder / "unpacked"
    shutil.rmtree(folder, ignore_errors=True)
    for wheel in sorted(collect.wheelhouse.rglob("*.whl")):
        shutil.unpack_archive(wheel, folder, "zip")
    return [path.read_text(encoding="utf-8") for path in sorted(folder.glob(f"*/{member}"))]


def most_at_once(spans: list[str]) -> int:
    """How many of them overlap at the busiest moment."""
    pairs = [tuple(map(float, span.split())) for span in spans]
    return max(sum(begun <= moment < ended for begun, ended in pairs) for moment, _ended in pairs)


def backends_left(mark: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.parametrize(("jobs", "most", "share"), [(1, 1, None), (3, 3, 1)])
def test_as_many_at_a_time_as_are_wanted(jobs: int, most: int, share: int | None, index: Index, tmp_path: Path) -> None:
    for name in NAMES:
        make_sdist(index.folder, name, prelude=spanned(name))
    collect = Collect(tmp_path, index)
    collect.make(*NAMES)
    # As if there were few CPUs, on whatever machine.
    progress = tmp_path / "progress"
    result = collect.succeed(
        build_jobs=jobs,
        wrapper=("taskset", "-c", str(min(os.sched_getaffinity(0)))),
        environment={"AIRGAP_UV_PROGRESS": str(progress)},
    )
    assert result["stats"]["built"] == 3
    assert most_at_once(told(collect, "span.txt")) == most
    assert told(collect, "jobs.txt") == [str(share or 1)] * 3
    said = [line for line in progress.read_text(encoding="utf-8").splitlines() if line.startswith("builds ")]
    busiest = max(said, key=lambda line: line.count(" and "))
    assert busiest.count(" for Python ") == most
    assert said[-1].endswith(" (3 of 3)")


def test_the_cpus_are_shared_out(index: Index, tmp_path: Path) -> None:
    count = len(os.sched_getaffinity(0))
    make_sdist(index.folder, "alpha", prelude=spanned("alpha"))
    collect = Collect(tmp_path, index)
    collect.make("alpha")
    collect.succeed()
    assert told(collect, "jobs.txt") == [str(count)]


def test_one_that_fails_does_not_stop_the_others(index: Index, tmp_path: Path) -> None:
    make_sdist(index.folder, "alpha", prelude=fails())
    make_sdist(index.folder, "beta", prelude=spanned("beta"))
    make_sdist(index.folder, "gamma", prelude=fails())
    collect = Collect(tmp_path, index)
    collect.make(*NAMES)
    result = collect(build_jobs=3)
    assert result.failed
    assert [obstacle["package"] for obstacle in result["obstacles"]] == ["alpha 1.0", "gamma 1.0"]
    for name in ("alpha", "gamma"):
        make_sdist(index.folder, name)
    again = collect(build_jobs=3, no_install_package=["alpha", "gamma"])
    assert (again["stats"]["built"], again["stats"]["reused"]) == (0, 1)


def test_a_source_for_two_pythons_is_built_once_where_it_is_pure(index: Index, tmp_path: Path) -> None:
    make_sdist(index.folder, "alpha", prelude=spanned("alpha"))
    collect = Collect(tmp_path, index)
    collect.make("alpha")
    targets = [{"python": f"{MINOR}.{micro}", "platform": f"{ARCH}-manylinux_2_36"} for micro in (1, 2)]
    other = {"python": "3.9", "platform": f"{ARCH}-manylinux_2_36"}
    result = collect.succeed(targets=[*targets, other], build_jobs=3)
    assert result["stats"]["built"] == 1
    assert len(result["wheels"]) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_ends_the_run_ends_all_its_builds(number: signal.Signals, index: Index, tmp_path: Path) -> None:
    for name in NAMES[:2]:
        sleeper = f"subprocess.run([sys.executable, '-c', 'import time; time.sleep(600)', {f'{tmp_path}/{name}'!r}])"
        make_sdist(index.folder, name, prelude=sleeper)
    collect = Collect(tmp_path, index)
    collect.make(*NAMES[:2])
    process = collect.module.start({**collect.options, "build_jobs": 2})
    marks = [f"{tmp_path}/{name}" for name in NAMES[:2]]
    until = time.monotonic() + 60
    while not all(backends_left(mark) for mark in marks) and time.monotonic() < until:
        time.sleep(0.1)
    assert all(backends_left(mark) for mark in marks), "the builds did not begin"
    os.kill(process.pid, number)
    try:
        result = finish(process, 30)
    except subprocess.TimeoutExpired:
        kill(process)
        raise
    assert result.failed
    assert [backends_left(mark) for mark in marks] == [[], []]
    assert collect.remains == []


@pytest.mark.parametrize("jobs", [0, -1])
def test_no_builds_at_a_time(jobs: int, index: Index, tmp_path: Path) -> None:
    collect = Collect(tmp_path, index)
    collect.make()
    result = collect(build_jobs=jobs)
    assert result.failed
    assert result.msg == f"build_jobs: {jobs} cannot be used: give a number, 1 or more."
