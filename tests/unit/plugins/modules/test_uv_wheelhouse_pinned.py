# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds whose requirements are pinned: the same files, whatever the index has by now, and no network."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.tests.unit.support.collecting import Collect
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.sdists import make_sdist
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256

# What it is built with can be seen in the wheel.
WRITES = "import helper\nwith open('delta/made.py', 'w') as file: file.write(helper.__version__)\n"


@pytest.fixture
def collect(index: Index, tmp_path: Path) -> Collect:
    make_wheel(index.folder, "helper", "1.5")
    make_sdist(index.folder, "delta", build_requires=["helper"], prelude=WRITES)
    made = Collect(tmp_path, index)
    made.make("delta")
    return made


def pin(collect: Collect, *lines: str) -> Path:
    path = collect.folder / "pins.txt"
    helper = next(collect.index.folder.rglob("helper-1.5-*.whl"))
    given = lines or (f"helper==1.5 --hash=sha256:{sha256(helper)}",)
    path.write_text("\n".join(given) + "\n", encoding="utf-8")
    return path


def built(collect: Collect, **options: object) -> tuple[str, str]:
    """The hash of the wheel that is built, and the release."""
    result = collect.succeed(build_cache="", **options)
    (wheel,) = result["wheels"]
    return wheel["sha256"], result["stage"]["release"]


def test_a_newer_release_of_a_requirement_changes_nothing(collect: Collect) -> None:
    pins = pin(collect)
    first = built(collect, build_constraints=pins)
    make_wheel(collect.index.folder, "helper", "1.6")
    shutil.rmtree(collect.wheelhouse)
    assert built(collect, build_constraints=pins) == first
    shutil.rmtree(collect.wheelhouse)
    without = built(collect)
    assert without[0] != first[0]
    assert without[1] != first[1]


def test_what_is_known_by_its_hash_is_not_asked_for_again(collect: Collect) -> None:
    pins = pin(collect)
    first = built(collect, build_constraints=pins)
    assert collect.index.downloads.count("helper-1.5-py3-none-any.whl") == 1
    shutil.rmtree(collect.wheelhouse / ".cache" / "builds")
    collect.index.stop()
    assert built(collect, build_constraints=pins, frozen=True) == first


def test_files_that_were_tampered_with_are_fetched_again(collect: Collect) -> None:
    pins = pin(collect)
    first = built(collect, build_constraints=pins)
    (kept,) = (collect.wheelhouse / ".cache" / "requirements").rglob("helper-*.whl")
    kept.write_bytes(b"x")
    shutil.rmtree(collect.wheelhouse / ".cache" / "builds")
    assert built(collect, build_constraints=pins) == first
    assert collect.index.downloads.count("helper-1.5-py3-none-any.whl") == 2


def test_the_source_serves_where_no_wheel_fits(index: Index, tmp_path: Path) -> None:
    make_wheel(index.folder, "helper", "1.5", tag="cp39-cp39-win_amd64")
    source = make_sdist(index.folder, "helper", "1.5")
    make_sdist(index.folder, "delta", build_requires=["helper"], prelude=WRITES)
    collect = Collect(tmp_path, index)
    collect.make("delta")
    collect.succeed(build_constraints=pin(collect, f"helper==1.5 --hash=sha256:{sha256(source)}"))


def test_what_is_pinned_and_not_needed_need_not_be_there(collect: Collect) -> None:
    pins = pin(collect)
    text = pins.read_text(encoding="utf-8")
    make_wheel(collect.index.folder, "foreign", "1", tag="cp39-cp39-win_amd64")
    foreign = next(collect.index.folder.rglob("foreign-*.whl"))
    more = f"absent==1 --hash=sha256:{'0' * 64}\nforeign==1 --hash=sha256:{sha256(foreign)}\n"
    pins.write_text(text + more, encoding="utf-8")
    built(collect, build_constraints=pins)


WANTS = "import urllib.request\nurllib.request.urlopen('{}/simple/', timeout=5)\n"
REFUSED = [
    (
        "helper==1.5 --hash=sha256:{other}",
        "",
        "which build_constraints pins, and no file of helper 1.5 on the index has a hash that is named there",
    ),
    ("other==1.5 --hash=sha256:{hash}", "", "it needs helper, which build_constraints does not pin for this Python"),
    ('helper==1.5 ; python_version < "3" --hash=sha256:{hash}', "", "it needs helper, which build_constraints"),
    ("helper==1.5 --hash=sha256:{hash}", WANTS, "it wanted the network, and a build with pinned requirements"),
    ("helper>=1.5 --hash=sha256:{hash}", "", "line 1: helper>=1.5 is not exact"),
    ("helper==1.5", "", "line 1: helper==1.5 has no hash"),
]


@pytest.mark.parametrize(("line", "more", "said"), REFUSED)
def test_what_pins_do_not_allow(line: str, more: str, said: str, collect: Collect) -> None:
    helper = next(collect.index.folder.rglob("helper-1.5-*.whl"))
    make_wheel(collect.index.folder, "other", "1.5")
    if more:
        prelude = more.format(collect.index.url.rpartition("/simple")[0])
        make_sdist(collect.index.folder, "delta", build_requires=["helper"], prelude=prelude)
        shutil.rmtree(collect.project)
        collect.make("delta")
    path = pin(collect, line.format(hash=sha256(helper), other="0" * 64))
    if "other==" in line:
        other = next(collect.index.folder.rglob("other-*.whl"))
        path = pin(collect, f"other==1.5 --hash=sha256:{sha256(other)}")
    result = collect(build_constraints=path, build_cache="")
    assert result.failed
    assert said in result.msg
    assert collect.remains == []
    assert not list(collect.wheelhouse.glob("*/*.whl"))
