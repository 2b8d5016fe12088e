# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that pins build requirements is made from what builds are made with."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.tests.unit.support.collecting import MINOR, PLATFORM, Collect
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.real import find_python
from ansible_collections.airgap.uv.tests.unit.support.running import Result
from ansible_collections.airgap.uv.tests.unit.support.sdists import C_SOURCE, make_sdist
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256


def writes(name: str) -> str:
    """What it is built with can be seen in the wheel."""
    return f"import helper\nwith open('{name}/made.py', 'w') as file: file.write(helper.__version__)\n"


@pytest.fixture
def collect(index: Index, tmp_path: Path) -> Collect:
    make_wheel(index.folder, "part", "2.0")
    make_wheel(index.folder, "helper", "1.5", requires=["part"])
    make_wheel(index.folder, "helper", "1.5", requires=["part"], tag="cp39-cp39-win_amd64")
    for name in ("delta", "epsilon"):
        make_sdist(index.folder, name, build_requires=["helper"], prelude=writes(name))
    made = Collect(tmp_path, index)
    made.make("delta", "epsilon")
    return made


def pins(collect: Collect) -> Path:
    return collect.folder / "pins.txt"


def lock(collect: Collect, **options: Any) -> Result:
    return collect.succeed(lock_builds=True, build_constraints=pins(collect), build_cache="", **options)


def lines(path: Path) -> list[str]:
    """What is pinned, without hashes."""
    text = path.read_text(encoding="utf-8")
    return [line.rstrip(" \\") for line in text.splitlines() if not line.startswith(("#", " "))]


def hashes(result: Result) -> dict[str, str]:
    return {wheel["name"]: wheel["sha256"] for wheel in result["wheels"]}


def test_it_is_made_with_the_hashes_of_all_files(collect: Collect) -> None:
    result = lock(collect)
    assert lines(pins(collect)) == ["helper==1.5", "part==2.0"]
    text = pins(collect).read_text(encoding="utf-8")
    assert f"# Python: {MINOR}\n" in text
    for wheel in collect.index.folder.rglob("helper-1.5-*.whl"):
        assert f"--hash=sha256:{sha256(wheel)}" in text
    assert result["changed"]
    assert result["build_constraints"] == {
        "path": str(pins(collect)),
        "changed": [str(pins(collect))],
        "builds": [
            {"name": name, "python": MINOR, "requirements": ["helper==1.5", "part==2.0"]}
            for name in ("delta", "epsilon")
        ],
    }
    assert collect.remains == []


def test_builds_are_made_with_it_at_once_and_from_then_on(collect: Collect) -> None:
    first = lock(collect)
    make_wheel(collect.index.folder, "helper", "1.6")
    shutil.rmtree(collect.wheelhouse)
    second = collect.succeed(build_constraints=pins(collect), build_cache="")
    assert hashes(second) == hashes(first)
    assert second["stage"]["release"] == first["stage"]["release"]
    before = pins(collect).read_bytes()
    third = lock(collect)
    assert lines(pins(collect)) == ["helper==1.6", "part==2.0"]
    assert pins(collect).read_bytes() != before
    assert hashes(third)["delta"] != hashes(first)["delta"]


def test_it_is_the_same_for_the_same(collect: Collect) -> None:
    """What earlier runs built does not count."""
    lock(collect)
    before = pins(collect).stat().st_mtime_ns
    again = lock(collect)
    assert pins(collect).stat().st_mtime_ns == before
    assert again["build_constraints"]["changed"] == []
    assert len(again["build_constraints"]["builds"]) == 2
    assert again["changed"] is False


def test_one_package_that_needs_another_version(collect: Collect) -> None:
    make_wheel(collect.index.folder, "helper", "1.4")
    make_sdist(collect.index.folder, "zeta", build_requires=["helper<1.5"], prelude=writes("zeta"))
    shutil.rmtree(collect.project)
    collect.make("delta", "epsilon", "zeta")
    first = lock(collect)
    own = pins(collect).with_name("pins.zeta.txt")
    assert lines(pins(collect)) == ["helper==1.5", "part==2.0"]
    assert lines(own) == ["helper==1.4"]
    assert "of zeta" in own.read_text(encoding="utf-8")
    shutil.rmtree(collect.wheelhouse)
    assert hashes(collect.succeed(build_constraints=pins(collect), build_cache="")) == hashes(first)
    # It goes when nothing differs any more.
    make_sdist(collect.index.folder, "zeta", build_requires=["helper"], prelude=writes("zeta"))
    shutil.rmtree(collect.project)
    collect.make("delta", "epsilon", "zeta")
    shutil.rmtree(collect.wheelhouse)
    assert lock(collect)["build_constraints"]["changed"] == [str(own)]
    assert not own.exists()


def test_what_was_not_built_now_stays(collect: Collect) -> None:
    other = f"sha256:{'a' * 64}"
    pins(collect).write_text(
        f"# Python: 3.8, {MINOR}\nhelper==1.0 --hash={other}\n"
        f'other==1 ; python_version == "3.8" --hash={other}\n'
        f'third==3 ; sys_platform == "win32" --hash={other}\n',
        encoding="utf-8",
    )
    pins(collect).with_name("pins.absent.txt").write_text(f"helper==0.9 --hash={other}\n", encoding="utf-8")
    lock(collect)
    assert sorted(lines(pins(collect))) == [
        'helper==1.0 ; python_version == "3.8"',
        f'helper==1.5 ; python_version == "{MINOR}"',
        'other==1 ; python_version == "3.8"',
        f'part==2.0 ; python_version == "{MINOR}"',
        'third==3 ; sys_platform == "win32"',
    ]
    assert lines(pins(collect).with_name("pins.absent.txt")) == ["helper==0.9"]


@pytest.mark.parametrize("there", [True, False])
def test_check_mode_tells_what_would_be_built_for_it(there: bool, collect: Collect) -> None:
    if there:
        lock(collect)
    before = collect.snapshot()
    result = lock(collect, check=True)
    told = [{"name": name, "python": MINOR, "requirements": None} for name in ("delta", "epsilon")]
    assert result["build_constraints"] == {"path": str(pins(collect)), "changed": None, "builds": told}
    assert result["changed"]
    assert pins(collect).exists() is there
    assert collect.snapshot() == before


def test_nothing_to_build(collect: Collect) -> None:
    make_wheel(collect.index.folder, "alpha")
    shutil.rmtree(collect.project)
    collect.make("alpha")
    assert lock(collect)["build_constraints"]["builds"] == []
    assert lines(pins(collect)) == []
    assert "# Python: none\n" in pins(collect).read_text(encoding="utf-8")
    assert lock(collect)["changed"] is False
    collect.succeed(build_constraints=pins(collect))


def test_each_python_has_its_own(collect: Collect) -> None:
    """What only one of them needs is not written for the others."""
    other = find_python("3.9")
    if other is None or MINOR == "3.9" or not shutil.which("cc"):
        pytest.skip("there is no Python 3.9 beside this one, or no C compiler")
    make_wheel(collect.index.folder, "helper", "1.4", requires=["part"])
    requires = ["helper; python_version >= '3.10'", "helper<1.5; python_version < '3.10'", "part"]
    make_sdist(collect.index.folder, "zeta", build_requires=requires, files={"zeta/_native.c": C_SOURCE})
    shutil.rmtree(collect.project)
    collect.make("zeta")
    targets = [{"python": python, "platform": PLATFORM} for python in (MINOR, "3.9")]
    first = lock(collect, targets=targets)
    assert sorted(lines(pins(collect))) == [
        'helper==1.4 ; python_version == "3.9"',
        f'helper==1.5 ; python_version == "{MINOR}"',
        "part==2.0",
    ]
    assert lock(collect, targets=targets[:1])["build_constraints"]["changed"] == []
    assert lock(collect, targets=targets[1:])["build_constraints"]["changed"] == []
    assert len(first["wheels"]) == 2


FAILS = [
    ("sys.exit('no frobnicate.h')", ["helper"], "no frobnicate.h"),
    ("import helper.absent", ["helper"], "helper.absent"),
    ("", ["missing"], "missing"),
]


@pytest.mark.parametrize(("prelude", "requires", "said"), FAILS)
@pytest.mark.parametrize("partial", [True, False])
def test_nothing_is_written_when_a_build_fails(
    partial: bool, prelude: str, requires: list[str], said: str, collect: Collect
) -> None:
    make_sdist(collect.index.folder, "zeta", build_requires=requires, prelude=prelude)
    shutil.rmtree(collect.project)
    collect.make("delta", "zeta")
    result = collect(lock_builds=True, build_constraints=pins(collect), partial=partial)
    assert result.failed
    assert said in result.msg
    assert not pins(collect).exists()
    assert collect.remains == []


def test_a_build_that_cannot_do_without_the_network(collect: Collect) -> None:
    """It can be made without pins, and not with them."""
    wants = f"import urllib.request\nurllib.request.urlopen({collect.index.url + '/helper/'!r}, timeout=5)\n"
    make_sdist(collect.index.folder, "zeta", build_requires=["helper"], prelude=wants)
    shutil.rmtree(collect.project)
    collect.make("delta", "zeta")
    result = collect(lock_builds=True, build_constraints=pins(collect))
    assert result.failed
    assert "it wanted the network, and a build with pinned requirements" in result.msg
    assert not pins(collect).exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "lock_builds: true cannot be used: build_constraints does not say which file it is to write"),
        ({"build_constraints": "{}/pins.txt", "build": "defer"}, "what is built elsewhere (build: defer)"),
        ({"build_constraints": "{}/project"}, "it is no file"),
        ({"build_constraints": "{}/project/main.py/pins.txt"}, "Not a directory"),
        ({"build_constraints": "{}/project/pyproject.toml"}, "line 1: '[project]' is no requirement"),
    ],
)
def test_what_cannot_be_meant(options: dict[str, str], said: str, collect: Collect) -> None:
    given = {name: value.format(collect.folder) for name, value in options.items()}
    before = collect.snapshot()
    assert said in collect(lock_builds=True, **given).msg
    assert collect.snapshot() == before
