# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.arrival import Owner
from ansible_collections.airgap.uv.plugins.module_utils.transfer import TransferInvalid
from ansible_collections.airgap.uv.plugins.module_utils.wheelscript import ScriptMissing, WheelScript

OWNER = Owner(None, None)


@pytest.fixture
def script(tmp_path: Path) -> WheelScript:
    wheel = tmp_path / "uv-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("uv/data/scripts/uv", "a file of another kind")
        archive.writestr("uv-1.0.data/scripts/uv", "#!/bin/sh\necho uv 1.0\n")
    return WheelScript.parse({"wheel": str(wheel), "name": "uv", "path": str(tmp_path / "bin/uv")}, "scripts[0]")


def test_a_program_is_taken_out_once(script: WheelScript) -> None:
    assert not script.settled(OWNER)
    script.settle(OWNER)
    assert script.settled(OWNER)
    assert script.path.read_text() == "#!/bin/sh\necho uv 1.0\n"
    assert [path.name for path in script.path.parent.iterdir()] == ["uv"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_text("#!/bin/sh\necho uv 6.6\n"),
        lambda path: path.write_text("longer than the right one is by far\n"),
        lambda path: path.chmod(0o700),
        lambda path: path.unlink(),
        lambda path: (path.rename(path.with_name("elsewhere")), path.symlink_to("elsewhere")),
    ],
)
def test_whatever_was_changed_is_put_right(script: WheelScript, spoil: Any) -> None:
    script.settle(OWNER)
    spoil(script.path)
    assert not script.settled(OWNER)
    script.settle(OWNER)
    assert script.settled(OWNER)
    assert script.path.stat().st_mode & 0o777 == 0o755


def test_a_wheel_without_the_program_is_named(script: WheelScript) -> None:
    other = WheelScript(script.wheel, "uvx", script.path)
    with pytest.raises(ScriptMissing, match="holds no program uvx"):
        other.settle(OWNER)
    assert list(script.path.parent.iterdir()) == []


@pytest.mark.parametrize(
    "raw", [{}, {"wheel": "a", "name": "uv", "path": "/b"}, {"wheel": "/a", "name": "../uv", "path": "/b"}]
)
def test_paths_are_absolute_and_the_name_plain(raw: dict[str, str]) -> None:
    with pytest.raises(TransferInvalid, match=r"^scripts\[0\]: absolute paths"):
        WheelScript.parse(raw, "scripts[0]")
