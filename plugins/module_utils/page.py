# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The preflight's report on all hosts, as a page that a person reads at once."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_WIDTH = 110
_NAMED = 12

# Callbacks whose output programs read.
_FOR_PROGRAMS = ("json", "jsonl", "junit", "null")


def page(
    hosts: Mapping[str, Mapping[str, Any]], gone: Sequence[str] = (), partial: bool = False, fatal: bool = False
) -> list[str]:
    """Lines, or none where there is nothing to say.

    `hosts`: what `Preflight.result` gives, by name; `gone`: hosts that were not reached; `fatal`: one of them stops
    the play (`any_errors_fatal`).
    """
    stopped = {name: told for name, told in hosts.items() if told["obstacles"]}
    noted = {name: told for name, told in hosts.items() if told["notes"]}
    if not stopped and not noted and not gone:
        return []
    fatal = fatal and bool(gone or stopped)
    lines = [_headline(len(stopped), len(hosts), partial and not fatal, fatal)]
    for names, texts in _alike(stopped, lambda told: [one["text"] for one in told["obstacles"]]):
        lines += ["", *_heading(names), *_items(texts)]
    for names, texts in _alike(noted, lambda told: told["notes"]):
        lines += [
            "",
            *_heading(names, " (may be deployed to)" if not set(names) & set(stopped) else ""),
            *_items(texts),
        ]
    free = [name for name in hosts if name not in stopped]
    if stopped and free:
        lines += ["", *_wrapped(f"Nothing in the way: {listed(free)}.")]
    if gone:
        lines += ["", *_wrapped(f"Not reached, and left out by Ansible: {listed(gone)}.")]
    if fatal:
        lines += ["", "The play goes no further, because it has any_errors_fatal."]
    return lines


def listed(names: Sequence[str]) -> str:
    """`web1, web2 and 30 more`."""
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{', '.join(names[: _NAMED - 2])} and {len(names) - _NAMED + 2} more"


def writes_for_programs(callback: str) -> bool:
    """Whether standard output belongs to a callback whose output programs read, such as `ansible.posix.json`."""
    return callback.rpartition(".")[2] in _FOR_PROGRAMS


def _headline(stopped: int, all_hosts: int, partial: bool, fatal: bool) -> str:
    if not stopped:
        return f"Preflight: nothing is in the way{' where it was looked' * fatal}."
    hosts = "host" if all_hosts == 1 else "hosts"
    others = partial and stopped < all_hosts
    after = "Only the others are deployed to" if others else "Nothing was changed on any of them"
    return f"Preflight: {stopped} of {all_hosts} {hosts} cannot be deployed to. {after}."


def _alike(hosts: Mapping[str, Mapping[str, Any]], texts: Any) -> Iterator[tuple[list[str], list[str]]]:
    """Hosts of which the same is to be said."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, told in hosts.items():
        groups.setdefault(tuple(texts(told)), []).append(name)
    for said, names in groups.items():
        yield names, list(said)


def _heading(names: Sequence[str], more: str = "") -> list[str]:
    return _wrapped(f"{listed(names)}{more}:")


def _items(texts: Sequence[str]) -> list[str]:
    return [line for text in texts for line in _item(text)]


def _item(text: str) -> Iterator[str]:
    """Lines that the text has already are kept; the others are wrapped."""
    for number, line in enumerate(text.strip().splitlines()):
        lead = "  - " if number == 0 else "    "
        yield from textwrap.wrap(
            line, _WIDTH, initial_indent=lead, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
        )


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
