# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The README's table of role variables, made from the role's argument spec.

    variables.py --check   fails when the table, the spec and the role's defaults do not agree
    variables.py --write   writes the table

The table stands between two lines `<!-- variables -->`.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
SPEC = ROOT / "roles/uv_deploy/meta/argument_specs.yml"
DEFAULTS = ROOT / "roles/uv_deploy/defaults/main.yml"
MARKER = "<!-- variables -->\n"
HEAD = "| Variable | Type | Default | Meaning |\n| --- | --- | --- | --- |\n"
NO_DEFAULT = object()


class Disagreement(Exception):
    """What does not agree, one line each."""


@dataclass(frozen=True)
class Variable:
    """One option of the argument spec."""

    name: str
    type: str
    required: bool
    default: Any
    choices: tuple[str, ...]
    description: str

    @classmethod
    def parse(cls, name: str, option: dict[str, Any]) -> Variable:
        kind = option.get("type", "str")
        if "elements" in option:
            kind = f"{kind} of {option['elements']}"
        described = option.get("description", "")
        sentences = [described] if isinstance(described, str) else described
        return cls(
            name=name,
            type=kind,
            required=option.get("required", False),
            default=option.get("default", NO_DEFAULT),
            choices=tuple(map(str, option.get("choices", ()))),
            description=" ".join(" ".join(sentences).split()),
        )

    def row(self) -> str:
        meaning = _markdown(self.description)
        if self.choices:
            meaning += f" One of {', '.join(f'`{choice}`' for choice in self.choices)}."
        cells = (f"`{self.name}`", self.type, self._default_cell(), meaning)
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"

    def _default_cell(self) -> str:
        if self.required:
            return "required"
        if self.default is NO_DEFAULT or self.default is None:
            return ""
        shown = self.default if isinstance(self.default, str) else json.dumps(self.default)
        return f"`{shown}`"


def _markdown(text: str) -> str:
    """Ansible's markup in Markdown: C(x), V(x), O(x), M(x) and the like, B(x), I(x), U(x), L(x, url)."""
    text = re.sub(r"\bL\(([^,]+),\s*([^)]+)\)", r"[\1](\2)", text)
    text = re.sub(r"\bB\(([^)]*)\)", r"**\1**", text)
    text = re.sub(r"\bI\(([^)]*)\)", r"*\1*", text)
    text = re.sub(r"\bU\(([^)]*)\)", r"<\1>", text)
    return re.sub(r"\b[CVOMPE]\(([^)]*)\)", r"`\1`", text)


def variables(spec: Path) -> list[Variable]:
    options = yaml.safe_load(spec.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    parsed = [Variable.parse(name, option) for name, option in options.items()]
    return sorted(parsed, key=lambda one: not one.required)


def check_defaults(documented: list[Variable], defaults: dict[str, Any]) -> None:
    """A default that is computed (Jinja) need not stand in the spec; every other one must, and be equal."""
    wrong = [
        f"{name} has a default but no entry in the spec"
        for name in sorted(defaults.keys() - {one.name for one in documented})
    ]
    for one in documented:
        actual = defaults.get(one.name, NO_DEFAULT)
        computed = actual is None or (isinstance(actual, str) and "{{" in actual)
        if one.default is NO_DEFAULT and (actual is NO_DEFAULT or computed):
            continue
        if one.default is NO_DEFAULT:
            wrong.append(f"{one.name} is {actual!r} in the defaults; the spec names no default")
        elif actual is NO_DEFAULT:
            wrong.append(f"{one.name} is {one.default!r} in the spec; the defaults lack it")
        elif actual != one.default:
            wrong.append(f"{one.name} is {one.default!r} in the spec and {actual!r} in the defaults")
    if wrong:
        raise Disagreement("\n".join(wrong))


def with_table(readme: str, table: str) -> str:
    parts = readme.split(MARKER)
    if len(parts) != 3:
        raise Disagreement(f"README.md lacks the two lines {MARKER.strip()} that the table stands between")
    before, after = parts[0], parts[2]
    return f"{before}{MARKER}\n{table}\n{MARKER}{after}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--check", action="store_true", help="fail when something does not agree")
    mode.add_argument("--write", action="store_true", help="write the table into the README")
    arguments = parser.parse_args()
    try:
        documented = variables(SPEC)
        check_defaults(documented, yaml.safe_load(DEFAULTS.read_text(encoding="utf-8")) or {})
        readme = README.read_text(encoding="utf-8")
        wanted = with_table(readme, HEAD + "".join(one.row() for one in documented))
        if arguments.write:
            README.write_text(wanted, encoding="utf-8")
        elif readme != wanted:
            raise Disagreement("the README's table is not what the spec says; run tests/readme/variables.py --write")
    except Disagreement as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
