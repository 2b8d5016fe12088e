# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a collect gives. What it refuses: test_uv_wheelhouse_bad_input.py."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable

import pytest
from ansible_collections.airgap.uv.tests.unit.support.collecting import (
    ARCH,
    LABEL,
    MINOR,
    PLATFORM,
    TARGET,
    Collect,
)
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import (
    clean_environment,
    lock,
    make_project,
    replace_in,
    uv_executable,
    write_tree,
)
from ansible_collections.airgap.uv.tests.unit.support.running import finish, kill, names, snapshot
from ansible_collections.airgap.uv.tests.unit.support.sdists import (
    leaves_mark,
    make_sdist,
    runs,
    source_tree,
)
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256, tamper

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ALPHA = "alpha-1.0-py3-none-any.whl"
BETA = "beta-2.0-py3-none-any.whl"


@pytest.fixture
def collect(index: Index, tmp_path: Path) -> Collect:
    """An index with two wheels, one of which needs the other, and two sdists; the project is to be made."""
    make_wheel(index.folder, "alpha")
    make_wheel(index.folder, "beta", "2.0", requires=["alpha"])
    make_sdist(index.folder, "delta")
    make_sdist(index.folder, "epsilon", kind="zip")
    return Collect(tmp_path, index)


def by_name(result: Any) -> dict[str, dict[str, Any]]:
    return {wheel["name"]: wheel for wheel in result["wheels"]}


def install(collect: Collect, release: Path) -> subprocess.CompletedProcess[str]:
    """What a host does with wheels and staged project, with no index in reach."""
    shutil.copytree(collect.wheelhouse, release.parent.parent / "wheels", dirs_exist_ok=True)
    shutil.copytree(collect.stage, release, dirs_exist_ok=True)
    command = [str(uv_executable()), "sync", "--locked", "--no-index", "-f", "../../wheels", "--no-cache"]
    environment = clean_environment(collect.folder / "host-home", UV_OFFLINE="1")
    command += ["--python", sys.executable]
    return subprocess.run(command, cwd=release, env=environment, capture_output=True, text=True, check=False)


# --- what arrives


@pytest.mark.parametrize("api", ["json", "html"])
@pytest.mark.parametrize("sizes", [True, False])
def test_wheels_from_an_index(api: str, sizes: bool, collect: Collect) -> None:
    collect.index.api, collect.index.sizes = api, sizes
    collect.make("beta")
    result = collect.succeed()
    assert collect.files == ["SHA256SUMS", ALPHA, BETA, "wheelhouse.json"]
    assert result["changed"] is True
    assert (result["added"], result["removed"], result["to_build"]) == ([ALPHA, BETA], [], [])
    path = collect.index.folder / BETA
    assert by_name(result)["beta"] == {
        "name": "beta",
        "version": "2.0",
        "filename": BETA,
        "path": BETA,
        "size": path.stat().st_size,
        "sha256": sha256(path),
        "targets": [LABEL],
        "tool": False,
        "travels": True,
        "origin": {"kind": "index", "url": collect.index.file_url(BETA)},
        "installed_size": 12 * 4096,  # 4 files, one with bytecode, 3 folders, and 4 that installers write
        "installed_files": 12,
    }
    stats = result["stats"]
    total = sum((collect.index.folder / name).stat().st_size for name in (ALPHA, BETA))
    assert (stats["downloaded"], stats["downloaded_bytes"], stats["built"], stats["reused"]) == (2, total, 0, 0)
    assert 0 < stats["seconds"] < 60


def test_sha256sum_accepts_the_wheelhouse(collect: Collect) -> None:
    if not shutil.which("sha256sum"):
        pytest.skip("sha256sum is not installed")
    collect.make("beta", "delta")
    collect.succeed()
    command = ["sha256sum", "-c", "--strict", "SHA256SUMS"]
    done = subprocess.run(command, cwd=collect.wheelhouse, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    listed = sorted(line.rpartition(": ")[0] for line in done.stdout.splitlines())
    assert listed == [name for name in collect.files if name != "SHA256SUMS"]


def test_the_manifest_tells_what_each_wheel_is(collect: Collect) -> None:
    collect.make("beta", "delta", packaged=True)
    result = collect.succeed()
    manifest = json.loads((collect.wheelhouse / "wheelhouse.json").read_text(encoding="utf-8"))
    told = {wheel["path"]: wheel for wheel in manifest["wheels"]}
    for wheel in result["wheels"]:
        expected = {key: value for key, value in wheel.items() if key not in ("targets", "tool", "travels")}
        assert {key: told[wheel["path"]][key] for key in expected} == expected


def test_sdists_are_built(collect: Collect) -> None:
    collect.make("delta", "epsilon")
    result = collect.succeed()
    assert result["stats"]["built"] == 2
    for name, sdist in (("delta", "delta-1.0.tar.gz"), ("epsilon", "epsilon-1.0.zip")):
        wheel = by_name(result)[name]
        assert wheel["path"] == f"{wheel['sha256'][:12]}/{name}-1.0-py3-none-any.whl"
        origin = wheel["origin"]
        assert (origin["kind"], origin["url"]) == ("sdist", collect.index.file_url(sdist))
        assert origin["sha256"] == sha256(collect.index.folder / sdist)
        assert origin["built"]["python"] == MINOR


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_a_c_extension_is_built_for_this_platform(collect: Collect) -> None:
    make_sdist(collect.index.folder, "native", extension=True)
    collect.make("native")
    result = collect.succeed()
    assert by_name(result)["native"]["filename"].endswith(f"linux_{ARCH}.whl")
    assert install(collect, collect.folder / "host/releases/one").returncode == 0


def test_build_requirements_come_from_the_lock_s_index(collect: Collect) -> None:
    make_wheel(collect.index.folder, "helper")
    make_sdist(collect.index.folder, "needy", build_requires=["helper"], prelude="import helper")
    collect.make("needy")
    collect.index.forget()
    collect.succeed()
    assert "helper-1.0-py3-none-any.whl" in collect.index.downloads


def test_build_index(collect: Collect, tmp_path: Path) -> None:
    make_sdist(collect.index.folder, "needy", build_requires=["helper"], prelude="import helper")
    collect.make("needy")
    with Index(tmp_path / "build-index") as other:
        make_wheel(other.folder, "helper")
        collect.succeed(build_index=other.url)
        assert other.downloads == ["helper-1.0-py3-none-any.whl"]


def test_the_project_travels_as_a_wheel(collect: Collect) -> None:
    collect.make("beta", packaged=True)
    write_tree(collect.project, {"build/lib/app/ghost.py": ""})
    before = snapshot(collect.project)
    result = collect.succeed()
    assert snapshot(collect.project) == before
    assert by_name(result)["app"]["origin"]["kind"] == "directory"
    release = collect.folder / "host/releases/one"
    assert install(collect, release).returncode == 0
    assert not list(release.glob("**/ghost.py"))
    assert sorted(path.name for path in release.iterdir()) == [".venv", "pyproject.toml", "uv.lock"]


def test_workspace_members_travel_as_wheels(collect: Collect) -> None:
    make_project(collect.project / "packages" / "tools", name="tools", packaged=True, dependencies=["alpha"])
    extra = '[tool.uv.workspace]\nmembers = ["packages/*"]\n[tool.uv.sources]\ntools = { workspace = true }\n'
    collect.make("tools", packaged=True, extra=extra)
    result = collect.succeed()
    assert sorted(by_name(result)) == ["alpha", "app", "tools"]
    assert by_name(result)["tools"]["origin"]["path"] == "packages/tools"
    assert install(collect, collect.folder / "host/releases/one").returncode == 0


def test_a_dynamic_version_is_known_from_the_wheel(collect: Collect) -> None:
    tree = source_tree("app", "0.1.0", requires=["alpha"])
    tree["pyproject.toml"] = tree["pyproject.toml"].replace('version = "0.1.0"', 'dynamic = ["version"]')
    tree["pyproject.toml"] += f'\n[[tool.uv.index]]\nurl = "{collect.index.url}"\ndefault = true\n'
    write_tree(collect.project, {**tree, "VERSION": "4.5.6\n"})
    lock(collect.project)
    shutil.rmtree(collect.project / "build")
    before = snapshot(collect.project)
    result = collect.succeed()
    assert snapshot(collect.project) == before
    assert by_name(result)["app"]["version"] == "4.5.6"
    assert result["stage"]["release"].startswith("4.5.6-")
    assert install(collect, collect.folder / "host/releases/one").returncode == 0


def test_a_local_version_in_a_url(collect: Collect) -> None:
    """Its `+` is `%2B` there, and a plus in the wheelhouse."""
    path = make_wheel(collect.index.folder, "local", "1.0+cpu.2")
    collect.make("local")
    assert "%2B" in (collect.project / "uv.lock").read_text(encoding="utf-8")
    assert by_name(collect.succeed())["local"]["filename"] == path.name
    assert path.name in collect.files
    assert install(collect, collect.folder / "host/releases/one").returncode == 0


def test_extra_wheels(collect: Collect, tmp_path: Path) -> None:
    own = make_wheel(tmp_path / "own", "delta", files={"delta/own.py": "x = 1\n"})
    plugin = make_wheel(tmp_path / "own", "plugin", "3.0")
    collect.make("delta")
    given = [{"path": path, "hash": f"sha256:{sha256(path)}"} for path in (own, plugin)]
    collect.index.forget()
    result = collect.succeed(extra_wheels=given, no_build=[":all:"])
    assert {name: wheel["sha256"] for name, wheel in by_name(result).items()} == {
        "delta": sha256(own),
        "plugin": sha256(plugin),
    }
    assert collect.index.downloads == []
    release = collect.folder / "host/releases/one"
    assert install(collect, release).returncode == 0
    assert list(release.glob(".venv/lib/*/site-packages/plugin"))


def uv_wheel(folder: Path, version: str) -> Path:
    tag = f"py3-none-manylinux_2_17_{ARCH}.manylinux2014_{ARCH}"
    make_wheel(folder, "uv", version, tag="py3-none-win_amd64")
    return make_wheel(folder, "uv", version, tag=tag, files={f"uv-{version}.data/scripts/uv": "#!/bin/sh\n"})


def test_the_uv_wheel(collect: Collect) -> None:
    path = uv_wheel(collect.index.folder, "0.9.9")
    uv_wheel(collect.index.folder, "0.9.10")
    collect.make("alpha")
    result = collect.succeed(uv="0.9.9")
    assert [(wheel["filename"], wheel["tool"]) for wheel in result["wheels"]] == [(ALPHA, False), (path.name, True)]
    assert path.name in collect.files
    staged = tomllib.loads((collect.stage / "uv.lock").read_text(encoding="utf-8"))
    assert "uv" not in [package["name"] for package in staged["package"]]
    collect.index.stop()
    again = collect.succeed(uv="0.9.9", frozen=True)
    assert (again["changed"], again["wheels"]) == (False, result["wheels"])


def test_the_uv_wheel_for_an_older_python_than_this_one(collect: Collect) -> None:
    path = uv_wheel(collect.index.folder, "0.9.9")
    collect.make("alpha", requires_python=">=3.8")
    target = {"python": "3.8.20", "platform": PLATFORM}
    assert path.name in [wheel["filename"] for wheel in collect.succeed(uv="0.9.9", targets=[target])["wheels"]]


def test_uv_as_the_controller_has_it(collect: Collect) -> None:
    told = subprocess.run([uv_executable(), "--version"], check=True, capture_output=True, text=True).stdout
    version = told.split()[1]
    path = uv_wheel(collect.index.folder, version)
    collect.make("alpha")
    assert path.name in [wheel["filename"] for wheel in collect.succeed(uv="same")["wheels"]]


def test_a_project_that_depends_on_uv_itself(collect: Collect) -> None:
    path = uv_wheel(collect.index.folder, "0.9.9")
    collect.make("uv")
    result = collect.succeed(uv="0.9.9")
    assert [wheel["filename"] for wheel in result["wheels"]] == [path.name]
    staged = tomllib.loads((collect.stage / "uv.lock").read_text(encoding="utf-8"))
    assert "uv" in [package["name"] for package in staged["package"]]


OPTIONS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["alpha"]),
    ({"extras": ["web"]}, ["alpha", "web"]),
    ({"all_extras": True}, ["alpha", "db", "web"]),
    ({"groups": ["docs"]}, ["alpha", "docs"]),
    ({"groups": ["dev"]}, ["alpha", "dev"]),
    ({"no_dev": False}, ["alpha", "dev"]),
    ({"all_groups": True, "no_dev": False}, ["alpha", "dev", "docs"]),
    ({"only_groups": ["docs"]}, ["docs"]),
    ({"no_install_package": ["alpha"], "extras": ["web"]}, ["web"]),
]


@pytest.mark.parametrize(("options", "wanted"), OPTIONS)
def test_what_of_the_lock_is_wanted(options: dict[str, Any], wanted: list[str], collect: Collect) -> None:
    for name in ("web", "db", "dev", "docs"):
        make_wheel(collect.index.folder, name)
    extra = '[project.optional-dependencies]\nweb = ["web"]\ndb = ["db"]\n'
    collect.make("alpha", extra=extra + '[dependency-groups]\ndev = ["dev"]\ndocs = ["docs"]\n')
    assert sorted(by_name(collect.succeed(**options))) == wanted


def test_no_binary(collect: Collect) -> None:
    make_sdist(collect.index.folder, "alpha")
    collect.make("alpha")
    result = collect.succeed(no_binary=["alpha"])
    assert by_name(result)["alpha"]["origin"]["kind"] == "sdist"


def test_several_targets(collect: Collect) -> None:
    for python in ("cp310", f"cp{MINOR.replace('.', '')}", "cp399"):
        make_wheel(collect.index.folder, "multi", tag=f"{python}-{python}-manylinux_2_17_{ARCH}")
    collect.make("multi", "alpha")
    targets = [{"python": "3.10.4", "platform": PLATFORM}, {"python": "3.99.1", "platform": PLATFORM}]
    result = collect.succeed(targets=targets)
    labels = [f"{target['python']}-{PLATFORM}" for target in targets]
    assert {wheel["filename"].split("-")[2]: wheel["targets"] for wheel in result["wheels"]} == {
        "py3": labels,
        "cp310": labels[:1],
        "cp399": labels[1:],
    }


def test_without_targets_this_machine_is_one(collect: Collect) -> None:
    collect.make("alpha")
    (label,) = by_name(collect.succeed(targets=None))["alpha"]["targets"]
    assert label.split("-")[1] == ARCH


def test_frozen_takes_the_lock_as_it_is(collect: Collect) -> None:
    collect.make("alpha")
    replace_in(collect.project / "pyproject.toml", '["alpha"]', '["alpha", "beta"]')
    assert sorted(by_name(collect.succeed(frozen=True))) == ["alpha"]


def test_a_lockfile_is_as_good_as_its_project(collect: Collect) -> None:
    collect.make("alpha")
    by_project = collect.succeed()
    shutil.rmtree(collect.wheelhouse)
    shutil.rmtree(collect.stage)
    by_lockfile = collect.succeed(project=None, lockfile=collect.project / "uv.lock")
    assert by_lockfile["stage"]["release"] == by_project["stage"]["release"]


# --- the second time


def test_a_warm_collect_needs_no_network(collect: Collect) -> None:
    mark = collect.folder / "mark"
    make_sdist(collect.index.folder, "marked", prelude=leaves_mark(mark))
    collect.make("beta", "delta", "marked", packaged=True)
    first = collect.succeed(frozen=True)
    ran = runs(mark)
    collect.index.stop()
    collect.index.forget()
    before = snapshot(collect.wheelhouse, collect.stage)
    second = collect.succeed(frozen=True)
    assert second["changed"] is False
    assert second["added"] == []
    assert second["stats"]["reused"] == len(first["wheels"]) == 5
    assert second["wheels"] == json.loads(json.dumps(first["wheels"]))
    assert second["stage"] == first["stage"]
    assert runs(mark) == ran > 0
    after = snapshot(collect.wheelhouse, collect.stage)
    cache = str(collect.wheelhouse / ".cache")
    assert {path: facts for path, facts in after.items() if not path.startswith(cache)} == {
        path: facts for path, facts in before.items() if not path.startswith(cache)
    }
    assert collect.index.requests == []


def test_a_tampered_wheel_is_fetched_again(collect: Collect) -> None:
    collect.make("beta")
    collect.succeed()
    tamper(collect.wheelhouse / ALPHA)
    collect.index.forget()
    result = collect.succeed()
    assert result["changed"] is True
    assert result["added"] == [ALPHA]
    assert collect.index.downloads == [ALPHA]
    assert sha256(collect.wheelhouse / ALPHA) == sha256(collect.index.folder / ALPHA)


def test_a_tampered_wheel_that_was_built_is_built_again(collect: Collect) -> None:
    collect.make("delta", packaged=True)
    first = collect.succeed(build_cache="")
    for wheel in first["wheels"]:
        tamper(collect.wheelhouse / wheel["path"])
    second = collect.succeed(build_cache="")
    assert second["changed"] is True
    assert second["stats"]["built"] == 2
    assert second["wheels"] == first["wheels"]
    for wheel in second["wheels"]:
        assert sha256(collect.wheelhouse / wheel["path"]) == wheel["sha256"]


def test_a_tampered_sdist_in_the_cache_never_runs(collect: Collect) -> None:
    mark = collect.folder / "mark"
    collect.make("delta")
    collect.succeed()
    (cached,) = (collect.wheelhouse / ".cache").rglob("delta-1.0.tar.gz")
    shutil.copy(make_sdist(collect.folder / "evil", "delta", prelude=leaves_mark(mark)), cached)
    for wheel in collect.wheelhouse.glob("*/*.whl"):
        wheel.unlink()
    collect.succeed()
    assert runs(mark) == 0


def test_an_unchanged_project_leaves_its_wheel_alone(collect: Collect) -> None:
    collect.make("alpha", packaged=True)
    first = collect.succeed()
    for path in collect.project.rglob("*"):
        os.utime(path)
    write_tree(collect.project, {".hg/branch": "x", ".venv/x": "", "app/__pycache__/x.pyc": ""})
    second = collect.succeed()
    assert second["changed"] is False
    assert second["stage"]["release"] == first["stage"]["release"]


def test_a_changed_project_is_a_new_release_beside_the_old(collect: Collect) -> None:
    collect.make("alpha", packaged=True)
    first = collect.succeed()
    replace_in(collect.project / "app" / "__init__.py", "def main", "def other")
    second = collect.succeed()
    assert second["stage"]["release"] != first["stage"]["release"]
    old, new = by_name(first)["app"], by_name(second)["app"]
    assert old["version"] == new["version"] == "0.1.0"
    assert sha256(collect.wheelhouse / old["path"]) == old["sha256"]
    assert sha256(collect.wheelhouse / new["path"]) == new["sha256"]


def test_prune(collect: Collect) -> None:
    collect.make("beta", "delta")
    collect.succeed()
    make_wheel(collect.wheelhouse, "stray")
    shutil.rmtree(collect.project)
    collect.make("alpha")
    kept = collect.succeed()
    assert kept["removed"] == []
    assert BETA in collect.files
    predicted = collect.succeed(prune=True, check=True)
    assert BETA in collect.files
    pruned = collect.succeed(prune=True)
    assert pruned["changed"] is True
    assert pruned["removed"] == predicted["removed"] != []
    assert collect.files == ["SHA256SUMS", ALPHA, "wheelhouse.json"]
    assert collect.succeed(prune=True)["changed"] is False


def test_a_name_that_is_taken_by_other_bytes(collect: Collect) -> None:
    """Another project's lock names other bytes of the same name; both stay whole."""
    collect.make("alpha")
    collect.succeed()
    old = sha256(collect.wheelhouse / ALPHA)
    make_wheel(collect.index.folder, "alpha", files={"alpha/more.py": "x = 1\n"})
    shutil.rmtree(collect.project)
    collect.make("alpha")
    result = collect.succeed()
    new = sha256(collect.index.folder / ALPHA)
    assert by_name(result)["alpha"]["path"] == f"{new[:12]}/{ALPHA}"
    assert sha256(collect.wheelhouse / ALPHA) == old
    assert sha256(collect.wheelhouse / new[:12] / ALPHA) == new
    assert install(collect, collect.folder / "host/releases/one").returncode == 0


# --- check mode and diff


def fresh(collect: Collect) -> None:
    pass


def warm(collect: Collect) -> None:
    collect.succeed()


def tampered(collect: Collect) -> None:
    collect.succeed()
    tamper(collect.wheelhouse / ALPHA)


def changed_code(collect: Collect) -> None:
    collect.succeed()
    replace_in(collect.project / "app" / "__init__.py", "def main", "def other")


def changed_stage(collect: Collect) -> None:
    collect.succeed()
    (collect.stage / "uv.lock").write_text("", encoding="utf-8")


def lost_manifest(collect: Collect) -> None:
    collect.succeed()
    (collect.wheelhouse / "wheelhouse.json").unlink()


def lost_sums(collect: Collect) -> None:
    collect.succeed()
    (collect.wheelhouse / "SHA256SUMS").unlink()


def lost_stage(collect: Collect) -> None:
    collect.succeed()
    shutil.rmtree(collect.stage)


SITUATIONS = [
    *((situation, packaged) for situation in (fresh, warm, tampered) for packaged in (False, True)),
    (changed_code, True),
    *((situation, False) for situation in (changed_stage, lost_manifest, lost_sums, lost_stage)),
]


def less_what_is_unpacked(result: Any) -> list[dict[str, Any]]:
    """A wheel that is not there cannot be looked into."""
    return [{key: wheel[key] for key in wheel if not key.startswith("installed_")} for wheel in result["wheels"]]


@pytest.mark.parametrize(("situation", "packaged"), SITUATIONS)
def test_check_mode_tells_the_truth_and_touches_nothing(
    situation: Callable[[Collect], None], packaged: bool, collect: Collect
) -> None:
    collect.make("beta", packaged=packaged)
    situation(collect)
    before = snapshot(collect.folder)
    predicted = collect.succeed(check=True, diff=True)
    assert {path: facts for path, facts in snapshot(collect.folder).items() if "home" not in path} == {
        path: facts for path, facts in before.items() if "home" not in path
    }
    real = collect.succeed(diff=True)
    assert predicted["changed"] == real["changed"] == (situation is not warm)
    built = {wheel["path"] for wheel in real["wheels"] if wheel["origin"]["kind"] == "directory"}
    to_build = predicted["to_build"]
    assert bool(to_build) is bool(real["stats"]["built"])
    if not to_build:
        assert less_what_is_unpacked(predicted) == less_what_is_unpacked(real)
        for key in ("added", "removed", "diff"):
            assert predicted[key] == real[key], key
        assert predicted["stage"] == real["stage"]
    else:
        assert predicted["stage"]["release"] is None
        assert [(each["name"], each["targets"]) for each in to_build] == [("app", [LABEL])]
        assert predicted["added"] == [path for path in real["added"] if path not in built]
    assert collect.succeed()["changed"] is False


def test_diff_lists_what_comes_and_goes(collect: Collect) -> None:
    collect.make("beta")
    result = collect.succeed(diff=True)
    assert result["diff"]["before"] == ""
    lines = result["diff"]["after"].splitlines()
    assert lines[:2] == [ALPHA, BETA]
    assert [line.split()[0] for line in lines[2:]] == ["main.py", "pyproject.toml", "uv.lock", "release"]
    shutil.rmtree(collect.project)
    collect.make("alpha")
    result = collect.succeed(diff=True, prune=True)
    assert result["diff"]["before"].splitlines()[:2] == [ALPHA, BETA]
    lines = result["diff"]["after"].splitlines()
    assert lines[0] == ALPHA
    assert lines[-1] == f"release {result['stage']['release']}"
    assert not any(line.startswith(BETA) for line in lines)


def test_defer_builds_nothing_and_built_takes_what_was_built(collect: Collect) -> None:
    mark = collect.folder / "mark"
    make_sdist(collect.index.folder, "marked", prelude=leaves_mark(mark))
    collect.make("alpha", "marked")
    deferred = collect.succeed(build="defer")
    (wanted,) = deferred["to_build"]
    source = sha256(collect.index.folder / "marked-1.0.tar.gz")
    assert (wanted["name"], wanted["version"], wanted["source"]["sha256"]) == ("marked", "1.0", source)
    assert wanted["targets"] == [LABEL]
    assert deferred["stage"]["release"] is None
    assert runs(mark) == 0
    own = make_wheel(collect.folder / "elsewhere", "marked")
    built = [{"path": own, "hash": f"sha256:{sha256(own)}", "source": source}]
    result = collect.succeed(build="defer", built=built)
    assert by_name(result)["marked"]["sha256"] == sha256(own)
    assert result["to_build"] == []
    assert runs(mark) == 0
    assert install(collect, collect.folder / "host/releases/one").returncode == 0


# --- the release's name


def checkout(source: Path, destination: Path, umask: int) -> None:
    old = os.umask(umask)
    try:
        clone = ["git", "clone", "-q", source.as_uri(), str(destination)]
        subprocess.run(clone, check=True, capture_output=True)
    finally:
        os.umask(old)


def commit(folder: Path) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@index.test", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
@pytest.mark.parametrize("packaged", [False, True], ids=["files", "packaged"])
def test_two_checkouts_give_the_same_release(packaged: bool, collect: Collect) -> None:
    """Other umasks, other hosts in the play, an empty and a used wheelhouse, another folder."""
    make_wheel(collect.index.folder, "multi", tag=f"cp310-cp310-manylinux_2_17_{ARCH}")
    make_wheel(collect.index.folder, "multi", tag=f"cp399-cp399-manylinux_2_17_{ARCH}")
    make_wheel(collect.index.folder, "other")
    make_sdist(collect.index.folder, "native", extension=bool(shutil.which("cc")))
    dependencies = ["multi; python_version in '3.10 3.99'", "beta", "delta", "native"]
    script = {"manage.py": "#!/usr/bin/env python3\n", "deep/er/data.txt": "x\n"}
    origin = make_project(
        collect.folder / "origin", collect.index, dependencies=dependencies, packaged=packaged, files=script
    )
    (origin / "manage.py").chmod(0o755)
    commit(origin)
    one, two = Collect(collect.folder, collect.index, "one-"), Collect(collect.folder, collect.index, "two-")
    make_project(two.project, collect.index, dependencies=["other", "alpha"])
    two.succeed()
    shutil.rmtree(two.project)
    checkout(origin, one.project, 0o022)
    checkout(origin, two.project, 0o077)
    first = one.succeed(umask=0o022)
    second = two.succeed(umask=0o077, targets=[TARGET, {"python": "3.99.1", "platform": PLATFORM}][:1])
    assert first["stage"]["release"] == second["stage"]["release"]
    assert first["stage"]["files"] == second["stage"]["files"]
    modes = {(path.stat().st_mode & 0o777) for path in two.stage.rglob("*") if path.is_file()}
    assert modes <= {0o644, 0o755}
    what_counts = "app/__init__.py" if packaged else "deep/er/data.txt"
    (two.project / what_counts).write_text("y = 1\n", encoding="utf-8")
    another = two.succeed()["stage"]["release"]
    assert another != first["stage"]["release"]


@pytest.mark.parametrize("packaged", [False, True], ids=["files", "packaged"])
def test_other_hosts_in_the_play_do_not_change_the_release(packaged: bool, collect: Collect) -> None:
    for python in ("cp310", "cp399", f"cp{MINOR.replace('.', '')}"):
        make_wheel(collect.index.folder, "multi", tag=f"{python}-{python}-manylinux_2_17_{ARCH}")
    collect.make("multi", packaged=packaged)
    releases = set()
    others = [{"python": "3.10.4", "platform": PLATFORM}] if MINOR != "3.10" else []
    for targets in ([TARGET], [TARGET, *others], [*others, TARGET]):
        shutil.rmtree(collect.wheelhouse, ignore_errors=True)
        releases.add(collect.succeed(targets=targets, no_build=["nothing"])["stage"]["release"])
    assert len(releases) == 1


def test_a_release_is_called_by_version_and_hash(collect: Collect) -> None:
    collect.make("alpha", version="1.2.3+local.4")
    version, _dash, digest = collect.succeed()["stage"]["release"].rpartition("-")
    assert version == "1.2.3+local.4"
    assert len(digest) == 12
    assert int(digest, 16)


# --- the staged project


def test_the_staged_project_installs_offline_and_refuses_a_tampered_wheel(collect: Collect) -> None:
    collect.make("beta", "delta", packaged=True)
    collect.succeed()
    collect.index.stop()
    host = collect.folder / "host" / "releases"
    done = install(collect, host / "one")
    assert done.returncode == 0, done.stderr
    assert (host / "one" / "uv.lock").read_bytes() == (collect.stage / "uv.lock").read_bytes()
    code = "import alpha, beta, delta, app"
    subprocess.run([str(host / "one/.venv/bin/python"), "-c", code], check=True, capture_output=True)
    tamper(collect.wheelhouse / ALPHA)
    done = install(collect, host / "two")
    assert done.returncode != 0
    assert "alpha" in done.stderr


def test_files_of_a_project_without_a_build_system_travel(collect: Collect) -> None:
    files = {
        "manage.py": "#!/usr/bin/env python3\n",
        "site/settings.py": "X = 1\n",
        "site/locale/de.mo": "compiled\n",
        "frontend/dist/app.js": "built\n",
        "notes/secret.txt": "no\n",
        ".gitignore": "*.mo\nfrontend/dist/\n",
        ".python-version": f"{MINOR}\n",
        ".env": "KEY=1\n",
    }
    collect.make("alpha", files=files)
    result = collect.succeed(
        stage={"path": collect.stage, "include": ["*.mo", "frontend/dist/"], "exclude": ["notes/", ".env"]}
    )
    assert names(collect.stage) == [
        ".gitignore",
        "frontend/dist/app.js",
        "main.py",
        "manage.py",
        "pyproject.toml",
        "site/locale/de.mo",
        "site/settings.py",
        "uv.lock",
    ]
    assert sorted(item["path"] for item in result["stage"]["files"]) == names(collect.stage)
    assert {"notes/", ".env"} <= set(result["stage"]["left_out"])
    without = collect.succeed()["stage"]["left_out"]
    assert {"frontend/dist/", "site/locale/de.mo"} <= set(without)


def test_a_plain_uv_run_works_in_the_release(collect: Collect) -> None:
    collect.make("beta", files={"hello.py": "import beta; print('hello', beta.__version__)\n"})
    collect.succeed()
    release = collect.folder / "host/releases/one"
    assert install(collect, release).returncode == 0
    command = [str(uv_executable()), "run", "python", "hello.py"]
    done = subprocess.run(
        command,
        cwd=release,
        env=clean_environment(collect.folder / "host-home"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "hello 2.0", done.stderr


def test_tool_tables_travel_but_uv_s(collect: Collect) -> None:
    collect.make("alpha", extra="[tool.myapp]\nport = 8000\n")
    collect.succeed()
    tool = tomllib.loads((collect.stage / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert tool["myapp"] == {"port": 8000}
    assert sorted(tool["uv"]) == ["find-links", "no-index", "package", "workspace"]


# --- what must not change anything


ELSEWHERE = "http://127.0.0.1:9/simple"
ASTRAY = {
    "UV_DEFAULT_INDEX": ELSEWHERE,
    "UV_INDEX": ELSEWHERE,
    "UV_INDEX_URL": ELSEWHERE,
    "UV_EXTRA_INDEX_URL": ELSEWHERE,
    "UV_FIND_LINKS": "/nonexistent/wheels",
    "UV_RESOLUTION": "lowest",
    "UV_PRERELEASE": "allow",
    "UV_NO_BINARY": "1",
    "UV_NO_BUILD": "1",
    "UV_EXCLUDE_NEWER": "2006-01-01",
    "UV_CACHE_DIR": "{folder}/astray-cache",
    "UV_PROJECT": "/nonexistent/project",
    "UV_PROJECT_ENVIRONMENT": "{folder}/astray-venv",
    "UV_WORKING_DIR": "/nonexistent/folder",
    "UV_CONFIG_FILE": "/nonexistent/uv.toml",
    "UV_OFFLINE": "1",
    "UV_NO_INDEX": "1",
    "UV_FROZEN": "1",
    "UV_NO_DEV": "0",
    "UV_PYTHON": "3.99",
    "UV_SYSTEM_PYTHON": "1",
    "UV_CONSTRAINT": "/nonexistent/constraints.txt",
    "UV_OVERRIDE": "/nonexistent/overrides.txt",
    "UV_BUILD_CONSTRAINT": "/nonexistent/constraints.txt",
    "UV_LINK_MODE": "symlink",
    "UV_REQUIRE_HASHES": "0",
    "UV_NO_VERIFY_HASHES": "1",
    "UV_FORK_STRATEGY": "fewest",
    "UV_PREVIEW": "1",
    "PIP_INDEX_URL": ELSEWHERE,
    "PIP_FIND_LINKS": "/nonexistent/wheels",
    "PIP_NO_BINARY": ":all:",
    "PIP_CONFIG_FILE": "{folder}/home/.config/pip/pip.conf",
    "VIRTUAL_ENV": "/nonexistent/venv",
    "CONDA_PREFIX": "/nonexistent/conda",
    "SOURCE_DATE_EPOCH": "1700000000",
    "PYTHONHASHSEED": "7",
    "XDG_CONFIG_DIRS": "{folder}/etc",
}  # fmt: skip
SETTINGS = (
    f'index-url = "{ELSEWHERE}"\nresolution = "lowest"\nexclude-newer = "2006-01-01"\nno-binary = true\n'
    'cache-dir = "{folder}/astray-cache"\nno-build-package = ["delta", "needy"]\noffline = true\n'
)


def lead_astray(collect: Collect) -> dict[str, str]:
    """Settings of the user's and the system's, and variables, that all point elsewhere."""
    folder = str(collect.folder)
    settings = SETTINGS.replace("{folder}", folder)
    pip = f"[global]\nindex-url = {ELSEWHERE}\nno-binary = :all:\n"
    write_tree(collect.module.home, {".config/uv/uv.toml": settings, ".config/pip/pip.conf": pip})
    write_tree(collect.folder, {"etc/uv/uv.toml": settings})
    return {name: value.replace("{folder}", folder) for name, value in ASTRAY.items()}


def test_settings_and_variables_change_nothing(collect: Collect) -> None:
    make_wheel(collect.index.folder, "alpha", "0.5")
    make_wheel(collect.index.folder, "helper")
    make_wheel(collect.index.folder, "helper", "0.1")
    make_sdist(collect.index.folder, "needy", build_requires=["helper"], prelude="import helper")
    uv_wheel(collect.index.folder, "0.9.9")
    collect.make("beta", "delta", "needy", packaged=True, extra='[dependency-groups]\ndev = ["alpha"]\n')
    usual = collect.succeed(uv="0.9.9", build_cache="")
    shutil.rmtree(collect.wheelhouse)
    shutil.rmtree(collect.stage)
    environment = lead_astray(collect)
    collect.index.forget()
    result = collect.succeed(uv="0.9.9", build_cache="", environment=environment)
    assert result["wheels"] == usual["wheels"]
    assert result["stage"] == usual["stage"]
    assert "helper-1.0-py3-none-any.whl" in collect.index.downloads
    assert not list(collect.folder.glob("astray*"))


def test_a_python_version_that_nobody_has(collect: Collect) -> None:
    """The targets say for which Python to collect; what the project's file names may not be installed here."""
    collect.make("beta")
    write_tree(collect.project, {".python-version": f"{MINOR}.99\n"})
    collect.succeed()


def test_the_working_folder_changes_nothing(collect: Collect) -> None:
    collect.make("delta")
    elsewhere = write_tree(
        collect.folder / "elsewhere", {"uv.toml": SETTINGS, ".python-version": "3.99\n", "pyproject.toml": "[broken"}
    )
    collect.succeed(cwd=elsewhere)


# --- credentials


def credentialed(collect: Collect, named: bool = False) -> None:
    collect.make("beta", "delta")
    if named:
        replace_in(collect.project / "pyproject.toml", "[[tool.uv.index]]\n", '[[tool.uv.index]]\nname = "internal"\n')
    collect.index.credentials = ("user", "s3cret")


def assert_no_secret(collect: Collect, result: Any) -> None:
    assert "s3cret" not in json.dumps(result.data)
    assert "s3cret" not in result.output
    for folder in (collect.wheelhouse, collect.stage):
        for path in folder.rglob("*"):
            if path.is_file():
                assert b"s3cret" not in path.read_bytes(), path


def test_credentials_from_netrc(collect: Collect) -> None:
    credentialed(collect)
    write_tree(collect.module.home, {".netrc": "machine 127.0.0.1 login user password s3cret\n"})
    (collect.module.home / ".netrc").chmod(0o600)
    result = collect.succeed(frozen=True)
    assert_no_secret(collect, result)


def test_credentials_of_a_named_index(collect: Collect) -> None:
    """uv's own variables for an index that the project names."""
    credentialed(collect, named=True)
    environment = {"UV_INDEX_INTERNAL_USERNAME": "user", "UV_INDEX_INTERNAL_PASSWORD": "s3cret"}
    result = collect.succeed(frozen=True, environment=environment)
    assert_no_secret(collect, result)


def authorized(index: Index) -> list[str]:
    return [each.path for each in index.requests if "authorization" in each.headers]


@pytest.mark.parametrize("source", ["variables", "netrc"])
@pytest.mark.parametrize("how", ["another index", "a redirect"])
def test_credentials_go_to_no_other_host(source: str, how: str, collect: Collect) -> None:
    """`localhost` stands for another host than 127.0.0.1."""
    with Index(collect.folder / "other-index") as other:
        elsewhere = other.origin.replace("127.0.0.1", "localhost")
        shutil.copy(collect.index.folder / ALPHA, other.folder)
        credentialed(collect, named=True)
        if how == "a redirect":
            collect.index.fail(ALPHA, status=302, headers={"Location": f"{elsewhere}/files/{ALPHA}"})
        else:
            replace_in(collect.project / "uv.lock", collect.index.file_url(ALPHA), f"{elsewhere}/files/{ALPHA}")
        environment = {}
        if source == "variables":
            environment = {"UV_INDEX_INTERNAL_USERNAME": "user", "UV_INDEX_INTERNAL_PASSWORD": "s3cret"}
        else:
            netrc = write_tree(collect.module.home, {".netrc": "machine 127.0.0.1 login user password s3cret\n"})
            (netrc / ".netrc").chmod(0o600)
        collect.index.forget()
        collect.succeed(frozen=True, environment=environment)
        assert f"/files/{BETA}" in authorized(collect.index)
        assert other.downloads == [ALPHA]
        assert authorized(other) == []


def test_credentials_that_lack_are_asked_for(collect: Collect) -> None:
    credentialed(collect)
    result = collect(frozen=True)
    assert result.failed
    assert "HTTP 401" in result.msg
    assert "netrc" in result.msg


def test_credentials_in_a_build_index_are_not_shown(collect: Collect) -> None:
    make_wheel(collect.index.folder, "helper")
    make_sdist(collect.index.folder, "needy", build_requires=["helper"], prelude="import helper")
    collect.make("needy")
    with Index(collect.folder / "secret-index", credentials=("user", "s3cret")) as secret:
        make_wheel(secret.folder, "helper")
        url = secret.url.replace("://", "://user:s3cret@")
        result = collect.succeed(build_index=url)
        assert secret.downloads == ["helper-1.0-py3-none-any.whl"]
    assert_no_secret(collect, result)


# --- killed, crowded, huge


def wait_for(condition: Callable[[], Any], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_a_run_that_is_killed_in_the_middle_of_a_download(collect: Collect) -> None:
    big = make_wheel(collect.index.folder, "big", padding=3_000_000)
    collect.make("big", "alpha")
    collect.index.fail(big.name, pause_after=1_500_000)
    process = collect.module.start(collect.options)

    def half_there() -> bool:
        try:
            return any(path.stat().st_size > 1_000_000 for path in collect.wheelhouse.rglob("*") if path.is_file())
        except FileNotFoundError:  # uv removes a temporary folder while we look
            return False

    wait_for(half_there)
    kill(process)
    assert not (collect.wheelhouse / big.name).exists()
    collect.index.heal()
    result = collect.succeed()
    assert sha256(collect.wheelhouse / big.name) == sha256(big)
    assert result["changed"] is True
    assert collect.files == ["SHA256SUMS", ALPHA, big.name, "wheelhouse.json"]
    assert collect.remains == []


def test_a_run_that_is_killed_in_the_middle_of_a_build(collect: Collect) -> None:
    started = collect.folder / "started"
    waits = f"{leaves_mark(started)}\nos.path.exists({str(started)!r}+'.go') or time.sleep(60)"
    make_sdist(collect.index.folder, "zeta", prelude=waits)
    collect.make("delta", "zeta", packaged=True)
    process = collect.module.start(collect.options)
    wait_for(lambda: bool(runs(started)))
    kill(process)
    started.with_name("started.go").touch()
    result = collect.succeed()
    assert sorted(by_name(result)) == ["app", "delta", "zeta"]
    assert collect.remains == []
    done = install(collect, collect.folder / "host/releases/one")
    assert done.returncode == 0, done.stderr


def test_two_runs_at_once(collect: Collect) -> None:
    big = make_wheel(collect.index.folder, "big", padding=400_000)
    collect.make("big", "beta", "delta")
    collect.index.fail(big.name, rate=400_000)
    collect.index.forget()
    runs = [collect.module.start(collect.options) for _which in range(2)]
    results = [finish(run) for run in runs]
    assert [result.failed for result in results] == [False, False], [result.msg for result in results]
    assert sorted(result["changed"] for result in results) == [False, True]
    assert results[0]["wheels"] == results[1]["wheels"]
    assert sorted(collect.index.downloads) == sorted(set(collect.index.downloads))
    assert collect.remains == []


MEASURE = (
    "import resource, subprocess, sys; rc = subprocess.call(sys.argv[2:]);"
    "open(sys.argv[1], 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)); sys.exit(rc)"
)


def test_memory_does_not_grow_with_the_size_of_a_wheel(collect: Collect) -> None:
    huge = make_wheel(collect.index.folder, "huge", padding=300_000_000)
    collect.make("huge")
    peak = collect.folder / "peak"
    wrapper = (sys.executable, "-c", MEASURE, str(peak))
    try:
        for downloaded in (1, 0):
            result = collect.succeed(wrapper=wrapper)
            assert result["stats"]["downloaded"] == downloaded
            kilobytes = int(peak.read_text(encoding="utf-8"))
            assert kilobytes < 120 * 1024, f"{kilobytes} KiB"
    finally:
        huge.unlink()
        shutil.rmtree(collect.wheelhouse)


def test_connections_are_used_again(collect: Collect) -> None:
    many = [f"wheel{number}" for number in range(40)]
    for name in many:
        make_wheel(collect.index.folder, name)
    collect.make(*many)
    collect.index.forget()
    collect.succeed(jobs=4, frozen=True)
    assert len(collect.index.downloads) == 40
    assert len(collect.index.connections) <= 4
