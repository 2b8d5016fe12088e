# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's side alone, called as the action plugin calls it."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.tests.unit.support.running import Module, Result, snapshot
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256, tamper

BOTH = ["abc/beta-1.0-py3-none-any.whl", "alpha-1.0-py3-none-any.whl"]


class Transfer:
    """Two wheels on a controller, and a host's folder for them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.src, self.dest = root / "wheelhouse", root / "host/wheels"
        self.wheels = [make_wheel(self.src, "alpha"), make_wheel(self.src / "abc", "beta")]
        (root / "home").mkdir()
        self.module = Module("uv_transfer", root / "home")

    @property
    def trees(self) -> list[dict[str, Any]]:
        files = [
            {"path": str(wheel.relative_to(self.src)), "size": wheel.stat().st_size, "sha256": sha256(wheel)}
            for wheel in self.wheels
        ]
        return [{"src": str(self.src), "dest": str(self.dest), "files": files}]

    def __call__(self, **options: Any) -> Result:
        step = options.pop("step", None)
        return self.module(trees=self.trees, step=step and {"name": step}, **options)

    def receive(self, *members: tuple[str, bytes], link: str = "") -> Result:
        """Both files are awaited; a tar with these members comes."""
        told = self(step="compare")
        assert told["missing"] == ["0-0", "0-1"]
        archive = self.root / "files.tar"
        with tarfile.open(archive, "w") as tar:
            for name, content in members:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                if link:
                    info.type, info.linkname = tarfile.SYMTYPE, link
                tar.addfile(info, io.BytesIO(content))
        awaited = {"files": told["missing"], "incoming": told["incoming"], "last": True}
        return self.module(trees=self.trees, step={"name": "receive", "archive": str(archive), **awaited})

    @property
    def on_host(self) -> list[str]:
        return sorted(str(path.relative_to(self.dest)) for path in self.dest.rglob("*") if path.is_file())


@pytest.fixture
def transfer(tmp_path: Path) -> Transfer:
    return Transfer(tmp_path)


@pytest.mark.parametrize("step", ["compare", "direct"])
def test_check_mode_tells_the_truth_of_a_bare_host(transfer: Transfer, step: str) -> None:
    said = transfer(check=True, step=step)
    assert not said.failed, said.msg
    assert (said["changed"], said["missing"]) == (True, ["0-0", "0-1"])
    assert not transfer.dest.exists()


def test_a_controller_that_is_the_host_needs_one_call(transfer: Transfer) -> None:
    assert transfer()["changed"]
    assert transfer.on_host == BOTH
    before = snapshot(transfer.dest)
    again = transfer()
    assert (again["changed"], again["missing"]) == (False, [])
    assert snapshot(transfer.dest) == before


def test_a_wheel_that_was_tampered_with_is_missing(transfer: Transfer) -> None:
    transfer()
    tamper(transfer.dest / BOTH[0])
    assert transfer(check=True)["missing"] == ["0-1"]
    assert transfer()["changed"]
    assert sha256(transfer.dest / BOTH[0]) == sha256(transfer.wheels[1])


def test_what_a_tar_brings_is_put_in_place(transfer: Transfer) -> None:
    said = transfer.receive(("0-0", transfer.wheels[0].read_bytes()), ("0-1", transfer.wheels[1].read_bytes()))
    assert not said.failed, said.msg
    assert transfer.on_host == BOTH
    assert not transfer(step="compare")["changed"]


# For each the name and what is done to the bytes of the second member.
HOSTILE = [
    ("../../x", lambda beta: beta, "'../../x' is none of the files that were asked for"),
    ("0-7", lambda beta: beta, "'0-7' is none of the files that were asked for"),
    ("0-0", lambda beta: beta, "the archive's '0-0' was not asked for"),
    ("0-1", lambda beta: beta + b"x", "the archive's '0-1' was not asked for"),
    ("0-1", lambda beta: beta[:-1] + b"x", "and was not taken"),
]


@pytest.mark.parametrize(("name", "change", "said"), HOSTILE)
def test_a_hostile_tar_is_refused(transfer: Transfer, name: str, change: Any, said: str) -> None:
    alpha, beta = (wheel.read_bytes() for wheel in transfer.wheels)
    result = transfer.receive(("0-0", alpha), (name, change(beta)))
    assert result.failed
    assert said in result.msg
    assert transfer.on_host == [BOTH[1]]
    assert not list(transfer.dest.glob(".uv_transfer-*"))


def test_a_tar_that_lacks_a_file_is_refused(transfer: Transfer) -> None:
    assert "the archive lacks 1 file(s)" in transfer.receive(("0-0", transfer.wheels[0].read_bytes())).msg


def test_a_link_in_a_tar_is_refused(transfer: Transfer) -> None:
    result = transfer.receive(("0-0", b""), link="/etc/passwd")
    assert "the archive's '0-0' was not asked for" in result.msg
    assert transfer.on_host == []


@pytest.mark.parametrize("name", ["receive", "abandon"])
def test_only_a_folder_of_incoming_files_is_removed(transfer: Transfer, name: str) -> None:
    incoming = Path(transfer(step="compare")["incoming"])
    for wrong in (transfer.dest, transfer.src, transfer.root / incoming.name, "/"):
        step = {"name": name, "incoming": str(wrong)}
        said = transfer.module(trees=transfer.trees, step=step).msg
        assert said == f"step.incoming: {wrong} is no folder of incoming files."
    assert not transfer.module(trees=transfer.trees, step={"name": "abandon", "incoming": str(incoming)}).failed
    assert not incoming.exists()


def test_a_source_that_is_gone_or_changed_is_named(transfer: Transfer) -> None:
    trees = transfer.trees
    tamper(transfer.wheels[0])
    assert "Another run may have changed the controller's copy" in transfer.module(trees=trees).msg
    transfer.wheels[0].unlink()
    said = transfer.module(trees=trees).msg
    assert said.startswith(f"{transfer.wheels[0]} cannot be read: No such file or directory.")
    assert transfer.on_host == []
