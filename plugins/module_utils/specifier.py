# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Version specifiers (PEP 440), as far as `requires-python` needs them.

The host has no `packaging`, so this compares release segments with the standard library alone:
`3.13.0rc1` counts as `3.13.0`.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

_CLAUSE = re.compile(r"^(?P<operator>~=|===|==|!=|<=|>=|<|>)\s*v?(?P<release>\d+(\.\d+)*)(?P<rest>\S*)$")
_PRERELEASE = re.compile(r"^\.?(a|b|c|rc|alpha|beta|pre|dev)\.?\d*$")


class SpecifierInvalid(ValueError):
    """The text is no version specifier; its one argument is the clause that is not."""


def parse_release(version: str) -> tuple[int, ...]:
    """`3.11.2` or `3.13.0rc1` as numbers; an empty tuple when it starts with none."""
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()


@dataclass(frozen=True)
class Clause:
    """One comparison: `>=3.9`, or with `prefix` `==3.11.*`."""

    operator: str
    release: tuple[int, ...]
    prefix: bool

    @classmethod
    def parse(cls, text: str) -> Clause:
        match = _CLAUSE.match(text)
        if not match:
            raise SpecifierInvalid(text)
        rest, comparison = match["rest"], match["operator"]
        prefix = rest == ".*"
        release = parse_release(match["release"])
        if prefix and comparison not in ("==", "!="):
            raise SpecifierInvalid(text)
        if rest and not prefix and not _PRERELEASE.match(rest):
            raise SpecifierInvalid(text)
        if comparison == "~=" and len(release) < 2:
            raise SpecifierInvalid(text)
        return cls(comparison, release, prefix)

    def contains(self, release: tuple[int, ...]) -> bool:
        if self.prefix:
            starts = _padded(release, len(self.release))[: len(self.release)] == self.release
            return starts if self.operator == "==" else not starts
        if self.operator == "~=":
            upper = self.release[:-1]
            return _compare(operator.ge, release, self.release) and release[: len(upper)] == upper
        return _compare(_OPERATORS[self.operator], release, self.release)


@dataclass(frozen=True)
class Specifier:
    """Clauses that must all hold: `>=3.9,<4`. An empty text takes every version."""

    text: str
    clauses: tuple[Clause, ...]

    @classmethod
    def parse(cls, text: str) -> Specifier:
        parts = [part.strip() for part in text.split(",")]
        return cls(text, tuple(Clause.parse(part) for part in parts if part))

    def contains(self, release: tuple[int, ...]) -> bool:
        return all(clause.contains(release) for clause in self.clauses)


_OPERATORS: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "===": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


def _padded(release: tuple[int, ...], length: int) -> tuple[int, ...]:
    return release + (0,) * (length - len(release))


def _compare(
    how: Callable[[tuple[int, ...], tuple[int, ...]], bool], left: tuple[int, ...], right: tuple[int, ...]
) -> bool:
    length = max(len(left), len(right))
    return how(_padded(left, length), _padded(right, length))
