# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.transfer import (
    File,
    Key,
    Link,
    TransferInvalid,
    Tree,
    batches,
    parse_trees,
)

SHA = "0" * 64


def file(path: str = "a.whl", **more: Any) -> dict[str, Any]:
    return {"path": path, "size": 3, "sha256": SHA, **more}


def tree(*files: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"src": "/from", "dest": "/to/it", "files": list(files), **more}


def test_a_tree_is_read_and_told_again() -> None:
    raw = tree(file("a/b.sh", mode="0755"), file(), {"path": "l", "link": "a/b.sh"}, delete=True, keep=[".venv"])
    parsed = Tree.parse(raw, "trees[0]")
    assert parsed.files == (File("a/b.sh", 3, SHA, 0o755), File("a.whl", 3, SHA, 0o644))
    assert parsed.links == (Link("l", "a/b.sh"),)
    assert parsed.folders() == {"a"}
    assert Tree.parse(parsed.as_dict(), "trees[0]") == parsed


BAD = [
    (tree(file("../a")), "trees[0].files[0]: path '../a' is not a plain relative path."),
    (tree(file("/a")), "trees[0].files[0]: path '/a' is not a plain relative path."),
    (tree(file("a//b")), "trees[0].files[0]: path 'a//b' is not a plain relative path."),
    (tree(file("./a")), "trees[0].files[0]: path './a' is not a plain relative path."),
    (tree(file("a\0")), "trees[0].files[0]: path 'a\\x00' is not a plain relative path."),
    (tree(file("")), "trees[0].files[0]: path '' is not a plain relative path."),
    (tree(file(), {"path": "b"}), "trees[0].files[1]: a file needs `path`, `size` and `sha256`."),
    (tree(file(sha256="abc")), "trees[0].files[0]: size 3 or sha256 'abc' is not one."),
    (tree(file(size=-1)), f"trees[0].files[0]: size -1 or sha256 '{SHA}' is not one."),
    (tree(file(mode="4755")), "trees[0].files[0]: mode '4755' is neither '0644' nor '0755'."),
    (tree({"path": "b", "link": ""}), "trees[0].files[0]: a link cannot lead to ''."),
    (tree(file("a"), file("a")), "trees[0].files: a is named twice or is a folder too."),
    (tree(file("a"), file("a/b")), "trees[0].files: a is named twice or is a folder too."),
    (tree(dest="relative"), "trees[0].dest: 'relative' is not an absolute path of a folder."),
    (tree(dest="/"), "trees[0].dest: '/' is not an absolute path of a folder."),
]


@pytest.mark.parametrize(("raw", "said"), BAD)
def test_what_cannot_be_is_refused_with_its_place(raw: dict[str, Any], said: str) -> None:
    with pytest.raises(TransferInvalid) as caught:
        parse_trees([raw])
    assert str(caught.value) == said


@pytest.mark.parametrize("raw", [None, "x", {}, ["x"]])
def test_trees_are_a_list(raw: object) -> None:
    with pytest.raises(TransferInvalid, match=r"^trees: a list of folders is wanted"):
        parse_trees(raw)


def test_portions_hold_as_much_as_allowed_and_a_larger_file_goes_alone() -> None:
    trees = parse_trees([tree(*(file(f"{size}-{number}", size=size) for number, size in enumerate([4, 5, 2, 30, 1])))])
    keys = [Key(0, number) for number in range(5)]
    assert [[key.file for key in batch] for batch in batches(trees, keys, limit=10)] == [[0, 1], [2], [3], [4]]
    assert list(batches(trees, [], limit=10)) == []


def test_a_key_names_only_what_was_asked_for() -> None:
    trees = parse_trees([tree(file())])
    assert Key.parse(Key(0, 0).name, trees) == Key(0, 0)
    for name in ("0-1", "1-0", "../0-0", "0-0/x", "", "-1-0"):
        with pytest.raises(TransferInvalid, match="is none of the files that were asked for"):
            Key.parse(name, trees)
