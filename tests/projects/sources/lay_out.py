# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lay the project out, with all that it depends on, and lock it.

Usage: lay_out.py FOLDER SERVERS_FOLDER    (the latter as `tests/bed/servers.py up` has left it)

The project is FOLDER/project; what lies beside it there belongs to it. The password of the private index and
the git repositories reaches uv and git by their environment.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

HERE = Path(__file__).resolve().parent

SETUPTOOLS = ("setuptools>=77", "setuptools.build_meta")
BACKENDS = {
    "setuptools": SETUPTOOLS,
    "hatchling": ("hatchling", "hatchling.build"),
    "flit": ("flit_core>=3.9,<4", "flit_core.buildapi"),
    "poetry": ("poetry-core>=1.9", "poetry.core.masonry.api"),
    "uv": ("uv_build>=0.7,<1", "uv_build"),
}

# `stat` has another name in the C library since glibc 2.33: compiled there, this needs that version.
NATIVE = """\
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <sys/stat.h>
static PyObject *says(PyObject *self, PyObject *args) {
  struct stat root;
  return PyUnicode_FromString(stat("/", &root) == 0 ? "index-sdist" : "nothing");
}
static PyMethodDef methods[] = {{"says", says, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_native", "", -1, methods};
PyMODINIT_FUNC PyInit__native(void) { return PyModule_Create(&module); }
"""
# With LIMITED the wheel is for the stable ABI, for whatever Python it is built with.
SETUP = """\
import os
from setuptools import Extension, setup

LIMITED = "LIMITED" in os.environ
setup(
    ext_modules=[
        Extension(
            "index_sdist._native",
            ["index_sdist/native.c"],
            py_limited_api=LIMITED,
            define_macros=[("Py_LIMITED_API", "0x03090000")] if LIMITED else [],
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp39"}} if LIMITED else {},
)
"""

READS = """\
from pathlib import Path
SAYS = (Path(__file__).parent / "{name}").read_text()
"""
LFS_POINTER = """\
version https://git-lfs.github.com/spec/v1
oid sha256:{digest}
size {size}
"""

GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": "file",
    **{f"GIT_{role}_{fact}": "a@index.test" for role in ("AUTHOR", "COMMITTER") for fact in ("NAME", "EMAIL")},
    **{f"GIT_{role}_DATE": "2020-02-02T00:00:00Z" for role in ("AUTHOR", "COMMITTER")},
}


@dataclass(frozen=True)
class Package:
    """A package with one module, whose SAYS is its name."""

    name: str
    backend: str
    requires: tuple[str, ...] = ()
    dynamic: bool = False

    @property
    def module(self) -> str:
        return self.name.replace("-", "_")

    def tree(self) -> dict[str, str]:
        requirement, backend = BACKENDS[self.backend]
        lines = [
            "[project]",
            f'name = "{self.name}"',
            'dynamic = ["version"]' if self.dynamic else 'version = "1.0"',
            'description = "Says its name"',
            'requires-python = ">=3.9"',
            f"dependencies = {json.dumps(list(self.requires))}",
            "[build-system]",
            f'requires = ["{requirement}"]',
            f'build-backend = "{backend}"',
        ]
        if self.backend == "uv":
            lines += ["[tool.uv.build-backend]", 'module-root = ""']
        if self.dynamic:
            lines += ["[tool.setuptools.dynamic]", f'version = {{ attr = "{self.module}.VERSION" }}']
        code = f'"""Says its name."""\nVERSION = "2.5"\nSAYS = "{self.name}"\n'
        return {"pyproject.toml": "\n".join(lines) + "\n", f"{self.module}/__init__.py": code}


def run(*words: object, cwd: Path | None = None, **environ: str) -> None:
    command = [str(word) for word in words]
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environ}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}:\n{done.stdout.decode(errors='replace')}")


def write(folder: Path, tree: Mapping[str, str]) -> Path:
    for name, content in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder


class Layout:
    """`folder` is where the project and what belongs to it goes, `web` what the web server gives."""

    def __init__(self, folder: Path, servers: Path) -> None:
        self.folder = folder
        self.project = folder / "project"
        self.web = servers / "web"
        self.work = servers / "work"
        self.told = json.loads((servers / "servers.json").read_text(encoding="utf-8"))

    def make(self) -> None:
        shutil.copytree(HERE / "project", self.project, dirs_exist_ok=True)
        self.locals()
        self.files()
        self.repositories()
        self.upload()
        self.pin()
        self.lock()

    def locals(self) -> None:
        """Folders in the project and beside it."""
        write(self.project / "members" / "inner", Package("inner", "uv").tree())
        write(self.folder / "outer", Package("outer", "setuptools", dynamic=True).tree())
        write(self.folder / "beside", Package("beside", "uv").tree())
        write(self.folder / "edited", Package("edited", "hatchling").tree())

    def files(self) -> None:
        """Wheels, sdists and an archive, on the web server and in folders."""
        self.build(Package("page-wheel", "uv"), self.web / "page")
        self.build(Package("folder-wheel", "uv"), self.folder / "links")
        self.build(Package("url-wheel", "uv"), self.web)
        self.build(Package("url-sdist", "setuptools"), self.web, "--sdist")
        self.build(Package("path-wheel", "uv"), self.project / "vendor")
        self.build(Package("path-sdist", "hatchling"), self.folder, "--sdist")
        wheels = [(path.name, sha256(path.read_bytes()).hexdigest()) for path in (self.web / "page").glob("*.whl")]
        links = [f'<a href="{name}#sha256={digest}">{name}</a>' for name, digest in wheels]
        write(self.web / "page", {"index.html": f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>\n"})
        mono = self.work / "mono"
        write(mono / "mono-1" / "packages" / "url-archive", Package("url-archive", "poetry").tree())
        shutil.make_archive(str(self.web / "mono-1"), "zip", mono)

    def repositories(self) -> None:
        """One with a package at its root, which takes a file from a submodule, and one in a subdirectory."""
        words = write(self.work / "words", {"word.txt": "git-root with its submodule"})
        self.commit(words, "words")
        package = Package("git-root", "setuptools").tree()
        package["pyproject.toml"] += (
            '[tool.setuptools]\npackages = ["git_root", "git_root.words"]\n'
            '[tool.setuptools.package-data]\n"git_root.words" = ["*.txt"]\n'
        )
        package["git_root/__init__.py"] = READS.format(name="words/word.txt")
        part = Package("git-part", "flit").tree()
        root = write(self.work / "root", {**package, **{f"packages/git-part/{k}": v for k, v in part.items()}})
        self.git(root, "init", "--quiet", "--initial-branch", "main")
        words = self.web / "git" / "words.git"
        self.git(root, "submodule", "--quiet", "add", "--name", "words", words, "git_root/words")
        self.git(root, "config", "--file", ".gitmodules", "submodule.words.url", "../words.git")
        self.commit(root, "root")

        self.large()

    def large(self) -> None:
        """One with a file that Git LFS keeps elsewhere."""
        content = b"git-large with Git LFS"
        digest = sha256(content).hexdigest()
        (self.web / "lfs").mkdir()
        (self.web / "lfs" / digest).write_bytes(content)
        package = Package("git-large", "uv").tree()
        package[".gitattributes"] = "*.bin filter=lfs diff=lfs merge=lfs -text\n"
        package["git_large/word.bin"] = LFS_POINTER.format(digest=digest, size=len(content))
        package["git_large/__init__.py"] = READS.format(name="word.bin")
        self.commit(write(self.work / "large", package), "large")

    def commit(self, folder: Path, name: str) -> None:
        """Commit all of a folder, and put a bare copy of it where the web server gives it."""
        self.git(folder, "init", "--quiet", "--initial-branch", "main")
        self.git(folder, "add", "--all")
        self.git(folder, "commit", "--quiet", "--message", "all of it")
        self.git(folder, "tag", "v1")
        self.git(self.work, "clone", "--quiet", "--bare", folder, self.web / "git" / f"{name}.git")

    def upload(self) -> None:
        """Two packages of the private index that depend on each other."""
        dist = self.work / "dist"
        self.build(Package("index-wheel", "uv", ("index-sdist>=1",)), dist)
        native = Package("index-sdist", "setuptools", ("index-wheel>=1",)).tree()
        native |= {"setup.py": SETUP, "MANIFEST.in": "include index_sdist/*.c\n", "index_sdist/native.c": NATIVE}
        native["index_sdist/__init__.py"] = (
            '"""Lets C say its name."""\nfrom index_sdist._native import says\nSAYS = says()\n'
        )
        self.build_tree(write(self.work / "index-sdist", native), dist, "--sdist")
        url = self.told["index"].removesuffix("+simple")
        secret = {"UV_PUBLISH_USERNAME": self.told["user"], "UV_PUBLISH_PASSWORD": self.told["password"]}
        run("uv", "publish", "--quiet", "--publish-url", url, *sorted(dist.iterdir()), **secret)

    def pin(self) -> None:
        """What builds need, with hashes: constraints for the project, and a lock to collect it with."""
        needs = [*(requirement for requirement, _backend in BACKENDS.values()), "wheel"]
        write(self.folder, {"build.in": "\n".join(needs) + "\n"})
        words = ("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.9", "--no-annotate")
        for output in ("build-constraints.txt", "pylock.build.toml"):
            run(*words, "--generate-hashes", "build.in", "--output-file", output, cwd=self.folder)

    def lock(self) -> None:
        path = self.project / "pyproject.toml"
        text = path.read_text(encoding="utf-8").replace("https://files.test", self.told["files"])
        text = text.replace("https://index.test/team/main/+simple", self.told["index"])
        path.write_text(text, encoding="utf-8")
        secret = {"UV_INDEX_INTERNAL_USERNAME": self.told["user"], "UV_INDEX_INTERNAL_PASSWORD": self.told["password"]}
        who = base64.b64encode(f"{self.told['user']}:{self.told['password']}".encode()).decode()
        secret |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{self.told['files']}/.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {who}",
        }
        # From the project: uv takes an index that is a folder to be meant from where it runs.
        run("uv", "lock", "--quiet", "--python", sys.executable, cwd=self.project, **secret)

    def build(self, package: Package, destination: Path, *options: str) -> None:
        self.build_tree(write(self.work / package.name, package.tree()), destination, *(options or ("--wheel",)))

    def build_tree(self, source: Path, destination: Path, *options: str) -> None:
        words = ("uv", "build", "--quiet", "--no-create-gitignore", *options, "--out-dir", destination)
        run(*words, "--python", sys.executable, source, SOURCE_DATE_EPOCH="1580601600")

    def git(self, folder: Path, *words: object) -> None:
        run("git", *words, cwd=folder, **GIT)


if __name__ == "__main__":
    Layout(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()).make()
