# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python on a host that an application runs with: what is asked of it, and what it says of itself."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from ansible_collections.airgap.uv.plugins.module_utils.errors import AirgapError
from ansible_collections.airgap.uv.plugins.module_utils.specifier import (
    Specifier,
    SpecifierInvalid,
    parse_release,
)

# Runs a command; gives its return code, standard output and standard error. Raises `OSError` where it cannot
# be started, or gives no answer in time.
Runner = Callable[[Sequence[str]], "tuple[int, str, str]"]

# Isolated, without site-packages, and nothing is written beside the standard library.
FLAGS = ("-I", "-S", "-B")

# Runs in the interpreter that is described. The markers are packaging.markers.default_environment's
# (https://packaging.python.org/en/latest/specifications/dependency-specifiers/). Free-threaded and debug
# builds are told as packaging.tags tells them for a wheel's ABI: by how the interpreter was built
# (`sysconfig`), not by how it was started. A `python3` without the whole standard library, such as Debian's
# python3-minimal, names what it lacks. uv's own query asks distutils for its folders where `sysconfig` does not
# know them (before 3.10, and for virtual environments before 3.11 but for Debian's 3.10).
PROBE = """
import sys
def lacking(*names):
    missing = []
    for name in names:
        try:
            __import__(name)
        except ImportError:
            missing.append(name.split(".")[0])
    return sorted(set(missing))
missing = lacking("json", "os", "platform", "struct", "sysconfig")
if sys.version_info[0] < 3 or missing:
    named = ", ".join('"%s"' % name for name in missing)
    print('{"version": "%d.%d.%d", "missing": [%s]}' % (tuple(sys.version_info[:3]) + (named,)))
    raise SystemExit
import json, os, platform, struct, sysconfig
def full(info):
    release = "{0.major}.{0.minor}.{0.micro}".format(info)
    return release if info.releaselevel == "final" else release + info.releaselevel[0] + str(info.serial)
try:
    libc = os.confstr("CS_GNU_LIBC_VERSION")
except (AttributeError, OSError, ValueError):
    libc = None
try:
    threaded, debug = sysconfig.get_config_var("Py_GIL_DISABLED"), sysconfig.get_config_var("Py_DEBUG")
except ImportError:
    threaded, debug = "t" in getattr(sys, "abiflags", ""), None
schemes = sysconfig.get_scheme_names()
known = "venv" in schemes or (sys.version_info[:2] == (3, 10) and "deb_system" in schemes)
if known and getattr(sysconfig, "_PIP_USE_SYSCONFIG", sys.version_info >= (3, 10)):
    lacks = []
else:
    lacks = lacking("distutils.dist", "distutils.command.install")
print(json.dumps({
    "executable": sys.executable,
    "version": "{0.major}.{0.minor}.{0.micro}".format(sys.version_info),
    "threaded": bool(threaded),
    "debug": hasattr(sys, "gettotalrefcount") if debug is None else bool(debug),
    "bits": struct.calcsize("P") * 8,
    "libc": libc,
    "lacks": lacks,
    "markers": {
        "implementation_name": sys.implementation.name,
        "implementation_version": full(sys.implementation.version),
        "os_name": os.name,
        "platform_machine": platform.machine(),
        "platform_python_implementation": platform.python_implementation(),
        "platform_release": platform.release(),
        "platform_system": platform.system(),
        "platform_version": platform.version(),
        # A build of a checkout ends in "+", which is no version; uv drops it too.
        "python_full_version": platform.python_version().rstrip("+"),
        "python_version": ".".join(platform.python_version_tuple()[:2]),
        "sys_platform": sys.platform,
    },
}))
"""

# As in uv (https://docs.astral.sh/uv/concepts/python-versions/): cpython@3.11, pypy-3.10, 3.13t, 3.13+debug, cp313.
_REQUEST = re.compile(
    r"^(?P<implementation>cpython|pypy|python|cp|pp)?[-@]?"
    r"(?P<release>3(?:\.\d+){0,2}|3\d{1,2})?"
    r"(?P<threaded>t|\+freethreaded)?(?P<debug>d|\+debug)?$"
)
_RANGE = re.compile(r"^(?P<implementation>cpython|pypy|python)?\s*(?P<clauses>[<>=!~].*)$")

# The interpreters that wheels are chosen for, with the names that people know.
_IMPLEMENTATIONS = {"cpython": "CPython", "pypy": "PyPy"}


class PythonRequestInvalid(AirgapError):
    def __init__(self, request: str) -> None:
        super().__init__(request)
        self.request = request

    def __str__(self) -> str:
        return (
            f"python: {self.request!r} names no Python. Give a version (3.11, 3.11.2, 3.13t, pypy3.10), a range "
            "(>=3.11,<3.14) or the path of an interpreter."
        )


@dataclass(frozen=True)
class Interpreter:
    """An interpreter that was run: what it says of itself (see `PROBE`).

    `lacks`: modules that uv needs of it and that it has not, such as `distutils`.
    """

    path: str
    version: str
    threaded: bool
    bits: int
    libc: str | None
    markers: Mapping[str, str] = field(repr=False)
    debug: bool = False
    lacks: tuple[str, ...] = ()

    @classmethod
    def probe(cls, path: str, run: Runner) -> Interpreter:
        """Run the interpreter once. Raises `ValueError` with the reason when that gives nothing."""
        try:
            rc, out, err = run([path, *FLAGS, "-c", PROBE])
        except OSError as error:
            raise ValueError(f"does not run ({error.strerror or error})") from None
        if rc != 0:
            raise ValueError(f"does not run ({_end_of(rc, err)})")
        try:
            told = json.loads(out.strip().splitlines()[-1])
            missing = told.get("missing")
            found = None if missing is not None else cls.parse(path, told)
        except (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError):
            raise ValueError("is no Python") from None
        if found is None:
            raise ValueError(_incomplete(str(told.get("version")), missing))
        return found

    @classmethod
    def parse(cls, path: str, told: Mapping[str, Any]) -> Interpreter:
        # A wrapper such as a version manager's shim stands for the interpreter behind it.
        return cls(
            path=str(told["executable"] or path),
            version=str(told["version"]),
            threaded=bool(told["threaded"]),
            bits=int(told["bits"]),
            libc=told["libc"] or None,
            markers={str(key): str(value) for key, value in told["markers"].items()},
            debug=bool(told["debug"]),
            lacks=tuple(str(name) for name in told["lacks"]),
        )

    @property
    def release(self) -> tuple[int, ...]:
        return parse_release(self.version)

    @property
    def implementation(self) -> str:
        """`cpython`, `pypy`, or one that no wheel is chosen for."""
        return self.markers.get("implementation_name", "")

    @property
    def name(self) -> str:
        """As a target names it: `3.11.2`, free-threaded `3.13.1t`, a debug build `3.13.1d`, `pypy3.10.16`."""
        prefix = "" if self.implementation == "cpython" else self.implementation
        return f"{prefix}{self.version}{'t' if self.threaded else ''}{'d' if self.debug else ''}"

    def __str__(self) -> str:
        """For people: `CPython 3.13.1, free-threaded`."""
        known = self.markers.get("platform_python_implementation") or self.implementation
        return f"{known} {self.version}{_variant(self.threaded, self.debug)}"


@dataclass(frozen=True)
class Request:
    """What is asked of an interpreter: a path, an implementation and the first parts of its version, or a range."""

    text: str
    path: str | None = None
    release: tuple[int, ...] = ()
    threaded: bool = False
    debug: bool = False
    implementation: str = "cpython"
    within: Specifier = field(default_factory=lambda: Specifier.parse(""))

    @classmethod
    def parse(cls, python: str | None, requires_python: str | None = None) -> Request:
        """`requires_python` counts only where `python` is not given, as with `.python-version` in uv."""
        asked = (python or "").strip()
        if not asked:
            return cls._within(requires_python or "", f"within requires-python {requires_python}", "cpython")
        if "/" in asked:
            return cls(asked, path=asked)
        span = _RANGE.match(asked)
        if span:
            return cls._within(span["clauses"], asked, _implementation(span["implementation"]))
        match = _REQUEST.match(asked.lower())
        if not match or not (match["release"] or match["implementation"]):
            raise PythonRequestInvalid(asked)
        return cls(
            asked,
            release=_release(match["release"] or ""),
            threaded=bool(match["threaded"]),
            debug=bool(match["debug"]),
            implementation=_implementation(match["implementation"]),
        )

    @classmethod
    def _within(cls, text: str, words: str, implementation: str) -> Request:
        try:
            within = Specifier.parse(text)
        except SpecifierInvalid as error:
            raise PythonRequestInvalid(str(error)) from None
        return cls(words if text.strip() else "of version 3", implementation=implementation, within=within)

    @property
    def suffix(self) -> str:
        """What a free-threaded or debug build's program has after its version: `t`, `d` or `td`."""
        return f"{'t' if self.threaded else ''}{'d' if self.debug else ''}"

    def refusal(self, found: Interpreter) -> str | None:
        """Why this interpreter is not the one, or none."""
        if found.implementation not in _IMPLEMENTATIONS:
            return f"is {found}, neither CPython nor PyPy"
        if self.path:
            return None
        if found.implementation != self.implementation:
            return f"is {found}, not {_IMPLEMENTATIONS[self.implementation]}"
        if found.threaded != self.threaded:
            return f"is {found}{'' if found.threaded else ', not free-threaded'}"
        if found.debug != self.debug:
            return f"is {found}{'' if found.debug else ', not a debug build'}"
        fits = found.release[: len(self.release)] == self.release and self.within.contains(found.release)
        return None if fits and found.release[0] == 3 else f"is {found.name}"


def is_there(path: Path, kind: Callable[[Path], bool] = Path.is_file) -> bool:
    """Whether this user can see it; pathlib raises for a folder on PATH that belongs to somebody else."""
    try:
        return kind(path)
    except OSError:
        return False


def _release(text: str) -> tuple[int, ...]:
    """`3.11`, or `311` as in a wheel's name."""
    return parse_release(text if "." in text or len(text) < 2 else f"{text[0]}.{text[1:]}")


def _implementation(named: str | None) -> str:
    return "pypy" if named in ("pypy", "pp") else "cpython"


def _variant(threaded: bool, debug: bool) -> str:
    return f"{', free-threaded' if threaded else ''}{', a debug build' if debug else ''}"


def _end_of(rc: int, err: str) -> str:
    """The end of a process in a few words."""
    if rc < 0:
        try:
            return f"ended by {signal.Signals(-rc).name}"
        except ValueError:
            return f"ended by signal {-rc}"
    lines = [line.strip() for line in err.splitlines() if line.strip()] or [f"code {rc}"]
    fatal = next((line for line in lines if line.startswith("Fatal Python error")), None)
    # Python ends with the error, most programs begin with it.
    return (fatal or lines[-1 if "Traceback" in err else 0])[:200]


def _incomplete(version: str, missing: Sequence[str]) -> str:
    if not missing:
        return f"is Python {version}"
    return (
        f"is Python {version} without {', '.join(missing)}: its standard library is not whole "
        "(Debian's package python3, not python3-minimal, has it)"
    )
