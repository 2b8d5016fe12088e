# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One wheel that is ordered of a builder: what it is built from and with, and what comes of it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable
from urllib.parse import unquote, urlsplit

from ansible_collections.airgap.uv.plugins.module_utils import record, unpacking
from ansible_collections.airgap.uv.plugins.module_utils.amend import amend
from ansible_collections.airgap.uv.plugins.module_utils.arrival import Owner, sha256_of
from ansible_collections.airgap.uv.plugins.module_utils.confine import Limits, Runner
from ansible_collections.airgap.uv.plugins.module_utils.credentials import without_credentials
from ansible_collections.airgap.uv.plugins.module_utils.deployment import Uv, UvNotUsable
from ansible_collections.airgap.uv.plugins.module_utils.errors import (
    AirgapError,
    BuiltWheelWrong,
    EntryInvalid,
)
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Interpreter, Request
from ansible_collections.airgap.uv.plugins.module_utils.interpreter import Runner as Asking
from ansible_collections.airgap.uv.plugins.module_utils.libc import Libc
from ansible_collections.airgap.uv.plugins.module_utils.platform_names import PlatformName
from ansible_collections.airgap.uv.plugins.module_utils.recipe import Recipe
from ansible_collections.airgap.uv.plugins.module_utils.search import Search, find
from ansible_collections.airgap.uv.plugins.module_utils.specifier import parse_release
from ansible_collections.airgap.uv.plugins.module_utils.wheelscript import WheelScript
from ansible_collections.airgap.uv.plugins.module_utils.workshop import Workshop

# The oldest uv whose `uv build` takes what the workshop gives it.
MINIMUM = (0, 9)

# What is sent to a builder lies in folders of these names.
SOURCE, LINKS, TOOL = "source", "links", "uv"

_WHEEL = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(-\d[^-]*)?(-[^-]+){3}\.whl")


class OrderInvalid(EntryInvalid):
    """`where` is the option."""


class BuilderWithoutUv(AirgapError):
    """`found`: path and version of one that is too old, or nothing."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found

    def __str__(self) -> str:
        has = f"only {self.found}" if self.found else "none"
        return (
            f"A builder needs uv {'.'.join(map(str, MINIMUM))} or later and has {has}. Install one there, or send its "
            "wheel along (uv_wheel)."
        )


class BuilderOfAnotherKind(AirgapError):
    """`wanted` and `found`: platforms, in uv's words."""

    def __init__(self, wanted: str, found: str) -> None:
        super().__init__(wanted, found)
        self.wanted = wanted
        self.found = found

    def __str__(self) -> str:
        return (
            f"The builder is {self.found}, and what is built there does not run on {self.wanted}. Name it for its own "
            f"platform (uv_deploy_builders), or name a builder for {self.wanted} that has no newer C library."
        )


@dataclass(frozen=True)
class Login:
    """An index as uv's argument names it, and its credentials as variables: arguments can be read by every user."""

    index: str
    environ: Mapping[str, str]

    @classmethod
    def parse(cls, url: str) -> Login:
        parts = urlsplit(url)
        if not (parts.username or parts.password):
            return cls(url, {})
        environ = {
            "UV_INDEX_AIRGAP_UV_USERNAME": unquote(parts.username or ""),
            "UV_INDEX_AIRGAP_UV_PASSWORD": unquote(parts.password or ""),
        }
        return cls(f"airgap-uv={without_credentials(url)}", environ)


@dataclass(frozen=True)
class Order:
    """The options of `uv_build`, on the builder. `source` is a file, or with `packed` what `parcel.pack` made.

    `sha256`: what its bytes must have. `platform`: what the wheel is for, where the caller says it.
    """

    source: Path
    sha256: str
    packed: bool
    subdirectory: str
    name: str
    version: str
    python: str
    platform: str
    recipe: Recipe
    index: str
    links: Path | None
    seconds: float
    uv_executable: str
    uv_wheel: Path | None


@dataclass(frozen=True)
class Site:
    """The machine that builds. `ask` runs what answers at once, `confine` gives what builds run by."""

    ask: Asking
    confine: Callable[[Limits], Runner]
    folders: Sequence[Path]
    search: Search

    def describe(self, order: Order, work: Path | None) -> tuple[Interpreter, Libc, Uv]:
        """What it would be built with. Raises what keeps this machine from it; no code of the source runs."""
        python = find(Request.parse(order.python), self.search, self.ask)
        libc = Libc.of(python, self.ask)
        if order.platform and not _suits(libc.platform(python), order.platform):
            raise BuilderOfAnotherKind(order.platform, libc.platform(python))
        return python, libc, self._uv(order, work)

    def fulfil(self, order: Order, work: Path) -> dict[str, Any]:
        """Build in the empty folder `work`. Gives `wheel` and `record` as the module returns them."""
        began = time.monotonic()
        record.verify(order.source, order.sha256)
        python, libc, uv = self.describe(order, work)
        out = work / "out"
        out.mkdir()
        source = _unpacked(order, out / "source")
        login = Login.parse(order.index)
        index = str(order.links) if order.links else login.index
        shop = Workshop(uv.path, self.confine, order.seconds, index or None, environ=login.environ)
        if order.links and order.recipe.pinned:
            shop = shop.pinned(order.links)
        shown = order.name or order.source.name
        made = shop.build(source, out, python.path, order.recipe, shown)
        wheel = _only(shown, made.wheels)
        found = _checked(order, shown, wheel)
        told = {
            "python": python.name,
            "platform": libc.platform(python),
            "libc": asdict(libc),
            "uv": uv.version,
            "requirements": list(made.requirements),
            "seconds": round(time.monotonic() - began, 1),
            "recipe": order.recipe.digest,
        }
        return {"wheel": {**found, "path": str(wheel)}, "record": told}

    def _uv(self, order: Order, work: Path | None) -> Uv:
        if order.uv_executable:
            found = Uv.find(order.uv_executable, [], self.ask)
        else:
            found = Uv.find(None, list(self.folders), self.ask)
        if found and parse_release(found.version)[:2] >= MINIMUM:
            return found
        if order.uv_executable or not order.uv_wheel:
            raise BuilderWithoutUv(f"{found.path} {found.version}" if found else "")
        if work is None:
            return Uv("", str(order.uv_wheel.name.split("-")[1]))
        script = WheelScript(order.uv_wheel, "uv", work / "bin" / "uv")
        script.settle(Owner(None, None))
        brought = Uv.probe(script.path, self.ask)
        if brought is None:
            raise UvNotUsable(order.uv_wheel.name, "holds a uv that does not run here")
        return brought


def is_requirements(text: str) -> bool:
    """It is the text of a requirements file, not the path of one."""
    return bool(re.search(r"[<>=!~]=|[<>\n]", text))


def _suits(found: str, wanted: str) -> bool:
    """What is built on `found` runs on `wanted`, as far as the C library decides."""
    own, other = PlatformName.parse(found), PlatformName.parse(wanted)
    same = (own.system, own.arch, own.libc) == (other.system, other.arch, other.libc)
    return same and own.version <= other.version


def _unpacked(order: Order, destination: Path) -> Path:
    """What uv is given: a folder, or the archive itself when it is looked through."""
    if (
        order.packed
        or order.subdirectory
        or order.recipe.requires
        or order.source.name.endswith(".tar")
        or unpacking.is_of_cmake(order.source)
    ):
        folder = unpacking.unpack(order.source, destination, order.subdirectory)
        amend(folder, order.recipe.requires)
        return folder
    unpacking.refuse_escaping(order.source)
    return order.source


def _only(shown: str, wheels: Sequence[Path]) -> Path:
    if len(wheels) != 1:
        raise BuiltWheelWrong(shown, ", ".join(path.name for path in wheels) or "no wheel", "one wheel was expected")
    return wheels[0]


def _checked(order: Order, shown: str, wheel: Path) -> dict[str, Any]:
    """The wheel by its name; what it holds is looked into where it is taken."""
    match = _WHEEL.fullmatch(wheel.name)
    if not match:
        raise BuiltWheelWrong(shown, wheel.name, "it is no wheel's name")
    name, version = _normalized(match["name"]), match["version"].replace("_", "-")
    if order.name and name != _normalized(order.name):
        raise BuiltWheelWrong(shown, wheel.name, f"its name is {name}, {_normalized(order.name)} was asked for")
    if order.version and _comparable(version) != _comparable(order.version):
        raise BuiltWheelWrong(shown, wheel.name, f"its version is {version}, {order.version} was asked for")
    return {
        "filename": wheel.name,
        "size": wheel.stat().st_size,
        "sha256": sha256_of(wheel),
        "name": name,
        "version": version,
    }


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _comparable(version: str) -> tuple[tuple[int, ...], str]:
    """Equal for versions that PEP 440 calls equal, as backends write them: `1.0` and `1`, `1.0-rc1` and `1rc1`."""
    text = version.strip().lower().lstrip("v")
    release = parse_release(text)
    rest = re.sub(r"^\d+(\.\d+)*", "", text)
    while release and release[-1] == 0:
        release = release[:-1]
    return release, re.sub(r"[-_.]", "", rest)
