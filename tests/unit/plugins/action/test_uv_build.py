# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A wheel from a builder: the action, Ansible's own connection and the module together."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.tests.unit.support.playing import LOCAL, Playing
from ansible_collections.airgap.uv.tests.unit.support.projects import uv_executable, write_tree
from ansible_collections.airgap.uv.tests.unit.support.sdists import fails, leaves_mark, make_sdist, runs, source_tree
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256

WHEEL = "alpha-1.0-py3-none-any.whl"


class Builds(Playing):
    def build(self, source: Path, *words: str, **options: Any) -> dict[str, Any]:
        common = {"source": str(source), "dest": str(self.root / "wheels"), "python": sys.executable}
        return self.run("airgap.uv.uv_build", {**common, "uv_executable": str(uv_executable()), **options}, *words)

    @property
    def left(self) -> list[str]:
        """What lies on the host afterwards."""
        return sorted(path.name for path in self.remote_tmp.glob("*"))


@pytest.fixture
def builds(tmp_path: Path) -> Builds:
    return Builds(tmp_path)


def test_a_source_goes_there_and_a_wheel_comes_back(builds: Builds, tmp_path: Path) -> None:
    sdist = make_sdist(tmp_path / "src", "alpha")
    told = builds.build(sdist, hash=f"sha256:{sha256(sdist)}", name="Alpha", version="1")
    assert not told["failed"], builds.output
    wheel = told["wheel"]
    assert wheel["path"] == str(tmp_path / "wheels" / WHEEL)
    assert wheel["sha256"] == sha256(Path(wheel["path"]))
    assert (wheel["name"], wheel["version"], wheel["filename"]) == ("alpha", "1.0", WHEEL)
    record = told["record"]
    assert record["python"] == ".".join(map(str, sys.version_info[:3]))
    assert (record["source"], record["requirements"], record["recipe"]) == (sha256(sdist), [], "")
    assert builds.left == []
    # Another connection, and the same bytes.
    builds.variables = dict(LOCAL)
    assert builds.build(sdist, dest=str(tmp_path / "again"))["wheel"]["sha256"] == wheel["sha256"]


def test_a_folder_is_packed_without_what_does_not_count(builds: Builds, tmp_path: Path) -> None:
    tree = {f"members/one/{path}": text for path, text in source_tree("alpha").items()}
    write_tree(tmp_path / "project", {**tree, "members/one/.venv/x": "1", "members/one/alpha/__pycache__/x.pyc": "1"})
    first = builds.build(tmp_path / "project", subdirectory="members/one")
    assert not first["failed"], builds.output
    write_tree(tmp_path / "project", {"members/one/.venv/x": "2"})
    source = first["record"]["source"]
    again = builds.build(tmp_path / "project", subdirectory="members/one", hash=f"sha256:{source}")
    assert again["wheel"]["sha256"] == first["wheel"]["sha256"]
    changed = builds.build(tmp_path / "project", subdirectory="members/one", hash=f"sha256:{'0' * 64}")
    assert f"has sha256 {source}, but its hash was given as 000" in changed["msg"]


def test_check_mode_asks_what_it_would_be_built_with(builds: Builds, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    sdist = make_sdist(tmp_path / "src", "alpha", prelude=leaves_mark(mark))
    told = builds.build(sdist, "--check")
    assert told["changed"]
    assert "wheel" not in told
    assert told["record"]["source"] == sha256(sdist)
    assert told["record"]["uv"]
    assert runs(mark) == 0
    assert not (tmp_path / "wheels").exists()
    builds.build(sdist)
    assert runs(mark) > 0


def test_build_requirements_come_from_the_controllers_folder(builds: Builds, tmp_path: Path) -> None:
    make_wheel(tmp_path / "links", "helper", "1.5")
    sdist = make_sdist(tmp_path / "src", "alpha", build_requires=["helper"], prelude="import helper")
    told = builds.build(sdist, find_links=str(tmp_path / "links"), index="https://index.test/simple")
    assert told["record"]["requirements"] == ["helper==1.5"], builds.output


def test_bounds_need_no_hash(builds: Builds, tmp_path: Path) -> None:
    for version in ("1.5", "2.0"):
        make_wheel(tmp_path / "links", "helper", version)
    sdist = make_sdist(tmp_path / "src", "alpha", build_requires=["helper"], prelude="import helper")
    told = builds.build(sdist, find_links=str(tmp_path / "links"), constraints="helper<2")
    assert told["record"]["requirements"] == ["helper==1.5"], builds.output


def test_requirements_can_be_added(builds: Builds, tmp_path: Path) -> None:
    make_wheel(tmp_path / "links", "helper", "1.5")
    sdist = make_sdist(tmp_path / "src", "alpha", prelude="import helper")
    told = builds.build(sdist, find_links=str(tmp_path / "links"), requires=["helper>1"])
    assert told["record"]["requirements"] == ["helper==1.5"], builds.output


def test_what_is_declared_reaches_the_build_and_nothing_else(builds: Builds, tmp_path: Path) -> None:
    builds.environment = {"CFLAGS": "-O0"}
    check = "import os\nif (os.environ.get('CFLAGS'), os.environ.get('SETTING')) != (None, '1'): sys.exit('other')"
    sdist = make_sdist(tmp_path / "src", "alpha", prelude=check)
    told = builds.build(sdist, environment={"SETTING": 1})
    assert not told["failed"], builds.output
    assert len(told["record"]["recipe"]) == 64
    assert "other" in builds.build(sdist)["msg"]


def test_on_the_host_already(builds: Builds, tmp_path: Path) -> None:
    write_tree(tmp_path / "there", source_tree("alpha"))
    told = builds.build(tmp_path / "there", remote_src=True)
    assert not told["failed"], builds.output
    assert told["wheel"]["filename"] == WHEEL
    wrong = builds.build(tmp_path / "there", remote_src=True, hash=f"sha256:{'0' * 64}")
    assert "its hash was given as 000" in wrong["msg"]
    assert builds.left == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"hash": f"sha256:{'0' * 64}"}, "its hash was given as 000"),
        ({"hash": "md5:1"}, "hash: give sha256: and 64 hexadecimal digits."),
        ({"source": "/nonexistent/alpha-1.0.tar.gz"}, "source: there is no /nonexistent/alpha-1.0.tar.gz on the"),
        ({"name": "beta"}, "its name is alpha, beta was asked for"),
        ({"version": "1.1"}, "its version is 1.0, 1.1 was asked for"),
        ({"python": "3.99"}, "The host has no Python that is 3.99."),
        ({"platform": "x86_64-manylinux_2_5"}, "what is built there does not run on x86_64-manylinux_2_5."),
        ({"platform": "aarch64-unknown-linux-musl"}, "does not run on aarch64-unknown-linux-musl."),
        ({"uv_executable": "/nonexistent/uv"}, "uv_executable: /nonexistent/uv does not exist."),
        ({"subdirectory": "../.."}, "its subdirectory ../.. leads out of it"),
        ({"constraints": "/nonexistent"}, "constraints: /nonexistent cannot be read on the controller"),
        ({"find_links": "/nonexistent"}, "find_links: there is no folder /nonexistent on the controller."),
    ],
)
def test_what_cannot_be_built_is_told_before_any_of_it_is_kept(
    builds: Builds, tmp_path: Path, options: dict[str, str], said: str
) -> None:
    options = dict(options)
    builds.variables = dict(LOCAL)
    sdist = make_sdist(tmp_path / "src", "alpha")
    told = builds.build(Path(options.pop("source", sdist)), **options)
    assert said in told["msg"], builds.output
    assert builds.left == []
    assert not (tmp_path / "wheels").exists()


def test_a_build_that_fails_leaves_nothing_there(builds: Builds, tmp_path: Path) -> None:
    told = builds.build(make_sdist(tmp_path / "src", "alpha", prelude=fails()))
    assert "error: the header frobnicate.h was not found" in told["msg"]
    assert builds.left == []


def test_one_that_hangs_is_ended(builds: Builds, tmp_path: Path) -> None:
    sdist = make_sdist(tmp_path / "src", "alpha", prelude="import time; time.sleep(600)")
    assert "had not ended after 3 s and was stopped" in builds.build(sdist, timeout=3)["msg"]
    assert builds.left == []


def test_credentials_of_an_index_stand_nowhere(builds: Builds, tmp_path: Path) -> None:
    sdist = make_sdist(tmp_path / "src", "alpha", build_requires=["helper"])
    builds.environment = {"UV_HTTP_RETRIES": "0"}
    builds.build(sdist, "-vvv", index="http://user:s3cret@127.0.0.1:9/simple")
    assert "127.0.0.1:9/simple" in builds.output
    shown = "\n".join(line for line in builds.output.splitlines() if '"index": "http://user:' not in line)
    assert "s3cret" not in shown
