# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module itself does on a host; its action has tests of whole builds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.modules.uv_build import PREFIX, Yard


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    module: Any = SimpleNamespace(tmpdir=str(tmp_path / "ansible-tmp-1"))
    return Yard(module)


def test_what_was_left_long_ago_goes_with_the_next_build(yard: Yard) -> None:
    old, new = (yard.path / f"{PREFIX}{name}" for name in ("old", "new"))
    old.mkdir()
    new.mkdir()
    os.utime(old, (0, 0))
    opened = yard.open()
    assert sorted(yard.path.iterdir()) == sorted([new, opened])


def test_a_build_beside_it_may_remove_its_own_meanwhile(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = yard.path / f"{PREFIX}gone"

    def found(_folder: Path, _pattern: str) -> Iterator[Path]:
        return iter([gone])

    monkeypatch.setattr(Path, "glob", found)
    assert yard.open().is_dir()
