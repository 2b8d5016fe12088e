# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils import errors
from ansible_collections.airgap.uv.plugins.module_utils.guard import guarded, hide_credentials, masked

MASKED: list[tuple[Any, Any]] = [
    ("https://user:s3cret@index.test/simple", "https://***@index.test/simple"),
    ("see 'http://s3cret@a.test' and http://u:s3cret@b.test.", "see 'http://***@a.test' and http://***@b.test."),
    (["--default-index", ("corp=https://u:s3cret@index.test",)], ["--default-index", ["corp=https://***@index.test"]]),
    ({"url": {"of": "https://u:s3cret@index.test"}}, {"url": {"of": "https://***@index.test"}}),
    ("https://index.test/a@b and mail@index.test", "https://index.test/a@b and mail@index.test"),
    ("https://user:s3@cret@index.test/a", "https://***@index.test/a"),
    ("git fetch 'https://u:s3'\\''cret@index.test/a' failed", "git fetch 'https://***@index.test/a' failed"),
    ('see "https://u:s3"cret@index.test"', 'see "https://***@index.test"'),
    (
        "see 'https://u:s3@a.test/f.whl?token=s3cret' and https://b.test/?a",
        "see 'https://***@a.test/f.whl?***' and https://b.test/?***",
    ),
    ("is it https://index.test/a? Yes", "is it https://index.test/a? Yes"),
    (7, 7),
]


@pytest.mark.parametrize(("value", "shown"), MASKED)
def test_credentials_of_urls_are_masked(value: Any, shown: Any) -> None:
    assert masked(value) == shown


class Module:
    """What `guarded` needs of a module."""

    def __init__(self) -> None:
        self.no_log_values: set[str] = set()
        self.said: dict[str, Any] = {}

    def fail_json(self, **said: Any) -> None:
        self.said = said


def test_an_error_becomes_a_sentence_and_facts() -> None:
    """Ansible would take a fact called `path` for a file that the module looked after."""
    module = Module()
    with guarded(module):  # type: ignore[arg-type]
        raise errors.ProjectInvalid("/srv/shop", "https://u:s3cret@index.test is no file")
    assert module.said == {
        "msg": "/srv/shop cannot be used: https://***@index.test is no file.",
        "where": "/srv/shop",
        "reason": "https://***@index.test is no file",
    }


def test_a_command_is_shown_without_its_arguments() -> None:
    module = Module()
    with guarded(module):  # type: ignore[arg-type]
        raise errors.CommandError("It failed", ["uv", "pip", "--token", "s3cret"], 2, "http://u:s3cret@index.test")
    assert "s3cret" not in str(module.said)
    assert module.said["argv"] == ["uv", "pip"]


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("https://user:s3cret@index.test", {"s3cret"}),
        ("https://user:s3'c%40ret@index.test", {"s3'c%40ret", "s3'c@ret"}),
        ("https://index.test", set()),
        (None, set()),
    ],
)
def test_passwords_that_ansible_masks(url: str | None, hidden: set[str]) -> None:
    module = Module()
    hide_credentials(module, url)  # type: ignore[arg-type]
    assert module.no_log_values == hidden
