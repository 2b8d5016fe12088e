# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bad input: one error each, that says what, where and what to do, with nothing half written."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.airgap.uv.tests.unit.support.collecting import LABEL, PLATFORM, PYTHON, Collect
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import replace_in, write_tree
from ansible_collections.airgap.uv.tests.unit.support.running import snapshot
from ansible_collections.airgap.uv.tests.unit.support.sdists import fails, leaves_mark, make_sdist, runs
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256

WHEEL = "alpha-1.0-py3-none-any.whl"


@pytest.fixture
def collect(index: Index, tmp_path: Path) -> Collect:
    """A project that depends on `alpha`, locked and ready."""
    make_wheel(index.folder, "alpha")
    collect = Collect(tmp_path, index)
    collect.make("alpha")
    return collect


def refused(collect: Collect, *named: str, **options: Any) -> str:
    """Collect, see it fail with everything that is `named`, and nothing changed; return the message."""
    before = collect.snapshot()
    result = collect(**options)
    assert result.failed
    assert "Traceback" not in result.output, result.output
    assert [each for each in named if each not in result.msg] == [], result.msg
    assert collect.snapshot() == before
    assert collect.remains == []
    return result.msg


def lock_line(number: int, text: str) -> Callable[[Collect], None]:
    def break_it(collect: Collect) -> None:
        path = collect.project / "uv.lock"
        lines = path.read_text(encoding="utf-8").splitlines()
        lines[number - 1] = text
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")

    return break_it


def in_lock(old: str, new: str) -> Callable[[Collect], None]:
    return lambda collect: replace_in(collect.project / "uv.lock", old, new)


def in_project(old: str, new: str) -> Callable[[Collect], None]:
    return lambda collect: replace_in(collect.project / "pyproject.toml", old, new)


def nothing(collect: Collect) -> None:
    pass


def foreign(collect: Collect) -> None:
    write_tree(collect.wheelhouse, {"thesis.tex": "", "src/main.c": ""})


def foreign_stage(collect: Collect) -> None:
    write_tree(collect.stage, {"thesis.tex": ""})


# what is done to the project, the module's options, what the message must say
BAD: dict[str, tuple[Callable[[Collect], Any], dict[str, Any], list[str]]] = {
    "no project": (
        lambda collect: shutil.rmtree(collect.project),
        {},
        ["There is no {project}/pyproject.toml", "`project` names the folder"],
    ),
    "no uv.lock": (
        lambda collect: (collect.project / "uv.lock").unlink(),
        {},
        ["There is no {project}/uv.lock.", "Run `uv lock`"],
    ),
    "lock out of date": (
        in_project('["alpha"]', '["alpha>=1"]'),
        {},
        ["{project}/uv.lock is out of date with its pyproject.toml", "Run `uv lock`", "`frozen: true`"],
    ),
    "lock of a higher version": (
        lock_line(1, "version = 2"),
        {},
        ["{project}/uv.lock has lock version 2, and version 1 is known", "Update this collection"],
    ),
    "broken lock": (lock_line(4, "[[package"), {}, ["{project}/uv.lock is not valid", "line 4"]),
    "broken pyproject.toml": (
        in_project("dependencies = [", "dependencies = [["),
        {},
        ["{project}/pyproject.toml is not valid", "line"],
    ),
    "a merge conflict in the lock": (lock_line(2, "<<<<<<< HEAD"), {}, ["uv.lock is not valid", "line 2"]),
    "unknown platform": (
        nothing,
        {"targets": [{"python": PYTHON, "platform": "debian12"}]},
        ["targets: 'debian12' is not known", "ARCH-manylinux_2_N", "with ARCH one of x86_64, aarch64"],
    ),
    "unknown Python": (
        nothing,
        {"targets": [{"python": "three", "platform": PLATFORM}]},
        ["targets: 'three' is not known", "3.11"],
    ),
    "a misspelt platform": (
        nothing,
        {"targets": [{"python": PYTHON, "platform": "x86-64-manylinux_2_31"}]},
        ["'x86-64-manylinux_2_31' is not known. Write one such as x86_64-manylinux_2_31"],
    ),
    "a Python that YAML read as a number": (
        nothing,
        {"targets": [{"python": 3.10, "platform": PLATFORM}]},
        ["targets: '3.1' is not known", "'3.10' in quotes"],
    ),
    "a target that contradicts itself": (
        nothing,
        {"targets": [{"python": PYTHON, "platform": PLATFORM, "markers": {"sys_platform": "win32"}}]},
        [f"{PYTHON}-{PLATFORM} contradicts itself", "means sys_platform linux", "its markers say sys_platform win32"],
    ),
    "a free-threaded Python that there never was": (
        nothing,
        {"targets": [{"python": "3.12t", "platform": PLATFORM}]},
        ["3.12t contradicts itself", "begin with Python 3.13"],
    ),
    "a target outside requires-python": (
        nothing,
        {"targets": [{"python": "3.8.18", "platform": PLATFORM}]},
        [f"3.8.18-{PLATFORM}: its Python is outside the project's requires-python (>=3.9)"],
    ),
    "an extra that is not there": (nothing, {"extras": ["nonesuch"]}, ["nonesuch"]),
    "a group that is not there": (nothing, {"groups": ["nonesuch"]}, ["nonesuch"]),
    "a package that is not there": (nothing, {"package": "nonesuch"}, ["nonesuch"]),
    "uv is missing": (
        nothing,
        {"uv_executable": "/nonexistent/uv"},
        ["uv is not on the controller (looked for /nonexistent/uv)", f"{sys.executable} -m pip install uv"],
    ),
    "another uv is demanded": (
        in_project("[[tool.uv.index]]", '[tool.uv]\nrequired-version = "==0.4.0"\n[[tool.uv.index]]'),
        {},
        ["The project {project} demands uv ==0.4.0 (required-version)", "uv_executable"],
    ),
    "a wheelhouse that holds something else": (
        foreign,
        {},
        ["{wheelhouse} holds something else than a wheelhouse (src, thesis.tex)", "Name an empty or a new folder"],
    ),
    "a stage folder that holds something else": (foreign_stage, {}, ["{stage}", "something else"]),
    "a wheelhouse that is a file": (
        lambda collect: collect.wheelhouse.write_text("", encoding="utf-8"),
        {},
        ["{wheelhouse} holds something else"],
    ),
    "a wheelhouse inside the project": (
        nothing,
        {"wheelhouse": "{project}/wheels"},
        ["{project}/wheels lies inside the project {project}", "Name a folder outside it"],
    ),
    "a stage folder inside the project": (
        nothing,
        {"stage": {"path": "{project}/stage"}},
        ["{project}/stage lies inside the project {project}", "Name a folder outside it"],
    ),
    "a pylock.toml that says too little": (
        lambda collect: write_tree(collect.project, {"pylock.toml": 'lock-version = "1.0"\n'}),
        {"project": None, "lockfile": "{project}/pylock.toml"},
        ["{project}/pylock.toml is not valid", "created-by"],
    ),
    "a pylock.toml of another version": (
        lambda collect: write_tree(
            collect.project, {"pylock.toml": 'lock-version = "2.0"\ncreated-by = "x"\npackages = []\n'}
        ),
        {"project": None, "lockfile": "{project}/pylock.toml"},
        ["{project}/pylock.toml is not valid", "2.0"],
    ),
    "no pylock.toml": (
        nothing,
        {"project": None, "lockfile": "{project}/pylock.web.toml"},
        ["There is no {project}/pylock.web.toml"],
    ),
    "missing hash": (
        in_lock('hash = "sha256:', 'note = "sha256:'),
        {"frozen": True},
        ["{project}/uv.lock has no sha256 for 1 file", f"alpha 1.0: {WHEEL}", "no_install_package"],
    ),
    "an extra wheel with another hash": (
        nothing,
        {"extra_wheels": [{"path": "{index}/" + WHEEL, "hash": "sha256:" + "0" * 64}]},
        ["extra_wheels: {index}/" + WHEEL, "its sha256 is"],
    ),
    "an extra wheel that is not there": (
        nothing,
        {"extra_wheels": [{"path": "/nonexistent/" + WHEEL, "hash": "sha256:" + "0" * 64}]},
        ["extra_wheels: /nonexistent/" + WHEEL, "there is no such file"],
    ),
    "build constraints that are not there": (
        nothing,
        {"build_constraints": "/nonexistent/constraints.txt"},
        ["/nonexistent/constraints.txt", "build_constraints"],
    ),
    "a ca_bundle that is not there": (
        nothing,
        {"ca_bundle": "/nonexistent/bundle.pem"},
        ["/nonexistent/bundle.pem", "ca_bundle"],
    ),
    "a uv that the index does not have": (nothing, {"uv": "0.0.99"}, ["uv==0.0.99 cannot be had from the index"]),
}


@pytest.mark.parametrize("check", [False, True], ids=["", "check"])
@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str, check: bool, collect: Collect) -> None:
    change, options, named = BAD[case]
    places = {
        "project": str(collect.project),
        "wheelhouse": str(collect.wheelhouse),
        "stage": str(collect.stage),
        "index": str(collect.index.folder),
    }
    change(collect)
    refused(collect, *(each.format(**places) for each in named), **_filled(options, places), check=check)


def _filled(value: Any, places: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each, places) for key, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, places) for each in value]
    return value.format(**places) if isinstance(value, str) else value


# --- what servers do


def many(collect: Collect, *names: str) -> list[str]:
    """Let the project depend on more wheels; return all file names."""
    for name in names:
        make_wheel(collect.index.folder, name)
    shutil.rmtree(collect.project)
    collect.make("alpha", *names)
    return [f"{name}-1.0-py3-none-any.whl" for name in ("alpha", *names)]


FAULTS: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({"status": 500}, {}, ["HTTP 500"]),
    ({"status": 503}, {}, ["HTTP 503"]),
    ({"status": 404}, {}, ["HTTP 404"]),
    ({"cut": 100}, {}, []),
    ({"short": 100}, {}, ["100 of"]),
    ({"silent": True}, {"timeout": 0.3, "retries": 0}, ["0.3 s"]),
    ({"pause_after": 100}, {"timeout": 0.3, "retries": 0}, []),
]


@pytest.mark.parametrize(("fault", "options", "named"), FAULTS)
def test_all_files_that_could_not_be_fetched_stand_in_one_list(
    fault: dict[str, Any], options: dict[str, Any], named: list[str], collect: Collect
) -> None:
    files = many(collect, "beta", "gamma")
    collect.index.fail("*", **fault)
    message = refused(
        collect,
        "3 file(s) could not be fetched",
        *(f"{file} from {collect.index.file_url(file)}" for file in files),
        *named,
        **options,
    )
    assert message.count("py3-none-any.whl from ") == 3


def test_an_index_that_lets_nobody_in_is_told_once(collect: Collect) -> None:
    files = many(collect, "beta", "gamma")
    collect.index.fail("*", status=403)
    sentence = f"{collect.index.origin} wants credentials (HTTP 403 Forbidden)"
    message = refused(collect, sentence, f"It keeps back {files[0]} and 2 more", "credentials", "netrc")
    assert message.count("HTTP 403") == 1


def test_an_index_that_is_not_there(collect: Collect) -> None:
    files = many(collect, "beta")
    collect.index.stop()
    refused(collect, *(f"{file} from " for file in files), "onnection refused", frozen=True)


def test_a_host_that_never_answers(collect: Collect) -> None:
    """Nobody accepts the connection: the queue of a socket that is full."""
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    fillers = []
    for _attempt in range(4):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(full.getsockname())
        fillers.append(filler)
    port = full.getsockname()[1]
    replace_in(collect.project / "uv.lock", collect.index.origin, f"http://127.0.0.1:{port}")
    refused(collect, f"{WHEEL} from http://127.0.0.1:{port}/", "0.3 s", frozen=True, timeout=0.3, retries=0)
    for each in [*fillers, full]:
        each.close()


def test_wrong_bytes(collect: Collect) -> None:
    path = collect.index.folder / WHEEL
    wanted, size = sha256(path), path.stat().st_size
    collect.index.fail(WHEEL, wrong=bytes(size))
    refused(collect, f"{WHEEL} from {collect.index.file_url(WHEEL)}: wanted sha256 {wanted}, got ", frozen=True)


def test_wrong_bytes_beside_files_that_arrive(collect: Collect) -> None:
    """What did arrive may stay, but only whole and under its own name."""
    files = many(collect, "beta", "gamma")
    collect.index.fail(files[1], wrong=b"x" * 10)
    result = collect()
    assert result.failed
    assert files[1] in result.msg
    for name in collect.files:
        assert sha256(collect.wheelhouse / name) == sha256(collect.index.folder / name)
    assert files[1] not in collect.files
    assert not collect.stage.exists()
    assert collect.remains == []


def test_an_untrusted_certificate(tls_index: Index, tmp_path: Path) -> None:
    make_wheel(tls_index.folder, "alpha")
    collect = Collect(tmp_path, tls_index)
    collect.project.mkdir()
    write_tree(
        collect.project,
        {
            "pyproject.toml": '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.9"\n'
            'dependencies = ["alpha"]\n',
            "uv.lock": 'version = 1\nrequires-python = ">=3.9"\n[[package]]\nname = "app"\nversion = "1"\n'
            'source = { virtual = "." }\ndependencies = [{ name = "alpha" }]\n'
            '[package.metadata]\nrequires-dist = [{ name = "alpha" }]\n'
            f'[[package]]\nname = "alpha"\nversion = "1.0"\nsource = {{ registry = "{tls_index.url}" }}\n'
            f'wheels = [{{ url = "{tls_index.file_url(WHEEL)}", hash = "sha256:'
            f'{sha256(tls_index.folder / WHEEL)}" }}]\n',
        },
    )
    refused(collect, "The certificate of 127.0.0.1 is not trusted", "`ca_bundle`", frozen=True)
    # the one that is given beats those of the environment
    elsewhere = {"REQUESTS_CA_BUNDLE": "/nonexistent/bundle.pem", "SSL_CERT_FILE": "/nonexistent/bundle.pem"}
    collect.succeed(frozen=True, ca_bundle=tmp_path / "tls" / "certificate.pem", environment=elsewhere)
    assert WHEEL in collect.files


def test_a_bundle_of_the_environment_that_is_not_there(collect: Collect) -> None:
    environment = {"REQUESTS_CA_BUNDLE": "/nonexistent/bundle.pem"}
    refused(collect, "/nonexistent/bundle.pem", "REQUESTS_CA_BUNDLE", environment=environment)


# --- what builds do


def with_sdist(collect: Collect, **sdist: Any) -> Path:
    path = make_sdist(collect.index.folder, "delta", **sdist)
    shutil.rmtree(collect.project)
    collect.make("alpha", "delta")
    return path


def test_no_build(collect: Collect) -> None:
    with_sdist(collect)
    for names in (["delta"], [":all:"]):
        refused(collect, f"delta 1.0 for {LABEL}: no wheel fits, and no_build forbids", "extra_wheels", no_build=names)


def test_no_wheel_and_no_sdist(collect: Collect) -> None:
    make_wheel(collect.index.folder, "winonly", tag="py3-none-win_amd64")
    shutil.rmtree(collect.project)
    collect.make("winonly")
    refused(collect, f"winonly 1.0 for {LABEL}: no wheel fits, and there is no sdist", "py3-none-win_amd64")


def test_an_sdist_with_another_hash_never_runs(collect: Collect, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    path = with_sdist(collect)
    other = make_sdist(tmp_path / "evil", "delta", prelude=leaves_mark(mark))
    collect.index.fail(path.name, wrong=other.read_bytes())
    replace_in(collect.project / "uv.lock", f", size = {path.stat().st_size}", "")
    result = collect(frozen=True)
    assert result.failed
    assert f"{path.name} from " in result.msg
    assert f"wanted sha256 {sha256(path)}, got {sha256(other)}" in result.msg
    assert runs(mark) == 0
    assert not list(collect.wheelhouse.rglob("delta*"))
    assert collect.remains == []


def test_an_sdist_whose_name_climbs_out(collect: Collect, tmp_path: Path) -> None:
    """A file name from a lock is parsed as an sdist's name, and never used as a path."""
    path = with_sdist(collect)
    climbing = f"..%2F..%2F..%2F..%2F{path.name}"
    replace_in(collect.project / "uv.lock", f"/files/{path.name}", f"/files/{climbing}")
    before = snapshot(tmp_path, times=False)
    result = collect(frozen=True)
    assert "Traceback" not in result.output
    allowed = (str(collect.wheelhouse), str(collect.stage), str(collect.module.home))
    after = snapshot(tmp_path, times=False)
    assert [name for name in after if name not in before and not name.startswith(allowed)] == []


def test_a_link_that_leads_out_of_the_project(collect: Collect) -> None:
    (collect.project / "secrets").symlink_to("/etc")
    result = collect()
    assert result.failed
    assert f"{collect.project}/secrets" in result.msg
    assert "/etc" in result.msg
    assert not collect.stage.exists()


def test_a_build_that_fails(collect: Collect) -> None:
    with_sdist(collect, prelude=fails(50))
    message = refused_build(collect)
    assert "Building delta-1.0.tar.gz with" in message
    assert "frobnicate.h was not found" in message
    assert "extra_wheels" in message
    assert len(message.splitlines()) < 30


def refused_build(collect: Collect) -> str:
    """A failed build comes after the downloads: those are whole, and the next run uses them."""
    result = collect()
    assert result.failed
    assert "Traceback" not in result.output
    assert collect.remains == []
    assert not collect.stage.exists()
    return result.msg


def test_a_failed_build_does_not_spoil_the_wheelhouse(collect: Collect) -> None:
    """`delta` is built, `epsilon` fails; the next run finds a wheelhouse and builds only the second."""
    mark = collect.folder / "mark"
    broken = collect.folder / "broken"
    broken.touch()
    make_sdist(collect.index.folder, "delta", prelude=leaves_mark(mark))
    prelude = f"if os.path.exists({str(broken)!r}): sys.exit('no frobnicate.h')"
    make_sdist(collect.index.folder, "epsilon", prelude=prelude)
    shutil.rmtree(collect.project)
    collect.make("alpha", "delta", "epsilon")
    assert "Building epsilon-1.0.tar.gz" in refused_build(collect)
    before = runs(mark)
    broken.unlink()
    result = collect.succeed()
    assert result["changed"]
    assert runs(mark) > 0
    assert before in (0, runs(mark)), "delta was built twice"


def test_a_build_that_gives_another_version(collect: Collect) -> None:
    path = with_sdist(collect)
    text = 'import re\n_old = open("pyproject.toml").read()\n'
    text += 'open("pyproject.toml", "w").write(_old.replace("version = \\"1.0\\"", "version = \\"6.6\\""))\n'
    make_sdist(collect.index.folder, "delta", prelude=text)
    shutil.rmtree(collect.project)
    collect.make("delta")
    message = refused_build(collect)
    assert path.name in message or "delta" in message
    assert "6.6" in message


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_no_interpreter_to_build_with(collect: Collect) -> None:
    """What holds no compiled code is built with the usual one all the same."""
    target = {"python": "3.99.1", "platform": PLATFORM}
    with_sdist(collect, extension=True)
    result = collect(targets=[target])
    assert result.failed
    for words in (
        "delta 1.0 for 3.99.1-",
        "has no Python 3.99 to build it with",
        "built on a machine with Python 3.99",
    ):
        assert words in result.msg
    assert collect.remains == []
    with_sdist(collect)
    assert [wheel["name"] for wheel in collect.succeed(targets=[target])["wheels"]] == ["alpha", "delta"]


def test_uv_that_is_too_old(collect: Collect) -> None:
    old = collect.folder / "bin" / "uv"
    write_tree(old.parent, {"uv": "#!/bin/sh\necho uv 0.5.0\n"})
    old.chmod(0o755)
    refused(collect, f"{old} is uv 0.5.0; the controller needs 0.9.0 or later", "uv_executable", uv_executable=old)


LACKING = [
    ({"pathspec.py": "raise ImportError"}, ["lacks pathspec", "-m pip install 'pathspec>="]),
    (
        {"pathspec.py": "raise ImportError", "tomli_w.py": "raise ImportError"},
        ["'pathspec>=", "'tomli-w>="],
    ),
    ({"requests/__init__.py": "raise ImportError"}, ["'requests>="]),
    ({"packaging/__init__.py": "__version__ = '24.2'"}, ["'packaging>=26.3'"]),
]


@pytest.mark.parametrize(("shadows", "named"), LACKING)
def test_a_python_that_lacks_a_library(shadows: dict[str, str], named: list[str], collect: Collect) -> None:
    write_tree(collect.folder / "shadows", shadows)
    path = f"{collect.folder / 'shadows'}{os.pathsep}{collect.module.environment['PYTHONPATH']}"
    refused(collect, sys.executable, "pip install", *named, environment={"PYTHONPATH": path})


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_a_version_from_history_in_a_shallow_clone(collect: Collect) -> None:
    shutil.rmtree(collect.project)
    origin = write_tree(
        collect.folder / "origin",
        {
            "pyproject.toml": '[project]\nname = "app"\ndynamic = ["version"]\nrequires-python = ">=3.9"\n'
            '[build-system]\nrequires = ["setuptools-scm"]\nbuild-backend = "setuptools.build_meta"\n',
            "uv.lock": 'version = 1\nrequires-python = ">=3.9"\n[[package]]\nname = "app"\n'
            'source = { editable = "." }\n',
        },
    )
    identity = ["-c", "user.name=t", "-c", "user.email=t@index.test", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "1"], ["commit", "-qm", "2", "--allow-empty"]):
        subprocess.run(["git", *identity, *words], cwd=origin, check=True, capture_output=True)
    clone = ["git", "clone", "-q", "--depth", "1", origin.as_uri(), str(collect.project)]
    subprocess.run(clone, check=True, capture_output=True)
    refused(collect, str(collect.project), "shallow", "git fetch --unshallow", frozen=True)


# --- the disk


def tmpfs(size: str) -> tuple[str, ...]:
    """Run a command with a small filesystem of its own at $0; list it afterwards in $0.listing."""
    script = (
        f'mkdir -p "$0" && mount -t tmpfs -o size={size} tmpfs "$0" || exit 77; '
        '"$@"; rc=$?; (cd "$0" && find . -type f -size +0 | sort) > "$0.listing"; exit $rc'
    )
    return ("unshare", "-rm", "sh", "-c", script)


def can_mount(folder: Path) -> bool:
    if not shutil.which("unshare"):
        return False
    command = [*tmpfs("64k"), str(folder / "try"), "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("size", ["64k", "200k", "400k"])
def test_a_full_disk(size: str, collect: Collect) -> None:
    if not can_mount(collect.folder):
        pytest.skip("this user cannot mount a small filesystem")
    files = []
    for name in ("beta", "gamma", "zeta"):
        files.append(make_wheel(collect.index.folder, name, padding=150_000).name)
    shutil.rmtree(collect.project)
    collect.make("alpha", "beta", "gamma", "zeta")
    result = collect(wrapper=(*tmpfs(size), str(collect.wheelhouse)))
    assert result.failed
    assert "Traceback" not in result.output, result.output
    assert f"The disk that holds {collect.wheelhouse} is full" in result.msg
    assert "Free some space" in result.msg
    listing = collect.wheelhouse.with_name("wheelhouse.listing").read_text(encoding="utf-8").split()
    assert not [name for name in listing if name.endswith(".part")]
    assert not collect.stage.exists()
