# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a build is kept in: it has no terminal, writes in its own folders alone, and leaves no process behind.

This file is a program as well: `confine` hands its text to an interpreter, on hosts too. So it needs the
standard library alone and nothing of the collection.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

try:
    import ctypes
    import fcntl

    _libc: Any = ctypes.CDLL(None, use_errno=True)
    _libc.syscall.restype = ctypes.c_long
except (ImportError, OSError, AttributeError):  # an interpreter without them, or no Linux
    _libc = None

# landlock(7): the same numbers on every machine but these.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_OTHER_NUMBERS = ("alpha", "ia64", "mips")

# Before its second version Landlock refuses to move a file from one folder to another, whatever the rules.
_OLDEST = 2

# What writes, by the version that knows it. The first group holds for single files too.
_ON_FILES = {1: 1 << 1, 3: 1 << 14}  # write, truncate
_IN_FOLDERS = {
    1: sum(1 << bit for bit in (4, 5, 6, 7, 8, 9, 10, 11, 12)),  # remove; make devices, folders, files, links …
    2: 1 << 13,  # move between folders
}
_MAKE_DEVICES = 1 << 6 | 1 << 11  # a disk's would be in the build's own folder, and could be written
_TCP = {4: 0b11}  # bind, connect
_SCOPES = {6: 0b11}  # abstract sockets of others, signals to others

# Programs write to these without leaving anything. In /dev/shm are the locks of Python's multiprocessing (sem_open(3)).
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx")
_DEVICE_FOLDERS = ("/dev/shm", "/dev/pts")  # noqa: S108 - nothing is made there

_NO_NEW_PRIVS, _SUBREAPER, _PARENT_DEATH = 38, 36, 1  # prctl(2)
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000  # unshare(2)
_SET_FLAGS, _UP = 0x8914, 0x41  # netdevice(7)

# What is killed may just have started something; it is looked for again, up to so often.
_ROUNDS = 50
_PAUSE = 0.05

NAMESPACE, LANDLOCK = "namespace", "landlock"


def landlock() -> int:
    """The version of Landlock that can be relied on here; 0 for none."""
    if _libc is None or os.uname().machine.startswith(_OTHER_NUMBERS):
        return 0
    found = int(_libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1))
    return found if found >= _OLDEST else 0


def network() -> str:
    """How a process can be cut off from the network here. To find out, it is tried by one that ends at once."""
    child = os.fork()
    if child == 0:
        try:
            _cut_off()
        except OSError:
            os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        return NAMESPACE
    return LANDLOCK if _known(_TCP, landlock()) else ""


def descendants(leader: int) -> set[int]:
    """The processes that live of those that `leader` started, in its session or another (proc(5))."""
    found: dict[int, tuple[int, int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        # A process may end while it is looked at. Its name, in brackets, may hold anything.
        with contextlib.suppress(OSError, IndexError, ValueError):
            state, parent, _group, session = stat.read_text(errors="replace").rpartition(")")[2].split()[:4]
            if state != "Z":
                found[int(stat.parent.name)] = int(parent), int(session)
    members = {pid for pid, (_parent, session) in found.items() if session == leader} | {leader}
    while True:
        more = {pid for pid, (parent, _session) in found.items() if parent in members} - members
        if not more:
            return members & set(found) - {leader}
        members |= more


def run(order: Mapping[str, Any], command: Sequence[str]) -> int:
    """Run a command as `order` says and end what it leaves; its return code.

    `names`: the environment variables that it sees. `writable`: the folders that it may write in, where `landlock`
    is not 0. `network`: what cuts it off, or nothing. `parent`: with this process it ends.
    """
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _end)
    # Whatever it starts stays below this process, daemons too.
    _prctl(_SUBREAPER, 1)
    child = os.fork()
    if child == 0:
        _enter(order, command)
    try:
        _prctl(_PARENT_DEATH, signal.SIGTERM)
        if os.getppid() != order["parent"]:
            return 1
        while True:
            pid, status = os.waitpid(-1, 0)
            if pid == child:
                return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)
    finally:
        _end_all()


def _end(_number: int, _frame: object) -> None:
    raise SystemExit(1)


def _end_all() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for _round in range(_ROUNDS):
        left = descendants(os.getpid())
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not left:
            return
        time.sleep(_PAUSE)


def _enter(order: Mapping[str, Any], command: Sequence[str]) -> None:
    """Become the command; never returns."""
    try:
        # Python ignores the last two, and what it becomes would as well.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        _prctl(_PARENT_DEATH, signal.SIGKILL)
        environ = {name: os.environ[name] for name in order["names"] if name in os.environ}
        if order["network"] == NAMESPACE:
            _cut_off()
        if order["landlock"]:
            _lock_in(order["landlock"], order["writable"], order["network"] == LANDLOCK)
        os.execvpe(command[0], list(command), environ)  # noqa: S606 - there is to be no shell
    except OSError as error:
        sys.stderr.write(f"error: {command[0]} cannot be run in a cell of its own: {error}\n")
        sys.stderr.flush()
    os._exit(126)


def _cut_off() -> None:
    """Go into a network of this process's own, in which there is nothing but itself. Raises `OSError`."""
    if _libc is None:
        raise OSError("there is no ctypes")
    user, group = os.geteuid(), os.getegid()
    if _libc.unshare(_NEW_NETWORK):
        _called(_libc.unshare(_NEW_NETWORK | _NEW_USER))
        # Without it everyone is nobody, who may not write into the folders.
        for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            Path("/proc/self", name).write_text(text, encoding="ascii")
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        fcntl.ioctl(device, _SET_FLAGS, struct.pack("16sh22x", b"lo", _UP))


def _lock_in(version: int, writable: Sequence[str], without_tcp: bool) -> None:
    """Let this process and what it becomes write in these folders alone. Raises `OSError`."""
    on_files, in_folders = _known(_ON_FILES, version), _known(_IN_FOLDERS, version)
    tcp = _known(_TCP, version) if without_tcp else 0
    attributes = struct.pack("=QQQ", on_files | in_folders, tcp, _known(_SCOPES, version))
    rules = _called(_libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0))
    for path in (*writable, *_DEVICE_FOLDERS):
        _allow(rules, path, (on_files | in_folders) & ~_MAKE_DEVICES)
    for path in _DEVICES:
        _allow(rules, path, on_files)
    _called(_prctl(_NO_NEW_PRIVS, 1))
    _called(_libc.syscall(_RESTRICT_SELF, rules, 0))
    os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        _called(_libc.syscall(_ADD_RULE, rules, 1, struct.pack("=Qi", rights, folder), 0))
    finally:
        os.close(folder)


def _known(rights: Mapping[int, int], version: int) -> int:
    return sum(bits for since, bits in rights.items() if version >= since)


def _prctl(option: int, value: int) -> int:
    """Best effort where the platform has no such thing."""
    if _libc is None or not hasattr(_libc, "prctl"):
        return 0
    return int(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0))


def _called(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def main(argv: Sequence[str]) -> int:
    order = json.loads(argv[0])
    if "names" in order:
        return run(order, argv[1:])
    sys.stdout.write(json.dumps({"landlock": landlock(), "network": network()}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
