# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Python that travels, installed for real from an archive that the test makes of the Python at hand."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.tests.unit.support.projects import clean_environment, uv_executable
from ansible_collections.airgap.uv.tests.unit.support.running import Module, Result, finish, snapshot
from ansible_collections.airgap.uv.tests.unit.support.standalone import (
    MINOR,
    NAME,
    VERSION,
    make_archive,
    make_small_archive,
    sha256,
)

# A uv that does its work and takes the module along to its death.
DEADLY = f"""#!/bin/sh
{uv_executable()} "$@"
case "$*" in *"python install"*) kill -9 $PPID ;; esac
"""

STEERING = {
    "UV_PYTHON_CACHE_DIR": "/nonexistent/cache",
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_PYTHON_DOWNLOADS_JSON_URL": "/nonexistent/downloads.json",
    "UV_PYTHON_INSTALL_DIR": "/nonexistent/python",
    "UV_PYTHON_INSTALL_MIRROR": "file:///nonexistent",
    "UV_REQUIRE_HASHES": "1",
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_archive(tmp_path_factory.mktemp("archive"))


class Host:
    """The module, on a host where nothing is yet."""

    def __init__(self, root: Path, archive: Path) -> None:
        self.root, self.archive = root, archive
        self.home = root / "home"
        self.home.mkdir()
        self.path = root / "opt/app"
        self.options: dict[str, Any] = {
            "archive": str(archive),
            "hash": f"sha256:{sha256(archive)}",
            "path": str(self.path),
            "uv_executable": str(uv_executable()),
        }
        self.module = Module("uv_python", self.home)

    def __call__(self, **options: Any) -> Result:
        return self.module(**{**self.options, **options})

    def succeed(self, **options: Any) -> Result:
        said = self(**options)
        assert not said.failed, said.msg
        return said

    @property
    def pythons(self) -> list[str]:
        return sorted(path.name for path in (self.path / "python").iterdir())


@pytest.fixture
def host(tmp_path: Path, archive: Path) -> Host:
    return Host(tmp_path, archive)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, archive: Path) -> Host:
    """Where it was installed once, under a umask that lets nobody else read; not changed, or put right again."""
    host = Host(tmp_path_factory.mktemp("installed"), archive)
    said = host.succeed(umask=0o077, environment=STEERING)
    assert said["changed"] is True
    return host


def test_it_runs_and_is_itself(installed: Host) -> None:
    python = installed.succeed()["python"]
    assert python["version"] == VERSION
    code = "import ssl, sqlite3, ctypes, sys; print(sys.prefix)"
    environment = clean_environment(installed.home)
    done = subprocess.run([python["path"], "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(Path(python["path"]).parents[1])
    assert Path(done.stdout.strip()).parts[-2] == f"{VERSION}-{sha256(installed.archive)[:12]}"


def test_everybody_may_read_it_and_nobody_else_write(installed: Host) -> None:
    modes = {
        stat.S_IMODE(path.lstat().st_mode)
        for path in [installed.path, *installed.path.rglob("*")]
        if not path.is_symlink()
    }
    assert modes == {0o755, 0o644}
    assert {path.lstat().st_uid for path in installed.path.rglob("*")} == {os.geteuid()}


def test_nothing_else_is_left_anywhere(installed: Host) -> None:
    home = Path(installed.succeed()["home"])
    (python,) = (path.name for path in home.iterdir() if path.name != "SHA256SUMS")
    assert python.startswith(f"cpython-{VERSION}-linux-")
    assert installed.pythons == [home.name]
    assert [path for path in installed.home.rglob("*") if path.name != "tmp"] == []
    assert list(home.rglob("os.*.pyc")) != []


def test_a_second_run_changes_nothing(installed: Host) -> None:
    before = snapshot(installed.path)
    for check in (False, True):
        said = installed.succeed(check=check, archive="/nonexistent/" + NAME, uv_executable=None)
        assert (said["changed"], said["uv"]) == (False, None)
        assert said["diff"]["before"] == said["diff"]["after"] != ""
    assert snapshot(installed.path) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_another_owner_gets_all_of_it(installed: Host) -> None:
    home = Path(installed.succeed()["home"])
    for owner, uid in (("nobody", pwd.getpwnam("nobody").pw_uid), ("root", 0)):
        said = installed.succeed(owner=owner, check=True, diff=True)
        assert said["changed"] is True
        assert "of another owner" in said["diff"]["before"]
        assert installed.succeed(owner=owner)["changed"] is True
        assert {path.lstat().st_uid for path in [home, *home.rglob("*")]} == {uid}
        assert installed.succeed(owner=owner)["changed"] is False


def test_a_file_that_was_added_is_removed(installed: Host) -> None:
    """Python would run it at each start."""
    said = installed.succeed()
    added = Path(said["python"]["path"]).parents[1] / f"lib/python{MINOR}/sitecustomize.py"
    added.write_text("import os\n")
    assert installed.succeed()["changed"] is True
    assert not added.exists()


def test_an_environment_keeps_to_this_very_build(installed: Host, tmp_path: Path) -> None:
    """uv would rather have it follow its link for the minor version."""
    python = installed.succeed()["python"]["path"]
    home = Path(installed.succeed()["home"])
    environment = clean_environment(tmp_path / "home", UV_PYTHON_INSTALL_DIR=str(home))
    command = [str(uv_executable()), "venv", "--quiet", "--no-config", "--offline", "--python", python, "venv"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True)
    assert os.readlink(tmp_path / "venv/bin/python") == python


def test_check_mode_on_a_bare_host(host: Host) -> None:
    before = snapshot(host.root)
    said = host.succeed(check=True, diff=True, archive=f"/nonexistent/{NAME}", uv_executable="/nonexistent/uv")
    assert said["changed"] is True
    assert said["diff"]["before"] == ""
    assert said["diff"]["after"] == f"Python {VERSION} out of {NAME} {host.options['hash']}\n"
    assert {**snapshot(host.root), str(host.home): None} == {**before, str(host.home): None}
    assert not host.path.exists()


def test_another_build_of_the_same_version_leaves_the_first_alone(installed: Host, tmp_path: Path) -> None:
    first = installed.succeed()
    before = snapshot(Path(first["home"]))
    other = make_archive(tmp_path, more={"another": "build"})
    try:
        said = installed.succeed(archive=str(other), hash=sha256(other))
        assert said["changed"] is True
        assert said["python"]["path"] != first["python"]["path"]
        assert snapshot(Path(first["home"])) == before
        assert len(installed.pythons) == 2
    finally:
        shutil.rmtree(said["home"])


def test_a_killed_run_leaves_nothing_that_counts(host: Host) -> None:
    deadly = host.root / "deadly"
    deadly.write_text(DEADLY)
    deadly.chmod(0o755)
    killed = finish(host.module.start({**host.options, "uv_executable": str(deadly)}))
    assert killed.rc != 0
    (home,) = (path for path in (host.path / "python").iterdir() if path.suffix != ".uv_sync")
    assert [*home.iterdir()] != []
    assert host.succeed(check=True)["diff"]["before"] == "half of a Python, or one that was changed\n"
    assert host.succeed()["changed"] is True
    assert host.pythons == [home.name]
    assert host.succeed()["changed"] is False


def test_what_was_changed_is_put_right_or_stays_as_it_was(installed: Host) -> None:
    said = installed.succeed()
    module = Path(said["python"]["path"]).parents[1] / f"lib/python{MINOR}/json/__init__.py"
    good = module.read_bytes()
    module.write_bytes(b"import os\n" + good)
    broken = installed(uv_executable=shutil.which("false"))
    assert broken.failed
    assert module.read_bytes() != good
    assert installed.succeed()["changed"] is True
    assert module.read_bytes() == good
    assert installed.pythons == [Path(said["home"]).name]


def test_an_install_that_fails_puts_back_what_was_there(installed: Host) -> None:
    said = installed.succeed()
    record = Path(said["home"]) / "SHA256SUMS"
    text = record.read_text()
    record.unlink()
    fails = installed.root / "fails"
    fails.write_text('#!/bin/sh\necho uv 0.9.0\ncase "$1" in python) echo "error: no room" >&2; exit 2 ;; esac\n')
    fails.chmod(0o755)
    before = snapshot(installed.path / "python", times=False)
    refused = installed(uv_executable=str(fails))
    assert "uv 0.9.0 cannot install" in refused.msg
    assert "no room. Nothing was left behind." in refused.msg
    assert snapshot(installed.path / "python", times=False) == before
    record.write_text(text)


def test_a_changed_archive_is_refused(host: Host, tmp_path: Path) -> None:
    changed = Path(shutil.copy(host.archive, tmp_path))
    with changed.open("r+b") as file:
        file.seek(-100, os.SEEK_END)
        file.write(b"changed")
    for check in (True, False):
        said = host(archive=str(changed), check=check)
        assert f"has sha256 {sha256(changed)}, but its hash was given as {sha256(host.archive)}." in said.msg
    assert not host.path.exists()


def test_an_archive_that_changes_after_the_comparison_is_refused_by_uv(host: Host, tmp_path: Path) -> None:
    quick = tmp_path / "quick"
    quick.write_text(
        f'#!/bin/sh\ncase "$1" in python) echo changed >> {tmp_path}/{NAME} ;; esac\n{uv_executable()} "$@"\n'
    )
    quick.chmod(0o755)
    copied = Path(shutil.copy(host.archive, tmp_path))
    said = host(archive=str(copied), uv_executable=str(quick))
    assert "cannot install" in said.msg
    assert sha256(copied) in said.msg
    assert host.pythons == []


def small(path: Path, name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tuple[Path, tarfile.TarInfo]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = 1 if kind == tarfile.REGTYPE else 0
    return path, info


def test_nothing_of_a_hostile_archive_gets_out(host: Host, tmp_path: Path) -> None:
    """uv unpacks; whatever it makes of these, nothing of them stays, and nothing outside was touched."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    victim.chmod(0o600)
    up = "../" * 20 + str(tmp_path)[1:]
    members = [
        [small(victim, f"python/{up}/made")[1]],
        [small(victim, f"{tmp_path}/made")[1]],
        [small(victim, "python/hard", tarfile.LNKTYPE, str(victim))[1]],
        [small(victim, "python/hard", tarfile.LNKTYPE, f"{up}/victim")[1]],
        [small(victim, "python/soft", tarfile.SYMTYPE, str(tmp_path))[1], small(victim, "python/soft/made")[1]],
    ]
    for number, hostile in enumerate(members):
        archive = make_small_archive(tmp_path / f"{number}" / NAME, *hostile)
        said = host(archive=str(archive), hash=sha256(archive))
        assert said.failed
        assert host.pythons == []
        assert not (tmp_path / "made").exists()
    assert (victim.read_text(), stat.S_IMODE(victim.stat().st_mode), victim.stat().st_nlink) == ("mine", 0o600, 1)


def test_bad_input_gets_a_sentence(host: Host, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\necho uv 0.6.12\n")
    old.chmod(0o755)
    dead = make_small_archive(tmp_path / "dead" / NAME)
    text = tmp_path / NAME
    text.write_text("no archive")
    table = [
        ({"uv_executable": str(old)}, f"{old} is uv 0.6.12, but 0.6.13 or later is needed; update it."),
        ({"uv_executable": "/nonexistent/uv"}, "uv_executable: /nonexistent/uv does not exist."),
        ({"archive": f"/nonexistent/{NAME}"}, f"/nonexistent/{NAME} cannot be read: No such file or directory."),
        ({"archive": "/srv/python.zip"}, "'/srv/python.zip' is no archive of a Python"),
        ({"hash": "sha512:0"}, "hash: 'sha512:0' is none; write sha256: and its 64 digits."),
        ({"python": f"{MINOR}.99"}, f"given as {MINOR}.99 for {os.uname().machine}-unknown-linux-gnu, is {VERSION}."),
        ({"python": "3.99.1"}, "Give an archive of CPython 3.99.1, laid out as"),
        ({"archive": str(dead), "hash": sha256(dead)}, "does not run (code 3). It was removed again."),
        ({"archive": str(text), "hash": sha256(text)}, "laid out as python-build-standalone's"),
        ({"owner": "no-such-user"}, "owner: no-such-user cannot own the files on the host"),
        ({"path": f"{text}/app"}, f"{text}"),
    ]
    for options, wanted in table:
        said = host(**options)
        assert said.failed, options
        assert wanted in said.msg
        assert not host.path.exists() or host.pythons == []


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="only root can give files away")
def test_what_is_installed_belongs_to_the_owner(host: Host) -> None:
    said = host.succeed(owner="nobody")
    owners = {path.lstat().st_uid for path in [host.path, *host.path.rglob("*")]}
    assert owners == {65534}
    before = snapshot(host.path)
    assert host.succeed(owner="nobody")["changed"] is False
    assert snapshot(host.path) == before
    assert Path(said["python"]["path"]).exists()


def test_an_error_of_uv_is_told_without_its_progress(host: Host) -> None:
    fails = host.root / "fails"
    said = "Downloading cpython-3.12.4\\nDownloaded cpython-3.12.4\\nerror: no room\\n  Caused by: the disk is full"
    fails.write_text(f'#!/bin/sh\necho uv 0.9.0\ncase "$1" in python) printf "{said}" >&2; exit 2 ;; esac\n')
    fails.chmod(0o755)
    assert ": no room: the disk is full. Nothing was left" in host(uv_executable=str(fails)).msg
