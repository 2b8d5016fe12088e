# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Traps that a collect once fell into: what is lost in silence, what depends on chance, what misleads."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.tests.unit.support.collecting import ARCH, MINOR, PLATFORM, TARGET, Collect
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import (
    lock,
    make_project,
    replace_in,
    uv_executable,
    write_tree,
)
from ansible_collections.airgap.uv.tests.unit.support.real import find_python
from ansible_collections.airgap.uv.tests.unit.support.running import Result, snapshot
from ansible_collections.airgap.uv.tests.unit.support.sdists import fails, make_sdist
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ALPHA = "alpha-1.0-py3-none-any.whl"
BETA = "beta-2.0-py3-none-any.whl"

needs_git = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")


@pytest.fixture
def collect(index: Index, tmp_path: Path) -> Collect:
    """An index with two wheels, one of which needs the other; the project is to be made."""
    make_wheel(index.folder, "alpha")
    make_wheel(index.folder, "beta", "2.0", requires=["alpha"])
    return Collect(tmp_path, index)


def refused(result: Result, *named: str) -> None:
    assert result.failed
    assert "Traceback" not in result.output, result.output
    assert "Module failed" not in result.msg, result.msg
    assert [each for each in named if each not in result.msg] == [], result.msg


def release(collect: Collect, **options: Any) -> str:
    """The name that a collect into an empty wheelhouse gives."""
    shutil.rmtree(collect.wheelhouse, ignore_errors=True)
    return str(collect.succeed(**options)["stage"]["release"])


def staged_wheels(collect: Collect) -> list[str]:
    """Every path that the staged lock names, in order."""
    staged = tomllib.loads((collect.stage / "uv.lock").read_text(encoding="utf-8"))
    return sorted(wheel["path"] for package in staged["package"] for wheel in package.get("wheels", []))


def git(folder: Path, *words: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@index.test", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "init", "-q")
    git(folder, "add", "-f", ".")
    git(folder, "commit", "-qm", "one")


# --- nothing is lost


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(
    ("wheelhouse", "stage"),
    [("{stage}/wheels", "{stage}"), ("{wheelhouse}", "{wheelhouse}/stage"), ("{new}", "{new}")],
)
def test_wheelhouse_and_staged_project_in_one_another(
    wheelhouse: str, stage: str, check: bool, collect: Collect
) -> None:
    collect.make("alpha")
    collect.succeed()
    before = collect.snapshot()
    places = {"stage": collect.stage, "wheelhouse": collect.wheelhouse, "new": collect.folder / "new"}
    wheelhouse, stage = wheelhouse.format(**places), stage.format(**places)
    result = collect(wheelhouse=wheelhouse, stage={"path": stage}, check=check)
    refused(result, wheelhouse, stage, "lie in one another", "Name two folders beside each other")
    assert collect.snapshot() == before
    assert not places["new"].exists()


def test_prune_frees_a_name_that_other_bytes_had(collect: Collect) -> None:
    collect.make("alpha")
    collect.succeed()
    make_wheel(collect.index.folder, "alpha", files={"alpha/more.py": "x = 1\n"})
    shutil.rmtree(collect.project)
    collect.make("alpha")
    first = collect.succeed(prune=True)
    assert first["removed"] == [ALPHA]
    (wheel,) = first["wheels"]
    assert staged_wheels(collect) == [wheel["path"]]
    assert (collect.wheelhouse / wheel["path"]).is_file()
    second = collect.succeed(prune=True)
    assert (second["changed"], second["added"], second["removed"]) == (False, [], [])
    assert second["stage"] == first["stage"]


def test_prune_keeps_what_the_lock_names_for_other_targets(collect: Collect) -> None:
    for python in ("cp398", "cp399"):
        make_wheel(collect.index.folder, "multi", tag=f"{python}-{python}-manylinux_2_17_{ARCH}")
    collect.make("multi")
    targets = [{"python": "3.98.1", "platform": PLATFORM}, {"python": "3.99.1", "platform": PLATFORM}]
    both = collect.succeed(targets=targets)
    assert len(both["wheels"]) == 2
    one = collect.succeed(targets=targets[1:], prune=True)
    assert (one["removed"], one["changed"]) == ([], False)


def test_prune_keeps_what_another_host_of_the_play_takes(collect: Collect) -> None:
    """Hosts with other extras collect at the same time, into one wheelhouse."""
    make_wheel(collect.index.folder, "uv", "0.9.9")
    make_sdist(collect.index.folder, "gamma")
    own = make_wheel(collect.folder, "delta", "1.0", tag="py2.py3-none-any")
    make_wheel(collect.index.folder, "delta", "1.0", tag="cp398-cp398-any")
    more = '\n[project.optional-dependencies]\nmore = ["beta", "gamma", "delta"]\n'
    collect.make("alpha", extra=more)
    brought = [{"path": str(own), "hash": f"sha256:{sha256(own)}"}]
    collect.succeed(extras=["more"], uv="0.9.9", extra_wheels=brought)
    before = collect.files
    assert len(before) == 7
    for prune in ({}, {"extras": ["more"], "extra_wheels": brought}):
        again = collect.succeed(prune=True, **prune)
        assert (again["removed"], collect.files) == ([], before)


def test_prune_leaves_a_folder_alone(collect: Collect) -> None:
    collect.make("alpha")
    collect.succeed()
    write_tree(collect.wheelhouse, {"mine.whl/notes.txt": "x\n"})
    assert collect.succeed(prune=True)["removed"] == []
    assert (collect.wheelhouse / "mine.whl/notes.txt").is_file()


def test_a_stage_that_is_a_symbolic_link(collect: Collect) -> None:
    collect.make("alpha")
    real = collect.folder / "real"
    real.mkdir()
    collect.stage.symlink_to(real)
    collect.succeed()
    write_tree(collect.project, {"main.py": "changed = True\n"})
    collect.succeed()
    assert collect.stage.is_symlink()
    assert (real / "main.py").read_text(encoding="utf-8") == "changed = True\n"
    assert collect.remains == []
    assert collect.succeed()["changed"] is False


@pytest.mark.parametrize("name", ["wheelhouse.json", "SHA256SUMS"])
def test_a_run_that_is_killed_while_it_writes_its_first_file(name: str, collect: Collect) -> None:
    collect.make("alpha")
    write_tree(collect.wheelhouse, {".cache/lock": "", f".{name}.abcd1234": "{"})
    collect.succeed()
    assert collect.files == ["SHA256SUMS", ALPHA, "wheelhouse.json"]


# --- the release's name


def by_which_python(name: str) -> str:
    """A prelude that lets the bytes of a wheel depend on the Python that builds it."""
    return f"os.path.isdir({name!r}) and open({name + '/which.py'!r}, 'w').write(repr(sys.version_info[:2]))"


class Two:
    """Two Pythons that builds find: this one and another."""

    def __init__(self) -> None:
        others = (find_python(minor) for minor in ("3.13", "3.12", "3.11", "3.10", "3.9") if minor != MINOR)
        other = next((found for found in others if found), None)
        if other is None:
            pytest.skip("there is no other Python here")
        path = os.pathsep.join([str(Path(other[0]).parent), str(Path(sys.executable).parent), os.environ["PATH"]])
        self.options = {"environment": {"PATH": path}}
        self.minor = ".".join(other[1].split(".")[:2])
        self.target = {"python": other[1], "platform": PLATFORM}
        self.plays = ([TARGET], [self.target], [TARGET, self.target])


@pytest.fixture
def two() -> Two:
    return Two()


def test_a_package_that_is_built_for_some_targets(two: Two, collect: Collect) -> None:
    """One has no wheel at all, the other one for this Python alone."""
    python = f"cp{MINOR.replace('.', '')}"
    make_wheel(collect.index.folder, "multi", tag=f"{python}-{python}-manylinux_2_17_{ARCH}")
    for name in ("delta", "multi"):
        make_sdist(collect.index.folder, name, prelude=by_which_python(name))
    collect.make("delta", "multi")
    assert len({release(collect, targets=targets, **two.options) for targets in two.plays}) == 1


def test_a_local_package_whichever_python_builds_it(two: Two, collect: Collect) -> None:
    collect.make("alpha", packaged=True, prelude=by_which_python("app"))
    found = set()
    for targets in two.plays:
        name = release(collect, targets=targets, **two.options)
        (wheel,) = collect.wheelhouse.glob("*/app-*.whl")
        found.add((name, sha256(wheel)))
    assert len(found) == 1


def test_additional_wheels_of_one_package(two: Two, collect: Collect) -> None:
    """One for each Python; the staged lock has one package with both, whichever is taken."""
    pythons = [f"cp{minor.replace('.', '')}" for minor in (MINOR, two.minor)]
    own = [make_wheel(collect.folder / "own", "plugin", tag=f"{python}-{python}-linux_{ARCH}") for python in pythons]
    collect.make("alpha")
    extra = [{"path": path, "hash": f"sha256:{sha256(path)}"} for path in own]
    assert len({release(collect, targets=targets, extra_wheels=extra) for targets in two.plays}) == 1
    staged = tomllib.loads((collect.stage / "uv.lock").read_text(encoding="utf-8"))
    assert [package["name"] for package in staged["package"]] == ["app-release", "alpha", "plugin"]
    assert len(staged_wheels(collect)) == 3


def test_an_extra_wheel_that_fits_some_targets(two: Two, collect: Collect) -> None:
    python = f"cp{MINOR.replace('.', '')}"
    own = make_wheel(collect.folder / "own", "alpha", tag=f"{python}-{python}-manylinux_2_17_{ARCH}")
    collect.make("alpha")
    extra = [{"path": own, "hash": f"sha256:{sha256(own)}"}]
    assert len({release(collect, targets=targets, extra_wheels=extra) for targets in two.plays}) == 1


def hidden_and_tracked(collect: Collect, packaged: bool = False) -> None:
    """A project whose repository tracks a file that .gitignore names."""
    hidden = "app/a.mo" if packaged else "a.mo"
    collect.make("alpha", packaged=packaged, files={".gitignore": "*.mo\n", hidden: "compiled\n"})
    commit(collect.project)


@needs_git
def test_a_hook_of_another_repository(collect: Collect) -> None:
    """git exports these variables to every hook, and a hook may deploy."""
    hidden_and_tracked(collect)
    usual = collect.succeed()
    other = write_tree(collect.folder / "other", {"x": ""})
    commit(other)
    hook = {"GIT_DIR": f"{other}/.git", "GIT_WORK_TREE": str(other), "GIT_INDEX_FILE": f"{other}/.git/index"}
    result = collect.succeed(environment={**hook, "GIT_PREFIX": ""})
    assert (collect.stage / "a.mo").is_file()
    assert (result["changed"], result["stage"]) == (False, usual["stage"])


@needs_git
@pytest.mark.parametrize("packaged", [False, True], ids=["files", "packaged"])
def test_a_repository_without_git(packaged: bool, collect: Collect) -> None:
    """What it tracks although .gitignore names it cannot be known, and that is said."""
    hidden_and_tracked(collect, packaged)
    (collect.folder / "empty").mkdir()
    lacking = collect.succeed(environment={"PATH": str(collect.folder / "empty")})
    assert "git is not on PATH" in str(lacking.get("warnings"))
    usual = collect.succeed()
    assert "git is not" not in str(usual.get("warnings"))
    assert usual["stage"]["release"] != lacking["stage"]["release"]


@needs_git
def test_a_repository_that_git_cannot_read(collect: Collect) -> None:
    hidden_and_tracked(collect)
    write_tree(collect.project, {".git/HEAD": "x\n"})
    refused(collect(), str(collect.project), "git cannot list what it tracks")
    assert not collect.stage.exists()


def test_a_workspace_without_a_root(collect: Collect) -> None:
    """Its folder may be called anything."""
    make_project(collect.project / "a", name="a", packaged=True, dependencies=["alpha"])
    table = f'[tool.uv.workspace]\nmembers = ["a"]\n[[tool.uv.index]]\nurl = "{collect.index.url}"\ndefault = true\n'
    write_tree(collect.project, {"pyproject.toml": table})
    lock(collect.project)
    usual = release(collect, all_packages=True)
    other = collect.folder / "my work (1)"
    shutil.copytree(collect.project, other)
    assert release(collect, all_packages=True, project=other) == usual
    staged = tomllib.loads((collect.stage / "pyproject.toml").read_text(encoding="utf-8"))
    assert staged["project"]["name"] == "workspace-release"


# --- what is built


def members(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_exclude_says_what_travels_and_not_what_is_built(collect: Collect) -> None:
    prelude = "open('README.md').close()"
    files = {"README.md": "x\n", "app/data.md": "x\n"}
    collect.make("alpha", packaged=True, prelude=prelude, files=files)
    usual = release(collect)
    assert release(collect, stage={"path": collect.stage, "exclude": ["*.md"]}) == usual
    (wheel,) = collect.wheelhouse.glob("*/app-*.whl")
    assert "app/data.md" in members(wheel)


def test_what_a_build_left_in_a_member(collect: Collect) -> None:
    make_project(collect.project / "packages" / "tools", name="tools", packaged=True)
    extra = '[tool.uv.workspace]\nmembers = ["packages/*"]\n[tool.uv.sources]\ntools = { workspace = true }\n'
    collect.make("tools", packaged=True, extra=extra)
    write_tree(collect.project / "packages" / "tools", {"build/lib/tools/ghost.py": "", "dist/x.txt": ""})
    write_tree(collect.project, {"build/lib/app/ghost.py": ""})
    collect.succeed()
    wheels = sorted(collect.wheelhouse.glob("*/*.whl"))
    assert [path.name.split("-")[0] for path in wheels] == ["app", "tools"]
    assert [name for path in wheels for name in members(path) if "ghost" in name] == []


LEGACY = """
import sys
sys.path.insert(0, ".")


class Legacy:
    def build_wheel(self, folder, settings=None, metadata=None):
        import base64, hashlib, zipfile
        name = "leg-3.0-py3-none-any.whl"
        record = []
        with zipfile.ZipFile(folder + "/" + name, "w") as archive:
            def add(path, text):
                archive.writestr(zipfile.ZipInfo(path), text)
                digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
                record.append(path + ",sha256=" + digest + "," + str(len(text.encode())))
            add("leg.py", open("leg.py").read())
            add("leg-3.0.dist-info/METADATA", "Metadata-Version: 2.2\\nName: leg\\nVersion: 3.0\\n")
            add("leg-3.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
            add("leg-3.0.dist-info/RECORD", "\\n".join([*record, "leg-3.0.dist-info/RECORD,,", ""]))
        return name


__legacy__ = Legacy()
"""


def test_a_path_dependency_with_setup_py_alone(collect: Collect) -> None:
    make_wheel(collect.index.folder, "setuptools", "99.0", files={"setuptools/build_meta.py": LEGACY})
    files = {"vendor/leg/setup.py": "", "vendor/leg/leg.py": "x = 1\n"}
    collect.make("leg", extra='[tool.uv.sources]\nleg = { path = "vendor/leg" }\n', files=files)
    for frozen in (True, False):
        (wheel,) = collect.succeed(frozen=frozen)["wheels"]
        assert (wheel["name"], wheel["version"], wheel["origin"]["path"]) == ("leg", "3.0", "vendor/leg")


def test_a_local_build_that_fails_names_the_package(collect: Collect) -> None:
    collect.make("alpha", packaged=True, prelude=fails())
    refused(collect(frozen=True), "Building app (the project) with", "frobnicate.h")


def test_paths_of_options_are_those_of_the_caller(collect: Collect) -> None:
    """uv runs in other folders."""
    make_wheel(collect.index.folder, "helper")
    helper = make_wheel(collect.index.folder, "helper", "0.5")
    make_sdist(collect.index.folder, "needy", build_requires=["helper"], prelude="import helper")
    collect.make("needy")
    here = write_tree(collect.folder / "here", {"bc.txt": f"helper==0.5 --hash=sha256:{sha256(helper)}\n"})
    (here / "uv").symlink_to(uv_executable())
    collect.index.forget()
    collect.succeed(cwd=here, build_constraints="bc.txt", uv_executable="./uv")
    assert helper.name in collect.index.downloads


# --- deferred builds


@pytest.fixture
def deferred(collect: Collect) -> tuple[Collect, dict[str, Any]]:
    """A package that is to be built, and what says that it was built elsewhere."""
    sdist = make_sdist(collect.index.folder, "marked")
    collect.make("alpha", "marked")
    own = make_wheel(collect.folder / "elsewhere", "marked")
    return collect, {"path": own, "hash": f"sha256:{sha256(own)}", "source": sha256(sdist)}


def test_check_mode_knows_what_was_built_elsewhere(deferred: tuple[Collect, dict[str, Any]]) -> None:
    collect, built = deferred
    predicted = collect.succeed(build="defer", built=[built], check=True)
    real = collect.succeed(build="defer", built=[built])
    for key in ("changed", "added", "to_build", "stage"):
        assert predicted[key] == real[key], key
    assert [wheel["sha256"] for wheel in predicted["wheels"]] == [wheel["sha256"] for wheel in real["wheels"]]


WRONG_BUILT: list[tuple[dict[str, Any], str]] = [
    ({"hash": f"sha256:{'0' * 64}"}, "its sha256 is"),
    ({"source": "0" * 64}, f"nothing is to be built from {'0' * 64}"),
]


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize(("change", "said"), WRONG_BUILT)
def test_what_was_built_elsewhere_and_is_wrong(
    change: dict[str, Any], said: str, check: bool, deferred: tuple[Collect, dict[str, Any]]
) -> None:
    collect, built = deferred
    result = collect(build="defer", built=[{**built, **change}], check=check)
    refused(result, f"built: {built['path']} cannot be used", said)


# --- what is said


def test_credentials_in_what_uv_says(collect: Collect) -> None:
    """Of an index that has not what is wanted, and of an address that is none."""
    collect.make("alpha")
    secret = collect.index.origin.replace("://", "://user:s3cret@")
    replace_in(collect.project / "pyproject.toml", collect.index.url, f"{secret}/nonesuch/simple")
    replace_in(collect.project / "pyproject.toml", "[[tool.uv.index]]", '[[tool.uv.index]]\nname = "corp"')
    result = collect(frozen=True, uv="0.9.9")
    assert result.failed
    assert "s3cret" not in result.output
    file = collect.index.file_url(ALPHA)
    replace_in(collect.project / "uv.lock", file, f"http://user:s3cret@127.0.0.1:99999/{ALPHA}")
    result = collect(frozen=True)
    assert result.failed
    assert "127.0.0.1:99999" in result.msg
    assert "s3cret" not in result.output


def test_a_name_that_is_not_utf_8(collect: Collect) -> None:
    collect.make("alpha")
    (collect.project / os.fsdecode(b"caf\xe9.txt")).write_text("x\n", encoding="utf-8")
    refused(collect(), "caf", "not UTF-8", "rename or exclude it")
    collect.succeed(stage={"path": collect.stage, "exclude": ["caf*"]})


def test_a_port_that_is_closed_says_nothing_of_others(collect: Collect) -> None:
    first = make_wheel(collect.index.folder, "gamma", padding=10_000).name  # the largest is fetched first
    collect.make("beta", "gamma")
    closed = "http://127.0.0.1:1/"
    replace_in(collect.project / "uv.lock", collect.index.file_url(first), f"{closed}{first}")
    refused(collect(frozen=True, jobs=1, retries=0), "1 file(s) could not be fetched", f"{first} from {closed}")
    assert BETA in collect.files


def test_wrong_bytes_do_not_hide_what_could_not_be_fetched(collect: Collect) -> None:
    collect.make("beta")
    collect.index.fail(ALPHA, status=404)
    collect.index.fail(BETA, wrong=b"x" * (collect.index.folder / BETA).stat().st_size)
    refused(collect(), f"{BETA} from", "wanted sha256", f"{ALPHA} from", "HTTP 404")


def test_the_disk_that_is_full_is_named(collect: Collect) -> None:
    collect.make("alpha", files={"big.txt": "x" * 300_000})
    small = collect.folder / "small"
    script = 'mkdir -p "$0" && mount -t tmpfs -o size=100k tmpfs "$0" || exit 77; exec "$@"'
    wrapper = ("unshare", "-rm", "sh", "-c", script, str(small))
    can = shutil.which("unshare") and subprocess.run([*wrapper, "true"], capture_output=True, check=False)
    if not can or can.returncode:
        pytest.skip("this user cannot mount a small filesystem")
    result = collect(wrapper=wrapper, stage={"path": small / "stage"})
    refused(result, f"The disk that holds {small}/stage is full")


USELESS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no certificates": ({"ca_bundle": "{folder}/file"}, ["ca_bundle: {folder}/file", "holds no certificates"]),
    "no time": ({"timeout": 0}, ["timeout: 0", "more than 0"]),
    "wheelhouse below a file": ({"wheelhouse": "{folder}/file/wh"}, ["{folder}/file", "cannot be read or written"]),
    "stage below a file": ({"stage": {"path": "{folder}/file/st"}}, ["{folder}/file", "cannot be read or written"]),
}


@pytest.mark.parametrize("case", list(USELESS))
def test_options_that_cannot_work(case: str, collect: Collect) -> None:
    options, named = USELESS[case]
    collect.make("alpha")
    write_tree(collect.folder, {"file": "no certificate\n"})
    folder = str(collect.folder)

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: fill(each) for key, each in value.items()}
        return value.replace("{folder}", folder) if isinstance(value, str) else value

    result = collect(**fill(options))
    refused(result, *map(fill, named))
    # Ansible adds these to every error with a fact that is called `path`.
    assert not {"gid", "group", "mode", "owner", "uid"}.intersection(result.data)


def test_diff_shows_the_files_and_the_release(collect: Collect) -> None:
    collect.make("alpha")
    collect.succeed()
    write_tree(collect.project, {"main.py": "changed = True\n"})
    result = collect.succeed(diff=True)
    before, after = (result["diff"][key].splitlines() for key in ("before", "after"))
    assert [line.split()[0] for line in before] == [ALPHA, "main.py"]
    assert [line.split()[0] for line in after] == [ALPHA, "main.py", "release"]
    assert after[-1] == f"release {result['stage']['release']}"
    assert before[1] != after[1]


def test_a_member_is_no_project(collect: Collect) -> None:
    make_project(collect.project / "a", name="a", packaged=True)
    collect.make("alpha", extra='[tool.uv.workspace]\nmembers = ["a"]\n')
    member = collect.project / "a"
    refused(collect(project=member), f"There is no {member}/uv.lock", f"one in {collect.project}", "`package`")


def test_a_python_version_with_a_comment(collect: Collect) -> None:
    collect.make("alpha", files={".python-version": f"# pinned\n\n{MINOR}\n"})
    (wheel,) = collect.succeed(targets=None)["wheels"]
    assert wheel["targets"][0].startswith(f"{MINOR}.")


def test_a_python_version_that_is_not_here(collect: Collect) -> None:
    """It is this machine that lacks it, not a host, and a file that asks for it."""
    collect.make("alpha", files={".python-version": f"{MINOR}.99\n"})
    result = collect(targets=None)
    refused(result, "this machine has no Python", f"{MINOR}.99", f"{collect.project}/.python-version")
    assert "uv_deploy_python" not in result.msg


def test_the_size_is_the_file_s_own(collect: Collect) -> None:
    collect.make("alpha")
    size = (collect.index.folder / ALPHA).stat().st_size
    replace_in(collect.project / "uv.lock", f"size = {size}", f"size = {size + 9000}")
    first = collect.succeed(frozen=True)
    assert [wheel["size"] for wheel in first["wheels"]] == [size]
    second = collect.succeed(frozen=True)
    assert (second["changed"], second["wheels"]) == (False, first["wheels"])


def test_no_binary_and_no_build_of_one_package(collect: Collect) -> None:
    make_sdist(collect.index.folder, "alpha")
    collect.make("alpha")
    result = collect(no_binary=["alpha"], no_build=["alpha"])
    refused(result, "alpha 1.0", "no_binary wants it built, and no_build forbids that")
    assert "no wheel fits" not in result.msg


AT_ODDS: list[tuple[str, str, str]] = [
    ("1.0", "2.0", "is another version of plugin"),
    ("1.0", "1.0", "has the same name and other bytes"),
]


@pytest.mark.parametrize(("one", "other", "said"), AT_ODDS)
def test_extra_wheels_at_odds(one: str, other: str, said: str, collect: Collect) -> None:
    collect.make("alpha")
    wheels = [
        make_wheel(collect.folder / "one", "plugin", one),
        make_wheel(collect.folder / "other", "plugin", other, files={"plugin/more.py": ""}),
    ]
    before = snapshot(collect.project)
    given = [{"path": path, "hash": f"sha256:{sha256(path)}"} for path in wheels]
    refused(collect(extra_wheels=given), f"extra_wheels: {wheels[1]}", said)
    assert snapshot(collect.project) == before


def test_a_wheel_that_is_no_archive(collect: Collect) -> None:
    """Its bytes are those that the lock names; uv would tell on the hosts."""
    wheel = collect.index.folder / "broken-1.0-py3-none-any.whl"
    make_wheel(collect.index.folder, "broken")
    collect.make("broken")
    was, lock = sha256(wheel), collect.project / "uv.lock"
    wheel.write_text("This is the wheel of broken 1.0.\n" * 7, encoding="utf-8")
    text = re.sub(r"(broken-1.0-py3.*size = )\d+", rf"\g<1>{wheel.stat().st_size}", lock.read_text(encoding="utf-8"))
    lock.write_text(text.replace(was, sha256(wheel)), encoding="utf-8")
    result = collect(frozen=True)
    assert result.failed
    for words in (f"{wheel.name} (sha256 {sha256(wheel)})", "cannot be read as zip archives", "extra_wheels"):
        assert words in result.msg
    assert not collect.stage.exists()
