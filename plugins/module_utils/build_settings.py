# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the project and the caller declare for builds, by package, in uv's own words."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.build import Build
from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError, OptionInvalid
from ansible_collections.airgap.uv.plugins.module_utils.libraries import pylock, requirements, utils
from ansible_collections.airgap.uv.plugins.module_utils.lockfile import Lockfile, read_toml
from ansible_collections.airgap.uv.plugins.module_utils.preferences import ALL, Preferences
from ansible_collections.airgap.uv.plugins.module_utils.recipe import Recipe
from ansible_collections.airgap.uv.plugins.module_utils.selection import Choice
from ansible_collections.airgap.uv.plugins.module_utils.uv_table import EVERY, Extra, Settings, Table, extra_of, normal

OPTION = "build_settings"

_PARTS = ("environment", "config_settings", "requires")

# A pin of a constraints file: `name==version`, then markers and hashes.
_PIN = re.compile(r"^\s*([A-Za-z0-9][\w.-]*)\s*==\s*([^\s;\\]+)", re.M)


class RuntimeUnknown(AirgapError):
    """`package` is to be built with `requirement` in the version that the lock has for its targets, and `reason`."""

    def __init__(self, package: str, requirement: str, reason: str) -> None:
        super().__init__(package, requirement, reason)
        self.package = package
        self.requirement = requirement
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.package} is to be built with the {self.requirement} of the lock (extra-build-dependencies, "
            f"match-runtime), but {self.reason}. Name the version for it instead (build_settings)."
        )


class SourceUnheeded(AirgapError):
    """`package` is to be built with a `requirement` that the project takes from a place of its own."""

    def __init__(self, package: str, requirement: str) -> None:
        super().__init__(package, requirement)
        self.package = package
        self.requirement = requirement

    def __str__(self) -> str:
        return (
            f"{self.package} is to be built with {self.requirement} (extra-build-dependencies), which tool.uv.sources "
            "has from a place of its own; builds take what they need from an index. Say what it is to be built with "
            "instead (build_settings, requires)."
        )


@dataclass(frozen=True)
class Declared:
    """What holds for one package. None: nothing is said, and what is more general holds."""

    environment: Mapping[str, str] = field(default_factory=dict)
    config_settings: Settings = field(default_factory=dict)
    requires: tuple[Extra, ...] | None = None

    def over(self, other: Declared) -> Declared:
        """Joined with what is more general; this wins, variable by variable and setting by setting."""
        return Declared(
            {**other.environment, **self.environment},
            {**other.config_settings, **self.config_settings},
            other.requires if self.requires is None else self.requires,
        )

    @property
    def digest(self) -> str:
        """A name for it; empty where nothing is declared."""
        requires = [[item.text, item.runtime] for item in self.requires or ()]
        plain = [sorted(self.environment.items()), sorted(self.config_settings.items()), requires]
        return hashlib.sha256(json.dumps(plain).encode()).hexdigest() if any(plain) else ""


@dataclass(frozen=True)
class BuildSettings:
    """`[tool.uv]` of the lock's project, or `uv.toml` beside it, with the option `build_settings` over it.

    `bounds`: what holds for build requirements in whatever build. `not_isolated`: packages that the project has built
    in its own environment, `:all:` for every one.
    """

    project: Mapping[str, Declared] = field(default_factory=dict)
    common: Declared = field(default_factory=Declared)
    given: Mapping[str, Declared] = field(default_factory=dict)
    bounds: tuple[str, ...] = ()
    no_build: frozenset[str] = frozenset()
    no_binary: frozenset[str] = frozenset()
    not_isolated: frozenset[str] = frozenset()

    @classmethod
    def read(cls, lock: Lockfile, given: Mapping[str, Any]) -> BuildSettings:
        """`given`: the option's value. Raises `FileInvalid` or `OptionInvalid` for what is not of uv's form."""
        beside = lock.folder / "uv.toml"
        # uv reads the one or the other, and constraints from pyproject.toml alone.
        where, table = (beside, read_toml(beside)) if beside.is_file() else (_pyproject(lock), lock.pyproject.uv)
        read = Table(str(where), table)
        own = Table(str(_pyproject(lock)), lock.pyproject.uv)
        packages = read.by_package("config-settings-package")
        variables = read.by_package("extra-build-variables")
        extras = read.raw_by_package("extra-build-dependencies")
        sourced = own.raw_by_package("sources")
        common = read.settings("config-settings", table.get("config-settings", {}))
        names = {*packages, *variables, *extras}
        return cls(
            project={
                name: Declared(
                    read.variables(f"extra-build-variables.{name}", variables.get(name, {})),
                    _concatenated(read.settings(f"config-settings-package.{name}", packages.get(name, {})), common),
                    read.extras(f"extra-build-dependencies.{name}", extras[name], sourced) if name in extras else None,
                )
                for name in sorted(names)
            },
            common=Declared(config_settings=common),
            given={normal(name): _given(name, value) for name, value in given.items()},
            bounds=tuple(own.requirements("build-constraint-dependencies")),
            no_build=read.names("no-build"),
            no_binary=read.names("no-binary"),
            not_isolated=read.names("no-build-isolation"),
        )

    def declared(self, name: str) -> Declared:
        """All that holds for a package, the caller's word before the project's."""
        most = self.given.get(name, Declared()).over(self.given.get(EVERY, Declared()))
        return most.over(self.project.get(name, self.common))

    def preferred(self, wishes: Preferences) -> Preferences:
        """The options on what is built with those of the project; an option goes before the project's opposite."""
        return replace(
            wishes,
            no_build=wishes.no_build | _left(self.no_build, wishes.no_binary),
            no_binary=wishes.no_binary | _left(self.no_binary, wishes.no_build),
            settings=self.digests(),
        )

    def digests(self) -> dict[str, str]:
        """What stands for it in a release's name, by package; `*` for all that are not named."""
        names = {*self.project, *self.given, EVERY}
        every = self.given.get(EVERY, Declared()).over(self.common)
        bounds = "\n".join(self.bounds)
        found = {name: (every if name == EVERY else self.declared(name)).digest for name in names}
        return {name: f"{digest}{bounds}" for name, digest in found.items() if digest or bounds}

    def recipe(self, build: Build, pins: str | None, choices: Sequence[Choice]) -> Recipe:
        """What a build is made with. `pins`: the text of its constraints, None for none; `choices`: the lock's.

        Raises `RuntimeUnknown`, or `OptionInvalid` for a pin that the project does not allow.
        """
        declared = self.declared(build.name)
        if pins:
            self._refuse_at_odds(pins)
        return Recipe(
            environment=tuple(sorted(declared.environment.items())),
            config_settings=tuple(sorted(declared.config_settings.items())),
            requires=tuple(_resolved(build, item, choices) for item in declared.requires or ()),
            constraints="".join(f"{bound}\n" for bound in self.bounds) if pins is None else pins,
        )

    def _refuse_at_odds(self, pins: str) -> None:
        """uv takes no bounds beside hashes; so what is pinned has to be within them."""
        for name, number in _PIN.findall(pins):
            for bound in map(requirements.Requirement, self.bounds):
                same = utils.canonicalize_name(bound.name) == utils.canonicalize_name(name) and not bound.marker
                if same and not bound.specifier.contains(number, prereleases=True):
                    raise OptionInvalid(
                        "build_constraints", f"{name}=={number}", f"the project asks for {bound} in its builds"
                    )

    def warnings(self, lock: Lockfile, built: Sequence[str]) -> Iterator[str]:
        """`built`: names of the packages that are built."""
        strangers = sorted(set(self.given) - {EVERY} - {name for name, _version in lock.versions})
        if strangers:
            yield f"build_settings: the lock has no {', '.join(strangers)}."
        open_ = sorted(name for name in built if {ALL, name} & self.not_isolated)
        if open_:
            yield (
                f"The project has {', '.join(open_)} built in its own environment (no-build-isolation). Here each is "
                "built in one of its own; what it needs besides what it names goes into extra-build-dependencies or "
                "build_settings."
            )


def _left(project: frozenset[str], opposite: frozenset[str]) -> frozenset[str]:
    """Of the project's names those that the opposite option leaves to it."""
    return frozenset() if ALL in opposite else project - opposite


def _pyproject(lock: Lockfile) -> Path:
    return lock.folder / "pyproject.toml"


def _concatenated(own: Settings, common: Settings) -> dict[str, tuple[str, ...]]:
    """As uv joins what it is told for a package with what it is told for all: both, the package's first."""
    return {key: (*own.get(key, ()), *common.get(key, ())) for key in [*own, *common]}


def _given(name: str, raw: Any) -> Declared:
    """An entry of the option."""
    place = f"{OPTION}.{name}"
    if not isinstance(raw, dict) or set(raw) - set(_PARTS):
        raise OptionInvalid(place, json.dumps(raw, default=str), f"give a dict with some of {', '.join(_PARTS)}")
    for part, kind in (("environment", dict), ("config_settings", dict), ("requires", list)):
        if not isinstance(raw.get(part) or kind(), kind):
            raise OptionInvalid(f"{place}.{part}", json.dumps(raw[part], default=str), f"give a {kind.__name__}")
    environment = {str(key): _plain(f"{place}.environment.{key}", value) for key, value in _part(raw, "environment")}
    settings = {
        str(key): tuple(_plain(f"{place}.config_settings.{key}", item) for item in _listed(value))
        for key, value in _part(raw, "config_settings")
    }
    requires = None
    if raw.get("requires") is not None:
        extras = [extra_of(item) for item in raw["requires"]]
        for text, item in zip(raw["requires"], extras):
            if isinstance(item, str):
                raise OptionInvalid(f"{place}.requires", str(text), f"it {item}")
        requires = tuple(item for item in extras if isinstance(item, Extra))
    return Declared(environment, settings, requires)


def _part(raw: Mapping[str, Any], part: str) -> list[tuple[Any, Any]]:
    return list((raw.get(part) or {}).items())


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _plain(place: str, value: Any) -> str:
    """Text; a number as it is written. What YAML makes of `yes` has no one spelling."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise OptionInvalid(place, json.dumps(value, default=str), "give a string, in quotes")
    return str(value)


def _resolved(build: Build, extra: Extra, choices: Sequence[Choice]) -> str:
    """The requirement as it is built with."""
    if extra.sourced:
        raise SourceUnheeded(build.label, extra.text)
    if not extra.runtime:
        return extra.text
    wanted = requirements.Requirement(extra.text)
    name = utils.canonicalize_name(wanted.name)
    own = [choice for choice in choices if choice.name == name]
    mine = [item for item in own if not build.targets or set(item.targets) & set(build.targets)]
    served = {target for choice in mine for target in choice.targets}
    if not mine or (set(build.targets) - served):
        lacking = sorted(target.label for target in set(build.targets) - served)
        raise RuntimeUnknown(build.label, name, f"{', '.join(lacking) or 'no target'} takes none")
    versions = sorted({choice.version or "?" for choice in mine})
    if len(versions) > 1:
        raise RuntimeUnknown(build.label, name, f"its targets take several ({', '.join(versions)})")
    if not all(isinstance(choice.source, (pylock.PackageWheel, pylock.PackageSdist)) for choice in mine):
        raise RuntimeUnknown(build.label, name, "the lock has it from no index")
    extras = f"[{','.join(sorted(wanted.extras))}]" if wanted.extras else ""
    marker = f" ; {wanted.marker}" if wanted.marker else ""
    return f"{name}{extras}=={versions[0]}{marker}"
