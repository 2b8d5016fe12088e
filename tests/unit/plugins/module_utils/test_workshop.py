# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import errors
from ansible_collections.airgap.uv.plugins.module_utils.build import Sdist
from ansible_collections.airgap.uv.plugins.module_utils.confine import Limits, Runner
from ansible_collections.airgap.uv.plugins.module_utils.recipe import Recipe
from ansible_collections.airgap.uv.plugins.module_utils.workshop import Workshop, requirements, sentences
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import clean_environment, run_command, uv_executable
from ansible_collections.airgap.uv.tests.unit.support.sdists import fails, make_sdist
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256


def unconfined(limits: Limits) -> Runner:
    return run_command


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    environ = {**clean_environment(tmp_path / "home"), "UV_HTTP_RETRIES": "0"}
    return Workshop(str(uv_executable()), unconfined, 60.0, environ=environ)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def test_build(workshop: Workshop, out: Path, tmp_path: Path) -> None:
    sdist = make_sdist(tmp_path / "src", "alpha")
    made = workshop.build(sdist, out, sys.executable, Recipe())
    assert [path.name for path in made.wheels] == ["alpha-1.0-py3-none-any.whl"]
    assert made.requirements == ()


def test_a_build_that_fails_shows_its_last_lines(workshop: Workshop, out: Path, tmp_path: Path) -> None:
    sdist = make_sdist(tmp_path / "src", "alpha", prelude=fails(40))
    with pytest.raises(errors.BuildFailed) as caught:
        workshop.build(sdist, out, sys.executable, Recipe())
    message = str(caught.value)
    assert "alpha-1.0.tar.gz" in message
    assert "frobnicate.h" in message
    assert "extra_wheels" in message
    assert "DEBUG" not in message
    assert len(message.splitlines()) <= 25


def test_its_lines_may_be_as_long_as_they_like(workshop: Workshop, out: Path, tmp_path: Path) -> None:
    prelude = "sys.stderr.write('word ' * 200_000 + '\\n')\n" + fails(0)
    sdist = make_sdist(tmp_path / "src", "alpha", prelude=prelude)
    with pytest.raises(errors.BuildFailed) as caught:
        workshop.build(sdist, out, sys.executable, Recipe())
    assert "word word" in str(caught.value)
    assert "frobnicate.h" in str(caught.value)
    assert len(str(caught.value)) < 12_000


def test_a_wheel_is_a_file(workshop: Workshop, out: Path, tmp_path: Path) -> None:
    """What looks at a link looks at what it leads to: its bytes are taken, its mode is changed."""
    backend = (
        "import os\n\ndef build_wheel(folder, config_settings=None, metadata_directory=None):\n"
        "    name = 'alpha-1.0-py3-none-any.whl'\n    path = os.path.join(folder, name)\n"
        "    os.symlink(os.__file__, path)\n    return name\n"
    )
    sdist = make_sdist(tmp_path / "src", "alpha", files={"backend.py": backend})
    with pytest.raises(errors.AirgapError, match=r"alpha-1.0-py3-none-any.whl, which was not taken: it is no file"):
        workshop.build(sdist, out, sys.executable, Recipe())


def test_build_requirements_come_from_the_index_that_is_named(
    index: Index, workshop: Workshop, out: Path, tmp_path: Path
) -> None:
    make_wheel(index.folder, "helper", "1.5")
    sdist = make_sdist(tmp_path / "src", "alpha", build_requires=["helper"], prelude="import helper")
    made = replace(workshop, index=index.url).build(sdist, out, sys.executable, Recipe())
    assert index.downloads == ["helper-1.5-py3-none-any.whl"]
    assert made.requirements == ("helper==1.5",)


@pytest.mark.parametrize("right", [True, False])
def test_build_requirements_are_held_to_their_hashes(
    right: bool, index: Index, workshop: Workshop, out: Path, tmp_path: Path
) -> None:
    helper = make_wheel(index.folder, "helper", "1.5")
    sdist = make_sdist(tmp_path / "src", "alpha", build_requires=["helper"], prelude="import helper")
    digest = sha256(helper) if right else "0" * 64
    recipe = Recipe(constraints=f"helper==1.5 --hash=sha256:{digest}\n")
    workshop = replace(workshop, index=index.url)
    if right:
        workshop.build(sdist, out, sys.executable, recipe)
        return
    with pytest.raises(errors.BuildFailed, match=r"(?s)helper.*[Hh]ash"):
        workshop.build(sdist, out, sys.executable, recipe)


def test_credentials_of_an_index_are_not_shown(workshop: Workshop, out: Path, tmp_path: Path) -> None:
    sdist = make_sdist(tmp_path / "src", "alpha", build_requires=["helper"])
    workshop = replace(workshop, index="http://user:s3cret@127.0.0.1:9/simple")
    with pytest.raises(errors.AirgapError) as caught:
        workshop.build(sdist, out, sys.executable, Recipe())
    assert "s3cret" not in str(caught.value) + repr(caught.value.facts())


def test_a_build_gets_what_is_declared_for_it(workshop: Workshop, out: Path, tmp_path: Path) -> None:
    seen = tmp_path / "out" / "seen"
    prelude = f"import os, pathlib; pathlib.Path({str(seen)!r}).write_text(os.environ['SETTING'])"
    sdist = make_sdist(tmp_path / "src", "alpha", prelude=prelude)
    workshop.build(sdist, out, sys.executable, Recipe.parse({"environment": {"SETTING": "one"}}))
    assert seen.read_text(encoding="utf-8") == "one"


def test_a_build_sees_nothing_of_this_environment_that_is_not_declared(
    out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CFLAGS", "-O0")
    monkeypatch.setenv("LDFLAGS", "-lm")
    seen: list[Mapping[str, str]] = []

    def run(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
        seen.append(env)
        return 0, "", ""

    Workshop("uv", lambda limits: run, 60.0).build(tmp_path, out, sys.executable, Recipe())
    assert "CFLAGS" not in seen[0]
    assert seen[0]["LDFLAGS"] == "-Wl,-S"
    assert "PATH" in seen[0]


DECLARED = {
    "SOURCE_DATE_EPOCH": ("1700000000", "1700000000"),
    "PIP_CONFIG_FILE": ("/pip.conf", "/pip.conf"),
    "LDFLAGS": ("-lm", "-lm -Wl,-S"),
    "RUST_LOG": ("cc=debug", "cc=debug,uv_dispatch=debug"),
}


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_what_is_declared_goes_before_what_is_set(name: str, out: Path, tmp_path: Path) -> None:
    seen: list[Mapping[str, str]] = []

    def run(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
        seen.append(env)
        return 0, "", ""

    given, wanted = DECLARED[name]
    recipe = Recipe.parse({"environment": {name: given}})
    Workshop("uv", lambda limits: run, 60.0).build(tmp_path, out, sys.executable, recipe)
    assert seen[-1][name] == wanted


COMPILES = """
import subprocess
subprocess.check_call(
    [*"cc -shared -o delta/names.so".split(), *os.environ["CFLAGS"].split(), os.path.abspath("names.c"), "-Wl,-S"]
)
"""


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_the_folder_of_a_build_with_cmake_is_not_compiled_in(workshop: Workshop, tmp_path: Path) -> None:
    """CMake names its sources in full."""
    files = {"CMakeLists.txt": "", "names.c": "const char *name(void) { return __FILE__; }\n"}
    sdist = make_sdist(tmp_path / "src", "delta", prelude=COMPILES, files=files)
    source = Sdist(sdist.name, sha256(sdist), "https://index.test/x", sdist)
    made = []
    for folder in (tmp_path / "one", tmp_path / "another"):
        folder.mkdir()
        (wheel,) = workshop.build(source.unpack(folder / "source"), folder, sys.executable, Recipe()).wheels
        made.append(sha256(wheel))
    assert made[0] == made[1]


def test_an_old_compiler_gets_no_flag_that_it_does_not_know(out: Path, tmp_path: Path) -> None:
    seen: list[Mapping[str, str]] = []

    def run(argv: list[str], cwd: str, env: Mapping[str, str]) -> tuple[int, str, str]:
        seen.append(env)
        return int(argv[0] == "old-cc"), "", ""

    (tmp_path / "CMakeLists.txt").touch()
    recipe = Recipe.parse({"environment": {"CC": "old-cc -m64", "CFLAGS": "-O1"}})
    Workshop("uv", lambda limits: run, 60.0).build(tmp_path, out, sys.executable, recipe)
    assert (seen[-1]["CFLAGS"], "CXXFLAGS" in seen[-1]) == ("-O1", False)


def test_config_settings_reach_the_backend() -> None:
    recipe = Recipe.parse({"config_settings": {"b": ["1", "2"], "a": "x"}})
    assert recipe.arguments() == ["--config-setting", "a=x", "--config-setting", "b=1", "--config-setting", "b=2"]
    assert Recipe.parse(recipe.as_dict()) == recipe


def test_what_uv_logs() -> None:
    log = "DEBUG Installing build requirements: b==2, a==1\nDEBUG Installing build requirement: c==3\nerror: no\n"
    assert requirements(log) == ("a==1", "b==2", "c==3")
    assert sentences(log) == "error: no"
