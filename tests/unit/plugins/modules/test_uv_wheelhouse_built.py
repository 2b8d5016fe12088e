# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Wheels that are built here or brought are read before they are taken, and held against the targets."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.tests.unit.support.collecting import ARCH, LABEL, PYTHON, TARGET, Collect
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.sdists import C_SOURCE, make_sdist
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256

OLD = {"python": PYTHON, "platform": f"{ARCH}-manylinux_2_17"}
OLD_LABEL = f"{PYTHON}-{ARCH}-manylinux_2_17"

# getentropy came with glibc 2.25.
NATIVE = f"#include <Python.h>\n#include <unistd.h>\n{C_SOURCE}int more(void *to) {{ return getentropy(to, 1); }}\n"

needs_compiler = pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")


@pytest.fixture
def collect(index: Index, tmp_path: Path) -> Collect:
    make_sdist(index.folder, "delta", files={"delta/_native.c": NATIVE})
    made = Collect(tmp_path, index)
    made.make("delta")
    return made


LIES = [
    ("'RECORD,,'", "'RECORD,,\\nalpha/x.py,,'", "RECORD lists alpha/x.py, which is not in it"),
    ("'Root-Is-Purelib: true'", "'Root-Is-Purelib: perhaps'", "WHEEL says Root-Is-Purelib: perhaps"),
    ("'Tag: '", "'Tag: x'", "WHEEL says that its tags are xpy3-none-any"),
    ("'Version: '", "'Version: 9.'", "METADATA says that its version is 9.1.0"),
]


@pytest.mark.parametrize(("old", "new", "said"), LIES)
def test_a_build_whose_wheel_lies(old: str, new: str, said: str, index: Index, tmp_path: Path) -> None:
    lie = (
        "import zipfile as _z\n_w = _z.ZipFile.writestr\n"
        f"def _lie(self, entry, data, *more):\n    data = data.encode() if isinstance(data, str) else data\n"
        f"    return _w(self, entry, data.replace({old}.encode(), {new}.encode()), *more)\n"
        "_z.ZipFile.writestr = _lie\n"
    )
    make_sdist(index.folder, "alpha", prelude=lie)
    collect = Collect(tmp_path, index)
    collect.make("alpha")
    result = collect()
    assert result.failed
    assert "Building alpha-1.0.tar.gz gave alpha-1.0-py3-none-any.whl, which was not taken: " in result.msg
    assert said in result.msg
    assert not list(collect.wheelhouse.rglob("*.whl"))


@pytest.mark.parametrize("check", [True, False])
def test_a_wheel_that_is_brought_and_lies(check: bool, collect: Collect, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "other").rename(tmp_path / "delta-1.0-py3-none-any.whl")
    result = collect(extra_wheels=[{"path": wheel, "hash": f"sha256:{sha256(wheel)}"}], check=check)
    assert result.failed
    assert f"extra_wheels: {wheel} cannot be used: its folder other-1.0.dist-info is that of another" in result.msg


@needs_compiler
def test_what_was_found_is_kept(collect: Collect) -> None:
    pytest.importorskip("elftools")
    (wheel,) = collect.succeed()["wheels"]
    assert wheel["requires"] == {"glibc": "2.25", "libraries": []}
    manifest = json.loads((collect.wheelhouse / "wheelhouse.json").read_text(encoding="utf-8"))
    assert [entry["requires"] for entry in manifest["wheels"]] == [wheel["requires"]]
    again = collect.succeed()
    assert (again["wheels"], again["changed"]) == ([wheel], False)


@needs_compiler
@pytest.mark.parametrize("partial", [False, True])
def test_a_target_with_an_older_glibc(partial: bool, collect: Collect, tmp_path: Path) -> None:
    pytest.importorskip("elftools")
    for _run in ("it is built", "it is there"):
        result = collect(targets=[TARGET, OLD], partial=partial)
        assert result.failed is not partial
        (found,) = result["obstacles"]
        assert (found["target"], found["package"]) == (OLD_LABEL, "delta 1.0")
        assert "was compiled here (" in found["reason"]
        assert "and needs glibc 2.25, and the target's 2.17 is older; have it built on a machine" in found["reason"]
        if partial:
            assert [wheel["targets"] for wheel in result["wheels"]] == [[LABEL]]
    # What an older machine built takes its place.
    name = f"cp{PYTHON.replace('.', '')[: 2 + (PYTHON[3] != '.')]}"
    wheel = make_wheel(tmp_path, "delta", tag=f"{name}-{name}-linux_{ARCH}")
    source = sha256(next(collect.index.folder.rglob("delta-1.0.tar.gz")))
    built = [{"path": wheel, "hash": f"sha256:{sha256(wheel)}", "source": source}]
    for given in (built, []):
        (taken,) = collect.succeed(targets=[TARGET, OLD], built=given)["wheels"]
        assert taken["targets"] == sorted([LABEL, OLD_LABEL])


@needs_compiler
def test_an_older_glibc_is_not_minded_where_nothing_newer_is_needed(index: Index, tmp_path: Path) -> None:
    make_sdist(index.folder, "gamma", files={"gamma/_native.c": f"#include <Python.h>\n{C_SOURCE}"})
    collect = Collect(tmp_path, index)
    collect.make("gamma")
    assert collect.succeed(targets=[TARGET, OLD])["obstacles"] == []


def test_a_build_that_hangs_is_ended_with_all_that_it_started(index: Index, tmp_path: Path) -> None:
    hangs = (
        "import time\n"
        "for _apart in (False, True):\n    subprocess.Popen(['sleep', '300'], start_new_session=_apart)\n"
        "print('compiles for ever', file=sys.stderr, flush=True)\ntime.sleep(300)"
    )
    make_sdist(index.folder, "alpha", prelude=hangs)
    collect = Collect(tmp_path, index)
    collect.make("alpha")
    started = time.monotonic()
    result = collect(build_timeout=8)
    assert time.monotonic() - started < 100
    assert result.failed
    for words in ("Building alpha-1.0.tar.gz with ", "had not ended after 8 s and was stopped", "(build_timeout"):
        assert words in result.msg
    left = [path for path in Path("/proc").glob("[0-9]*") if str(collect.folder).encode() in _environ(path)]
    assert left == []


def _environ(process: Path) -> bytes:
    try:
        return (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
    except OSError:
        return b""


@pytest.mark.parametrize("asks", ["input('password: ')", "open('/dev/tty').read()"])
def test_a_build_that_asks_gets_no_answer(asks: str, index: Index, tmp_path: Path) -> None:
    make_sdist(index.folder, "alpha", prelude=asks)
    collect = Collect(tmp_path, index)
    collect.make("alpha")
    result = collect(build_timeout=100)
    assert result.failed
    assert "Building alpha-1.0.tar.gz with " in result.msg
    assert "EOFError" in result.msg or "No such device" in result.msg
    assert "failed: it asked for input, and nobody answers a build" in result.msg


def test_a_build_that_writes_elsewhere(index: Index, tmp_path: Path) -> None:
    other = tmp_path / "other"
    make_sdist(index.folder, "alpha", prelude=f"open({str(other)!r}, 'w').write('x')")
    collect = Collect(tmp_path, index)
    collect.make("alpha")
    result = collect()
    if not result.failed:
        pytest.skip("this kernel has no Landlock")
    assert "Building alpha-1.0.tar.gz with " in result.msg
    assert f"failed: it would write to {other}, and a build writes in its own folder alone" in result.msg
    assert not other.exists()
    assert collect.remains == []


def test_a_build_has_a_home_of_its_own(index: Index, tmp_path: Path) -> None:
    """What it leaves there, and in the folder for temporary files, goes with it."""
    prelude = (
        "import pathlib, tempfile\n"
        "pathlib.Path.home().joinpath('.alpha').write_text('x')\n"
        "tempfile.mkstemp(prefix='left-')"
    )
    make_sdist(index.folder, "alpha", prelude=prelude)
    collect = Collect(tmp_path, index)
    collect.make("alpha")
    collect.succeed()
    assert collect.remains == []
    assert not list(tmp_path.rglob(".alpha"))
    assert not list(tmp_path.rglob("left-*"))


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_limit_that_cannot_be_meant(seconds: int, collect: Collect) -> None:
    assert f"build_timeout: {seconds}.0 cannot be used: give seconds" in collect(build_timeout=seconds).msg
