# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.deployment import Deployment
from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.host import Host, HostUnfit, Question
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Interpreter
from ansible_collections.airgap.uv.plugins.module_utils.libc import Libc, machine_of
from ansible_collections.airgap.uv.plugins.module_utils.search import Search
from ansible_collections.airgap.uv.tests.unit.support.elf import make_library
from ansible_collections.airgap.uv.tests.unit.support.projects import run_command

OWN = ".".join(map(str, sys.version_info[:3]))
EVERYTHING = {"target", "python", "libc", "uv", "rsync", "user", "unknown"}
OF_A_PATH = {"places", "free_bytes", "in_the_way", "current", "current_python", "releases", "wheels"}
HASH = "sha256:" + "0" * 64


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(
        run=lambda argv: run_command(list(argv), "/", {}),
        folders=[],
        search=Search((Path(sys.executable).parent,)),
        own=sys.executable,
        tmp=tmp_path,
    )


@pytest.fixture
def question(tmp_path: Path) -> Question:
    return Question(python=sys.executable, path=tmp_path / "app")


def test_everything_is_told(host: Host, question: Question) -> None:
    told = host.answer(replace(question, service_user="root"))
    assert set(told) == EVERYTHING | OF_A_PATH | {"service_user"}
    assert set(host.answer(replace(question, path=None))) == EVERYTHING
    assert (told["python"]["version"], told["python"]["arrives"], told["python"]["installed"]) == (OWN, None, True)


def test_libraries_are_asked_of_the_loader(host: Host, question: Question) -> None:
    asked = replace(question, libraries=("libc.so.6", "libnonesuch.so.5"))
    for python in (sys.executable, "/nonexistent/python"):
        try:
            told = host.answer(replace(asked, python=python))
        except HostUnfit as unfit:
            told = unfit.facts()
        assert list(told["missing_libraries"]) == ["libnonesuch.so.5"]
        assert "libnonesuch.so.5: cannot open shared object" in told["missing_libraries"]["libnonesuch.so.5"]
    with pytest.raises(HostUnfit, match=r"libraries: '/tmp/x\.so' is no name of a shared library"):
        host.answer(replace(asked, libraries=("/tmp/x.so",)))


def test_versions_are_asked_of_the_library_that_the_loader_finds(
    host: Host, question: Question, tmp_path: Path
) -> None:
    if not shutil.which("cc"):
        pytest.skip("there is no C compiler")
    make_library(tmp_path, "OTHER_1.2 { global: old; local: *; };\nOTHER_1.3 { global: other; } OTHER_1.2;\n")
    make_library(tmp_path, "", name="bare")
    names = ("libother.so.2", "libother.so.2(OTHER_1.2)", "libother.so.2(OTHER_1.3)", "libother.so.2(OTHER_1.4)")
    # One without any versions serves all, as it does the loader.
    more = ("libbare.so.2(BARE_1)", "libnonesuch.so.5", "libnonesuch.so.5(NONE_1)")
    here = replace(host, run=lambda argv: run_command(list(argv), "/", {"LD_LIBRARY_PATH": str(tmp_path)}))
    missing = here.answer(replace(question, libraries=(*names, *more)))["missing_libraries"]
    assert sorted(missing) == ["libnonesuch.so.5", "libother.so.2(OTHER_1.4)"]
    assert missing["libother.so.2(OTHER_1.4)"] == f"{tmp_path}/libother.so.2 has no OTHER_1.4"


def test_the_interpreter_s_own_library_is_asked_of_the_application_s(host: Host, question: Question) -> None:
    asked = replace(question, libraries=("libpython3.99.so.1.0",))
    assert list(host.answer(asked)["missing_libraries"]) == ["libpython3.99.so.1.0"]
    with pytest.raises(HostUnfit) as unfit:
        host.answer(replace(asked, python="/nonexistent/python"))
    assert unfit.value.facts()["missing_libraries"] == {}


def test_a_library_that_cannot_be_tried_is_not_said_to_be_missing(host: Host, question: Question) -> None:
    def hangs(argv: Sequence[str]) -> tuple[int, str, str]:
        if "libnonesuch.so.5" in argv:
            raise TimeoutError
        return host.run(argv)

    told = replace(host, run=hangs).answer(replace(question, libraries=("libnonesuch.so.5",)))
    assert told["missing_libraries"] == {}


def test_a_relative_path_is_made_a_whole_one() -> None:
    raw = dict.fromkeys(
        ("python", "requires_python", "python_archives", "uv_executable", "service_user", "owner", "group")
    )
    assert Question.parse({**raw, "path": "app"}).path == Path.cwd() / "app"


def test_what_cannot_be_told_keeps_nothing_else_back(host: Host, question: Question) -> None:
    with pytest.raises(HostUnfit) as caught:
        host.answer(replace(question, python="/nonexistent/python", uv_executable="/nonexistent/uv"))
    assert str(caught.value).splitlines() == [
        "python: /nonexistent/python does not run (No such file or directory). Put that right on the host, or name "
        "another interpreter (python, uv_deploy_python).",
        "uv_executable: /nonexistent/uv does not exist. Name the host's uv, or leave the option out.",
    ]
    assert set(caught.value.facts()) - {"program", "reason", "rejected", "request", "searched"} == (
        EVERYTHING | OF_A_PATH
    ) - {"target", "python", "libc", "uv"}


def test_a_closed_folder_is_told_once(
    host: Host, question: Question, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(deployment: Deployment) -> list[str]:
        raise PermissionError(13, "Permission denied", str(deployment.path))

    for name in ("releases", "current"):
        monkeypatch.setattr(Deployment, name, property(closed))
    with pytest.raises(HostUnfit) as caught:
        host.answer(question)
    assert str(caught.value) == (
        f"path: {tmp_path} cannot be looked at: Permission denied. Let the play become root, or deploy to a "
        "folder of this user."
    )
    assert "places" in caught.value.facts()
    assert "releases" not in caught.value.facts()


def archive(python: str, machine: str, libc: str = "gnu") -> dict[str, str]:
    name = f"cpython-{python}+20241016-{machine}-unknown-linux-{libc}-install_only.tar.gz"
    return {"path": f"/srv/{name}", "hash": HASH}


def test_a_python_that_travels_is_described_before_it_is_there(host: Host, question: Question) -> None:
    own = Interpreter.probe(sys.executable, host.run)
    libc = Libc.of(own, host.run)
    other = "s390x" if machine_of(own) != "s390x" else "riscv64"
    archives = (
        archive("3.9.20", other),
        archive("3.9.20", machine_of(own), {"glibc": "gnu"}.get(libc.name, libc.name)),
    )
    told = host.answer(replace(question, python="3.9", archives=archives))
    assert told["target"]["python"] == "3.9.20"
    assert told["target"]["platform"] == libc.platform(own)
    assert told["target"]["markers"]["python_full_version"] == "3.9.20"
    assert told["target"]["markers"]["platform_release"] == own.markers["platform_release"]
    assert told["python"]["arrives"] == Path(archives[1]["path"]).name
    assert told["python"]["installed"] is False
    assert told["python"]["path"].startswith(f"{question.path}/python/3.9.20-")


def test_an_archive_that_does_not_fit_leaves_the_hosts_own(host: Host, question: Question) -> None:
    own = machine_of(Interpreter.probe(sys.executable, host.run))
    other = archive("3.9.20", "s390x" if own != "s390x" else "riscv64")
    told = host.answer(replace(question, python=".".join(OWN.split(".")[:2]), archives=(other,)))
    assert (told["python"]["version"], told["python"]["arrives"]) == (OWN, None)
    with pytest.raises(HostUnfit) as caught:
        host.answer(replace(question, python="3.99", archives=(other,)))
    assert f"\n  {Path(other['path']).name}: is for " in str(caught.value)


WRONG = [
    ({"archives": (archive("3.9.20", "x86_64"),), "path": None}, "python_archives: path is missing"),
    ({"archives": ({"path": "/srv/python.txt", "hash": HASH},)}, "python_archives[0].path: "),
]


@pytest.mark.parametrize(("options", "said"), WRONG)
def test_wrong_archives_get_a_sentence(host: Host, question: Question, options: dict[str, object], said: str) -> None:
    with pytest.raises(AirgapError) as caught:
        host.answer(replace(question, **options))  # type: ignore[arg-type]
    assert str(caught.value).startswith(said)


def test_an_own_interpreter_that_gives_no_facts_is_named(host: Host, question: Question) -> None:
    broken = replace(host, own="/bin/false")
    with pytest.raises(HostUnfit, match=r"^python: /bin/false does not run \(code 1\)\."):
        broken.answer(replace(question, archives=(archive("3.9.20", "x86_64"),)))
