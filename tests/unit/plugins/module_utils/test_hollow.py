# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.hollow import write_hollow
from ansible_collections.airgap.uv.tests.unit.support.projects import clean_environment, uv_executable


@pytest.mark.parametrize(
    ("name", "listed"),
    [
        ("alpha-1.0-py3-none-any.whl", "alpha==1.0"),
        ("a_b.c-1.0.post1+local.2-1-py2.py3-none-any.whl", "a-b-c==1.0.post1+local.2"),
    ],
)
def test_uv_takes_it_for_a_wheel(name: str, listed: str, tmp_path: Path) -> None:
    write_hollow(tmp_path / name)
    command = [str(uv_executable()), "pip", "install", "--target", str(tmp_path / "target"), "--no-index", "--no-cache"]
    done = subprocess.run(
        [*command, "--python", sys.executable, str(tmp_path / name)],
        env=clean_environment(tmp_path / "home"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"+ {listed}" in done.stderr
    assert [path.name for path in (tmp_path / "target").iterdir() if path.suffix == ".py"] == []
