# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one project's collect built is not built again for another's."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.build_cache import BuildCache
from ansible_collections.airgap.uv.plugins.module_utils.compilers import compilers
from ansible_collections.airgap.uv.tests.unit.support.collecting import ARCH, MINOR, Collect
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import run_command, write_tree
from ansible_collections.airgap.uv.tests.unit.support.running import finish
from ansible_collections.airgap.uv.tests.unit.support.sdists import make_sdist
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256, tamper

USUAL = ".cache/airgap.uv/builds"

# A wheel that its own time of building is in: it tells whether it was built again.
STAMPED = "open(os.path.join('alpha', 'when.py'), 'w').write('when = %d' % time.time_ns())"


def projects(index: Index, folder: Path, **sdist: Any) -> tuple[Collect, Collect]:
    """Two projects of one user that both need alpha."""
    make_sdist(index.folder, "alpha", **{"prelude": STAMPED, **sdist})
    found = [Collect(folder, index, name) for name in ("one", "two")]
    for collect in found:
        collect.make("alpha")
        collect.module.environment["HOME"] = str(folder)
    return found[0], found[1]


def write_script(path: Path, script: str) -> None:
    write_tree(path.parent, {path.name: f"#!/bin/sh\n{script}\n"})
    path.chmod(0o755)


def entries(root: Path) -> list[Path]:
    return sorted(path.parent for path in root.glob("*/build.json"))


@pytest.mark.parametrize("extension", [False, True])
def test_a_build_is_not_repeated_for_another_project(extension: bool, index: Index, tmp_path: Path) -> None:
    if extension and not shutil.which("cc"):
        pytest.skip("there is no C compiler")
    one, two = projects(index, tmp_path, extension=extension)
    first, second = one.succeed(), two.succeed()
    assert (first["stats"]["built"], second["stats"]["built"], second["stats"]["reused"]) == (1, 0, 1)
    assert first["wheels"] == second["wheels"]
    assert [sha256(two.wheelhouse / wheel["path"]) for wheel in second["wheels"]] == [first["wheels"][0]["sha256"]]
    assert second["proofs"]
    (entry,) = entries(tmp_path / USUAL)
    assert entry.stat().st_mode & 0o777 == 0o700
    assert entry.parent.stat().st_mode & 0o777 == 0o700


def test_a_local_package_too(index: Index, tmp_path: Path) -> None:
    collects = [Collect(tmp_path, index, name) for name in ("one", "two")]
    for collect in collects:
        collect.make(packaged=True, prelude=STAMPED.replace("'alpha'", "'app'"))
        collect.module.environment["HOME"] = str(tmp_path)
    first, second = (collect.succeed() for collect in collects)
    assert (first["stats"]["built"], second["stats"]["built"]) == (1, 0)
    assert first["stage"]["release"] == second["stage"]["release"]
    (collects[1].project / "app" / "more.py").write_text("x = 1\n", encoding="utf-8")
    assert collects[1].succeed()["stats"]["built"] == 1


def test_none_is_kept_where_none_is_wanted(index: Index, tmp_path: Path) -> None:
    one, two = projects(index, tmp_path)
    assert [collect.succeed(build_cache="")["stats"]["built"] for collect in (one, two)] == [1, 1]
    assert not (tmp_path / USUAL).exists()


def test_the_folder_is_the_caller_s_choice(index: Index, tmp_path: Path) -> None:
    one, two = projects(index, tmp_path)
    assert one.succeed(build_cache=tmp_path / "mine")["stats"]["built"] == 1
    other = {"XDG_CACHE_HOME": str(tmp_path / "xdg")}
    assert two.succeed(environment=other)["stats"]["built"] == 1
    assert [len(entries(tmp_path / name)) for name in ("mine", "xdg/airgap.uv/builds", USUAL)] == [1, 1, 0]


def spoil(kind: str, entry: Path) -> None:
    record = entry / "build.json"
    (wheel,) = entry.glob("*.whl")
    if kind == "tampered with":
        tamper(wheel)
    elif kind == "gone":
        wheel.unlink()
    elif kind == "a folder":
        wheel.unlink()
        wheel.mkdir()
    elif kind == "outside":
        outside = shutil.copy(wheel, entry.parent / wheel.name)
        raw = json.loads(record.read_text(encoding="utf-8"))
        record.write_text(json.dumps({**raw, "filename": f"../{Path(outside).name}"}), encoding="utf-8")
    else:
        record.write_text({"broken": "{", "a list": "[]", "empty": ""}[kind], encoding="utf-8")


@pytest.mark.parametrize("kind", ["tampered with", "gone", "a folder", "outside", "broken", "a list", "empty"])
def test_what_is_not_whole_is_built_again_and_replaced(kind: str, index: Index, tmp_path: Path) -> None:
    one, two = projects(index, tmp_path)
    one.succeed()
    (entry,) = entries(tmp_path / USUAL)
    spoil(kind, entry)
    assert two.succeed()["stats"]["built"] == 1
    (again,) = entries(tmp_path / USUAL)
    record = json.loads((again / "build.json").read_text(encoding="utf-8"))
    assert sha256(again / record["filename"]) == record["sha256"]


OTHERS = [
    ({"build_index": "https://other.test/simple"}, 1),
    ({"build_constraints": "constraints.txt"}, 1),
    ({"build_settings": {"alpha": {"environment": {"A": "1"}}}}, 1),
    ({"build_settings": {"beta": {"environment": {"A": "1"}}}}, 0),
    ({"targets": [{"python": MINOR, "platform": f"{ARCH}-manylinux_2_36"}]}, 0),
]


@pytest.mark.parametrize(("options", "built"), OTHERS)
def test_what_determines_a_build(options: dict[str, Any], built: int, index: Index, tmp_path: Path) -> None:
    one, two = projects(index, tmp_path)
    helper = make_wheel(index.folder, "helper")
    write_tree(tmp_path, {"constraints.txt": f"helper==1.0 --hash=sha256:{sha256(helper)}\n"})
    one.succeed()
    if "build_constraints" in options:
        options = {"build_constraints": tmp_path / options["build_constraints"]}
    assert two.succeed(**options)["stats"]["built"] == built


def test_another_compiler_and_what_was_asked_to_be_built_anew(index: Index, tmp_path: Path) -> None:
    one, two = projects(index, tmp_path)
    compiler = tmp_path / "bin" / "cc"
    for collect in (one, two):
        collect.module.environment["PATH"] = f"{compiler.parent}:{os.environ['PATH']}"
    write_script(compiler, "echo cc 12.2.0; echo Copyright")
    assert (one.succeed()["stats"]["built"], two.succeed()["stats"]["built"]) == (1, 0)
    write_script(compiler, "echo cc 12.3.0; echo Copyright")
    shutil.rmtree(two.wheelhouse)
    assert two.succeed()["stats"]["built"] == 1
    # What a wheelhouse has of its own stays what it is, until that is removed as the documentation says.
    assert one.succeed()["stats"]["built"] == 0
    shutil.rmtree(tmp_path / USUAL)
    assert one.succeed()["stats"]["built"] == 0
    shutil.rmtree(one.wheelhouse / ".cache" / "builds")
    shutil.rmtree(tmp_path / USUAL, ignore_errors=True)
    assert one.succeed()["stats"]["built"] == 1


@pytest.mark.parametrize("script", ["exit 1", "true", "kill $$"])
def test_a_compiler_that_says_nothing(script: str, tmp_path: Path) -> None:
    write_script(tmp_path / "cc", script)
    write_script(tmp_path / "rustc", "echo rustc 1.80.0")
    assert compilers(run_command, {"PATH": str(tmp_path)}) == ["rustc 1.80.0"]


def test_a_folder_that_others_may_write_to(index: Index, tmp_path: Path) -> None:
    one, _two = projects(index, tmp_path)
    folder = tmp_path / USUAL
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    result = one.succeed()
    assert result["stats"]["built"] == 1
    assert f"in {folder}: other users may write there (chmod go-w) (build_cache)." in str(result["warnings"])
    assert not list(folder.iterdir())
    named = one(build_cache=folder)
    assert named.failed
    assert named.msg == f"build_cache: {folder} cannot be used: other users may write there (chmod go-w)."


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user(index: Index, tmp_path: Path) -> None:
    one, _two = projects(index, tmp_path)
    folder = tmp_path / USUAL
    folder.mkdir(parents=True)
    os.chown(folder, 12345, 12345)
    assert f"in {folder}: the folder belongs to another user" in str(one.succeed()["warnings"])
    assert not list(folder.iterdir())
    shutil.rmtree(folder)
    os.chown(folder.parent, 12345, 12345)
    assert f"in {folder}: {folder.parent} belongs to another user" in str(one.succeed()["warnings"])
    assert not folder.exists()


@pytest.mark.skipif(not Path("/dev/full").exists() or os.geteuid() != 0, reason="it takes a file system of its own")
@pytest.mark.parametrize("state", ["full", "ro"])
def test_a_folder_that_takes_no_more(state: str, index: Index, tmp_path: Path) -> None:
    one, two = projects(index, tmp_path)
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "none", folder], check=False)
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    try:
        if state == "full":
            with open(folder / "filler", "wb") as file, pytest.raises(OSError, match="No space left"):
                file.write(bytes(1 << 20))
        else:
            assert one.succeed(build_cache=folder)["stats"]["built"] == 1
            subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
            # What is there is taken all the same.
            assert two.succeed(build_cache=folder)["stats"]["built"] == 0
            make_sdist(index.folder, "beta")
            shutil.rmtree(two.project)
            two.make("beta")
        result = two.succeed(build_cache=folder)
        reason = "No space left on device" if state == "full" else "Read-only file system"
        (warning,) = result["warnings"]
        assert f"What was built is not kept for other projects in {folder}: {reason} (build_cache)." in str(warning)
        assert not list(folder.glob(".new-*"))
    finally:
        subprocess.run(["umount", folder], check=True)


def test_two_runs_at_once_build_once(index: Index, tmp_path: Path) -> None:
    one, two = projects(index, tmp_path, prelude=f"time.sleep(0.3)\n{STAMPED}")
    started = [collect.module.start(collect.options) for collect in (one, two)]
    found = [finish(process) for process in started]
    assert [result.failed for result in found] == [False, False]
    assert sorted(result["stats"]["built"] for result in found) == [0, 1]
    assert found[0]["wheels"] == found[1]["wheels"]


def test_a_folder_without_locks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As in homes on some network filesystems."""

    def refuse(descriptor: int, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    done = []
    with BuildCache(tmp_path / "builds").holding("x", lambda: None):
        done.append("built")
    assert done == ["built"]


def test_check_mode_leaves_it_alone(index: Index, tmp_path: Path) -> None:
    one, two = projects(index, tmp_path)
    assert one.succeed(check=True)["stats"]["built"] == 0
    assert not (tmp_path / USUAL).exists()
    one.succeed()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / USUAL).rglob("*")}
    assert [item["name"] for item in two.succeed(check=True)["to_build"]] == ["alpha"]
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / USUAL).rglob("*")} == before


def test_what_nobody_takes_goes(index: Index, tmp_path: Path) -> None:
    one, two = projects(index, tmp_path)
    folder = tmp_path / USUAL
    one.succeed()
    (entry,) = entries(folder)
    long_ago = time.time() - 91 * 86400
    write_tree(folder, {".new-killed/x": ""})
    for path in (entry / "build.json", folder / ".new-killed"):
        os.utime(path, (long_ago, long_ago))
    assert two.succeed()["stats"]["built"] == 0  # taking it makes it young
    assert (entry / "build.json").stat().st_mtime > long_ago
    os.utime(entry / "build.json", (long_ago, long_ago))
    make_sdist(index.folder, "beta")
    shutil.rmtree(two.project)
    two.make("beta")
    two.succeed()
    assert entry not in entries(folder)
    assert len(entries(folder)) == 1
    assert not list(folder.glob(".new-*"))
