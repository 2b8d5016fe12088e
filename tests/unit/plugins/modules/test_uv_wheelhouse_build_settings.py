# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a project and the caller declare for builds reaches them, and changes what is kept and how it is named."""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.tests.unit.support.collecting import Collect
from ansible_collections.airgap.uv.tests.unit.support.index import Index
from ansible_collections.airgap.uv.tests.unit.support.projects import write_tree
from ansible_collections.airgap.uv.tests.unit.support.sdists import backend, make_sdist, source_tree
from ansible_collections.airgap.uv.tests.unit.support.wheels import make_wheel, sha256

# The build tells in its wheel what it was given.
TELLS = """
def _tell(settings):
    import json
    found = {"settings": settings, "environment": {k: v for k, v in os.environ.items() if k.startswith("MY_")}}
    for name in ("helper", "runtime"):
        try:
            found[name] = __import__(name).__version__
        except ImportError:
            pass
    open(os.path.join(_project()[0], "told.json"), "w").write(json.dumps(found))
"""
CALL = "def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):\n"


def telling(text: str) -> str:
    return text.replace(CALL, f"{TELLS}\n\n{CALL}    _tell(config_settings)\n")


@pytest.fixture
def collect(index: Index, tmp_path: Path) -> Collect:
    make_sdist(index.folder, "alpha", files={"backend.py": telling(backend())})
    for number in ("1.0", "2.0"):
        make_wheel(index.folder, "helper", number, files={"helper/__init__.py": f"__version__ = {number!r}\n"})
        make_wheel(index.folder, "runtime", number, files={"runtime/__init__.py": f"__version__ = {number!r}\n"})
    return Collect(tmp_path, index)


def told(collect: Collect, name: str = "alpha") -> Any:
    folder = collect.folder / "unpacked"
    shutil.rmtree(folder, ignore_errors=True)
    stage = json.loads((collect.wheelhouse / "wheelhouse.json").read_text(encoding="utf-8"))
    newest = max((collect.wheelhouse / wheel["path"] for wheel in stage["wheels"] if wheel["name"] == name), key=mtime)
    shutil.unpack_archive(newest, folder, "zip")
    return json.loads((folder / name / "told.json").read_text(encoding="utf-8"))


def mtime(path: Path) -> int:
    return path.stat().st_mtime_ns


TABLE = """
[tool.uv]
config-settings = { common = "1" }
config-settings-package = { alpha = { own = ["2", "3"] } }
extra-build-variables = { alpha = { MY_OWN = "v" } }
extra-build-dependencies = { alpha = ["helper<2", { requirement = "runtime", match-runtime = true }] }
"""


def test_what_the_project_declares(collect: Collect) -> None:
    collect.make("alpha", "runtime<2", extra=TABLE)
    collect.succeed()
    assert told(collect) == {
        "settings": {"common": "1", "own": ["2", "3"]},
        "environment": {"MY_OWN": "v"},
        "helper": "1.0",
        "runtime": "1.0",
    }


def test_what_the_caller_declares_goes_before(collect: Collect) -> None:
    collect.make("alpha", "runtime<2", extra=TABLE)
    first = collect.succeed()
    given = {"alpha": {"environment": {"MY_OWN": "mine"}, "config_settings": {"common": "9"}, "requires": ["helper"]}}
    second = collect.succeed(build_settings=given)
    assert told(collect) == {
        "settings": {"common": "9", "own": ["2", "3"]},
        "environment": {"MY_OWN": "mine"},
        "helper": "2.0",
    }
    assert second["stats"]["built"] == 1
    assert second["stage"]["release"] != first["stage"]["release"]
    third = collect.succeed()
    assert (third["stats"]["built"], third["stage"]["release"]) == (0, first["stage"]["release"])


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_compiled_code_with_other_settings_is_another_release(index: Index, tmp_path: Path) -> None:
    make_sdist(index.folder, "alpha", extension=True)
    collect = Collect(tmp_path, index)
    collect.make("alpha", packaged=True, files={"app/_native.c": source_tree("app", extension=True)["app/_native.c"]})
    first = collect.succeed()
    for name in ("alpha", "app"):
        other = collect.succeed(build_settings={name: {"environment": {"CFLAGS": "-DOTHER"}}})
        assert other["stats"]["built"] == 1
        assert other["stage"]["release"] != first["stage"]["release"]


def test_bounds_of_the_project_hold_without_hashes(collect: Collect, index: Index) -> None:
    files = {"backend.py": telling(backend())}
    make_sdist(index.folder, "beta", build_requires=["helper"], files=files)
    collect.make("beta", extra='[tool.uv]\nbuild-constraint-dependencies = ["helper<2"]\n')
    collect.succeed()
    assert told(collect, "beta")["helper"] == "1.0"
    pin = f"helper==2.0 --hash=sha256:{sha256(index.folder / 'helper-2.0-py3-none-any.whl')}\n"
    write_tree(collect.folder, {"pins.txt": pin})
    result = collect(build_constraints=collect.folder / "pins.txt")
    assert result.failed
    assert "build_constraints: helper==2.0 cannot be used: the project asks for helper<2 in its builds" in result.msg


def test_settings_beside_the_lock_and_of_the_user(collect: Collect) -> None:
    """`uv.toml` beside the lock stands instead of `[tool.uv]`; the user's own counts for nothing."""
    collect.make("alpha", extra=TABLE.replace('{ requirement = "runtime", match-runtime = true }', '"runtime"'))
    write_tree(collect.project, {"uv.toml": 'config-settings = { z = "beside" }\n'})
    write_tree(collect.module.home, {".config/uv/uv.toml": 'config-settings = { z = "user" }\n'})
    collect.succeed(frozen=True)
    assert told(collect) == {"settings": {"z": "beside"}, "environment": {}}


def test_a_requirement_for_an_archive_and_for_a_local_package(collect: Collect, index: Index) -> None:
    """It is written into copies: the project's own files stay as they are."""
    inner = source_tree("inner", files={"backend.py": telling(backend())})
    folder = write_tree(collect.folder / "tree", {f"inner-1.0/{name}": text for name, text in inner.items()})
    archive = collect.folder / "inner.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(folder / "inner-1.0", "inner-1.0")
    sources = f'\n[tool.uv.sources]\ninner = {{ path = "{archive}" }}\n'
    table = '[tool.uv]\nextra-build-dependencies = { inner = ["helper<2"], app = ["helper"] }\n'
    collect.make("inner", packaged=True, extra=table + sources, files={"backend.py": telling(backend())})
    before = (collect.project / "pyproject.toml").read_text(encoding="utf-8")
    collect.succeed()
    assert (told(collect, "inner")["helper"], told(collect, "app")["helper"]) == ("1.0", "2.0")
    assert (collect.project / "pyproject.toml").read_text(encoding="utf-8") == before


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_an_added_requirement_leaves_a_commit_clean(collect: Collect) -> None:
    """A version that comes from git would end in `.dirty`."""
    tells = (
        "asked = subprocess.run(['git', 'status', '--porcelain', '-uno'], capture_output=True, text=True)\n"
        "open(os.path.join('gamma', 'state.txt'), 'w').write(asked.stdout)"
    )
    files = {**source_tree("gamma", prelude=tells), "backend.py": telling(backend(tells))}
    repository = write_tree(collect.folder / "gamma", files)
    identity = ["-c", "user.name=t", "-c", "user.email=t@index.test", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=repository, check=True)
    sources = f'\n[tool.uv.sources]\ngamma = {{ git = "{repository.as_uri()}" }}\n'
    collect.make("gamma", extra='[tool.uv]\nextra-build-dependencies = { gamma = ["helper"] }\n' + sources)
    collect.succeed()
    assert told(collect, "gamma")["helper"] == "2.0"
    assert (collect.folder / "unpacked/gamma/state.txt").read_text(encoding="utf-8") == ""


def test_what_the_project_never_builds(collect: Collect) -> None:
    collect.make("alpha")
    write_tree(collect.project, {"uv.toml": 'no-build-package = ["alpha"]\n'})
    result = collect(frozen=True)
    assert result.failed
    assert [obstacle["package"] for obstacle in result["obstacles"]] == ["alpha 1.0"]
    assert "no_build" in result["obstacles"][0]["reason"] or "no-build" in result["obstacles"][0]["reason"]


def test_what_the_project_builds_of_all_that_it_never_builds(collect: Collect) -> None:
    """As uv has it: a name in `no-binary-package` goes before `no-build`; what is asked for here goes before both."""
    collect.make("alpha")
    write_tree(collect.project, {"uv.toml": 'no-build = true\nno-binary-package = ["alpha"]\n'})
    result = collect(frozen=True, no_build=[":all:"])
    assert [obstacle["package"] for obstacle in result["obstacles"]] == ["alpha 1.0"]
    assert [wheel["name"] for wheel in collect.succeed(frozen=True)["wheels"]] == ["alpha"]


def test_what_the_project_always_builds(collect: Collect, index: Index) -> None:
    make_sdist(index.folder, "helper", "2.0")
    collect.make("helper", extra='[tool.uv]\nno-binary-package = ["helper"]\n')
    (wheel,) = collect.succeed()["wheels"]
    assert wheel["origin"]["kind"] == "sdist"


def test_what_is_said_of_strangers_and_of_no_isolation(collect: Collect) -> None:
    collect.make("alpha", extra='[tool.uv]\nno-build-isolation-package = ["alpha", "helper"]\n')
    warnings = str(collect.succeed(build_settings={"alhpa": {"environment": {"A": "1"}}})["warnings"])
    assert "build_settings: the lock has no alhpa." in warnings
    assert "has alpha built in its own environment" in warnings
    assert not collect.succeed().get("warnings")


BAD = [
    ("config-settings = { a = true }", {}, "config-settings.a is neither a string nor an array of strings"),
    ("", {"alpha": {"environment": {"A": True}}}, "build_settings.alpha.environment.A: true cannot be used"),
    (
        'extra-build-dependencies = { alpha = [{ requirement = "helper", match-runtime = true }] }',
        {},
        "alpha 1.0 is to be built with the helper of the lock",
    ),
]


@pytest.mark.parametrize(("table", "given", "said"), BAD)
def test_settings_that_cannot_be_heeded(table: str, given: dict[str, Any], said: str, collect: Collect) -> None:
    collect.make("alpha")
    with (collect.project / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[tool.uv]\n{table}\n" if table else "")
    result = collect(frozen=True, build_settings=given)
    assert result.failed
    assert said in result.msg
    assert not collect.wheelhouse.exists() or not list(collect.wheelhouse.rglob("*.whl"))
