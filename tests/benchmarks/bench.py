# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast a real lock is collected and deployed, beside other tools that bring the same files.

    make bench            or: python tests/benchmarks/bench.py --runs 5 --check

All run in turns, so that each meets the same network and the same machine; what is printed are the
medians and their ratios, of one run of this program. `--check` ends with code 1 when a limit is
missed: cold within 1.5 times curl + 0.5 s and 5 times faster than pip, warm within 1.5 times
sha256sum + 0.3 s, memory under 120 MB. Everything is written below build/bench/.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible_collections.airgap.uv.tests.unit.support import real
from ansible_collections.airgap.uv.tests.unit.support.projects import uv_executable, write_tree
from ansible_collections.airgap.uv.tests.unit.support.running import (
    ROOT,
    Module,
    ansible_environment,
    ansible_playbook,
)

PROJECT = "guidellm"
WITHOUT = ("torch",)  # on an index of its own, which is not reachable from everywhere
PYTHON = "3.12"
WHEEL_GETTER = "0.6.7"
MEMORY_MB = 120
NOT_ASKED_FOR = "not asked for"

MEASURE = (
    "import resource, subprocess, sys; rc = subprocess.call(sys.argv[2:]);"
    "open(sys.argv[1], 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)); sys.exit(rc)"
)


@dataclasses.dataclass
class Contest:
    """What takes part: the seconds of each, by name, in the order of the table."""

    seconds: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    own: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    memory: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    skipped: dict[str, str] = dataclasses.field(default_factory=dict)

    def skip(self, name: str, reason: str) -> None:
        self.skipped[name] = reason

    def median(self, name: str) -> float | None:
        """The module's own seconds where it tells them, else wall time."""
        found = self.own.get(name) or self.seconds.get(name)
        return statistics.median(found) if found else None

    @contextlib.contextmanager
    def timed(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self.seconds.setdefault(name, []).append(time.perf_counter() - start)


class Bench:
    """One lock, one Python, the folder in which all work, and the files that all bring."""

    def __init__(self, folder: Path, project: Path, without: tuple[str, ...]) -> None:
        self.folder, self.project, self.without = folder, project, without
        found = real.find_python(PYTHON)
        self.python, self.version = found or (sys.executable, ".".join(map(str, sys.version_info[:3])))
        self.contest = Contest()
        self.module = Module("uv_wheelhouse", folder / "home")
        self.module.environment = real.network_environment(folder / "home", PYTHONPATH=str(ROOT))
        self.wheels: list[dict[str, Any]] = []

    @property
    def options(self) -> dict[str, Any]:
        return {
            "project": self.project,
            "frozen": True,
            "no_install_local": True,
            "no_install_package": list(self.without),
            "wheelhouse": self.folder / "wheelhouse",
            "stage": {"path": self.folder / "stage"},
            "targets": [{"python": self.version, "platform": real.PLATFORM}],
        }

    def clear(self, *names: str) -> None:
        for name in names:
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def collect(self, name: str, wanted: str) -> dict[str, Any]:
        """Run the module, which must `download` or `reuse` every wheel."""
        peak = self.folder / "peak"
        with self.contest.timed(name):
            result = self.module(patience=1800, wrapper=(sys.executable, "-c", MEASURE, str(peak)), **self.options)
        if result.failed:
            raise SystemExit(f"bench: {name}: {result.msg}")
        if result["stats"][wanted] != len(result["wheels"]):
            raise SystemExit(f"bench: {name}: not every wheel was {wanted}: {result['stats']}")
        self.contest.own.setdefault(name, []).append(result["stats"]["seconds"])
        self.contest.memory.setdefault(name, []).append(int(peak.read_text(encoding="utf-8")) / 1024)
        return result.data

    def run(self, name: str, command: list[str], environment: Mapping[str, str] | None = None, **how: Any) -> Any:
        """Run another tool and time it."""
        with self.contest.timed(name):
            done = subprocess.run(
                command,
                env={**real.network_environment(self.folder / "home"), **(environment or {})},
                check=False,
                capture_output=True,
                text=True,
                **how,
            )
        if done.returncode:
            raise SystemExit(f"bench: {name} ended with code {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}")
        return done

    def expect_wheels(self, name: str, folder: Path) -> None:
        """Every tool must have brought the very same files."""
        brought = {path.name for path in folder.glob("*.whl")}
        missing = {wheel["filename"] for wheel in self.wheels} - brought
        if missing:
            raise SystemExit(f"bench: {name} did not bring {', '.join(sorted(missing))}")


# --- those who take part


def module_cold(bench: Bench) -> None:
    bench.clear("wheelhouse", "stage")
    bench.wheels = bench.collect("uv_wheelhouse, cold", "downloaded")["wheels"]


def module_warm(bench: Bench) -> None:
    bench.collect("uv_wheelhouse, warm", "reused")


def sha256sum(bench: Bench) -> None:
    names = [wheel["path"] for wheel in bench.wheels]
    bench.run("sha256sum of the same files", ["sha256sum", "--", *names], cwd=bench.folder / "wheelhouse")


def curl(bench: Bench) -> None:
    bench.clear("curl")
    (bench.folder / "curl").mkdir()
    lines = [f'url = "{wheel["origin"]["url"]}"\noutput = "{wheel["filename"]}"' for wheel in bench.wheels]
    command = ["curl", "--parallel", "--fail", "--silent", "--show-error", "--config", "-"]
    bench.run("curl --parallel", command, cwd=bench.folder / "curl", input="\n".join(lines))
    bench.expect_wheels("curl", bench.folder / "curl")
    bench.clear("curl")


def pip(bench: Bench) -> None:
    bench.clear("pip")
    requirements = bench.folder / "requirements.txt"
    without = [word for name in bench.without for word in ("--no-emit-package", name)]
    requirements.write_text(real.export(bench.project, "--no-dev", "--no-emit-local", *without), encoding="utf-8")
    command = [str(bench.folder / "tools/bin/python"), "-m", "pip", "--isolated", "download", "--quiet", "--no-deps"]
    command += ["--require-hashes", "--no-cache-dir", "--dest", str(bench.folder / "pip"), "-r", str(requirements)]
    bench.run("pip download", command, {"PIP_CONFIG_FILE": os.devnull})
    bench.expect_wheels("pip", bench.folder / "pip")
    bench.clear("pip")


def wheel_getter(bench: Bench) -> None:
    bench.clear("wheel-getter", "wheel-getter-cache")
    project = flat_project(bench, bench.folder / "wheel-getter")
    environment = {
        "PATH": f"{uv_executable().parent}{os.pathsep}{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(bench.folder / "wheel-getter-cache"),
        "UV_PYTHON": bench.python,  # it runs `uv export`
        "UV_FROZEN": "1",
    }
    command = [str(bench.folder / "tools/bin/wheel-getter"), f"--python={PYTHON}", "--wheelhouse", "wheels"]
    bench.run("wheel-getter", command, environment, cwd=project)
    bench.expect_wheels("wheel-getter", project / "wheels")
    bench.clear("wheel-getter", "wheel-getter-cache")


def flat_project(bench: Bench, folder: Path) -> Path:
    """A project whose lock names the wheels of this run and nothing else.

    wheel-getter evaluates no markers, so with the project's own lock it would fetch for all platforms.
    """
    raw = (bench.project / "uv.lock").read_text(encoding="utf-8")
    origins = dict.fromkeys(re.findall(r'registry = "([^"]+)"', raw))
    registry = next(iter(origins))
    pins = sorted((wheel["name"], wheel["version"]) for wheel in bench.wheels)
    dependencies = "".join(f'    "{name}=={version}",\n' for name, version in pins)
    pyproject = '[project]\nname = "bench"\nversion = "0"\n'
    pyproject += f'requires-python = "=={PYTHON}.*"\ndependencies = [\n{dependencies}]\n'
    lock = f'version = 1\nrevision = 3\nrequires-python = "=={PYTHON}.*"\n\n'
    lock += '[[package]]\nname = "bench"\nversion = "0"\nsource = { virtual = "." }\ndependencies = [\n'
    lock += "".join(f'    {{ name = "{name}" }},\n' for name, _version in pins) + "]\n\n"
    lock += "[package.metadata]\nrequires-dist = [\n"
    lock += "".join(f'    {{ name = "{name}", specifier = "=={version}" }},\n' for name, version in pins) + "]\n"
    for wheel in bench.wheels:
        url, size = wheel["origin"]["url"], wheel["size"]
        lock += (
            f'\n[[package]]\nname = "{wheel["name"]}"\nversion = "{wheel["version"]}"\n'
            f'source = {{ registry = "{registry}" }}\nwheels = [\n'
            f'    {{ url = "{url}", hash = "sha256:{wheel["sha256"]}", size = {size} }},\n]\n'
        )
    return write_tree(folder, {"pyproject.toml": pyproject, "uv.lock": lock})


def prepare_tools(bench: Bench, wanted: bool) -> None:
    """An environment with pip and, on a Python that it takes, wheel-getter."""
    tools = bench.folder / "tools"
    new_enough = tuple(map(int, bench.version.split(".")[:2])) >= (3, 12)
    if not wanted:
        bench.contest.skip("wheel-getter", NOT_ASKED_FOR)
    elif not new_enough:
        bench.contest.skip("wheel-getter", "it wants Python 3.12, and there is none")
    if not (tools / "bin" / "pip").exists() or not (tools / "bin" / "wheel-getter").exists():
        environment = real.network_environment(bench.folder / "home")
        uv = str(uv_executable())
        subprocess.run(
            [uv, "venv", "--quiet", "--clear", "--no-config", "--python", bench.python, tools],
            env=environment,
            check=True,
        )
        packages = ["pip", *([f"wheel-getter=={WHEEL_GETTER}"] if new_enough and wanted else [])]
        command = [uv, "pip", "install", "--quiet", "--no-config", "--python", str(tools / "bin/python"), *packages]
        subprocess.run(command, env=environment, check=True)


# --- the deploy


class Deploy:
    """The role, to a folder of this machine."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.host = bench.folder / "host"
        variables = {
            "uv_deploy_project": str(bench.project),
            "uv_deploy_name": "bench",
            "uv_deploy_path": str(self.host),
            "uv_deploy_wheelhouse": str(bench.folder / "wheelhouse"),
            "uv_deploy_frozen": True,
            "uv_deploy_no_install_local": True,
            "uv_deploy_no_install_package": list(bench.without),
            "uv_deploy_python": bench.python,
            "uv_deploy_owner": str(_me()),
            "uv_deploy_uv_executable": str(uv_executable()),
        }
        host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        play = {"hosts": "all", "gather_facts": False, "roles": [{"role": "airgap.uv.uv_deploy", "vars": variables}]}
        # JSON is YAML
        inventory = json.dumps({"all": {"hosts": {"bench": host}}})
        write_tree(bench.folder / "deploy", {"play.yml": json.dumps([play]), "hosts.yml": inventory})

    def __call__(self, name: str) -> str:
        home = self.bench.folder / "ansible"
        environment = ansible_environment(home, real.network_environment(self.bench.folder / "home"))
        command = [ansible_playbook(), "-i", "hosts.yml", "play.yml"]
        return str(self.bench.run(name, command, environment, cwd=self.bench.folder / "deploy").stdout)


def _me() -> str:
    return subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()


def deploy_without_change(deploy: Deploy) -> None:
    said = deploy("deploy, nothing to change")
    if not re.search(r"changed=0\s+unreachable=0\s+failed=0", said):
        raise SystemExit(f"bench: the second deploy changed something:\n{said[-2000:]}")


# --- the table


@dataclasses.dataclass(frozen=True)
class Limit:
    """What must be kept: a text, what was measured, what is allowed."""

    text: str
    measured: float
    allowed: float

    @property
    def kept(self) -> bool:
        return self.measured <= self.allowed

    def __str__(self) -> str:
        return f"{'kept  ' if self.kept else 'MISSED'}  {self.text}: {self.measured:.2f}, allowed {self.allowed:.2f}"


def limits(contest: Contest) -> Iterator[Limit]:
    cold, warm = contest.median("uv_wheelhouse, cold"), contest.median("uv_wheelhouse, warm")
    reference = {name: contest.median(name) for name in contest.seconds}
    if cold and reference.get("curl --parallel"):
        yield Limit("cold within 1.5 times curl + 0.5 s", cold, 1.5 * (reference["curl --parallel"] or 0) + 0.5)
    if cold and reference.get("pip download"):
        yield Limit("cold at most a fifth of pip download", cold, (reference["pip download"] or 0) / 5)
    if warm and reference.get("sha256sum of the same files"):
        allowed = 1.5 * (reference["sha256sum of the same files"] or 0) + 0.3
        yield Limit("warm within 1.5 times sha256sum + 0.3 s", warm, allowed)
    peaks = [peak for found in contest.memory.values() for peak in found]
    yield Limit("peak memory of the module in MB", max(peaks), MEMORY_MB)


ORDER = [
    "uv_wheelhouse, cold",
    "curl --parallel",
    "pip download",
    "wheel-getter",
    "uv_wheelhouse, warm",
    "sha256sum of the same files",
    "deploy, the first",
    "deploy, nothing to change",
]


def table(contest: Contest) -> Iterator[str]:
    """Seconds (the module's own, wall time of the rest), times the least and the most, ratios."""
    base = {"curl": contest.median("curl --parallel"), "pip": contest.median("pip download")}
    yield f"{'':30}{'seconds':>9}{'min':>8}{'max':>8}{'wall':>8}{'to curl':>9}{'to pip':>8}{'MB peak':>9}"
    for name in ORDER:
        if name in contest.skipped:
            yield f"{name:30}  skipped: {contest.skipped[name]}"
            continue
        median = contest.median(name)
        if median is None:
            continue
        found = contest.own.get(name) or contest.seconds[name]
        wall = statistics.median(contest.seconds[name])
        ratios = [f"{median / value:.2f}" if value else "" for value in base.values()]
        memory = f"{max(contest.memory[name]):.0f}" if name in contest.memory else ""
        yield (
            f"{name:30}{median:9.2f}{min(found):8.2f}{max(found):8.2f}{wall:8.2f}"
            f"{ratios[0]:>9}{ratios[1]:>8}{memory:>9}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="how often each runs (default: 3)")
    parser.add_argument("--check", action="store_true", help="end with code 1 when a limit is missed")
    parser.add_argument("--project", type=Path, help=f"another project than {PROJECT}, with its uv.lock")
    parser.add_argument("--no-pip", action="store_true", help="leave pip out, the slowest")
    parser.add_argument("--no-wheel-getter", action="store_true", help="leave wheel-getter out")
    parser.add_argument("--no-deploy", action="store_true", help="leave the deploys out")
    arguments = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]

    folder = real.build_folder() / "bench"
    for name in ("wheelhouse", "stage", "curl", "pip", "wheel-getter", "wheel-getter-cache", "host", "project"):
        shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    without: tuple[str, ...] = ()
    project = arguments.project and arguments.project.resolve()
    if project is None:
        locks = real.locks_folder()
        if locks is None:
            print("SKIPPED: bench: no folder with real locks (../shared/locks); name a project with --project")
            return 0
        project, without = real.restore(locks, folder / "project", PROJECT) / PROJECT, WITHOUT

    bench = Bench(folder, project, without)
    prepare_tools(bench, not arguments.no_wheel_getter)
    takers: list[Callable[[Bench], None]] = [module_cold, module_warm]
    for program, taker in (("sha256sum", sha256sum), ("curl", curl)):
        if shutil.which(program):
            takers.append(taker)
        else:
            print(f"SKIPPED: bench: {program} is not installed")
    if not arguments.no_pip:
        takers.append(pip)
    if "wheel-getter" not in bench.contest.skipped:
        takers.append(wheel_getter)
    for number in range(arguments.runs):
        print(f"round {number + 1} of {arguments.runs}: {', '.join(taker.__name__ for taker in takers)}")
        for taker in takers:
            taker(bench)
    if not arguments.no_deploy:
        print("deploys")
        deploy = Deploy(bench)
        deploy("deploy, the first")
        for _run in range(arguments.runs):
            deploy_without_change(deploy)

    size = sum(wheel["size"] for wheel in bench.wheels) / 1e6
    name = project.name + (f" without {', '.join(without)}" if without else "")
    print(
        f"\n{name}: {len(bench.wheels)} wheels, {size:.0f} MB, for Python {bench.version}; median of {arguments.runs}\n"
    )
    print("\n".join(table(bench.contest)))
    print()
    kept = list(limits(bench.contest))
    print("\n".join(str(limit) for limit in kept))
    for what, reason in bench.contest.skipped.items():
        if reason != NOT_ASKED_FOR:
            print(f"SKIPPED: bench: {what}: {reason}")
    return 1 if arguments.check and not all(limit.kept for limit in kept) else 0


if __name__ == "__main__":
    sys.exit(main())
