# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Interpreter, Request
from ansible_collections.airgap.uv.plugins.module_utils.libc import Libc
from ansible_collections.airgap.uv.plugins.module_utils.python_build import ArchiveInvalid
from ansible_collections.airgap.uv.plugins.module_utils.standalone import (
    Archive,
    choose,
    parse_archives,
    refusal,
)
from ansible_collections.airgap.uv.tests.unit.support.projects import clean_environment, uv_executable
from ansible_collections.airgap.uv.tests.unit.support.standalone import make_small_archive, sha256

HASH = "sha256:" + "ab" * 32
OPT = Path("/opt/app")

# Names of python-build-standalone's and of uv's cache: Python, platform, uv's name for it.
NAMED = [
    (
        "cpython-3.12.7+20241016-x86_64-unknown-linux-gnu-install_only.tar.gz",
        "3.12.7",
        "x86_64-unknown-linux-gnu",
        "cpython-3.12.7-linux-x86_64-gnu/bin/python3.12",
    ),
    (
        "43576f7db-cpython-3.12.7-20241016-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz",
        "3.12.7",
        "x86_64-unknown-linux-gnu",
        "cpython-3.12.7-linux-x86_64-gnu/bin/python3.12",
    ),
    (
        "cpython-3.12.7%2B20241016-x86_64_v3-unknown-linux-gnu-install_only.tar.gz",
        "3.12.7",
        "x86_64-unknown-linux-gnu",
        "cpython-3.12.7-linux-x86_64-gnu/bin/python3.12",
    ),
    (
        "cpython-3.13.0rc2+20240909-aarch64-unknown-linux-gnu-install_only_stripped.tar.gz",
        "3.13.0rc2",
        "aarch64-unknown-linux-gnu",
        "cpython-3.13.0rc2-linux-aarch64-gnu/bin/python3.13",
    ),
    (
        "cpython-3.13.0+20241016-x86_64-unknown-linux-gnu-freethreaded-install_only.tar.gz",
        "3.13.0t",
        "x86_64-unknown-linux-gnu",
        "cpython-3.13.0+freethreaded-linux-x86_64-gnu/bin/python3.13t",
    ),
    (
        "cpython-3.12.7+20241016-x86_64-unknown-linux-musl-install_only.tar.gz",
        "3.12.7",
        "x86_64-unknown-linux-musl",
        "cpython-3.12.7-linux-x86_64-musl/bin/python3.12",
    ),
    (
        "cpython-3.11.10+20241016-armv7-unknown-linux-gnueabihf-install_only.tar.gz",
        "3.11.10",
        "armv7l-unknown-linux-gnu",
        "cpython-3.11.10-linux-armv7-gnueabihf/bin/python3.11",
    ),
    (
        "cpython-3.11.10+20241016-ppc64le-unknown-linux-gnu-install_only.tar.gz",
        "3.11.10",
        "ppc64le-unknown-linux-gnu",
        "cpython-3.11.10-linux-powerpc64le-gnu/bin/python3.11",
    ),
    (
        "cpython-3.11.10+20241016-riscv64-unknown-linux-gnu-install_only.tar.gz",
        "3.11.10",
        "riscv64-unknown-linux-gnu",
        "cpython-3.11.10-linux-riscv64gc-gnu/bin/python3.11",
    ),
]


@pytest.mark.parametrize(("name", "python", "platform", "interpreter"), NAMED)
def test_a_name_tells_what_it_is(name: str, python: str, platform: str, interpreter: str) -> None:
    archive = Archive.parse({"path": f"/srv/{name}", "hash": HASH})
    assert (archive.build.python, archive.build.platform) == (python, platform)
    assert archive.interpreter(OPT) == OPT / "python" / f"{python}-abababababab" / interpreter
    assert archive.kept(OPT) == OPT / "python/archives/abababababab" / name
    assert Archive.parse(archive.as_dict()) == archive


@pytest.mark.parametrize("name", [name for name, *_told in NAMED])
def test_uv_calls_it_the_same(name: str, tmp_path: Path) -> None:
    """uv installs it in that folder, whatever machine it is for."""
    archive = Archive.parse({"path": name, "hash": HASH})
    build = archive.build
    source = make_small_archive(tmp_path / name, python=build.minor, suffix="t" if build.threaded else "")
    downloads = tmp_path / "downloads.json"
    downloads.write_text(json.dumps({build.key: build.download(source.as_uri(), sha256(source))}))
    more = {
        "UV_PYTHON_DOWNLOADS": "manual",
        "UV_PYTHON_DOWNLOADS_JSON_URL": str(downloads),
        "UV_PYTHON_INSTALL_BIN": "0",
        "UV_PYTHON_INSTALL_DIR": str(tmp_path / "python"),
    }
    command = [str(uv_executable()), "python", "install", build.key, "--no-config", "--offline", "--no-cache"]
    subprocess.run(command, env=clean_environment(tmp_path / "home", **more), cwd=tmp_path, check=True)
    assert (tmp_path / "python" / build.key / build.executable).is_file()


def test_what_is_said_wins_over_the_name() -> None:
    raw = {"path": NAMED[0][0], "hash": HASH, "python": "3.12.8", "platform": "aarch64-manylinux_2_36"}
    archive = Archive.parse(raw)
    assert (archive.build.python, archive.build.platform) == ("3.12.8", "aarch64-manylinux_2_36")
    assert Archive.parse(archive.as_dict()) == archive


BAD = [
    (
        {"path": "python.zip"},
        "python_archives[0].path: 'python.zip' is no archive of a Python; give a file that ends in",
    ),
    ({"path": "python.tar.xz"}, "python_archives[0].path: 'python.tar.xz' is no archive of a Python"),
    ({"path": "py thon.tar.gz"}, "python_archives[0].path: 'py thon.tar.gz' is no archive"),
    ({}, "python_archives[0].path: '' is no archive"),
    ({"path": NAMED[0][0], "hash": "md5:abc"}, "python_archives[0].hash: 'md5:abc' is none; write sha256: and its 64"),
    ({"path": NAMED[0][0], "hash": None}, "python_archives[0].hash: None is none"),
    ({"path": "python.tar.gz"}, "python_archives[0].python: the name python.tar.gz does not tell its Python; say it"),
    ({"path": "python.tar.gz", "python": "3.12"}, "'3.12' is no full version of CPython; write 3.12.7 or 3.13.1t."),
    ({"path": "python.tar.gz", "python": "pypy3.10.1"}, "'pypy3.10.1' is no full version of CPython"),
    ({"path": "python.tar.gz", "python": "3.12.7"}, "the name python.tar.gz tells no Linux platform; write x86_64-"),
    (
        {"path": "cpython-3.12.7+20241016-aarch64-apple-darwin-install_only.tar.gz", "python": "3.12.7"},
        "install_only.tar.gz tells no Linux platform; write x86_64-unknown-linux-gnu",
    ),
    ({"path": NAMED[0][0], "platform": "windows"}, "python_archives[0].platform: 'windows' is no Linux platform"),
    (
        {"path": NAMED[0][0], "platform": "sparc64-unknown-linux-gnu"},
        "'sparc64-unknown-linux-gnu' is no Linux platform",
    ),
    (
        {"path": "cpython-3.13.0+20241016-x86_64-unknown-linux-gnu-debug-full.tar.zst"},
        "debug-full.tar.zst is a debug build, which is not supported.",
    ),
]


@pytest.mark.parametrize(("raw", "said"), BAD)
def test_bad_input_gets_a_sentence(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(ArchiveInvalid) as raised:
        parse_archives([{"hash": HASH, **raw}])
    assert said in str(raised.value)


@pytest.mark.parametrize("raw", ["a", {"path": "a"}, ["a"]])
def test_no_list_of_archives(raw: object) -> None:
    with pytest.raises(ArchiveInvalid, match="a list is wanted, each with `path` and `hash`"):
        parse_archives(raw)


def test_two_of_one_name() -> None:
    raw = [{"path": f"/{folder}/{NAMED[0][0]}", "hash": HASH} for folder in "ab"]
    with pytest.raises(ArchiveInvalid, match=r"python_archives\[1\].path: .* is listed twice"):
        parse_archives(raw)


LISTED = parse_archives(
    [
        *({"path": name, "hash": HASH} for name, *_told in NAMED),
        {"path": "new.tar.gz", "hash": HASH, "python": "3.12.9", "platform": "x86_64-manylinux_2_36"},
        {"path": "musl.tar.gz", "hash": HASH, "python": "3.12.9", "platform": "x86_64-musllinux_1_2"},
    ]
)

CHOSEN = [
    ("3.12", "glibc 2.36", "x86_64", NAMED[0][0]),
    ("3.12.9", "glibc 2.36", "x86_64", "new.tar.gz"),
    ("3.12.9", "glibc 2.31", "x86_64", None),
    ("3.12.9", "musl 1.2.4", "x86_64", "musl.tar.gz"),
    ("3.12.9", "musl 1.1.24", "x86_64", None),
    (">=3.12", "musl 1.1.24", "x86_64", NAMED[5][0]),
    (">=3.11,<3.12", "glibc 2.31", "armv7l", NAMED[6][0]),
    (">=3.12", "glibc 2.31", "armv7l", None),
    ("3.13", "glibc 2.31", "x86_64", None),
    ("3.13t", "glibc 2.31", "x86_64", NAMED[4][0]),
    ("", "glibc 2.31", "aarch64", NAMED[3][0]),
    ("pypy3.10", "glibc 2.31", "aarch64", None),
    ("/usr/bin/python3", "glibc 2.36", "x86_64", None),
    ("3.12", "glibc 2.36", "i686", None),
]


@pytest.mark.parametrize(("asked", "libc", "machine", "name"), CHOSEN)
def test_the_first_that_fits_the_host(asked: str, libc: str, machine: str, name: str | None) -> None:
    chosen = choose(LISTED, Request.parse(asked), Libc(*libc.split()), machine)
    assert (chosen.name if chosen else None) == name


def test_why_the_others_do_not_fit() -> None:
    request, libc = Request.parse("3.12.9"), Libc("glibc", "2.31")
    said = [refusal(LISTED[number], request, libc, "x86_64") for number in (0, 3, 4, 9)]
    assert said == [
        "is 3.12.7",
        "is for aarch64-unknown-linux-gnu, not for x86_64 with glibc 2.31",
        "is CPython 3.13.0, free-threaded",
        "is for x86_64-manylinux_2_36, not for x86_64 with glibc 2.31",
    ]
    assert refusal(LISTED[9], request, Libc("glibc", "2.36"), "x86_64") is None


def test_what_it_will_say_of_itself() -> None:
    markers = {
        "implementation_name": "pypy",
        "implementation_version": "7.3.17",
        "platform_machine": "x86_64",
        "platform_python_implementation": "PyPy",
        "python_full_version": "3.10.14",
        "python_version": "3.10",
        "sys_platform": "linux",
    }
    own = Interpreter("/usr/bin/pypy3", "3.10.14", False, 64, "glibc 2.36", markers, lacks=("distutils",))
    archive = LISTED[4]
    told = archive.described(own, OPT)
    assert told.path == str(archive.interpreter(OPT))
    assert (told.name, told.libc, told.bits, told.lacks) == ("3.13.0t", "glibc 2.36", 64, ())
    assert told.markers == {
        **markers,
        "implementation_name": "cpython",
        "implementation_version": "3.13.0",
        "platform_python_implementation": "CPython",
        "python_full_version": "3.13.0",
        "python_version": "3.13",
    }
    assert archive.contradiction(told) is None
    assert LISTED[0].contradiction(told) == "3.13.0t"
    other = replace(told, markers={**told.markers, "platform_machine": "s390x"})
    assert str(archive.contradiction(other)).endswith(" for s390x")
