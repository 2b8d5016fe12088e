# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import errors
from ansible_collections.airgap.uv.plugins.module_utils.git import Git
from ansible_collections.airgap.uv.plugins.module_utils.repository import Commit, CommitMissing, Repository
from ansible_collections.airgap.uv.tests.unit.support.repositories import commit, git, publish, served

GONE = "0123456789" * 4
LFS = "version https://git-lfs.github.com/spec/v1"


def run(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
    done = subprocess.run(argv, cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def of(url: str, tmp_path: Path) -> Repository:
    return Repository(url, tmp_path / "cache", Git(run, run, timeout=5))


def brought(repository: Repository, wanted: str, destination: Path, part: str = "") -> Path:
    repository.bring(wanted)
    return Commit(repository, wanted, part).unpack(destination)


def names(folder: Path) -> list[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    return sorted(name for name in found if "/.git/" not in f"/{name}")


def test_a_commit_that_is_not_the_newest(tmp_path: Path) -> None:
    first = commit(tmp_path / "repo", {"a.txt": "1", "sub/b.txt": "2"})
    commit(tmp_path / "repo", {"a.txt": "other"})
    repository = of((tmp_path / "repo").as_uri(), tmp_path)
    folder = brought(repository, first, tmp_path / "out")
    assert names(folder) == ["a.txt", "sub/b.txt"]
    assert (folder / "a.txt").read_text(encoding="utf-8") == "1"
    assert names(brought(repository, first, tmp_path / "part", "sub")) == ["b.txt"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_commits_of_which_neither_holds_the_other(order: tuple[int, int], tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    commit(repo, {"a.txt": "0"})
    git(repo, "branch", "other")
    both = [commit(repo, {"a.txt": "1"})]
    git(repo, "checkout", "--quiet", "other")
    both.append(commit(repo, {"a.txt": "2"}))
    repository = of(repo.as_uri(), tmp_path)
    for _run in range(2):  # what an earlier run left serves the next
        for number in order:
            repository.bring(both[number])
        shutil.rmtree(repo, ignore_errors=True)
    for number, wanted in enumerate(both, 1):
        folder = Commit(repository, wanted).unpack(tmp_path / f"out{number}")
        assert (folder / "a.txt").read_text(encoding="utf-8") == str(number)


def test_what_a_killed_run_left_is_brought_anew(tmp_path: Path) -> None:
    wanted = commit(tmp_path / "repo", {"a.txt": "1"})
    repository = of((tmp_path / "repo").as_uri(), tmp_path)
    repository.path.parent.mkdir()
    git(repository.path.parent, "init", "--quiet", "--bare", str(repository.path))
    assert names(brought(repository, wanted, tmp_path / "out")) == ["a.txt"]


def test_over_http_and_once(tmp_path: Path) -> None:
    wanted = commit(tmp_path / "repo", {"a.txt": "1"})
    commit(tmp_path / "repo", {"a.txt": "2"})
    publish(tmp_path / "repo", tmp_path / "served" / "repo.git")
    with served(tmp_path / "served") as url:
        repository = of(f"{url}/repo.git", tmp_path)
        repository.bring(wanted)
    assert names(brought(repository, wanted, tmp_path / "out")) == ["a.txt"]


def test_a_commit_that_is_gone(tmp_path: Path) -> None:
    commit(tmp_path / "repo", {"a.txt": "1"})
    with pytest.raises(CommitMissing, match=f"has no commit {GONE}.*uv lock --upgrade-package") as caught:
        of((tmp_path / "repo").as_uri(), tmp_path).bring(GONE)
    assert not caught.value.down


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/repo.git", "file:///nowhere/repo.git", "ext::sh -c false"])
def test_a_repository_that_cannot_be_had(url: str, tmp_path: Path) -> None:
    with pytest.raises(CommitMissing) as caught:
        of(url, tmp_path).bring(GONE)
    assert caught.value.down


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_repository_of_another_user(tmp_path: Path) -> None:
    wanted = commit(tmp_path / "repo", {"a.txt": "1"})
    for path in [tmp_path / "repo", *(tmp_path / "repo").rglob("*")]:
        os.chown(path, 12345, 12345)
    assert names(brought(of((tmp_path / "repo").as_uri(), tmp_path), wanted, tmp_path / "out")) == ["a.txt"]


def test_what_was_damaged_is_brought_again(tmp_path: Path) -> None:
    wanted = commit(tmp_path / "repo", {"a.txt": "1" * 1000})
    repository = of((tmp_path / "repo").as_uri(), tmp_path)
    repository.bring(wanted)
    (pack,) = (repository.path / "objects" / "pack").glob("*.pack")
    pack.chmod(0o644)
    pack.write_bytes(pack.read_bytes()[:-30] + b"x" * 30)
    assert names(brought(repository, wanted, tmp_path / "out")) == ["a.txt"]


def test_nothing_of_a_user_s_settings_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = commit(tmp_path / "repo", {"a.txt": "1", ".gitattributes": "* filter=trap\n"})
    mark = tmp_path / "mark"
    hook = tmp_path / "hooks" / "post-checkout"
    hook.parent.mkdir()
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n", encoding="utf-8")
    hook.chmod(0o755)
    settings = tmp_path / "gitconfig"
    settings.write_text(
        f'[core]\n hooksPath = {hook.parent}\n[filter "trap"]\n smudge = touch {mark}\n required = true\n'
        f'[credential]\n helper = "!touch {mark}"\n[url "file:///nowhere/"]\n insteadOf = file://\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    assert "a.txt" in names(brought(of((tmp_path / "repo").as_uri(), tmp_path), wanted, tmp_path / "out"))
    assert not mark.exists()


def test_modes_times_and_links(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    commit(repo, {"run.sh": "", "data.txt": ""})
    (repo / "run.sh").chmod(0o755)
    (repo / "inside").symlink_to("data.txt")
    (repo / "outside").symlink_to("/etc/passwd")
    (repo / "above").symlink_to("../../x")
    folder = brought(of(repo.as_uri(), tmp_path), commit(repo, {}), tmp_path / "out")
    assert names(folder) == ["data.txt", "inside", "run.sh"]
    assert [(folder / name).stat().st_mode & 0o777 for name in ("data.txt", "run.sh")] == [0o644, 0o755]
    assert {path.stat().st_mtime for path in (folder / "data.txt", folder / "run.sh")} == {315532800.0}


def test_git_tells_a_backend_the_tag(tmp_path: Path) -> None:
    commit(tmp_path / "repo", {"a.txt": "1"}, tag="v1.5")
    wanted = commit(tmp_path / "repo", {"b.txt": "1"})
    folder = brought(of((tmp_path / "repo").as_uri(), tmp_path), wanted, tmp_path / "out")
    assert git(folder, "describe", "--tags", "--dirty").startswith("v1.5-1-g")
    assert git(folder, "ls-files").split() == ["a.txt", "b.txt"]


def with_submodule(folder: Path, url: str, wanted: str) -> str:
    commit(folder, {"top.txt": "1", ".gitmodules": f'[submodule "s"]\n path = lib/s\n url = {url}\n'})
    git(folder, "update-index", "--add", "--cacheinfo", f"160000,{wanted},lib/s")
    git(folder, "commit", "--quiet", "--message", "a submodule")
    return git(folder, "rev-parse", "HEAD")


def test_submodules(tmp_path: Path) -> None:
    inner = commit(tmp_path / "inner", {"in.txt": "1"})
    wanted = with_submodule(tmp_path / "repo", "../inner", inner)
    repository = of((tmp_path / "repo").as_uri(), tmp_path)
    assert names(brought(repository, wanted, tmp_path / "out")) == [".gitmodules", "lib/s/in.txt", "top.txt"]
    # Git that is asked in the copy knows the submodule as one.
    assert git(tmp_path / "out", "ls-files", "--stage", "lib/s").split()[:2] == ["160000", inner]


@pytest.mark.parametrize("url", ["{files}/inner", "ext::sh -c touch", "/inner"])
def test_a_submodule_that_would_read_this_machine(url: str, tmp_path: Path) -> None:
    """What comes from a server names no file of this machine."""
    inner = commit(tmp_path / "inner", {"in.txt": "1"})
    wanted = with_submodule(tmp_path / "repo", url.format(files=tmp_path.as_uri()), inner)
    publish(tmp_path / "repo", tmp_path / "served" / "repo.git")
    with served(tmp_path / "served") as place, pytest.raises(CommitMissing, match="its submodule lib/s lies at"):
        of(f"{place}/repo.git", tmp_path).bring(wanted)


def test_another_commit_of_a_repository_as_its_own_submodule(tmp_path: Path) -> None:
    first = commit(tmp_path / "repo", {"a.txt": "1"})
    git(tmp_path / "repo", "checkout", "--quiet", "--orphan", "other")
    wanted = with_submodule(tmp_path / "repo", "../repo", first)
    found = names(brought(of((tmp_path / "repo").as_uri(), tmp_path), wanted, tmp_path / "out"))
    assert found == [".gitmodules", "a.txt", "lib/s/a.txt", "top.txt"]


def with_name_twice(folder: Path, victim: Path, modules: str = "", module: str = "", text: str = "") -> str:
    """A commit with the folder `a`, which holds a `b` (a submodule's commit, or text), and with the link `a`."""

    def stored(kind: str, raw: bytes) -> str:
        (folder / "raw").write_bytes(raw)
        return git(folder, "hash-object", "-w", "--literally", "-t", kind, "raw")

    def tree(*entries: tuple[str, str, str]) -> str:
        lines = (f"{mode} {name}\0".encode() + bytes.fromhex(digest) for mode, name, digest in entries)
        return stored("tree", b"".join(lines))

    commit(folder, {"top.txt": "1"})
    inside = ("160000", "b", module) if module else ("100644", "b", stored("blob", text.encode()))
    root = tree(
        ("100644", ".gitmodules", stored("blob", modules.encode())),
        ("40000", "a", tree(inside)),
        ("120000", "a", stored("blob", str(victim).encode())),
    )
    made = git(folder, "commit-tree", "-m", "a trap", root)
    git(folder, "update-ref", "HEAD", made)
    return made


def test_no_submodule_is_written_through_a_link(tmp_path: Path) -> None:
    inner = commit(tmp_path / "inner", {"authorized_keys": "1"})
    victim = tmp_path / "victim"
    (victim / "b").mkdir(parents=True)
    modules = '[submodule "b"]\n path = a/b\n url = ../inner\n'
    wanted = with_name_twice(tmp_path / "repo", victim, modules, module=inner)
    with pytest.raises(errors.SourceUnsafe, match=r"its submodule a/b has no folder of its own"):
        brought(of((tmp_path / "repo").as_uri(), tmp_path), wanted, tmp_path / "out")
    assert not list((victim / "b").iterdir())


def test_no_large_file_is_written_through_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "b").write_text("mine", encoding="utf-8")
    digest = hashlib.sha256(b"large").hexdigest()
    pointer = f"{LFS}\noid sha256:{digest}\nsize 5\n"
    wanted = with_name_twice(tmp_path / "repo", victim, text=pointer)
    repository = of((tmp_path / "repo").as_uri(), tmp_path)
    repository.bring(wanted, large=False)
    kept = repository.path / "lfs" / "objects" / digest[:2] / digest[2:4] / digest
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"large")
    with pytest.raises(errors.SourceUnsafe, match=r"its file a/b has no place of its own"):
        Commit(repository, wanted, large=True).unpack(tmp_path / "out")
    assert (victim / "b").read_text(encoding="utf-8") == "mine"


def with_large_file(folder: Path) -> str:
    pointer = f"{LFS}\noid sha256:{'a' * 64}\nsize 5\n"
    return commit(folder, {"data.bin": pointer, "about.md": f"It starts with\n{LFS}\n"})


def test_large_files_without_git_lfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = with_large_file(tmp_path / "repo")
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "git-lfs" else name)
    with pytest.raises(CommitMissing, match=r"data\.bin.*git-lfs is not on the controller.*extra_wheels"):
        of((tmp_path / "repo").as_uri(), tmp_path).bring(wanted)


@pytest.mark.skipif(not shutil.which("git-lfs"), reason="there is no git-lfs")
def test_large_files(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    commit(repo, {"a.txt": "1"})
    git(repo, "lfs", "install", "--local")
    git(repo, "lfs", "track", "*.bin")
    wanted = commit(repo, {"data.bin": "large"})
    assert LFS in git(repo, "show", "HEAD:data.bin")
    folder = brought(of(repo.as_uri(), tmp_path), wanted, tmp_path / "out")
    assert (folder / "data.bin").read_text(encoding="utf-8") == "large"


def test_large_files_that_the_lock_does_not_want(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """uv leaves their pointers in place without `lfs = true`."""
    wanted = with_large_file(tmp_path / "repo")
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "git-lfs" else name)
    found = Commit(of((tmp_path / "repo").as_uri(), tmp_path), wanted, large=False)
    found.bring()
    assert (found.unpack(tmp_path / "out") / "data.bin").read_text(encoding="utf-8").startswith(LFS)
    with pytest.raises(CommitMissing, match="git-lfs is not on the controller"):
        Commit(found.repository, wanted, large=True).bring()


@pytest.mark.skipif(not shutil.which("git-lfs"), reason="there is no git-lfs")
def test_large_files_that_are_gone(tmp_path: Path) -> None:
    wanted = with_large_file(tmp_path / "repo")
    with pytest.raises(CommitMissing, match=r"Git LFS did not give data\.bin"):
        of((tmp_path / "repo").as_uri(), tmp_path).bring(wanted)


@pytest.mark.parametrize("part", ["../..", "/etc", "absent"])
def test_a_folder_that_is_not_in_it(part: str, tmp_path: Path) -> None:
    wanted = commit(tmp_path / "repo", {"a.txt": "1"})
    with pytest.raises(errors.SourceUnsafe, match=part):
        brought(of((tmp_path / "repo").as_uri(), tmp_path), wanted, tmp_path / "out", part)


def test_an_origin_without_a_credential(tmp_path: Path) -> None:
    repository = of("https://user:secret@index.test/a.git", tmp_path)
    found = Commit(repository, GONE, "sub")
    assert found.origin() == {
        "kind": "git",
        "url": "https://index.test/a.git",
        "commit": GONE,
        "subdirectory": "sub",
    }
    assert "secret" not in found.shown
    assert repository.path == of("https://index.test/a.git", tmp_path).path
