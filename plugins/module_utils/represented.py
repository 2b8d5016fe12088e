# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The targets of a run: which of them are one to the lock, what each is called, which are none."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union

from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.target import MARKERS, Target


@dataclass(frozen=True)
class Refused:
    """An entry of `targets` that is none: what it is called, and why, in a sentence without its full stop."""

    label: str
    reason: str


Given = tuple[Mapping[str, Any], Union[Target, Refused]]


def parse_some(raw: Sequence[Mapping[str, Any]]) -> list[Given]:
    """Every entry of the option with its target, or with what is wrong about it."""
    found: list[Given] = []
    for each in raw:
        try:
            found.append((each, Target.parse(each)))
        except AirgapError as error:
            reason = str(error).replace("targets: ", "", 1).rstrip(".")
            found.append((each, Refused(f"{each['python']}-{each['platform']}", reason)))
    return found


def represent(targets: Iterable[Target], lock_markers: Iterable[object]) -> dict[Target, Target]:
    """Each target with the one that stands for it: they differ only in markers that the lock never mentions, such as
    the kernel's version, so the lock cannot choose differently for them.

    `lock_markers`: every marker of the lock, of its packages and its `environments`; their text counts. Where two
    that are left have one label, it tells the markers that differ too.
    """
    text = " ".join(str(marker) for marker in lock_markers if marker)
    mentioned = [name for name in MARKERS if re.search(rf"\b{name}\b", text)]
    first: dict[tuple[object, ...], Target] = {}
    keys = {target: (target.python, target.platform, *target.told(mentioned)) for target in targets}
    for target, key in keys.items():
        first.setdefault(key, target)
    namesakes: dict[str, list[Target]] = {}
    for target in first.values():
        namesakes.setdefault(target.label, []).append(target)
    names = dict.fromkeys([*mentioned, "implementation_version"])
    for key, target in first.items():
        differing = [name for name in names if len({each.marker(name) for each in namesakes[target.label]}) > 1]
        marks = ",".join(f"{name}={target.marker(name)}" for name in differing)
        first[key] = dataclasses.replace(target, mark=f"[{marks}]" if marks else "")
    return {target: first[key] for target, key in keys.items()}


def labelled(given: Sequence[Given], stands_for: Mapping[Target, Target]) -> list[tuple[Mapping[str, Any], str]]:
    """What was given, in its order, with the labels that the run has for it; no two share one that are not the same."""
    labels = {each.label for each in stands_for.values()}
    refused: dict[str, str] = {}
    found = []
    for raw, each in given:
        if isinstance(each, Target):
            found.append((raw, stands_for[each].label))
            continue
        key = repr(each)
        if key not in refused:
            names = (each.label, *(f"{each.label}[refused {number}]" for number in range(1, len(given) + 2)))
            refused[key] = next(name for name in names if name not in labels)
            labels.add(refused[key])
        found.append((raw, refused[key]))
    return found
