# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.airgap.uv.plugins.module_utils.pins import Pin, Pins, PinsInvalid
from packaging.markers import default_environment

A, B = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
WHOLE = f"""\
# how it was made

Helper.One==1.5 \\
    --hash={B} \\
    --hash={A}   # two files
setuptools==75.3.0 ; python_version < "3.9" --hash={A}
setuptools==80 ; python_version >= "3.9" --hash={A} --hash=md5:0123
"""


def write(folder: Path, text: str, name: str = "pins.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def environment(python: str) -> dict[str, str]:
    return {**default_environment(), "python_version": python, "python_full_version": f"{python}.1"}


def shown(pins: tuple[Pin, ...]) -> list[str]:
    return [f"{pin.name}=={pin.version}" for pin in pins]


def test_what_it_says(tmp_path: Path) -> None:
    pins = Pins.read(write(tmp_path, WHOLE))
    assert pins.common[0] == Pin("helper-one", "1.5", "", (A, B))
    assert shown(pins.holding("x", environment("3.8"))) == ["helper-one==1.5", "setuptools==75.3.0"]
    assert shown(pins.holding("x", environment("3.12"))) == ["helper-one==1.5", "setuptools==80"]


def test_its_text_says_the_same(tmp_path: Path) -> None:
    pins = Pins.read(write(tmp_path, WHOLE))
    again = Pins.read(write(tmp_path, pins.of("x"), "again.txt"))
    assert (again, again.digest) == (pins, pins.digest)
    assert again.of("x") == pins.of("x")


def test_what_holds_for_one_package_alone(tmp_path: Path) -> None:
    path = write(tmp_path, f"setuptools==80 --hash={A}\nhelper==1 --hash={A}\n", "pins.txt")
    one = Pins.read(path)
    write(tmp_path, f'setuptools==70 ; python_version < "3.12" --hash={B}\n', "pins.old-one.txt")
    write(tmp_path, "no pins", "pins.Old_One.txt")
    both = Pins.read(path)
    assert shown(both.holding("old-one", environment("3.11"))) == ["helper==1", "setuptools==70"]
    assert shown(both.holding("old-one", environment("3.12"))) == ["helper==1", "setuptools==80"]
    assert shown(both.holding("other", environment("3.11"))) == ["helper==1", "setuptools==80"]
    assert both.of("other") == one.of("other")
    assert both.of("old-one") != one.of("old-one")
    assert both.digest != one.digest


WRONG = [
    ("helper", "helper is not exact; write helper==VERSION"),
    (f"helper>=1 --hash={A}", "helper>=1 is not exact"),
    (f"helper==1.* --hash={A}", "is not exact"),
    (f"helper==1,<2 --hash={A}", "is not exact"),
    (f"helper @ https://files.test/helper.whl --hash={A}", "is not exact"),
    ("helper==1", "helper==1 has no hash; add --hash=sha256:"),
    ("helper==1 --hash=md5:0123", "has no hash"),
    ("helper==1 --hash=sha256:0123", "sha256:0123 is no sha256"),
    ("--index-url https://index.test", "--index-url is no pin"),
    ("-r other.txt", "-r is no pin"),
    (f"two words --hash={A}", "is no requirement"),
    (f"good==2 --hash={A}", "good is pinned before, for the same environments"),
]


@pytest.mark.parametrize(("line", "reason"), WRONG)
def test_lines_that_are_no_pins(line: str, reason: str, tmp_path: Path) -> None:
    path = write(tmp_path, f"good==1 \\\n    --hash={A}\n{line}\n")
    with pytest.raises(PinsInvalid) as caught:
        Pins.read(path)
    assert f"build_constraints: {path} cannot be used" in str(caught.value)
    assert "lock_builds" in str(caught.value)
    ((number, told),) = caught.value.lines
    assert number == 3
    assert reason in told


def test_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "pins.txt"
    path.write_bytes(b"# by\n# Jos\xe9\n")
    with pytest.raises(PinsInvalid, match="line 2: byte 0xe9 is not UTF-8"):
        Pins.read(path)
    path.write_bytes(b"\xef\xbb\xbf" + f"helper==1 --hash={A}\n".encode())
    assert shown(Pins.read(path).common) == ["helper==1"]


def test_all_lines_are_told(tmp_path: Path) -> None:
    with pytest.raises(PinsInvalid, match=r"(?s)line 1: .*line 2: .*line 4: "):
        Pins.read(write(tmp_path, "a\nb==1\n# c\nd>=1\n"))


def test_nothing_pinned(tmp_path: Path) -> None:
    """A file that pins nothing keeps builds from everything."""
    assert not Pins()
    assert Pins.read(write(tmp_path, "# nothing\n"))
    assert not Pins.read_if_there(None)
    assert not Pins.read_if_there(str(tmp_path / "absent.txt"))
    assert Pins().of("x") == ""
