# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make test`: every target that CI runs, quick ones first, two at a time where they do not disturb.

The output of each goes to build/logs/TARGET.log and is shown when the target fails. After a stage
with a failure no further one starts. What this machine cannot do is left out, and named at the end.
The last line says how it went.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / "build" / "logs"
SHOWN_LINES = 200

# A stage is a list of lanes that run side by side; a lane is a list of targets, one after the other.
STAGES = (
    (("setup", "tree"), ("system",)),
    (("lint",), ("unit", "collection")),
    (("sanity", "demo-matrix"), ("images",)),
    (("molecule",), ("locks",)),
    (("bench",),),
)

# What needs containers, and so root and Debian's packages.
CONTAINERS = ("system", "images", "molecule")


@dataclass(frozen=True)
class Outcome:
    """How one target went. `skipped` are its lines `SKIPPED: what: why`."""

    target: str
    code: int
    seconds: float
    skipped: tuple[str, ...]

    def __str__(self) -> str:
        word = "ok" if self.code == 0 else f"FAILED with code {self.code}"
        return f"{self.target:12} {word}  ({self.seconds:.0f} s)"


def obstacle(target: str) -> str:
    """Why this machine cannot do it, or nothing."""
    if target not in CONTAINERS:
        return ""
    if os.geteuid() != 0:
        return "containers need root"
    return "" if shutil.which("apt-get") else "the packages that containers need are known for Debian only"


def run(target: str) -> Outcome:
    """Run `make TARGET` with no stdin, its output in its log."""
    if reason := obstacle(target):
        return Outcome(target, 0, 0, (f"{target}: {reason}",))
    log = LOGS / f"{target}.log"
    start = time.monotonic()
    with log.open("wb") as output:
        code = subprocess.run(
            ["make", target],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    skipped = tuple(line.partition(": ")[2] for line in lines if line.startswith("SKIPPED: "))
    outcome = Outcome(target, code, time.monotonic() - start, skipped)
    print("\n".join([*(lines[-SHOWN_LINES:] if code else ()), str(outcome)]), flush=True)
    return outcome


def lane(targets: tuple[str, ...]) -> list[Outcome]:
    """Run targets one after the other, up to the first that fails."""
    outcomes: list[Outcome] = []
    for target in targets:
        outcomes.append(run(target))
        if outcomes[-1].code:
            break
    return outcomes


def main() -> int:
    LOGS.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    outcomes: list[Outcome] = []
    for lanes in STAGES:
        print(f"-- {' and '.join(' '.join(targets) for targets in lanes)}", flush=True)
        with ThreadPoolExecutor(len(lanes)) as pool:
            outcomes += [outcome for done in pool.map(lane, lanes) for outcome in done]
        if any(outcome.code for outcome in outcomes):
            break
    skipped = [line for outcome in outcomes for line in outcome.skipped]
    for line in skipped:
        print(f"left out: {line}")
    minutes, seconds = divmod(int(time.monotonic() - start), 60)
    failed = [outcome.target for outcome in outcomes if outcome.code]
    verdict = f"everything passed but for what was left out ({len(skipped)})" if skipped else "everything passed"
    if failed:
        verdict = f"FAILED: {', '.join(failed)}; logs in build/logs/"
    print(f"make test: {verdict} ({minutes} min {seconds} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
