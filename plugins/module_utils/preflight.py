# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands in the way of a deployment to one host, from what is known before anything is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.airgap.uv.plugins.module_utils.space import Place, Space
from ansible_collections.airgap.uv.plugins.module_utils.wish import Wish

# More packages without a wheel are named, but not explained.
_EXPLAINED = 8

# What Ansible leaves of a module that died.
_OUTPUT = ("module_stderr", "exception", "module_stdout")


@dataclass(frozen=True)
class Obstacle:
    """`short` names it in a few words, `text` is the whole: what, where, what to do."""

    kind: str
    short: str
    text: str

    def as_dict(self) -> dict[str, str]:
        return {"kind": self.kind, "short": self.short, "text": self.text}


@dataclass(frozen=True)
class Preflight:
    """One host: `told` is what `uv_target_info` returned, or what its failure left."""

    told: Mapping[str, Any]
    wish: Wish
    places: Mapping[str, Place] = field(default_factory=dict)

    @classmethod
    def parse(cls, told: Mapping[str, Any], wish: Mapping[str, Any]) -> Preflight:
        places = told.get("places") or {}
        return cls(told, Wish.parse(wish), {name: Place.parse(raw) for name, raw in places.items()})

    def result(self) -> dict[str, Any]:
        """Obstacles and notes, and how much space the deployment takes."""
        space = self.space
        return {
            "obstacles": [obstacle.as_dict() for obstacle in self.obstacles()],
            "notes": list(self.notes()),
            "sends": space.sent,
            "takes": space.needed,
        }

    @property
    def space(self) -> Space:
        wish = self.wish
        there = self.told.get("wheels") or {}
        return Space.of(
            places=self.places,
            missing=[wheel for wheel in wish.wheels if there.get(wheel["path"]) != wheel["size"]],
            unpacked=[] if self._has_release else [wheel for wheel in wish.installs if not wheel.get("tool")],
            program=[wheel for wheel in wish.installs if wheel.get("tool") and not self._has_program],
            files=[] if self._has_release else wish.files,
            archive=wish.archive if self._python_comes else None,
            carried=wish.carried,
        )

    @property
    def _python_comes(self) -> bool:
        return bool(self.wish.archive) and not (self.told.get("python") or {}).get("installed")

    @property
    def _has_release(self) -> bool:
        """Whether it is there and in use. One that is not is made anew: a killed run may have left half of it."""
        current = self.told.get("current") == self.wish.release and self.told.get("current_python")
        return bool(self.wish.release) and bool(current)

    @property
    def _has_program(self) -> bool:
        """Whether the uv that travels is there. Of another version it is written beside it, in its full size."""
        uv = self.told.get("uv") or {}
        tool = self._travelling_uv
        return uv.get("path") == f"{self.wish.path}/bin/uv" and uv.get("version") == (tool or {}).get("version")

    @property
    def _travelling_uv(self) -> Mapping[str, Any] | None:
        return next((wheel for wheel in self.wish.installs if wheel.get("tool")), None)

    def obstacles(self) -> Iterator[Obstacle]:
        yield from self._no_facts()
        yield from self._folder()
        yield from self._people()
        yield from self._mount()
        yield from self._python()
        yield from self._libraries()
        yield from self._servers()
        yield from self._uv()
        yield from self._rsync()
        yield from self._wheels()
        yield from self._disk()

    def notes(self) -> Iterator[str]:
        """What is no obstacle today."""
        releases = len(self.told.get("releases") or [])
        listed = self.wish.release in (self.told.get("releases") or [])
        if self.wish.collected and not listed and "releases" in self.places:
            yield from self.space.later(self.wish.keep_releases - releases - 1, self.wish.keep_releases)

    def _no_facts(self) -> Iterator[Obstacle]:
        """The module's failure: a sentence on each line that is not indented."""
        told = self.told
        if told.get("target") and not told.get("msg"):
            return
        for said in _sentences(_said(told)):
            yield Obstacle("facts", said.partition(". ")[0].rstrip(".") if "user" in told else "no facts", said)

    def _folder(self) -> Iterator[Obstacle]:
        found = self.told.get("in_the_way") or []
        if found:
            yield Obstacle(
                "in_the_way",
                f"{found[0]} is in the way",
                f"Something else stands where the deployment belongs: {', '.join(found)}. "
                "Move it away, or deploy to another uv_deploy_path.",
            )

    def _people(self) -> Iterator[Obstacle]:
        told, wish = self.told, self.wish
        user = told.get("user")
        if user not in (None, "root", wish.owner):
            yield Obstacle(
                "owner",
                f"{user} is neither root nor {wish.owner}",
                f"The code is to belong to {wish.owner}, and {user} runs the tasks on this host. "
                f"Let the play become root, or set uv_deploy_owner to {user}.",
            )
        # In check mode an earlier task may not have created them yet.
        if not wish.check_mode:
            yield from self._unknown()
        stopped = (told.get("service_user") or {}).get("stopped_at")
        if stopped:
            yield Obstacle(
                "service_user",
                f"{wish.service_user} may not pass {stopped}",
                f"{wish.service_user} (uv_deploy_service_user) may not pass {stopped} and could not read the code. "
                "Change that folder's mode, or deploy to another uv_deploy_path.",
            )

    def _unknown(self) -> Iterator[Obstacle]:
        unknown = set(self.told.get("unknown") or [])
        if (self.told.get("service_user") or {}).get("known") is False:
            unknown.add(f"user {self.wish.service_user}")
        roles = {
            f"user {self.wish.service_user}": "uv_deploy_service_user",
            f"user {self.wish.owner}": "uv_deploy_owner",
            f"group {self.wish.group}": "uv_deploy_group",
        }
        for name in sorted(unknown):
            variable = f" ({roles[name]})" if name in roles else ""
            yield Obstacle("unknown", f"no {name}", f"The host has no {name}{variable}. Create it before this role.")

    def _mount(self) -> Iterator[Obstacle]:
        """Once for each folder: it is the same one for most of what is written."""
        seen = {(path, "rights") for path in self.told.get("in_the_way") or []}
        for name, place in self.places.items():
            if name not in self._used:
                continue
            reason = place.refuses(str(self.told.get("user")), runs=name in ("releases", "bin", "python"))
            if reason and (place.at, reason.kind) not in seen:
                seen.add((place.at, reason.kind))
                yield Obstacle(reason.kind, reason.short, f"{reason.text}, or deploy to another uv_deploy_path.")

    @property
    def _used(self) -> list[str]:
        """The places that something is written to."""
        used = ["releases", "wheels"]
        return used + ["bin"] * self.wish.sends_uv + ["python"] * self._python_comes

    def _python(self) -> Iterator[Obstacle]:
        if self.wish.archive_fault:
            yield Obstacle("archive", "the Python that travels is not the right one", self.wish.archive_fault)
        python = self.told.get("python") or {}
        lacks = python.get("lacks") or []
        if not lacks:
            return
        missing = f"{python.get('path')} lacks {', '.join(lacks)}"
        # Debian 11 and Ubuntu 20.04 ship that part apart; more than it is missing from a minimal Python.
        package = "python3-distutils" if lacks == ["distutils"] else "the whole of Python (on Debian, python3)"
        yield Obstacle(
            "lacks",
            missing,
            f"{missing}, without which uv makes no environment of it. Install {package} there, or name another Python "
            "(uv_deploy_python).",
        )

    def _libraries(self) -> Iterator[Obstacle]:
        """Of the host's own, those that compiled wheels link."""
        for library, said in sorted((self.told.get("missing_libraries") or {}).items()):
            wheels = [
                str(wheel["filename"])
                for wheel in self.wish.installs
                if library in ((wheel.get("requires") or {}).get("libraries") or ())
            ]
            name, _bracket, version = library.rstrip(")").partition("(")
            if wheels and version:
                yield Obstacle(
                    "library",
                    f"no {version} in {name}",
                    f"{', '.join(wheels)} needs {version} of {name}, and the host's is older ({said}). Have it built "
                    "on a machine as old as the host (uv_deploy_builders), bring a wheel that holds that library "
                    "(uv_deploy_extra_wheels), or install a later one there.",
                )
            elif wheels:
                yield Obstacle(
                    "library",
                    f"no {library}",
                    f"{', '.join(wheels)} needs {library}, which the host lacks ({said}). Install it there, or bring "
                    "a wheel that holds it (uv_deploy_extra_wheels).",
                )

    def _servers(self) -> Iterator[Obstacle]:
        """Of the indexes that have what does not travel; a release that is there needs none."""
        if self._has_release:
            return
        for server, said in sorted((self.told.get("unreachable_servers") or {}).items()):
            yield Obstacle(
                "server",
                f"{server} is out of reach",
                f"The host reaches no {server} ({said}), and with uv_deploy_ship it takes from there what does not "
                "travel. Let it reach that server, name the index that it does reach (uv_deploy_ship_from), or set "
                "uv_deploy_ship to all.",
            )

    def _uv(self) -> Iterator[Obstacle]:
        wish = self.wish
        wanted = f"{wish.uv_needed}{wish.uv_needed_for and f', which {wish.uv_needed_for} needs'}"
        tool = self._travelling_uv
        if wish.sends_uv and tool and is_older(str(tool["version"]), wish.uv_needed):
            yield Obstacle(
                "uv",
                f"uv {tool['version']} is too old",
                f"uv_deploy_uv_version is {tool['version']}, and that is older than {wanted}. Give a later version, "
                "or leave the variable out.",
            )
        # A host that told nothing was not asked.
        if wish.uv_source != "host" or "uv" not in self.told:
            return
        uv = self.told["uv"]
        own = uv if uv and uv["path"] != f"{wish.path}/bin/uv" else None
        if own and not is_older(own["version"], wish.uv_needed):
            return
        found = (
            f"the uv {own['version']} there is older than {wanted}"
            if own
            else "there is no uv on PATH or in /usr/local/bin"
        )
        yield Obstacle(
            "uv",
            f"uv {own['version']} is too old" if own else "no uv",
            f"uv_deploy_uv_source is host, and {found}. Install one on the host, name it in uv_deploy_uv_executable, "
            "or set uv_deploy_uv_source to auto.",
        )

    def _rsync(self) -> Iterator[Obstacle]:
        if self.wish.via == "rsync" and "rsync" in self.told and not self.told["rsync"]:
            yield Obstacle(
                "rsync",
                "no rsync",
                "uv_deploy_via is rsync, and the host has none. Install rsync there, or set uv_deploy_via to auto.",
            )

    def _wheels(self) -> Iterator[Obstacle]:
        earlier = self.wish.earlier
        if earlier:
            yield Obstacle(
                "changed",
                "the project changed",
                f"The project changed while the play ran: {earlier['host']} got {earlier['release']}, "
                f"and now it would be {self.wish.release}. Run again for all hosts, from a checkout that nobody edits.",
            )
        if self.wish.failure:
            # The module's option has another name in the role.
            failure = self.wish.failure.replace("`frozen: true`", "`uv_deploy_frozen: true`")
            said = _sentence(f"Nothing was collected: {failure}")
            yield Obstacle("collect", said.splitlines()[0].partition(". ")[0].rstrip("."), said)
        unserved = self.wish.unserved
        for raw in unserved[:_EXPLAINED]:
            package = raw.get("package")
            short = f"{package} cannot be had" if package else "the lock leaves it out"
            reason = str(raw["reason"]) if package else self._with_its_python(str(raw["reason"]))
            yield Obstacle("wheel", short, f"{package}: {_ended(reason)}" if package else _sentence(reason))
        more = [str(raw.get("package") or raw["reason"]) for raw in unserved[_EXPLAINED:]]
        if more:
            yield Obstacle("wheel", f"{len(more)} more packages", f"Nor can be had: {', '.join(more)}.")
        if self.wish.uncovered:
            missing = ", ".join(self.wish.uncovered[:_EXPLAINED])
            rest = f" and {len(self.wish.uncovered) - _EXPLAINED} more" * (len(self.wish.uncovered) > _EXPLAINED)
            yield Obstacle(
                "targets",
                "uv_deploy_targets leaves it out",
                f"The host needs {missing}{rest}, and no target in uv_deploy_targets takes that. "
                f"Add {_target(self.told)} to uv_deploy_targets, or leave the variable out.",
            )

    def _with_its_python(self, reason: str) -> str:
        """Of what concerns the host as a whole its Python may be the cause; the host can name it."""
        python = self.told.get("python") or {}
        lead, its, rest = reason.partition("its Python ")
        if lead or not its or not python.get("path"):
            return reason
        return f"its Python, {python['path']} ({python.get('version')}), {rest}"

    def _disk(self) -> Iterator[Obstacle]:
        if not self.wish.collected:
            return
        for short, text in self.space.lacking():
            yield Obstacle("disk", short, text)


def is_older(version: str, than: str) -> bool:
    """Compare releases by their numbers; a pre-release counts as its release."""
    return _numbers(version) < _numbers(than)


def _numbers(version: str) -> list[int]:
    leading = ("".join(char for char in part if char.isdigit()) for part in version.split(".")[:3])
    return [int(digits or 0) for digits in leading]


def _target(told: Mapping[str, Any]) -> str:
    target = told.get("target") or {}
    return f"{{python: {target.get('python')}, platform: {target.get('platform')}}}"


def _ended(text: str) -> str:
    text = text.strip()
    return text + ("" if text.endswith((".", "!", "?")) or "\n" in text else ".")


def _sentence(text: str) -> str:
    return f"{text.strip()[:1].upper()}{_ended(text)[1:]}"


def _sentences(text: str) -> list[str]:
    found: list[str] = []
    for line in text.splitlines():
        if found and line.startswith((" ", "\t")):
            found[-1] += f"\n{line}"
        elif line.strip():
            found.append(line)
    return found


def _said(told: Mapping[str, Any]) -> str:
    """The module's sentence; of one that did not get so far, what Ansible says, with the last line of its output."""
    said = str(told.get("msg") or "").strip()
    if "user" in told and said:
        return said
    last = [lines[-1].strip() for key in _OUTPUT for lines in [str(told.get(key) or "").strip().splitlines()] if lines]
    # What Ansible puts there for want of a traceback.
    last = [line for line in last if line.strip("().") != "traceback unavailable"]
    parts = [part.rstrip(".") for part in [*said.splitlines()[:1], *last[:1]] if part]
    return f"The host gives no facts: {'; '.join(parts) or 'see the error above'}."
