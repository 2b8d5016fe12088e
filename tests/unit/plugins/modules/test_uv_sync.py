# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module with a real uv, on staged projects with miniature wheels.

AIRGAP_TEST_UV names another uv than the one beside the interpreter, so that the same tests run with old ones.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.tests.unit.support.projects import replace_in, uv_executable, write_tree
from ansible_collections.airgap.uv.tests.unit.support.running import Module, Result, kill, snapshot
from ansible_collections.airgap.uv.tests.unit.support.sdists import source_tree
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256, tamper

UV = Path(os.environ.get("AIRGAP_TEST_UV") or uv_executable())
VERSION = tuple(int(part) for part in subprocess.check_output([UV, "--version"], text=True).split()[1].split("."))
PYTHON = getattr(sys, "_base_executable", sys.executable)
PYTHON_VERSION = ".".join(map(str, sys.version_info[:3]))
LINKS = "../../wheels"

ALPHA_1 = {"name": "alpha", "version": "1.0", "action": "install"}
ALPHA_2 = {"name": "alpha", "version": "2.0", "action": "install"}
BETA = {"name": "beta", "version": "1.5", "action": "install"}


class Host:
    """A folder as a host has it: wheels, and one release that `stage` writes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.wheels = root / "wheels"
        self.release = root / "releases" / "r1"
        self.venv = self.release / ".venv"
        self.module = Module("uv_sync", root / "home")
        self.module.options = {
            "project": self.release,
            "python": PYTHON,
            "locked": True,
            "no_index": True,
            "find_links": [LINKS],
            "no_cache": True,
            "no_config": True,
            "uv_executable": UV,
        }

    def __call__(self, umask: str | None = None, **options: Any) -> Result:
        """Run the module; `umask` is its own option, not that of the process."""
        self.module.options["umask"] = umask
        return self.module(**options)

    def wheel(self, name: str, version: str, **more: Any) -> Path:
        return make_wheel(self.wheels, name, version, **more)

    def stage(self, *pins: str, markers: Mapping[str, str] | None = None) -> None:
        """Write the project that has exactly `pins` (`alpha==1.0`), from the wheels that are there."""
        self.release.mkdir(parents=True, exist_ok=True)
        pyproject, lock = staged([pin.split("==") for pin in pins], self.wheels, markers or {})
        (self.release / "pyproject.toml").write_text(pyproject)
        (self.release / "uv.lock").write_text(lock)

    def installed(self) -> list[str]:
        found = self.venv.glob("lib/*/site-packages/*.dist-info")
        return sorted(info.name[: -len(".dist-info")] for info in found)

    def left_over(self) -> list[str]:
        """What lies in the release besides what belongs there."""
        return sorted({path.name for path in self.release.iterdir()} - {"pyproject.toml", "uv.lock", ".venv"})


def staged(pins: list[list[str]], wheels: Path, markers: Mapping[str, str]) -> tuple[str, str]:
    """A flat project and its lock, as DESIGN's facts 2 to 4 have them."""
    names = [name for name, _version in pins]
    required, depends, lists, packages = "", "", "", ""
    for name, version in pins:
        marker = markers.get(f"{name}=={version}", "")
        locked = f', marker = "{marker}"' if marker else ""
        source = f', version = "{version}", source = {{ registry = "{LINKS}" }}' if names.count(name) > 1 else ""
        required += f'    "{name}=={version}{"; " + marker if marker else ""}",\n'
        depends += f'    {{ name = "{name}"{source}{locked} }},\n'
        lists += f'    {{ name = "{name}"{locked}, specifier = "=={version}" }},\n'
        files = sorted(wheels.glob(f"**/{name}-{version}-*.whl"))
        entries = "".join(
            f'    {{ path = "{path.relative_to(wheels)}", hash = "sha256:{sha256(path)}" }},\n' for path in files
        )
        packages += (
            f'\n[[package]]\nname = "{name}"\nversion = "{version}"\n'
            f'source = {{ registry = "{LINKS}" }}\nwheels = [\n{entries}]\n'
        )
    pyproject = (
        '[project]\nname = "app-release"\nversion = "0.1.0"\nrequires-python = ">=3.9"\n'
        f"dependencies = [\n{required}]\n\n"
        f'[tool.uv]\npackage = false\nno-index = true\nfind-links = ["{LINKS}"]\n\n[tool.uv.workspace]\n'
    )
    lock = (
        'version = 1\nrequires-python = ">=3.9"\n\n'
        '[[package]]\nname = "app-release"\nversion = "0.1.0"\nsource = { virtual = "." }\n'
        f"dependencies = [\n{depends}]\n\n[package.metadata]\nrequires-dist = [\n{lists}]\n{packages}"
    )
    return pyproject, lock


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host with the wheels of alpha 1.0, alpha 2.0 and beta 1.5, and with alpha 1.0 and beta staged."""
    made = Host(tmp_path)
    made.wheel("alpha", "1.0")
    made.wheel("alpha", "2.0")
    made.wheel("beta", "1.5", requires=["not-in-the-lock"])
    made.stage("alpha==1.0", "beta==1.5")
    return made


@pytest.fixture(scope="session")
def other_python() -> str:
    """An interpreter of another version than the tests' own, on PATH or of pyenv's."""
    own = f"3.{sys.version_info[1]}"
    named = [found for found in (shutil.which(f"python3.{minor}") for minor in range(9, 15)) if found]
    pyenv = sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/3.*/bin/python"))
    for candidate in (*named, *map(str, pyenv)):
        ask = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        said = subprocess.run(ask, capture_output=True, text=True, check=False)
        version = said.stdout.strip()
        if said.returncode == 0 and version != own and tuple(map(int, version.split("."))) >= (3, 9):
            return candidate
    pytest.skip(f"no Python besides {own} on this machine")


def both(host: Host, **options: Any) -> Result:
    """Run in check mode, then for real; the same must be told, and check mode must touch nothing."""
    before = snapshot(host.root / "releases", host.wheels)
    told = host(check=True, diff=True, **options)
    assert not told.failed, told.msg
    assert snapshot(host.root / "releases", host.wheels) == before
    done = host(diff=True, **options)
    assert not done.failed, done.msg
    for key in ("changed", "changes", "environment", "diff", "python", "venv", "lock_changed"):
        assert told[key] == done[key], key
    return done


def test_installs_what_the_lock_names_and_then_has_nothing_to_do(host: Host) -> None:
    lock = (host.release / "uv.lock").read_bytes()

    first = both(host)
    assert first["changes"] == [ALPHA_1, BETA]
    assert first["environment"] == "created"
    assert first["python"] == {"path": str(host.venv / "bin" / "python"), "version": PYTHON_VERSION}
    assert first["diff"] == {
        "before_header": str(host.venv),
        "after_header": str(host.venv),
        "before": "",
        "after": f"Python {PYTHON_VERSION}\nalpha==1.0\nbeta==1.5\n",
    }
    assert host.installed() == ["alpha-1.0", "beta-1.5"]

    second = both(host)
    assert (second["changed"], second["changes"], second["environment"]) == (False, [], "kept")
    assert (host.release / "uv.lock").read_bytes() == lock
    assert host.left_over() == []


def test_updates_and_removes(host: Host) -> None:
    host()
    host.stage("alpha==2.0")
    done = both(host)
    assert done["changes"] == [
        {**ALPHA_2, "from": "1.0"},
        {"name": "beta", "version": "1.5", "action": "remove"},
    ]
    assert done["diff"]["before"] == f"Python {PYTHON_VERSION}\nalpha==1.0\nbeta==1.5\n"
    assert done["diff"]["after"] == f"Python {PYTHON_VERSION}\nalpha==2.0\n"
    assert host.installed() == ["alpha-2.0"]


def test_inexact_keeps_what_the_lock_does_not_name(host: Host) -> None:
    host()
    host.stage("alpha==2.0")
    assert both(host, inexact=True)["changes"] == [{**ALPHA_2, "from": "1.0"}]
    assert host.installed() == ["alpha-2.0", "beta-1.5"]


def test_an_empty_project_empties_the_environment(host: Host) -> None:
    host()
    host.stage()
    assert [change["action"] for change in both(host)["changes"]] == ["remove", "remove"]
    assert not both(host)["changed"]


def test_compiled_bytecode_is_no_change(host: Host) -> None:
    first = host(compile_bytecode=True)
    assert first["changes"] == [ALPHA_1, BETA]
    assert list(host.venv.glob("lib/*/site-packages/alpha/__pycache__/*.pyc"))
    assert not both(host, compile_bytecode=True)["changed"]


def test_wheels_that_lie_in_folders(host: Host, other_python: str) -> None:
    """Those that were built do."""
    make_wheel(host.wheels / "0123456789ab", "gamma", "1.0")
    make_wheel(host.wheels / "123456789abc", "delta", "1.0")
    host.stage("alpha==1.0", "gamma==1.0", "delta==1.0")
    assert both(host)["environment"] == "created"
    assert both(host, python=other_python)["environment"] == "recreated"
    assert host.installed() == ["alpha-1.0", "delta-1.0", "gamma-1.0"]


def test_frozen_takes_the_lock_as_it_is(host: Host) -> None:
    replace_in(host.release / "pyproject.toml", "beta==1.5", "beta==9")
    assert both(host, locked=False, frozen=True)["changes"] == [ALPHA_1, BETA]


def test_takes_of_several_versions_the_one_whose_marker_holds(host: Host) -> None:
    markers = {"alpha==1.0": "python_full_version < '3.9.1'", "alpha==2.0": "python_full_version >= '3.9.1'"}
    host.stage("alpha==1.0", "alpha==2.0", markers=markers)
    assert both(host)["changes"] == [ALPHA_2]


@pytest.mark.parametrize("how", ["another Python", "interpreter gone"])
def test_an_unfit_environment_is_made_anew(host: Host, other_python: str, how: str) -> None:
    host(python=other_python)
    if how == "interpreter gone":
        (host.venv / "bin" / "python").unlink()
        (host.venv / "bin" / "python").symlink_to("/nowhere/python")
    done = both(host)
    assert done["environment"] == "recreated"
    assert done["changes"] == [ALPHA_1, BETA]
    assert done["python"]["version"] == PYTHON_VERSION
    assert done["diff"]["before"] != done["diff"]["after"]
    assert not both(host)["changed"]


@pytest.mark.parametrize("how", ["wheel tampered with", "lock outdated"])
def test_an_environment_is_replaced_only_by_a_whole_one(host: Host, other_python: str, how: str) -> None:
    host(python=other_python)
    before = snapshot(host.venv)
    if how == "lock outdated":
        _lock_outdated(host)
    else:
        tamper(host.wheels / "beta-1.5-py3-none-any.whl")
    assert host().failed
    after = snapshot(host.venv)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert changed <= {str(host.venv), str(host.venv / ".lock")}
    assert host.left_over() == []


def test_environment_elsewhere(host: Host) -> None:
    elsewhere = host.root / "var" / "venv"
    done = host(venv=elsewhere)
    assert done["venv"] == str(elsewhere)
    assert (elsewhere / "pyvenv.cfg").is_file()
    assert not host.venv.exists()
    assert sorted(path.name for path in elsewhere.parent.iterdir()) == ["venv"]


def test_relative_venv_starts_from_the_project(host: Host) -> None:
    assert both(host, venv="env")["venv"] == str(host.release / "env")


@pytest.mark.parametrize("mask", ["022", "077", "027"])
def test_umask_decides_the_modes(host: Host, mask: str) -> None:
    done = host(umask=mask)
    assert not done.failed, done.msg
    module = next(host.venv.glob("lib/*/site-packages/alpha/__init__.py"))
    assert oct(module.stat().st_mode & 0o777) == oct(0o666 & ~int(mask, 8))
    assert oct(module.parent.stat().st_mode & 0o777) == oct(0o777 & ~int(mask, 8))


def _other_code(wheel: Path) -> None:
    """A whole wheel with other content, which only its hash gives away."""
    make_wheel(wheel.parent, "beta", "1.5", files={"beta/evil.py": "evil = True"})


@pytest.mark.parametrize("change", [tamper, _other_code, lambda wheel: wheel.write_bytes(b"")])
def test_a_tampered_wheel_is_refused_by_name(host: Host, change: Callable[[Path], Any]) -> None:
    wheel = host.wheels / "beta-1.5-py3-none-any.whl"
    expected = sha256(wheel)
    change(wheel)
    done = host()
    assert done.failed
    assert done["wheels"] == [{"path": str(wheel), "expected": expected, "computed": sha256(wheel)}]
    assert done.msg == (
        f"{wheel} was changed after the transfer (uv.lock names sha256:{expected}, the file has "
        f"sha256:{sha256(wheel)}). Nothing was installed. Transfer it again, and find out who changed it."
    )
    assert not host.venv.exists()
    assert host.left_over() == []


def test_all_tampered_wheels_are_named_at_once(host: Host) -> None:
    for name in ("alpha-1.0", "beta-1.5"):
        tamper(host.wheels / f"{name}-py3-none-any.whl")
    assert [Path(wheel["path"]).name for wheel in host()["wheels"]] == [
        "alpha-1.0-py3-none-any.whl",
        "beta-1.5-py3-none-any.whl",
    ]


def test_a_tampered_wheel_leaves_the_environment_as_it_is(host: Host) -> None:
    host()
    before = snapshot(host.venv)
    host.stage("alpha==2.0", "beta==1.5")
    tamper(host.wheels / "alpha-2.0-py3-none-any.whl")
    assert host().failed
    assert host.installed() == ["alpha-1.0", "beta-1.5"]
    after = snapshot(host.venv)
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    assert not [path for path in changed if "site-packages" in path]
    assert host.left_over() == []


def test_a_changed_file_of_one_release_does_not_reach_the_next(host: Host) -> None:
    host()
    module = next(host.venv.glob("lib/*/site-packages/alpha/__init__.py"))
    clean = module.read_text()
    module.write_text("evil = True\n")
    next_release = host.release.with_name("r2")
    shutil.copytree(host.release, next_release, ignore=shutil.ignore_patterns(".venv"))
    host(project=next_release)
    assert next(next_release.glob(".venv/lib/*/site-packages/alpha/__init__.py")).read_text() == clean


def test_no_cache_means_no_second_copy(host: Host) -> None:
    """Files are links to what uv unpacked beside the environment, so nothing was written to /tmp or ~/.cache."""
    host.wheel("big", "1.0", padding=1_000_000)
    host.stage("big==1.0")
    done = host(environment={"TMPDIR": "/nowhere"}, link_mode="hardlink")
    assert not done.failed, done.msg
    assert next(host.venv.glob("lib/*/site-packages/big/padding.bin")).stat().st_size == 1_000_000
    assert not (host.root / "home" / ".cache").exists()
    assert host.left_over() == []


@pytest.fixture
def killed(host: Host) -> Iterator[Host]:
    """A host where a run was killed while uv installed."""
    for number in range(40):
        host.wheel(f"bulk{number}", "1.0", padding=4_000_000)
    host.stage("alpha==1.0", "beta==1.5", *(f"bulk{number}==1.0" for number in range(40)))
    process = host.module.start({})
    scratch = host.release / ".venv.uv_sync"
    for _wait in range(1000):
        if scratch.is_dir() and any(scratch.iterdir()):
            break
        time.sleep(0.005)
    kill(process)
    assert scratch.is_dir()
    yield host


def test_after_a_killed_run_everything_is_installed_again(killed: Host) -> None:
    host = killed
    # As uv leaves it when it dies between two files of a package: it would take this for a whole one.
    subprocess.run([UV, "venv", "-q", "--allow-existing", "-p", PYTHON, host.venv], check=True)
    site = next(host.venv.glob("lib/*/site-packages"))
    (site / "alpha-1.0.dist-info").mkdir(exist_ok=True)
    (site / "alpha-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: alpha\nVersion: 1.0\n")
    (site / "alpha-1.0.dist-info" / "RECORD").write_text(
        "alpha-1.0.dist-info/RECORD,,\nalpha-1.0.dist-info/METADATA,,\n"
    )
    shutil.rmtree(site / "alpha", ignore_errors=True)

    done = both(host)
    assert {"name": "alpha", "version": "1.0", "action": "reinstall"} in done["changes"]
    assert (site / "alpha" / "__init__.py").is_file()
    assert host.left_over() == []
    assert not both(host)["changed"]


def test_two_runs_at_once(host: Host) -> None:
    """The second waits until the first has ended."""
    scratch = host.release / ".venv.uv_sync"
    scratch.mkdir()
    descriptor = os.open(scratch, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    ended = threading.Timer(2.0, os.close, (descriptor,))
    ended.start()
    done = host()
    assert not ended.is_alive()
    assert not done.failed, done.msg
    assert not scratch.exists()


ELSEWHERE = """\
index-url = "https://127.0.0.1:9/simple"
resolution = "lowest"
exclude-newer = "2001-01-01T00:00:00Z"
no-binary = true
link-mode = "symlink"
cache-dir = "{cache}"
"""
VARIABLES = {
    "PIP_INDEX_URL": "https://127.0.0.1:9/simple",
    "PYTHONHOME": "/nowhere",
    "UV_CACHE_DIR": "/nowhere/cache",
    "UV_COMPILE_BYTECODE": "1",
    "UV_CONFIG_FILE": "/nowhere/uv.toml",
    "UV_DEFAULT_INDEX": "https://127.0.0.1:9/simple",
    "UV_EXCLUDE_NEWER": "2001-01-01T00:00:00Z",
    "UV_FROZEN": "1",
    "UV_LINK_MODE": "symlink",
    "UV_NO_BINARY": "1",
    "UV_PROJECT": "/nowhere",
    "UV_PROJECT_ENVIRONMENT": "/nowhere/venv",
    "UV_PYTHON": "2.7",
    "UV_RESOLUTION": "lowest",
    "UV_WORKING_DIR": "/nowhere",
    "VIRTUAL_ENV": "/nowhere/venv",
}


def test_no_config_shuts_out_the_hosts_settings(host: Host, tmp_path: Path) -> None:
    settings = ELSEWHERE.format(cache=tmp_path / "evil")
    config = tmp_path / "config" / "uv"
    config.mkdir(parents=True)
    for path in (config / "uv.toml", host.release / "uv.toml", host.release.parent / "uv.toml"):
        path.write_text(settings)
    # A workspace above that claims every release, and wants another Python.
    (host.root / "pyproject.toml").write_text(
        '[project]\nname = "above"\nversion = "1"\nrequires-python = ">=3.99"\n'
        '[tool.uv.workspace]\nmembers = ["releases/*"]\n'
    )
    environment = {**VARIABLES, "XDG_CONFIG_HOME": str(config.parent)}
    del environment["PYTHONHOME"]  # Ansible's own interpreter would not start
    done = both(host, environment=environment)
    assert done["changes"] == [ALPHA_1, BETA]
    assert host.installed() == ["alpha-1.0", "beta-1.5"]
    assert not (tmp_path / "evil").exists()
    assert not list(host.venv.glob("lib/*/site-packages/alpha/__pycache__"))


def test_settings_do_something_without_no_config(host: Host, tmp_path: Path) -> None:
    """Or the test before would prove nothing."""
    (host.release / "uv.toml").write_text(ELSEWHERE.format(cache=tmp_path / "evil"))
    assert host(no_config=False).failed
    (host.release / "uv.toml").unlink()
    assert host(no_config=False, environment={"UV_RESOLUTION": "lowest"}).failed
    assert not host(no_config=False).failed


def test_bytes_from_a_cache_are_not_those_of_no_cache(host: Host, tmp_path: Path) -> None:
    """What no_cache is for: a file that was changed in one environment comes into the next one."""
    cache = tmp_path / "cache"
    shared = {"no_cache": None, "cache_dir": cache, "link_mode": "hardlink"}
    assert not host(**shared).failed
    module = next(host.venv.glob("lib/*/site-packages/alpha/__init__.py"))
    module.write_text("evil = True\n")
    assert not host(**shared, venv="other").failed
    other = next(host.release.glob("other/lib/*/site-packages/alpha/__init__.py"))
    assert other.read_text() == "evil = True\n"


def _not_a_venv(host: Host) -> None:
    host.venv.mkdir()
    (host.venv / "precious").write_text("data")


def _a_file(host: Host) -> None:
    host.venv.write_text("data")


def _lock_outdated(host: Host) -> None:
    replace_in(host.release / "pyproject.toml", "beta==1.5", "beta==1.6")


def _wheel_missing(host: Host) -> None:
    (host.wheels / "beta-1.5-py3-none-any.whl").unlink()


def _no_wheel(host: Host) -> None:
    host.wheel("plat", "1.0", tag="cp39-cp39-win_amd64")
    host.stage("plat==1.0")


def _lock_newer(host: Host) -> None:
    replace_in(host.release / "uv.lock", "version = 1\n", "version = 2\n", 1)


def _lock_broken(host: Host) -> None:
    replace_in(host.release / "uv.lock", "[package.metadata]", "[package.metadata")


def _other_uv_wanted(host: Host) -> None:
    with (host.release / "pyproject.toml").open("a") as file:
        file.write("[tool.uv.pip]\n")
    replace_in(host.release / "pyproject.toml", "[tool.uv]\n", '[tool.uv]\nrequired-version = ">=99"\n')


def _nothing(host: Host) -> None:
    pass


BAD_INPUT = {
    "no project": (_nothing, {"project": "/nowhere/shop"}, "/nowhere has no folder shop; transfer"),
    "no pyproject.toml": (
        lambda host: (host.release / "pyproject.toml").unlink(),
        {},
        "/releases/r1 has no pyproject.toml; transfer the project or correct its path.",
    ),
    "no uv.lock": (
        lambda host: (host.release / "uv.lock").unlink(),
        {},
        "/releases/r1 has no uv.lock; transfer it, or leave locked out to make one.",
    ),
    "lock outdated": (_lock_outdated, {}, "/releases/r1 does not fit its pyproject.toml"),
    "lock of a higher version": (_lock_newer, {}, "unsupported schema version"),
    "lock broken": (_lock_broken, {}, "TOML parse error at line 13"),
    "wheel missing": (_wheel_missing, {}, "/wheels/beta-1.5-py3-none-any.whl, which is not there; collect"),
    "no wheel for the platform": (_no_wheel, {}, "plat==1.0: uv.lock names no wheel for this host's Python"),
    "Python not found": (_nothing, {"python": "3.99"}, "No Python 3.99 on this host: No interpreter found for"),
    "Python's path not found": (_nothing, {"python": "/nowhere/python"}, "No Python /nowhere/python on this host"),
    "venv is a folder of something else": (_not_a_venv, {}, "(it holds files but no pyvenv.cfg) and is left alone"),
    "venv is a file": (_a_file, {}, "is not a virtual environment (it is a file)"),
    "venv is the project": (_nothing, {"venv": "."}, "(the project itself lies in it)"),
    "venv is above the project": (_nothing, {"venv": "../.."}, "(the project itself lies in it)"),
    "find_links missing": (_nothing, {"find_links": ["../wheels"]}, "/releases/wheels, which is not there"),
    "uv missing": (_nothing, {"uv_executable": "/nowhere/uv"}, "/nowhere/uv does not exist"),
    "uv on no path": (_nothing, {"uv_executable": None, "environment": {"PATH": "/nowhere"}}, "uv was not found"),
    "locked and frozen": (_nothing, {"frozen": True}, "locked and frozen exclude one another"),
    "no_index and index": (_nothing, {"index": ["https://index.test/"]}, "no_index and index exclude one another"),
    "no_cache and cache_dir": (_nothing, {"cache_dir": "/nowhere"}, "cache_dir and no_cache exclude one another"),
    "links into a cache that goes": (_nothing, {"link_mode": "symlink"}, "link_mode: symlink leads into a cache"),
    "dev and no_dev": (_nothing, {"groups": ["dev"]}, "groups names the group dev, but no_dev is true"),
    "umask": (_nothing, {"umask": "9"}, "umask: '9' is no octal number"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_gets_one_sentence(host: Host, case: str) -> None:
    break_it, options, sentence = BAD_INPUT[case]
    break_it(host)
    before = snapshot(host.root / "releases", times=False)
    done = host(**options)
    assert done.failed
    assert sentence in done.msg
    assert not re.search(r"Traceback|\n", done.msg), done.msg
    assert snapshot(host.root / "releases", times=False) == before


@pytest.mark.skipif(VERSION < (0, 8), reason="uv 0.5.0 does not know required-version in pyproject.toml")
def test_a_uv_that_the_project_refuses(host: Host) -> None:
    _other_uv_wanted(host)
    done = host(no_config=False)
    assert done.failed
    assert "demands another uv" in done.msg
    assert ">=99" in done.msg


@pytest.mark.parametrize(("reported", "sentence"), [("uv 0.4.30", "is uv 0.4.30, but 0.5.0 or later is needed")])
def test_uv_too_old(host: Host, reported: str, sentence: str) -> None:
    fake = host.root / "uv"
    fake.write_text(f"#!/bin/sh\necho {reported}\n")
    fake.chmod(0o755)
    assert sentence in host(uv_executable=fake).msg


@pytest.mark.parametrize("option", ["all_groups", "no_default_groups", "no_install_local"])
def test_options_that_a_uv_lacks_are_refused_by_name(host: Host, option: str) -> None:
    done = host(**{option: True})
    if ((0, 9) if option == "no_install_local" else (0, 8)) <= VERSION:
        assert not done.failed, done.msg
    else:
        version = ".".join(map(str, VERSION))
        assert done.msg == f"uv {version} does not know {option}; use a later uv or leave that out."
        assert not host.venv.exists()


PROJECT = """\
[project]
name = "shop"
version = "0.1.0"
requires-python = ">=3.9"
dependencies = ["alpha"]

[project.optional-dependencies]
more = ["beta"]

[dependency-groups]
dev = ["gamma"]
docs = ["delta"]

[tool.uv]
package = false
"""


@pytest.fixture
def unlocked(host: Host) -> Host:
    """A project of one's own with extras and groups, without a lock."""
    host.wheel("gamma", "1.0")
    host.wheel("delta", "1.0")
    host.wheel("beta", "1.5")
    (host.release / "uv.lock").unlink()
    (host.release / "pyproject.toml").write_text(PROJECT)
    return host


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({}, ["alpha"]),
        ({"extras": ["more"]}, ["alpha", "beta"]),
        ({"all_extras": True}, ["alpha", "beta"]),
        ({"groups": ["docs"]}, ["alpha", "delta"]),
        ({"no_dev": False}, ["alpha", "gamma"]),
        ({"no_dev": False, "groups": ["dev", "docs"]}, ["alpha", "delta", "gamma"]),
        ({"only_groups": ["docs"]}, ["delta"]),
        ({"no_install_package": ["alpha"], "extras": ["more"]}, ["beta"]),
        ({"package": "shop"}, ["alpha"]),
        ({"all_packages": True}, ["alpha"]),
        ({"no_install_project": True, "no_install_workspace": True}, ["alpha"]),
    ],
)
def test_extras_and_groups(unlocked: Host, options: dict[str, Any], names: list[str]) -> None:
    first = unlocked(locked=False, **options)
    assert not first.failed, first.msg
    assert first["lock_changed"]
    shutil.rmtree(unlocked.venv)
    done = both(unlocked, **options)
    assert [change["name"] for change in done["changes"]] == names
    assert not both(unlocked, **options)["changed"]


def test_without_locked_uv_writes_the_lock(unlocked: Host) -> None:
    told = unlocked(check=True, locked=False)
    assert not (unlocked.release / "uv.lock").exists()
    if VERSION < (0, 8):
        version = ".".join(map(str, VERSION))
        assert f"uv {version} cannot tell in check mode what a new one would install" in told.msg
    else:
        assert told["lock_changed"]
        assert [change["name"] for change in told["changes"]] == ["alpha"]
    done = unlocked(locked=False)
    assert done["lock_changed"]
    assert not both(unlocked, locked=False)["changed"]


def test_local_packages(host: Host) -> None:
    """A project that is a package itself, and one beside it: uv builds both, so their own backend must do."""
    write_tree(host.release, source_tree("shop", "0.1.0", requires=["alpha", "libx"]))
    lib = write_tree(host.release / "lib", source_tree("libx", "0.2.0"))
    with (host.release / "pyproject.toml").open("a") as file:
        file.write('\n[tool.uv.sources]\nlibx = { path = "lib", editable = true }\n')
    (host.wheels / "alpha-2.0-py3-none-any.whl").unlink()
    (host.release / "uv.lock").unlink()
    done = host(locked=False)
    assert not done.failed, done.msg
    shutil.rmtree(host.venv)

    libx = {"name": "libx", "version": "0.2.0", "action": "install"}
    shop = {"name": "shop", "version": "0.1.0", "action": "install"}
    assert both(host)["changes"] == [ALPHA_1, libx, shop]
    assert not both(host)["changed"]
    with (lib / "pyproject.toml").open("a") as file:
        file.write("\n# changed\n")
    assert both(host)["changes"] == [{**libx, "action": "reinstall"}]
    assert both(host, no_install_project=True)["changes"] == [{**shop, "action": "remove"}]
