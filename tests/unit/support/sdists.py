# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real sdists that build without a network: their PEP 517 backend lies in the archive itself.

The backend behaves as common ones do where that matters here: time stamps are the clock's unless
`SOURCE_DATE_EPOCH` is set, modes in the wheel are those of the unpacked files (so they follow
the umask), and it leaves `build/lib` behind, from which a second build would take deleted files.
"""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from ansible_collections.airgap.uv.tests.unit.support.wheels import metadata, module_name

_EPOCH = (2020, 2, 2, 0, 0, 0)

BACKEND = """\
import base64, hashlib, os, re, shutil, subprocess, sys, sysconfig, time, zipfile

{prelude}

def _project():
    text = open("pyproject.toml").read()
    table = text.split("[project]", 1)[1]
    name = re.search(r'^name = "(.+)"', table, re.M).group(1)
    found = re.search(r'^version = "(.+)"', table, re.M)
    version = found.group(1) if found else open("VERSION").read().strip()
    return name, version


def _metadata(name, version):
    if os.path.exists("PKG-INFO"):
        return open("PKG-INFO").read()
    text = open("pyproject.toml").read()
    lines = ["Metadata-Version: 2.2", "Name: " + name, "Version: " + version]
    python = re.search(r'^requires-python = "(.+)"', text, re.M)
    if python:
        lines.append("Requires-Python: " + python.group(1))
    found = re.search(r"^dependencies = \\[(.*?)\\]", text, re.M | re.S)
    for requirement in re.findall(r'"([^"]+)"', found.group(1) if found else ""):
        lines.append("Requires-Dist: " + requirement)
    return "\\n".join(lines) + "\\n"


def _compile(source, target):
    include = sysconfig.get_paths()["include"]
    subprocess.check_call(["cc", "-shared", "-fPIC", "-I", include, source, "-o", target])


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name, version = _project()
    module = re.sub(r"[-_.]+", "_", name).lower()
    info = module + "-" + version + ".dist-info"
    tag = "py3-none-any"
    shutil.copytree(module, os.path.join("build", "lib", module), dirs_exist_ok=True)
    extension = os.path.join(module, "_native.c")
    if os.path.exists(extension):
        suffix = sysconfig.get_config_var("EXT_SUFFIX")
        _compile(extension, os.path.join("build", "lib", module, "_native" + suffix))
        python = "cp%d%d" % sys.version_info[:2]
        tag = python + "-" + python + "-linux_" + os.uname().machine
    stamp = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH") or time.time()))[:6]
    filename = module + "-" + version + "-" + tag + ".whl"
    record = []
    with zipfile.ZipFile(os.path.join(wheel_directory, filename), "w") as archive:

        def add(member, data, mode=0o100644):
            entry = zipfile.ZipInfo(member, stamp)
            entry.external_attr = mode << 16
            archive.writestr(entry, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(member + ",sha256=" + digest + "," + str(len(data)))

        for folder, folders, files in sorted(os.walk(os.path.join("build", "lib"))):
            for each in sorted(files):
                path = os.path.join(folder, each)
                if each.endswith((".pyc", ".c")):
                    continue
                with open(path, "rb") as stream:
                    add(os.path.relpath(path, os.path.join("build", "lib")), stream.read(), os.stat(path).st_mode)
        add(info + "/METADATA", _metadata(name, version).encode())
        wheel = "Wheel-Version: 1.0\\nGenerator: airgap-tests\\nRoot-Is-Purelib: true\\nTag: " + tag + "\\n"
        add(info + "/WHEEL", wheel.encode())
        scripts = re.search(r"^\\[project.scripts\\]\\n((?:.+\\n)+)", open("pyproject.toml").read(), re.M)
        if scripts:
            add(info + "/entry_points.txt", ("[console_scripts]\\n" + scripts.group(1).replace('"', "")).encode())
        record.append(info + "/RECORD,,")
        archive.writestr(zipfile.ZipInfo(info + "/RECORD", stamp), "\\n".join(record) + "\\n")
    return filename


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return build_wheel(wheel_directory)


def build_sdist(sdist_directory, config_settings=None):
    import tarfile
    name, version = _project()
    stem = re.sub(r"[-_.]+", "_", name).lower() + "-" + version
    with tarfile.open(os.path.join(sdist_directory, stem + ".tar.gz"), "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for each in sorted(os.listdir(".")):
            if each not in ("build", ".git", ".venv") and not each.endswith((".whl", ".tar.gz")):
                archive.add(each, stem + "/" + each)
        open("PKG-INFO.tmp", "w").write(_metadata(name, version))
        archive.add("PKG-INFO.tmp", stem + "/PKG-INFO")
        os.unlink("PKG-INFO.tmp")
    return stem + ".tar.gz"
"""

C_SOURCE = """\
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *args) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_native", "", -1, methods};
PyMODINIT_FUNC PyInit__native(void) { return PyModule_Create(&module); }
"""


def leaves_mark(path: Path) -> str:
    """A prelude whose run can be seen: each import of the backend makes the file `path` a second newer.

    A build cannot write outside its folder, but it can set the times of what is there.
    """
    path.touch()
    os.utime(path, (0, 0))
    return f"os.utime({str(path)!r}, (0, os.stat({str(path)!r}).st_mtime + 1))"


def runs(mark: Path) -> int:
    """How often a backend that leaves this mark was imported, more than once a build."""
    return int(mark.stat().st_mtime)


def fails(lines: int = 3) -> str:
    """A prelude that prints `lines` numbered lines and a last one, and ends the build."""
    return (
        f"for number in range({lines}):\n    print('step', number, file=sys.stderr)\n"
        "sys.exit('error: the header frobnicate.h was not found')"
    )


def backend(prelude: str = "") -> str:
    """The source of the in-tree backend; `prelude` runs whenever it is imported."""
    return BACKEND.replace("{prelude}", prelude)


def source_tree(
    name: str,
    version: str = "1.0",
    *,
    requires: Iterable[str] = (),
    build_requires: Iterable[str] = (),
    requires_python: str = ">=3.9",
    prelude: str = "",
    extension: bool = False,
    files: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The files of a packaged project, by their path: what an sdist holds, less PKG-INFO."""
    module = module_name(name)
    tree = {
        "pyproject.toml": (
            f'[project]\nname = "{name}"\nversion = "{version}"\nrequires-python = "{requires_python}"\n'
            f"dependencies = {_toml_list(requires)}\n\n"
            f"[build-system]\nrequires = {_toml_list(build_requires)}\n"
            'build-backend = "backend"\nbackend-path = ["."]\n'
        ),
        "backend.py": backend(prelude),
        f"{module}/__init__.py": f"__version__ = {version!r}\n\n\ndef main():\n    print('{name} {version}')\n",
        **(files or {}),
    }
    if extension:
        tree[f"{module}/_native.c"] = C_SOURCE
    return tree


def make_sdist(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    kind: str = "tar.gz",
    stem: str | None = None,
    requires: Iterable[str] = (),
    requires_python: str = ">=3.9",
    **tree: object,
) -> Path:
    """Write an sdist (`tar.gz` or `zip`) into `folder` and return its path.

    `stem` is the file's name without its ending, for old ones such as `Some.Name-1.0`.
    Further arguments are those of `source_tree`. The same arguments give the same bytes.
    """
    requires = tuple(requires)
    contents = source_tree(name, version, requires=requires, requires_python=requires_python, **tree)  # type: ignore[arg-type]
    contents["PKG-INFO"] = metadata(name, version, requires=requires, requires_python=requires_python)
    stem = stem or f"{module_name(name)}-{version}"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{stem}.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, text in contents.items():
                archive.writestr(zipfile.ZipInfo(f"{stem}/{member}", _EPOCH), text)
        return path
    _write_tar(path, {f"{stem}/{member}": text.encode() for member, text in contents.items()})
    return path


def _write_tar(path: Path, contents: Mapping[str, bytes]) -> None:
    with (
        path.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for member, data in contents.items():
            info = tarfile.TarInfo(member)
            info.size = len(data)
            info.mode = 0o644
            info.mtime = 1580601600
            archive.addfile(info, io.BytesIO(data))


def _toml_list(items: Iterable[str]) -> str:
    return "[" + ", ".join('"' + item.replace('"', "'") + '"' for item in items) + "]"
