# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wheels that a host of the inventory builds for those of the play."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.tests.unit.support.deploying import Deployment
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import make_project
from ansible_collections.airgap.uv.tests.unit.support.sdists import leaves_mark, make_sdist, runs

if platform.libc_ver()[0] != "glibc":
    pytest.skip("the C library is not glibc", allow_module_level=True)

HERE = f"{os.uname().machine}-manylinux_{platform.libc_ver()[1].replace('.', '_')}"
OLDER = f"{os.uname().machine}-manylinux_2_17"


@pytest.fixture
def deployment(tmp_path: Path, index: Index) -> Iterator[Deployment]:
    """Its own `mark` tells of each build of the one dependency."""
    fails = "import os\nif 'FAILS' in os.environ:\n    raise SystemExit('no library')\n"
    make_sdist(index.folder, "delta", prelude=fails + leaves_mark(tmp_path / "mark"))
    made = Deployment(tmp_path, make_project(tmp_path / "made/app", index, dependencies=["delta"]))
    made.hosts = {"web1": {}, "builder": {}}
    made.play = {"hosts": "web1"}
    yield made


def builds(deployment: Deployment) -> int:
    return runs(deployment.folder / "mark")


def test_a_wheel_is_built_on_its_builder_once(deployment: Deployment) -> None:
    options = {"builders": {HERE: "builder"}, "uv_source": "host"}
    assert deployment.run("--check", **options) == 0, deployment.output
    assert f"delta would be built for {HERE}" in deployment.output
    assert builds(deployment) == 0
    release = deployment.succeed(**options)
    assert "web1 -> builder" in deployment.output
    before = builds(deployment)
    assert before > 0
    said = subprocess.run(
        [deployment.path / "current/.venv/bin/python", "-c", "import delta; delta.main()"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "delta 1.0\n"
    (manifest,) = deployment.home.rglob("wheelhouse.json")
    (wheel,) = json.loads(manifest.read_text(encoding="utf-8"))["wheels"]
    assert wheel["origin"]["built"]["platform"] == HERE
    # Nobody is asked again.
    assert deployment.succeed(**options) == release
    assert (deployment.changed, builds(deployment)) == ([0], before)
    assert "web1 -> builder" not in deployment.output


@pytest.mark.parametrize(
    ("builders", "said"),
    [
        # Tried, because it cannot be built here.
        ({OLDER: "builder"}, f"and what is built there does not run on {OLDER}."),
        ({HERE: "nobody.invalid"}, "could not be built on"),
        ({"bullseye": "builder"}, "builders: bullseye cannot be used: it is no platform."),
    ],
)
def test_a_builder_that_is_of_no_use_is_an_obstacle(
    builders: dict[str, str], said: str, deployment: Deployment
) -> None:
    settings = {"delta": {"environment": {"FAILS": "1"}}} if OLDER in builders else {}
    assert deployment.run(builders=builders, uv_source="host", build_settings=settings) != 0
    assert "Preflight: 1 of 1 host cannot be deployed to." in deployment.output
    assert said in " ".join(deployment.output.split())
    assert (deployment.current, builds(deployment)) == ("", 0)
