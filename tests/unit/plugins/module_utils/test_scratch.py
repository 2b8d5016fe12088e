# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import scratch as module
from ansible_collections.airgap.uv.plugins.module_utils.scratch import scratch, scratch_path
from ansible_collections.airgap.uv.plugins.module_utils.sync_errors import Busy, Unwritable


def test_is_there_while_it_is_needed(tmp_path: Path) -> None:
    venv = tmp_path / "not" / "yet" / ".venv"
    with scratch(venv) as held:
        assert held.path == tmp_path / "not" / "yet" / ".venv.uv_sync"
        assert not held.interrupted
        (held.path / "folder").mkdir()
        (held.path / "folder" / "file").write_text("x")
        (held.path / "link").symlink_to("folder")
    assert list(venv.parent.iterdir()) == []


def test_is_gone_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="failed"), scratch(tmp_path / "venv") as held:
        (held.path / "file").write_text("x")
        raise ValueError("failed")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_emptied_and_told(tmp_path: Path) -> None:
    left = scratch_path(tmp_path / "venv")
    (left / ".tmpXyz").mkdir(parents=True)
    with scratch(tmp_path / "venv") as held:
        assert held.interrupted
        assert list(held.path.iterdir()) == []
    assert not left.exists()


def test_can_be_kept_as_a_mark(tmp_path: Path) -> None:
    with scratch(tmp_path / "venv") as held:
        (held.path / "file").write_text("x")
        held.keep = True
    assert list(held.path.iterdir()) == []
    with scratch(tmp_path / "venv") as held:
        assert held.interrupted
    assert not held.path.exists()


def test_an_environment_waits_in_it(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    venv.mkdir()
    (venv / "old").write_text("")
    with scratch(venv) as held:
        assert not held.put_back()
        held.set_aside()
        assert not venv.exists()
        (venv / "new").mkdir(parents=True)
        assert held.put_back()
    assert [path.name for path in venv.iterdir()] == ["old"]


def test_a_killed_run_gives_back_what_waited_in_it(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    (venv / "half").mkdir(parents=True)
    waiting = scratch_path(venv) / "aside"
    waiting.mkdir(parents=True)
    (waiting / "old").write_text("")
    with scratch(venv) as held:
        assert held.interrupted
        assert [path.name for path in venv.iterdir()] == ["old"]


def test_belongs_to_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LONGEST_WAIT", 0.0)
    with scratch(tmp_path / "venv") as held:
        (held.path / "file").write_text("x")
        with pytest.raises(Busy), scratch(tmp_path / "venv"):
            pass
        assert (held.path / "file").exists()


def test_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = pytest.raises(Unwritable, match=r"file/venv\.uv_sync cannot be written: Not a directory")
    with refused, scratch(tmp_path / "file" / "venv"):
        pass


def test_another_run_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = scratch(tmp_path / "venv")
    other.__enter__()
    # What stands for the time that passes: the other run ends meanwhile.
    monkeypatch.setattr(module.time, "sleep", lambda seconds: other.__exit__(None, None, None))
    with scratch(tmp_path / "venv") as held:
        assert not held.interrupted
