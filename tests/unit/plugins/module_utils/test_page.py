# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report, as it is read."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.page import listed, page, writes_for_programs


def told(*texts: str, notes: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"obstacles": [{"kind": "x", "short": "x", "text": text} for text in texts], "notes": list(notes)}


def test_nothing_to_say() -> None:
    assert page({"web1": told(), "web2": told()}) == []


def test_alike_hosts_are_named_together() -> None:
    hosts = {
        "web1": told("No uv."),
        "web2": told(),
        "web3": told("No uv."),
        "web4": told("No uv.", "No Python.\n  a: b"),
    }
    assert "\n".join(page(hosts, gone=["web5"])) == (
        "Preflight: 3 of 4 hosts cannot be deployed to. Nothing was changed on any of them.\n"
        "\n"
        "web1, web3:\n"
        "  - No uv.\n"
        "\n"
        "web4:\n"
        "  - No uv.\n"
        "  - No Python.\n"
        "      a: b\n"
        "\n"
        "Nothing in the way: web2.\n"
        "\n"
        "Not reached, and left out by Ansible: web5."
    )


def test_partial_says_so() -> None:
    assert page({"web1": told("No uv."), "web2": told()}, partial=True)[0] == (
        "Preflight: 1 of 2 hosts cannot be deployed to. Only the others are deployed to."
    )


def test_with_nobody_left_partial_is_no_comfort() -> None:
    assert page({"web1": told("No uv.")}, partial=True)[0] == (
        "Preflight: 1 of 1 host cannot be deployed to. Nothing was changed on any of them."
    )


def test_a_host_that_is_down_may_stop_the_play() -> None:
    assert page({"web1": told()}, gone=["web2"], partial=True, fatal=True) == [
        "Preflight: nothing is in the way where it was looked.",
        "",
        "Not reached, and left out by Ansible: web2.",
        "",
        "The play goes no further, because it has any_errors_fatal.",
    ]
    assert page({"web1": told()}, fatal=True) == []


@pytest.mark.parametrize(
    ("callback", "so"), [("default", False), ("ansible.posix.json", True), ("community.general.yaml", False)]
)
def test_standard_output_belongs_to_programs(callback: str, so: bool) -> None:
    assert writes_for_programs(callback) is so


def test_notes_alone() -> None:
    assert page({"web1": told(notes=("Little room.",)), "web2": told()}) == [
        "Preflight: nothing is in the way.",
        "",
        "web1 (may be deployed to):",
        "  - Little room.",
    ]


def test_a_long_sentence_is_wrapped_and_no_name_is_broken() -> None:
    lines = page({"web1": told("word " * 40 + "a-very-long-file-name-that-is-not-to-be-broken.whl" * 3)})
    assert all(len(line) <= 110 for line in lines[3:-1])
    assert lines[-1].strip() == "a-very-long-file-name-that-is-not-to-be-broken.whl" * 3


def test_a_hundred_hosts_are_not_all_named() -> None:
    names = [f"web{number}" for number in range(100)]
    assert listed(names).endswith("web8, web9 and 90 more")
    assert listed(names[:12]).endswith("web10, web11")
