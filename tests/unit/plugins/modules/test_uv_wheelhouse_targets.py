# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collecting for hosts of every kind: who can be served, who is left out and why."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import tomli
from ansible_collections.airgap.uv.tests.unit.support.collecting import (
    ARCH,
    LABEL,
    MINOR,
    PLATFORM,
    PYTHON,
    TARGET,
    Collect,
)
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.running import snapshot
from ansible_collections.airgap.uv.tests.unit.support.sdists import fails, leaves_mark, make_sdist, runs, source_tree
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256

OTHER_ARCH = "x86_64" if ARCH == "aarch64" else "aarch64"
OTHER = {"python": PYTHON, "platform": f"{OTHER_ARCH}-manylinux_2_31"}
OTHER_LABEL = f"{PYTHON}-{OTHER['platform']}"
WINDOWS = {"python": PYTHON, "platform": "windows"}
MUSL = {"python": PYTHON, "platform": f"{ARCH}-unknown-linux-musl"}

CPYTHON = f"cp{MINOR.replace('.', '')}"
HERE_WHEEL = f"{CPYTHON}-{CPYTHON}-manylinux_2_28_{ARCH}"
NEWER_WHEEL = f"{CPYTHON}-{CPYTHON}-manylinux_2_34_{OTHER_ARCH}"

needs_compiler = pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")


@pytest.fixture
def collect(index: Index, tmp_path: Path) -> Collect:
    """An index with a wheel for all, and one with wheels for this machine and for a newer one of another kind."""
    make_wheel(index.folder, "alpha")
    for tag in (HERE_WHEEL, NEWER_WHEEL):
        make_wheel(index.folder, "native", tag=tag)
    return Collect(tmp_path, index)


def taken(result: Any) -> dict[str, list[str]]:
    """The labels of the targets that take each file."""
    return {wheel["filename"]: wheel["targets"] for wheel in result["wheels"]}


def labels(found: list[dict[str, Any]]) -> list[str]:
    return [each["target"] for each in found]


def test_targets_of_every_kind(collect: Collect) -> None:
    """They take what fits them of an index, and the proof is uv's wherever it has words."""
    for tag in (
        f"{CPYTHON}-{CPYTHON}-win_amd64",
        f"{CPYTHON}-{CPYTHON}-musllinux_1_1_{ARCH}",
        "cp313-cp313t-macosx_11_0_arm64",
    ):
        make_wheel(collect.index.folder, "native", tag=tag)
    collect.make("native")
    newer = {"python": PYTHON, "platform": f"{OTHER_ARCH}-manylinux_2_41"}
    threaded = {"python": "3.13t", "platform": "macos"}
    result = collect.succeed(targets=[TARGET, newer, WINDOWS, MUSL, threaded])
    assert {name.split("-", 2)[2]: len(targets) for name, targets in taken(result).items()} == {
        f"{tag}.whl": 1
        for tag in (
            HERE_WHEEL,
            NEWER_WHEEL,
            f"{CPYTHON}-{CPYTHON}-win_amd64",
            f"{CPYTHON}-{CPYTHON}-musllinux_1_1_{ARCH}",
            "cp313-cp313t-macosx_11_0_arm64",
        )
    }
    assert {proof["target"]: proof["by"].startswith("uv ") for proof in result["proofs"]} == {
        LABEL: True,
        f"{PYTHON}-{OTHER_ARCH}-manylinux_2_41": True,
        f"{PYTHON}-windows": True,
        f"{PYTHON}-{ARCH}-unknown-linux-musl": True,
        "3.13t-macos": False,
    }
    again = collect.succeed(targets=[TARGET, newer, WINDOWS, MUSL, threaded])
    assert (again["changed"], again["proofs"]) == (False, result["proofs"])


def test_a_target_that_cannot_be_served(collect: Collect) -> None:
    collect.make("alpha", "native")
    before = collect.snapshot()
    refused = collect(targets=[TARGET, OTHER])
    assert refused.failed
    reason = (
        f"no wheel fits, and there is no sdist; the nearest wheel, native-1.0-{NEWER_WHEEL}.whl, asks for glibc 2.34; "
        "the target has glibc 2.31"
    )
    assert f"native 1.0 for {OTHER_LABEL}: {reason}" in refused.msg
    assert "partial" in refused.msg
    obstacle = {
        "target": OTHER_LABEL,
        "package": "native 1.0",
        "reason": reason,
        "nearest": f"native-1.0-{NEWER_WHEEL}.whl",
    }
    assert refused["obstacles"] == [obstacle]
    assert collect.snapshot() == before
    assert collect.index.downloads == []

    result = collect.succeed(targets=[TARGET, OTHER], partial=True)
    assert result["obstacles"] == [obstacle]
    assert taken(result) == {"alpha-1.0-py3-none-any.whl": [LABEL], f"native-1.0-{HERE_WHEEL}.whl": [LABEL]}
    assert labels(result["proofs"]) == [LABEL]
    alone = collect.succeed(targets=[TARGET])
    assert (alone["changed"], alone["stage"], alone["obstacles"]) == (False, result["stage"], [])


@pytest.mark.parametrize("check", [False, True], ids=["", "check"])
def test_nobody_can_be_served(check: bool, collect: Collect) -> None:
    collect.make("alpha", "native")
    before = collect.snapshot()
    result = collect.succeed(targets=[OTHER], partial=True, check=check)
    assert (result["changed"], result["wheels"], result["added"], result["stage"]) == (False, [], [], None)
    assert (labels(result["obstacles"]), result["proofs"]) == ([OTHER_LABEL], [])
    assert {path: facts for path, facts in collect.snapshot().items() if not path.endswith("wheelhouse")} == before


def test_check_mode_of_a_partial_run(collect: Collect) -> None:
    collect.make("alpha", "native")
    predicted = collect.succeed(targets=[TARGET, OTHER], partial=True, check=True)
    real = collect.succeed(targets=[TARGET, OTHER], partial=True)
    for key in ("changed", "obstacles", "added", "stage"):
        assert predicted[key] == real[key], key
    assert predicted["proofs"] == []


def test_all_obstacles_of_all_targets(collect: Collect) -> None:
    """Requires-python of one, packages of another: nothing hides anything, and nobody else is kept back."""
    for name in ("first", "second"):
        make_wheel(collect.index.folder, name, tag=HERE_WHEEL)
    collect.make("first", "second", "native", requires_python=f">={MINOR}")
    old = {"python": "3.8.18", "platform": PLATFORM}
    refused = collect(targets=[old, TARGET, OTHER])
    packages = ["first 1.0", "native 1.0", "second 1.0"]
    assert [(each["target"], each["package"]) for each in refused["obstacles"]] == [
        *((OTHER_LABEL, package) for package in packages),
        (f"3.8.18-{PLATFORM}", None),
    ]
    partial = collect.succeed(targets=[old, TARGET, OTHER], partial=True)
    assert partial["obstacles"] == refused["obstacles"]
    assert len(partial["wheels"]) == 3


ENVIRONMENTS = "[tool.uv]\n{} = [\"sys_platform == 'linux'\"]\n"


def test_environments_that_leave_a_target_out(collect: Collect) -> None:
    collect.make("alpha", extra=ENVIRONMENTS.format("environments"))
    result = collect.succeed(targets=[TARGET, WINDOWS], partial=True)
    (obstacle,) = result["obstacles"]
    assert (obstacle["target"], obstacle["package"]) == (f"{PYTHON}-windows", None)
    assert 'the lock was made for other environments (sys_platform == "linux")' in obstacle["reason"]
    assert labels(result["proofs"]) == [LABEL]


def test_required_environments_that_leave_a_target_out(collect: Collect) -> None:
    """It is served all the same where there is a wheel."""
    collect.make("alpha", "native", extra=ENVIRONMENTS.format("required-environments"))
    result = collect.succeed(targets=[TARGET, WINDOWS], partial=True)
    (obstacle,) = result["obstacles"]
    assert obstacle["package"] == "native 1.0"
    assert "required-environments leave this target out" in obstacle["reason"]
    shutil.rmtree(collect.project)
    collect.make("alpha", extra=ENVIRONMENTS.format("required-environments"))
    assert collect.succeed(targets=[TARGET, WINDOWS])["obstacles"] == []


def test_an_sdist_without_compiled_code_serves_all(collect: Collect) -> None:
    make_sdist(collect.index.folder, "delta")
    collect.make("delta", packaged=True)
    result = collect.succeed(targets=[TARGET, OTHER, WINDOWS, MUSL])
    assert {len(targets) for targets in taken(result).values()} == {4}
    assert result["stats"]["built"] == 2
    again = collect.succeed(targets=[OTHER, WINDOWS, MUSL])
    assert (again["changed"], again["stage"]) == (False, result["stage"])


@needs_compiler
def test_an_sdist_with_compiled_code(collect: Collect) -> None:
    """It is tried out, which is not done again at once; the release is that of those who can be served."""
    mark = collect.folder / "mark"
    make_sdist(collect.index.folder, "delta", extension=True, prelude=leaves_mark(mark))
    make_wheel(collect.index.folder, "delta", tag=HERE_WHEEL)
    collect.make("delta")
    targets = [TARGET, OTHER, MUSL]
    refused = collect(targets=targets)
    assert refused.failed
    assert sorted(labels(refused["obstacles"])) == sorted([OTHER_LABEL, f"{PYTHON}-{MUSL['platform']}"])
    for words in (
        f"delta-1.0-{HERE_WHEEL}.whl, asks for {ARCH}; the target has {OTHER_ARCH}",
        f"-linux_{ARCH}.whl, for this machine alone",
        f"have it built on linux {OTHER_ARCH} glibc (uv_deploy_builders; or build: defer, then built)",
        "bring a wheel of it (extra_wheels)",
    ):
        assert words in refused.msg
    tried = runs(mark)
    result = collect.succeed(targets=targets, partial=True)
    assert runs(mark) == tried > 0
    assert result["obstacles"] == refused["obstacles"]
    assert collect.succeed(targets=[TARGET])["stage"] == result["stage"]


@needs_compiler
def test_builds_of_targets_that_are_left_out_are_told_too(collect: Collect) -> None:
    make_sdist(collect.index.folder, "delta", extension=True)
    make_sdist(collect.index.folder, "epsilon")
    collect.make("delta", "epsilon", "native")
    refused = collect(targets=[OTHER])
    assert [each["package"] for each in refused["obstacles"]] == ["delta 1.0", "native 1.0"]
    assert not (collect.wheelhouse / "wheelhouse.json").exists()
    result = collect.succeed(targets=[OTHER], partial=True)
    assert (result["changed"], result["obstacles"]) == (False, refused["obstacles"])
    assert not list(collect.wheelhouse.rglob("epsilon*.whl"))


def test_a_build_that_fails(collect: Collect) -> None:
    """It keeps those from being served that need it; where it could only be tried it is an obstacle too."""
    make_sdist(collect.index.folder, "delta", prelude=fails(50))
    collect.make("alpha", f"delta; platform_machine == '{ARCH}'", "native")
    newer = {"python": PYTHON, "platform": f"{OTHER_ARCH}-manylinux_2_36"}
    for targets in ([TARGET, newer, OTHER], [TARGET, newer]):
        refused = collect(targets=targets)
        assert refused.failed
        assert f"delta 1.0 for {LABEL}: Building delta-1.0.tar.gz with" in refused.msg
        assert ("asks for glibc 2.34" in refused.msg) is (OTHER in targets)
    result = collect.succeed(targets=[TARGET, newer, OTHER], partial=True)
    assert sorted(labels(result["obstacles"])) == sorted([LABEL, OTHER_LABEL])
    assert labels(result["proofs"]) == [f"{PYTHON}-{OTHER_ARCH}-manylinux_2_36"]
    reason = next(each["reason"] for each in result["obstacles"] if each["target"] == LABEL)
    first, *output = reason.splitlines()
    assert "Install what its build needs on the machine that builds it, or bring a wheel (extra_wheels)" in first
    assert len(output) <= 12
    assert "    error: the header frobnicate.h was not found" in output


def test_a_build_that_fails_for_another_machine(collect: Collect) -> None:
    """Its reason is the build's own, and it is tried again: its cause may be gone."""
    broken = collect.folder / "broken"
    broken.touch()
    prelude = f"if os.path.exists({str(broken)!r}): sys.exit('error: no frobnicate.h')"
    make_sdist(collect.index.folder, "delta", prelude=prelude)
    collect.make("delta")
    result = collect.succeed(targets=[OTHER], partial=True)
    assert labels(result["obstacles"]) == [OTHER_LABEL]
    assert "failed (error: no frobnicate.h)" in result["obstacles"][0]["reason"]
    broken.unlink()
    again = collect.succeed(targets=[OTHER], partial=True)
    assert (again["obstacles"], len(again["wheels"])) == ([], 1)


def test_what_only_a_real_run_tries(collect: Collect) -> None:
    make_sdist(collect.index.folder, "delta")
    collect.make("delta")
    predicted = collect.succeed(targets=[OTHER], check=True)
    assert f"in a real run alone: delta 1.0 (linux {OTHER_ARCH} glibc)" in predicted.output


@needs_compiler
def test_a_python_that_the_controller_lacks(collect: Collect) -> None:
    make_sdist(collect.index.folder, "delta", extension=True)
    collect.make("delta")
    result = collect.succeed(targets=[{"python": "3.99", "platform": PLATFORM}], partial=True)
    (obstacle,) = result["obstacles"]
    for words in ("no Python 3.99 to build it with; install it there", "a machine with Python 3.99"):
        assert words in obstacle["reason"]
    assert "this machine alone" not in obstacle["reason"]


def test_a_file_that_cannot_be_fetched(collect: Collect) -> None:
    """It keeps those from being served that need it, where there are others."""
    for tag in (f"{CPYTHON}-{CPYTHON}-win_amd64",):
        make_wheel(collect.index.folder, "native", tag=tag)
    collect.make("alpha", "native")
    (collect.index.folder / f"native-1.0-{CPYTHON}-{CPYTHON}-win_amd64.whl").unlink()
    refused = collect(targets=[TARGET, WINDOWS])
    assert refused.failed
    assert "could not be fetched" in refused.msg
    result = collect.succeed(targets=[TARGET, WINDOWS], partial=True)
    (obstacle,) = result["obstacles"]
    assert (obstacle["target"], obstacle["package"]) == (f"{PYTHON}-windows", "native 1.0")
    assert "cannot be fetched from" in obstacle["reason"]
    assert {tuple(targets) for targets in taken(result).values()} == {(LABEL,)}
    alone = collect(targets=[WINDOWS], partial=True)
    assert alone.failed
    assert "could not be fetched" in alone.msg


def test_deferred_builds_are_no_obstacle(collect: Collect) -> None:
    make_sdist(collect.index.folder, "delta", extension=True)
    collect.make("delta")
    result = collect.succeed(targets=[TARGET, OTHER, MUSL], build="defer")
    assert [each["targets"] for each in result["to_build"]] == [
        [LABEL],
        [OTHER_LABEL],
        [f"{PYTHON}-{MUSL['platform']}"],
    ]
    assert result["obstacles"] == []
    own = make_wheel(collect.folder / "built", "delta", tag=f"{CPYTHON}-{CPYTHON}-linux_{OTHER_ARCH}")
    source = result["to_build"][1]["source"]["sha256"]
    built = [{"path": own, "hash": f"sha256:{sha256(own)}", "source": source}]
    assert taken(collect.succeed(targets=[OTHER], build="defer", built=built)) == {own.name: [OTHER_LABEL]}
    assert taken(collect.succeed(targets=[OTHER])) == {own.name: [OTHER_LABEL]}


def test_uv_for_a_platform_that_it_has_no_wheel_for(collect: Collect) -> None:
    make_wheel(collect.index.folder, "uv", "0.9.9", tag=f"py3-none-manylinux_2_17_{ARCH}")
    make_sdist(collect.index.folder, "uv", "0.9.9")
    collect.make("alpha")
    result = collect.succeed(targets=[TARGET, OTHER], uv="0.9.9", partial=True)
    (obstacle,) = result["obstacles"]
    assert (obstacle["target"], obstacle["package"]) == (OTHER_LABEL, "uv 0.9.9")
    assert obstacle["reason"].startswith(
        "no wheel fits, and it is not built here; the nearest wheel, uv-0.9.9-py3-none-"
    )
    assert [wheel["targets"] for wheel in result["wheels"]] == [[LABEL], [LABEL]]


def test_prune_keeps_what_targets_that_are_left_out_took(collect: Collect) -> None:
    for arch in (ARCH, OTHER_ARCH):
        make_wheel(collect.index.folder, "uv", "0.9.9", tag=f"py3-none-manylinux_2_17_{arch}")
    newer = {**OTHER, "platform": f"{OTHER_ARCH}-manylinux_2_36"}
    collect.make("alpha", "native")
    collect.succeed(targets=[TARGET, newer], uv="0.9.9")
    before = collect.files
    assert len(before) == 7
    assert collect.succeed(targets=[TARGET, OTHER], uv="0.9.9", partial=True, prune=True)["removed"] == []
    assert collect.succeed(targets=[OTHER], uv="0.9.9", partial=True, prune=True)["removed"] == []
    assert collect.files == before


def test_hosts_that_are_the_same_to_the_lock_are_one_target(collect: Collect) -> None:
    collect.make("alpha")
    targets = [{**TARGET, "markers": {"platform_release": f"6.1.{number}"}} for number in range(3)]
    assert labels(collect.succeed(targets=targets)["proofs"]) == [LABEL]


def test_a_proof_is_kept_and_read_again(collect: Collect) -> None:
    collect.make("alpha")
    collect.succeed()
    (kept,) = (collect.wheelhouse / ".cache" / "proofs").iterdir()
    told = json.loads(kept.read_text(encoding="utf-8"))
    assert (told["target"], told["packages"]) == (LABEL, 1)
    kept.write_text(json.dumps({**told, "by": "an earlier run"}), encoding="utf-8")
    before = snapshot(collect.wheelhouse)
    result = collect.succeed()
    assert (result["changed"], result["proofs"]) == (False, [{**told, "by": "an earlier run"}])
    assert set(snapshot(collect.wheelhouse)) == set(before)


def test_a_wheelhouse_of_an_earlier_version(collect: Collect) -> None:
    """Its manifest does not tell what wheels take once they are installed; it is looked up and written down."""
    collect.make("alpha")
    collect.succeed()
    manifest = collect.wheelhouse / "wheelhouse.json"
    told = json.loads(manifest.read_text(encoding="utf-8"))
    for wheel in told["wheels"]:
        del wheel["installed_size"], wheel["installed_files"]
    manifest.write_text(json.dumps(told), encoding="utf-8")
    result = collect.succeed()
    assert result["changed"] is True
    assert result["wheels"][0]["installed_size"] > 0
    assert collect.succeed()["changed"] is False


LOCAL = '\n[tool.uv.sources]\nlib = { path = "lib" }\n'


FORKS = """
[tool.uv.sources]
lib = [
    { path = "lib", marker = "python_full_version < '3.12'" },
    { index = "own", marker = "python_full_version >= '3.12'" },
]
[[tool.uv.index]]
name = "own"
url = "{url}"
explicit = true
"""


@pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])
@pytest.mark.parametrize("number", ["0.5", "1.0", "2.0"])
def test_a_package_that_is_local_for_some_hosts(number: str, dynamic: bool, collect: Collect) -> None:
    """Which version it has there may be known only after it was built."""
    make_wheel(collect.index.folder, "lib")
    files = source_tree("lib", number)
    if dynamic:
        files["pyproject.toml"] = files["pyproject.toml"].replace(f'version = "{number}"', 'dynamic = ["version"]')
        files["VERSION"] = f"{number}\n"
    local = {f"lib/{name}": text for name, text in files.items()}
    collect.make("lib", extra=FORKS.replace("{url}", collect.index.url), files=local)
    targets = [{"python": python, "platform": PLATFORM} for python in ("3.11.7", "3.13.0")]
    result = collect(targets=targets)
    if number == "1.0":
        assert "lib 1.0: one name and version from two sources (" in result.msg
        assert collect.index.url in result.msg
        assert not collect.stage.exists()
        wheel = make_wheel(collect.folder / "brought", "lib")
        extra = [{"path": wheel, "hash": f"sha256:{sha256(wheel)}"}]
        instead = collect.succeed(targets=targets, no_install_package=["lib"], extra_wheels=extra)
        assert [len(each["targets"]) for each in instead["wheels"]] == [2]
        return
    assert not result.failed, result.msg
    found = tomli.loads((collect.stage / "uv.lock").read_text(encoding="utf-8"))["package"]
    named = {each["version"]: [wheel["path"] for wheel in each["wheels"]] for each in found if each["name"] == "lib"}
    assert sorted(named) == sorted(["1.0", number])
    assert named["1.0"] == ["lib-1.0-py3-none-any.whl"]
    assert [path.rpartition("/")[2] for path in named[number]] == [f"lib-{number}-py3-none-any.whl"]
    assert collect.succeed(targets=targets)["changed"] is False
    assert taken(collect.succeed(targets=targets[1:])) == {"lib-1.0-py3-none-any.whl": [f"3.13.0-{PLATFORM}"]}


@pytest.mark.parametrize("dynamic", [False, True], ids=["static", "dynamic"])
def test_a_local_package_that_only_some_hosts_take(dynamic: bool, collect: Collect) -> None:
    """The release has one name, whoever is asked for, and so has its project."""
    files = source_tree("lib", "1.2")
    if dynamic:
        files["pyproject.toml"] = files["pyproject.toml"].replace('version = "1.2"', 'dynamic = ["version"]')
        files["VERSION"] = "1.2\n"
    collect.make(
        "alpha",
        f"lib; platform_machine == '{OTHER_ARCH}'",
        extra=LOCAL,
        files={f"lib/{name}": text for name, text in files.items()},
    )
    alone = collect.succeed(targets=[TARGET])
    assert list(taken(alone)) == ["alpha-1.0-py3-none-any.whl"]
    assert alone["stats"]["built"] == int(dynamic)
    text = (collect.stage / "pyproject.toml").read_text(encoding="utf-8")
    assert "lib==1.2" in text
    both = collect.succeed(targets=[TARGET, OTHER])
    assert len(both["wheels"]) == 2
    assert both["stage"]["release"] == alone["stage"]["release"]
    other = collect.succeed(targets=[OTHER])
    again = collect.succeed(targets=[TARGET])
    assert (other["changed"], again["changed"]) == (False, False)
    assert again["stage"] == other["stage"] == both["stage"]
    (collect.project / "lib" / "lib" / "__init__.py").write_text("changed = True\n", encoding="utf-8")
    assert collect.succeed(targets=[TARGET])["stage"]["release"] != alone["stage"]["release"]


@pytest.mark.parametrize("release", ["6.1.0-30-amd64", "10.0", ""])
def test_a_marker_on_the_kernel(release: str, collect: Collect) -> None:
    """uv decides on the host, by comparing strings; what only packaging would take does no harm."""
    make_wheel(collect.index.folder, "kernel")
    for number in ("1.0", "2.0"):
        make_wheel(collect.index.folder, "forked", number)
    collect.make(
        "alpha",
        "kernel; platform_release >= '5'",
        "forked==1.0; platform_release < '5'",
        "forked==2.0; platform_release >= '5'",
    )
    result = collect.succeed(targets=[{**TARGET, "markers": {"platform_release": release}}])
    version = "2.0" if release.startswith("6") else "1.0"
    kernel = ["kernel-1.0-py3-none-any.whl"] if release else []
    expected = ["alpha-1.0-py3-none-any.whl", f"forked-{version}-py3-none-any.whl", *kernel]
    assert list(taken(result)) == expected
    assert [proof["packages"] for proof in result["proofs"]] == [3 if release.startswith("6") else 2]


def test_two_targets_of_one_python_and_platform(collect: Collect) -> None:
    """One is served and the other is not: each has its own label, and the caller is told which."""
    make_wheel(collect.index.folder, "narrow", tag=f"{CPYTHON}-{CPYTHON}-manylinux_2_28_x86_64")
    collect.make("alpha", "narrow; platform_machine == 'x86_64'")
    narrow = {"python": PYTHON, "platform": "i686-manylinux_2_36"}
    targets = [{**narrow, "markers": {"platform_machine": machine}} for machine in ("i686", "x86_64")]
    result = collect.succeed(targets=targets, partial=True)
    names = [f"{PYTHON}-i686-manylinux_2_36[platform_machine={machine}]" for machine in ("i686", "x86_64")]
    assert result["targets"] == [{"target": each, "label": name} for each, name in zip(targets, names)]
    assert labels(result["obstacles"]) == [names[1]]
    assert (labels(result["proofs"]), taken(result)) == ([names[0]], {"alpha-1.0-py3-none-any.whl": [names[0]]})
    assert [each["label"] for each in collect.succeed(targets=targets[:1])["targets"]] == [names[0].partition("[")[0]]


def test_a_target_that_contradicts_itself_is_left_out(collect: Collect) -> None:
    collect.make("alpha")
    odd = {**TARGET, "markers": {"python_full_version": "3.2.1"}}
    refused = collect(targets=[TARGET, odd])
    assert refused.failed
    assert "contradicts itself" in refused.msg
    result = collect.succeed(targets=[TARGET, odd], partial=True)
    (obstacle,) = result["obstacles"]
    assert (obstacle["target"], obstacle["package"]) == (f"{LABEL}[refused 1]", None)
    assert "contradicts itself" in obstacle["reason"]
    assert [each["label"] for each in result["targets"]] == [LABEL, obstacle["target"]]
    assert taken(result) == {"alpha-1.0-py3-none-any.whl": [LABEL]}
    assert collect.succeed(targets=[odd], partial=True)["stage"] is None


def given(*wheels: Path) -> list[dict[str, Any]]:
    return [{"path": wheel, "hash": f"sha256:{sha256(wheel)}"} for wheel in wheels]


def test_a_wheel_that_is_brought_for_one_kind_of_host(collect: Collect) -> None:
    """The staged project is the same, whoever is asked for."""
    collect.make("native")
    extra = given(make_wheel(collect.folder / "own", "native", tag=f"{CPYTHON}-{CPYTHON}-linux_armv7l"))
    arm = {"python": PYTHON, "platform": "armv7l-manylinux_2_31"}
    alone = collect.succeed(targets=[TARGET], extra_wheels=extra)
    both = collect.succeed(targets=[TARGET, arm], extra_wheels=extra)
    assert both["stage"] == alone["stage"]
    assert collect.succeed(targets=[TARGET], extra_wheels=extra)["changed"] is False


def test_a_wheel_that_is_brought_and_that_uv_would_not_take(collect: Collect) -> None:
    """Told before anything is sent, and of the hosts alone that both wheels fit."""
    make_wheel(collect.index.folder, "native", tag=f"{CPYTHON}-{CPYTHON}-manylinux_2_17_{ARCH}")
    collect.make("native")
    own = make_wheel(collect.folder / "own", "native", tag=f"cp39-abi3-manylinux_2_34_{ARCH}")
    older = {"python": PYTHON, "platform": f"{ARCH}-manylinux_2_31"}
    result = collect.succeed(targets=[TARGET, older], extra_wheels=given(own), partial=True)
    (obstacle,) = result["obstacles"]
    assert obstacle["target"] == LABEL
    assert f"{own.name} of extra_wheels fits it, but uv takes native-1.0-{HERE_WHEEL}.whl" in obstacle["reason"]
    assert len(result["proofs"]) == 1
    wide = make_wheel(collect.folder / "own", "native", tag=f"cp39-abi3-linux_{ARCH}")
    assert set(taken(collect.succeed(targets=[TARGET, older], extra_wheels=given(wide)))) == {wide.name}
