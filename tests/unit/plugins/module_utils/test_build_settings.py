# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import errors
from ansible_collections.airgap.uv.plugins.module_utils.build import Build, Sdist
from ansible_collections.airgap.uv.plugins.module_utils.build_settings import (
    BuildSettings,
    RuntimeUnknown,
    SourceUnheeded,
)
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import Lockfile
from ansible_collections.airgap.uv.plugins.module_utils.preferences import Preferences
from ansible_collections.airgap.uv.plugins.module_utils.selection import Choice
from ansible_collections.airgap.uv.plugins.module_utils.target import Target
from ansible_collections.airgap.uv.tests.unit.support.projects import write_tree

NEW, OLD = (Target.parse({"python": "3.11", "platform": f"x86_64-manylinux_2_{minor}"}) for minor in (36, 31))
LOCK = (
    'version = 1\nrequires-python = ">=3.9"\n\n'
    '[[package]]\nname = "numpy"\nversion = "1.0"\nsource = { virtual = "." }\n'
)


def read(folder: Path, table: str = "", toml: str | None = None, given: dict[str, Any] | None = None) -> BuildSettings:
    """Of a project whose `[tool.uv]` is `table`, with `uv.toml` beside it where there is `toml`."""
    text = f'[project]\nname = "app"\nversion = "1"\n[tool.uv]\n{table}\n'
    write_tree(folder, {"pyproject.toml": text, "uv.lock": LOCK, **({"uv.toml": toml} if toml is not None else {})})
    return BuildSettings.read(Lockfile.read(folder / "uv.lock"), given or {})


def build(name: str = "numpy", *targets: Target) -> Build:
    return Build(name, "1.0", Sdist("x.tar.gz", "0" * 64, "", Path("x")), "3.11", targets or (NEW,))


def recipe(settings: BuildSettings, name: str = "numpy", pins: str | None = None) -> dict[str, Any]:
    found = settings.recipe(build(name), pins, ())
    told = {"environment": dict(found.environment), "requires": list(found.requires), "constraints": found.constraints}
    return {**told, "config_settings": {key: list(values) for key, values in found.config_settings}}


NOTHING: dict[str, Any] = {"environment": {}, "config_settings": {}, "requires": [], "constraints": ""}

PROJECT = """
config-settings = { a = "1", b = ["x", "y"] }
config-settings-package = { NumPy = { a = "2", c = "3" } }
extra-build-variables = { numpy = { V = "v", W = "w" } }
extra-build-dependencies = { numpy = ["cython<3"], other = ["wheel"] }
"""

TABLES: list[tuple[str, str | None, dict[str, Any], dict[str, Any]]] = [
    ("", None, {}, NOTHING),
    # As uv itself gave them to a backend.
    (
        PROJECT,
        None,
        {},
        {
            "environment": {"V": "v", "W": "w"},
            "config_settings": {"a": ["2", "1"], "b": ["x", "y"], "c": ["3"]},
            "requires": ["cython<3"],
        },
    ),
    # uv.toml stands instead of [tool.uv], but for constraints, which it has no say in.
    (PROJECT, 'config-settings = { z = "1" }', {}, {"config_settings": {"z": ["1"]}}),
    (
        'build-constraint-dependencies = ["setuptools<60"]',
        'build-constraint-dependencies = ["wheel<1"]',
        {},
        {"constraints": "setuptools<60\n"},
    ),
    (
        PROJECT,
        None,
        {"Numpy": {"environment": {"V": "mine", "N": 1}, "config_settings": {"a": "9"}, "requires": []}},
        {
            "environment": {"V": "mine", "W": "w", "N": "1"},
            "config_settings": {"a": ["9"], "b": ["x", "y"], "c": ["3"]},
        },
    ),
    (
        "",
        None,
        {"*": {"environment": {"A": "all", "B": "all"}, "requires": ["wheel"]}, "numpy": {"environment": {"A": "own"}}},
        {"environment": {"A": "own", "B": "all"}, "requires": ["wheel"]},
    ),
    ("", None, {"other": {"environment": {"A": "1"}}}, NOTHING),
]


@pytest.mark.parametrize(("table", "toml", "given", "wanted"), TABLES)
def test_what_a_package_is_built_with(
    table: str, toml: str | None, given: dict[str, Any], wanted: dict[str, Any], tmp_path: Path
) -> None:
    assert recipe(read(tmp_path, table, toml, given)) == {**NOTHING, **wanted}


def test_what_is_for_all_is_for_a_package_without_a_word_of_its_own(tmp_path: Path) -> None:
    settings = read(tmp_path, PROJECT)
    assert recipe(settings, "third")["config_settings"] == {"a": ["1"], "b": ["x", "y"]}
    assert recipe(settings, "other")["requires"] == ["wheel"]


WRONG = [
    ("config-settings = 1", "config-settings is not a table"),
    ("config-settings = { a = true }", "config-settings.a is neither a string nor an array of strings"),
    ("config-settings-package = { x = 1 }", "config-settings-package.x is not a table"),
    ("config-settings-package = { x = { a = 1 } }", "config-settings-package.x.a is neither"),
    ("extra-build-variables = { x = { V = 1 } }", "extra-build-variables.x.V is not a string"),
    ('extra-build-dependencies = { x = "y" }', "extra-build-dependencies.x is not an array"),
    ('extra-build-dependencies = { x = ["a", "<"] }', r"extra-build-dependencies.x\[1\] is no requirement"),
    (
        'extra-build-dependencies = { x = [{ requirement = "a>1", match-runtime = true }] }',
        r"extra-build-dependencies.x\[0\] names a version, which match-runtime does not allow",
    ),
    ('build-constraint-dependencies = ["<"]', r"build-constraint-dependencies\[0\] is no requirement"),
    ('no-build = "yes"', "no-build is neither true nor false"),
    ("no-binary-package = [1]", "no-binary-package is not an array of strings"),
]


@pytest.mark.parametrize(("table", "said"), WRONG)
def test_what_is_not_of_uv_s_form(table: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(errors.FileInvalid, match=f"pyproject.toml is not valid: {said}"):
        read(tmp_path, table)


GIVEN = [
    (["x"], "build_settings.numpy: "),
    ({"env": {}}, "give a dict with some of environment, config_settings, requires"),
    ({"environment": ["A=1"]}, "build_settings.numpy.environment: .*give a dict"),
    ({"environment": {"A": True}}, "build_settings.numpy.environment.A: true cannot be used: give a string, in quotes"),
    ({"config_settings": {"a": [None]}}, "build_settings.numpy.config_settings.a: null"),
    ({"requires": "wheel"}, "build_settings.numpy.requires: .*give a list"),
    ({"requires": ["<"]}, "build_settings.numpy.requires: < cannot be used: it is no requirement"),
]


@pytest.mark.parametrize(("value", "said"), GIVEN)
def test_what_is_no_setting(value: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(errors.OptionInvalid, match=said):
        read(tmp_path, given={"numpy": value})


def wheel(version: str, *targets: Target) -> Choice:
    source = pylock.PackageWheel(
        url=f"https://index.test/torch-{version}-py3-none-any.whl", hashes={"sha256": "0" * 64}
    )
    return Choice("torch", version, source, targets)


RUNTIME = 'extra-build-dependencies = { numpy = [{ requirement = "Torch[x]", match-runtime = true }] }'


def test_a_requirement_in_the_version_of_the_lock(tmp_path: Path) -> None:
    settings = read(tmp_path, RUNTIME)
    choices = [wheel("2.0", NEW), wheel("1.0", OLD)]
    assert settings.recipe(build("numpy", NEW), None, choices).requires == ("torch[x]==2.0",)
    assert settings.recipe(build("numpy", OLD), None, choices).requires == ("torch[x]==1.0",)


FOLDER = pylock.PackageDirectory(path="torch")

UNKNOWN: list[tuple[list[Choice], str]] = [
    ([], "3.11-x86_64-manylinux_2_31, 3.11-x86_64-manylinux_2_36 takes none"),
    ([wheel("1.0", OLD)], "3.11-x86_64-manylinux_2_36 takes none"),
    ([wheel("2.0", NEW), wheel("1.0", OLD)], r"its targets take several \(1.0, 2.0\)"),
    ([Choice("torch", "1.0", FOLDER, (NEW, OLD))], "the lock has it from no index"),
]


@pytest.mark.parametrize(("choices", "said"), UNKNOWN)
def test_a_version_that_the_lock_does_not_tell(choices: list[Choice], said: str, tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnknown, match=f"numpy 1.0 is to be built with the torch of the lock .*, but {said}"):
        read(tmp_path, RUNTIME).recipe(build("numpy", NEW, OLD), None, choices)


def test_a_requirement_that_the_project_has_from_elsewhere(tmp_path: Path) -> None:
    table = 'extra-build-dependencies = { numpy = ["Torch>1"] }\nsources = { torch = { path = "torch" } }'
    with pytest.raises(SourceUnheeded, match=r"numpy 1.0 is to be built with Torch>1 .*tool.uv.sources has"):
        recipe(read(tmp_path, table))
    assert recipe(read(tmp_path, table, given={"numpy": {"requires": ["torch"]}}))["requires"] == ["torch"]


def test_pins_have_to_be_within_the_project_s_bounds(tmp_path: Path) -> None:
    bounds = """build-constraint-dependencies = ["Setup_Tools<60", "wheel<1; python_version < '3'"]"""
    settings = read(tmp_path, bounds)
    pins = f"setup-tools==59.1 --hash=sha256:{'0' * 64}\nwheel==2.0 --hash=sha256:{'0' * 64}\n"
    assert recipe(settings, pins=pins)["constraints"] == pins
    said = "build_constraints: setup-tools==60.0 cannot be used: the project asks for Setup_Tools<60 in its builds"
    with pytest.raises(errors.OptionInvalid, match=said):
        recipe(settings, pins=pins.replace("59.1", "60.0"))


NAMES = [
    ("no-build = true", {}, ({":all:"}, set())),
    ('no-build-package = ["A_b"]\nno-binary-package = ["c"]', {"no_build": ["d"]}, ({"a-b", "d"}, {"c"})),
    ('no-build-package = ["a"]\nno-binary-package = ["c"]', {"no_binary": ["a"], "no_build": ["c"]}, ({"c"}, {"a"})),
    ("no-binary = true", {"no_build": [":all:"]}, ({":all:"}, set())),
    ('no-build = true\nno-binary-package = ["a"]', {}, ({":all:"}, {"a"})),
    ('no-build = true\nno-binary-package = ["a"]', {"no_build": [":all:"]}, ({":all:"}, set())),
    ('no-build-package = ["a"]', {"no_binary": [":all:"]}, (set(), {":all:"})),
]


@pytest.mark.parametrize(("table", "options", "wanted"), NAMES)
def test_what_is_never_built_and_what_always(
    table: str, options: dict[str, Any], wanted: tuple[set[str], set[str]], tmp_path: Path
) -> None:
    found = read(tmp_path, table).preferred(Preferences.parse(options))
    assert (found.no_build, found.no_binary) == wanted


def test_the_name_of_a_release_knows_what_is_declared(tmp_path: Path) -> None:
    plain = read(tmp_path).preferred(Preferences())
    assert [plain.built_with(name) for name in ("numpy", "other")] == [(), ()]
    own = read(tmp_path, given={"numpy": {"environment": {"A": "1"}}}).preferred(Preferences(constraints="c"))
    assert own.built_with("other") == ("c",)
    assert len(own.built_with("numpy")) == 2
    every = read(tmp_path, 'build-constraint-dependencies = ["a"]').preferred(Preferences())
    assert every.built_with("numpy") == every.built_with("other") != ()


def test_warnings(tmp_path: Path) -> None:
    settings = read(tmp_path, 'no-build-isolation-package = ["numpy", "third"]', given={"strange": {}, "*": {}})
    lock = Lockfile.read(tmp_path / "uv.lock")
    assert list(settings.warnings(lock, ["numpy", "other"])) == [
        "build_settings: the lock has no strange.",
        "The project has numpy built in its own environment (no-build-isolation). Here each is built in one of its "
        "own; what it needs besides what it names goes into extra-build-dependencies or build_settings.",
    ]
    everything = read(tmp_path, "no-build-isolation = true")
    assert "has numpy, other built" in str(list(everything.warnings(lock, ["numpy", "other"])))
