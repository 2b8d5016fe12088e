#!/usr/bin/python
# Copyright: (c) 2026, airgap.uv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: uv_wheelhouse
short_description: Collect what a uv.lock or pylock.toml names into a verified wheelhouse
version_added: 0.1.0
description:
  - Reads the C(uv.lock) of a project or a C(pylock.toml), fetches the wheels that given targets take, builds those
    that exist only as source, and stages a project that names every wheel with its hash.
  - Every file is checked against the hash that the lock has for it, those that are there already too.
  - Always runs on the controller, without become and under the Python that runs Ansible (or the one in the variable
    C(uv_deploy_controller_python)), whatever the connection of the task is.
  - The project's folder is only read. Local packages are built from a clean copy of it, those in folders beside it
    from a copy of theirs.
  - Besides what is on indexes it collects wheels and source archives that the lock names by URL or path, and builds
    commits of git repositories, with their submodules and what Git LFS keeps beside them. That needs git-lfs, and of a
    C(uv.lock) it is done where the source has C(lfs = true), as uv does. The commit is the hash. git runs without the
    user's and the system's settings, hooks and credential helpers; O(credentials), netrc and an SSH agent give
    credentials.
author:
  - airgap.uv contributors (@airgap-uv)
requirements:
  - python >= 3.10
  - packaging >= 26.3
  - requests >= 2.28
  - tomli >= 2.0
  - tomli-w >= 1.0
  - pathspec >= 0.12
  - uv >= 0.9
  - pyelftools >= 0.29, only to tell what compiled code needs of a host that was built here or brought (O(extra_wheels),
    O(built))
  - git >= 2.29, for locks with sources from git
options:
  project:
    description:
      - Folder with C(pyproject.toml) and C(uv.lock).
      - Exactly one of O(project) and O(lockfile) is needed.
    type: path
  lockfile:
    description:
      - Path of a C(uv.lock) instead, which lies beside its C(pyproject.toml), or of a C(pylock.toml) or
        C(pylock.NAME.toml) of any tool (PEP 751).
      - "Beside a C(pylock.toml) there may be a project: then its name, version and files are taken as with a
        C(uv.lock), and it is installed as a wheel if the lock has it. Without one, the staged project is called like
        the folder, and only what O(stage.include) names travels."
      - C(pylock.toml) has no O(package) and no O(all_packages), and nothing tells whether it is out of date.
    type: path
  frozen:
    description:
      - Take the lock as it is. Otherwise a lock that C(uv lock --check) finds out of date is refused.
    type: bool
    default: false
  wheelhouse:
    description:
      - Folder to fill. It must be new, empty, a wheelhouse, or hold nothing but wheels, and lie outside the project.
    type: path
    required: true
  targets:
    description:
      - The kinds of hosts to collect for. Those that differ only in markers that the lock never mentions are one.
      - Without it, the Python that fits the project on the machine that collects.
    type: list
    elements: dict
    suboptions:
      python:
        description:
          - V(3.11) or V(3.11.2) for CPython, V(3.13t) for a free-threaded build, V(3.13d) for a debug build,
            V(pypy3.10) for PyPy.
          - Without a micro version, what C(.0) and the newest take, joined.
        type: str
        required: true
      platform:
        description:
          - One of uv's C(--python-platform) names, such as V(x86_64-manylinux_2_36), V(aarch64-unknown-linux-musl),
            V(macos) or V(windows), or a name of the same form for another version or architecture, such as
            V(x86_64-manylinux_2_41), V(armv7l-manylinux_2_36), V(x86_64-musllinux_1_1) or V(arm64-macosx_14_0).
          - Wheels of an index are collected for any platform. What must be built for one that this machine cannot
            compile for is taken only if it holds no compiled code.
        type: str
        required: true
      markers:
        description:
          - Environment markers that differ from what Python and platform imply.
        type: dict
        default: {}
  extras:
    description: Extras to include.
    type: list
    elements: str
    default: []
  all_extras:
    description: Include all extras.
    type: bool
    default: false
  groups:
    description: Dependency groups to include.
    type: list
    elements: str
    default: []
  all_groups:
    description: Include all dependency groups.
    type: bool
    default: false
  no_dev:
    description: Leave the C(dev) group out, unless O(groups) or O(only_groups) names it.
    type: bool
    default: true
  no_default_groups:
    description: Leave out the groups that C(default-groups) of the project names.
    type: bool
    default: false
  only_groups:
    description: Include these groups alone, without the project.
    type: list
    elements: str
    default: []
  package:
    description: The workspace member to deploy, instead of the project in the lock's folder.
    type: str
  all_packages:
    description: Include all workspace members.
    type: bool
    default: false
  no_install_project:
    description: Leave the project itself out.
    type: bool
    default: false
  no_install_workspace:
    description: Leave all workspace members out.
    type: bool
    default: false
  no_install_local:
    description: Leave all local packages out.
    type: bool
    default: false
  no_install_package:
    description: Leave these packages out.
    type: list
    elements: str
    default: []
  no_binary:
    description: Build these packages from their sdists, or V(:all:).
    type: list
    elements: str
    default: []
  no_build:
    description:
      - Never build these packages, or V(:all:), from their sdists, archives and commits.
      - Local packages are built all the same, unless named one by one.
      - As in uv, a name here goes before V(:all:) in O(no_binary), and a name there before V(:all:) here.
    type: list
    elements: str
    default: []
  build_constraints:
    description:
      - File that pins build requirements, in pip's format. Each line is a C(name==VERSION), with a marker or without,
        and a C(--hash=sha256:) for each of its files.
      - "A file beside it that is called after a package (C(build-constraints.NAME.txt) beside
        C(build-constraints.txt)) goes first for the builds of that package alone."
      - Their files are fetched like those of the lock and kept in the wheelhouse. A build gets nothing else, has a
        cache of its own and reaches no network, so that next year it gives the same wheel.
      - Other constraints give wheels with other bytes, so they are part of the release's name.
    type: path
  build_index:
    description:
      - Index that build requirements and the uv wheel come from.
      - Without it, the lock's own default index, the one that most packages come from if none is marked; of those that
        the project names without that mark only where the lock has no other.
      - A mirror of it is asked instead if O(mirrors) names one.
    type: str
  build_settings:
    description:
      - What single packages are built with, by name; C(*) for all. It wins over what the project says for builds,
        variable by variable and setting by setting; its C(requires) stands instead of the project's.
      - "The project says it in C([tool.uv]) beside the lock, or in the C(uv.toml) there, as for uv itself:
        C(config-settings), C(config-settings-package), C(extra-build-variables), C(extra-build-dependencies), with
        C(match-runtime), and C(build-constraint-dependencies). Its C(no-build), C(no-build-package), C(no-binary) and
        C(no-binary-package) are joined with O(no_build) and O(no_binary), which go before their opposites there."
      - A build sees no other variables than these, those that say how programs and the network are found, and
        credentials for uv. The values are returned and kept, so this is no place for a secret.
      - Other settings give wheels with other bytes, so they are part of the release's name.
      - Every build is isolated, what C(no-build-isolation) of a project means too; a warning tells.
    type: dict
    default: {}
  lock_builds:
    description:
      - Make the file O(build_constraints) from what is needed. Everything that is to be built is built once without it,
        whatever earlier runs built; what that was made with is written there with the hashes of all files of those
        versions. Then everything is built again with it.
      - A requirement whose version differs between Pythons is written once for each, with a marker. Where one package
        is built with another version than most, that goes to a file of its own beside it.
      - What the file says already and was not built now, for other Pythons say, stays. Builds of other machines
        (O(builders)) are tried here for it, as most need the same there. To begin anew, remove the file.
      - Nothing is written when a build fails.
    type: bool
    default: false
  build_cache:
    description:
      - Folder that keeps what was built, for all projects of this controller. A build that was made there before, from
        the same source, with the same Python, settings, constraints and compilers, on the same system, is not repeated.
      - The system's libraries that a build finds are not looked at. To build anew after one was installed or upgraded,
        remove this folder, and C(.cache/builds) in O(wheelhouse), where each wheelhouse keeps what its own builds gave.
      - By default C($XDG_CACHE_HOME/airgap.uv/builds) or C(~/.cache/airgap.uv/builds); an empty string for none.
      - It must belong to the user who collects, and no other may write there. Each wheel is hashed when it is taken,
        and proved as if it had just been built. What no run has taken for 90 days goes; the folder may be removed at
        any time.
      - Without O(build_constraints) the newest build requirements are not looked for again as long as a build is kept.
      - Check mode does not ask it, and names such builds as to be made.
    type: path
  mirrors:
    description:
      - Other places for what the lock names, for a controller that does not reach those. Each key is a prefix of the
        lock's URLs, of files or of an index; each value is what stands for it, a URL or the absolute path of a folder.
        The longest prefix goes first. What has a mirror is never asked for where the lock says.
      - "With a mirror for its index, a file is found on the page of its package there (simple API, as JSON or HTML),
        whatever the mirror's own addresses are: C(https://index.example/simple: https://devpi.example/root/main/+simple)
        or C(https://index.example/simple: https://artifactory.example/artifactory/api/pypi/main/simple)."
      - In a folder a file lies at the rest of its URL's path or flat; in one for an index, flat or in a folder with
        the package's name.
      - The lock's hashes hold for every file. The manifest names the place that the lock says, not the mirror, so it
        is the same at every site.
      - Build requirements and the wheel of option O(uv) come from the mirror of O(build_index). Only C(uv lock --check)
        knows of no mirror; where it needs the index, see O(frozen).
    type: dict
    default: {}
  credentials:
    description:
      - Users and passwords for indexes, mirrors and git repositories (https and http). They win over uv's variables
        C(UV_INDEX_<NAME>_USERNAME) and C(UV_INDEX_<NAME>_PASSWORD), those over a user and password in a URL, those over
        netrc. For git a URL wins over the variables.
      - They are sent to the server that is named and to no other, and stand in no manifest, staged file, return value,
        log or argument of a command.
    type: list
    elements: dict
    default: []
    suboptions:
      url:
        description:
          - URL of the index, mirror or repository, or its beginning, such as V(https://index.example). Of several
            entries for one server the one whose path has most in common with a file's is taken.
          - Exactly one of O(credentials[].url) and O(credentials[].index) is needed.
        type: str
      index:
        description: Name of an index of the project.
        type: str
      username:
        description: The user; empty for servers that want a token alone.
        type: str
        default: ""
      password:
        description: The password or token.
        type: str
        required: true
  build:
    description:
      - V(here) builds on this machine what no machine of O(builders) is to build.
      - V(defer) builds nothing and returns all of it as RV(to_build).
    type: str
    choices: [here, defer]
    default: here
  builders:
    description:
      - Platforms of machines where wheels are built that this one cannot build, or not for hosts with an older C
        library, such as V(x86_64-manylinux_2_31).
      - Such a machine suits a target if it has the same system, architecture and kind of C library and none that is
        newer. A build is not made here but returned as RV(to_build), for the newest machine that suits, if that is of
        the target's very platform, or if this machine is of another kind, has a newer C library than the target, lacks
        the Python or fails to build it. M(airgap.uv.uv_build) builds it there, and O(built) brings it back.
      - Of wheels with one name that several machines built, one is for all targets.
      - Local packages are built here all the same if they hold no compiled code. Pure Python that was built anywhere
        serves all targets.
      - What came back is kept, so that the next run asks no builder.
    type: list
    elements: str
    default: []
  built:
    description:
      - Wheels that were built elsewhere from what RV(to_build) named. They are verified as what is built here is.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Path of the wheel.
        type: path
        required: true
      hash:
        description: Its hash, as C(sha256:) and 64 hexadecimal digits.
        type: str
        required: true
      source:
        description: The C(sha256) or C(commit) of the source that it was built from, as RV(to_build) gave it.
        type: str
        required: true
      builder:
        description: The machine of O(builders) that built it, as RV(to_build) named it.
        type: str
      record:
        description:
          - How it was built, as M(airgap.uv.uv_build) returns it. Its C(python), C(platform), C(uv), C(requirements)
            and C(recipe) go into the manifest.
        type: dict
  unbuilt:
    description:
      - What of RV(to_build) could not be built, and why. It is in the way of the targets that wait for it.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The package, as RV(to_build) gave it.
        type: str
        required: true
      source:
        description: The C(sha256) or C(commit) of its source.
        type: str
        required: true
      builder:
        description: The machine of O(builders).
        type: str
        required: true
      python:
        description: The Python, as RV(to_build) gave it.
        type: str
        required: true
      reason:
        description: Why not.
        type: str
        required: true
      lacks_python:
        description:
          - The builder lacks the Python. Then it is built here, if what is compiled here runs on all targets that wait
            for it.
        type: bool
        default: false
  extra_wheels:
    description:
      - Wheels of the caller's. One whose name the lock has stands for that package where it fits and must have its
        version. Any other is installed in addition.
      - Where uv would take a wheel of the lock rather, because its tags are better, the target cannot be served.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Path of the wheel on the controller.
        type: path
        required: true
      hash:
        description: Its hash, as C(sha256:) and 64 hexadecimal digits.
        type: str
        required: true
  dist:
    description:
      - Folder of wheels that were built of the project's own packages before, by CI say, such as C(dist/). Local
        packages (the project, members of its workspace, folders that the lock names) whose name has a wheel there take
        it instead of being built; for a target that none fits it is built all the same.
      - "They are held to what a built wheel is: name, version, RECORD, tags, what compiled code needs of a host. Their
        version must be the project's; others there do not count beside one that is. That they were made from the
        files that are there now is for the caller to see to."
      - Wheels of other packages there are left alone. O(extra_wheels) and O(no_binary) go before it where they name
        the package.
      - Their bytes are part of the release's name.
    type: path
  ship:
    description:
      - What travels to hosts that reach an index. What does not travel they take from the index that the lock names,
        as the staged lock says, with the lock's hashes; it is not fetched here either.
      - V(all) is for hosts without any index.
      - "With V(built) travels what no index has as a wheel: what was built here, whatever its source, what was brought
        (O(built), O(extra_wheels), O(dist)), comes from a URL or a path, or lies in a folder of wheels."
      - With V(binary) travels besides every package of which the lock has a wheel for a platform. Only packages that
        hold no compiled code anywhere come from the index.
      - A package travels as a whole. If one target has to build it, the others get its wheels from here too.
      - What has a mirror (O(mirrors)) travels, because the hosts are taken to reach no more than this machine does,
        unless O(ship_from) says what they reach. The wheel of option O(uv) always travels.
      - The staged project names the indexes without credentials. A host has those itself, in netrc or in uv's variables
        C(UV_INDEX_<NAME>_USERNAME) and C(UV_INDEX_<NAME>_PASSWORD), with the project's names of its indexes.
      - A package with a wheel whose URL has a query travels; it may be a token, or out of date tomorrow.
      - It is part of the release's name.
    type: str
    choices: [all, built, binary]
    default: all
  ship_from:
    description:
      - Indexes of the hosts' own, where those are others than the lock's, for O(ship=built) and O(ship=binary). Each
        key is a prefix of the lock's URLs, as in O(mirrors); each value is the URL of what the hosts have instead.
      - Where a file is on such an index its page of the package tells (simple API), which this machine therefore reads,
        with O(credentials) if it has to. A package with a wheel that the page does not name travels, with a warning.
        An index that is not read is an error.
      - The index keeps the name that the project gives to the lock's.
    type: dict
    default: {}
  uv:
    description:
      - Collect the wheel of this uv version for the targets too; V(same) for the version that collects.
    type: str
  prune:
    description: Remove wheels that this lock does not want, for whatever target, extra, group or package.
    type: bool
    default: false
  partial:
    description:
      - Leave targets that cannot be served out, return what stands in their way as RV(obstacles), and collect for
        the others. Otherwise one target that cannot be served fails the whole, with all obstacles of all targets.
      - An entry of O(targets) that contradicts itself, or that is none, is left out like those.
      - The release is the same one, whichever targets are served.
      - That a build fails, or a file cannot be fetched, stands in the way of those targets alone that need it.
        Bytes that are not what the lock says always fail the whole.
    type: bool
    default: false
  stage:
    description:
      - Write the staged project.
    type: dict
    suboptions:
      path:
        description: Folder of the staged project. It is replaced as a whole.
        type: path
        required: true
      find_links:
        description: Where the wheels lie, seen from the release on the host.
        type: str
        default: ../../wheels
      include:
        description:
          - Patterns, as in C(.gitignore), of project files that travel although C(.gitignore) names them.
          - Of a project that travels as a wheel, only these files travel beside it.
        type: list
        elements: str
        default: []
      exclude:
        description:
          - Patterns, as in C(.gitignore), of project files that do not travel.
          - A wheel that is built from the project is not affected.
        type: list
        elements: str
        default: []
  ca_bundle:
    description: File with the certificates of the authorities to trust.
    type: path
  jobs:
    description: Files to fetch at a time.
    type: int
    default: 16
  timeout:
    description: Seconds to wait for a server's connection or next bytes.
    type: float
    default: 30
  build_jobs:
    description:
      - Builds to make at a time, each of another source. By default as many as this process may use CPUs.
      - "The CPUs are shared out among them: tools that would compile on all of them are told how many are theirs
        (C(CMAKE_BUILD_PARALLEL_LEVEL), C(MAX_JOBS), C(CARGO_BUILD_JOBS)). On a machine with little memory for its CPUs
        give a smaller number."
    type: int
  build_timeout:
    description:
      - Seconds that a build on this machine may take. It is then stopped, with all that it has started.
      - A build has neither a terminal nor input, so one that asks gets no answer and does not wait for any. It has a
        home and a folder for temporary files of its own and, where the kernel has Landlock, writes nowhere else.
    type: float
    default: 3600
  retries:
    description: How often a file is tried again after a fault that may pass.
    type: int
    default: 3
  uv_executable:
    description:
      - The uv to use. Without it, the one installed with the controller's Python, then the one on C(PATH).
    type: path
attributes:
  check_mode:
    support: full
    description: Tells what would be fetched, built and removed, and touches nothing.
  diff_mode:
    support: full
    description: Shows the wheels before and after, the files of the staged project that differ, and the release.
  platform:
    support: full
    platforms: posix
    description: The controller is a POSIX system.
seealso:
  - module: airgap.uv.uv_sync
"""

EXAMPLES = r"""
- name: Collect for Debian 12
  airgap.uv.uv_wheelhouse:
    project: /srv/projects/shop
    wheelhouse: /srv/wheelhouses/shop
    targets:
      - python: "3.11"
        platform: x86_64-manylinux_2_36
    stage:
      path: /srv/stages/shop
  run_once: true

- name: Collect for what can be served of a mixed fleet
  airgap.uv.uv_wheelhouse:
    project: /srv/projects/shop
    wheelhouse: /srv/wheelhouses/shop
    targets:
      - python: "3.9"
        platform: x86_64-manylinux_2_31
      - python: "3.12"
        platform: aarch64-unknown-linux-musl
      - python: 3.13t
        platform: x86_64-manylinux_2_41
    partial: true
    stage:
      path: /srv/stages/shop
  run_once: true

- name: Collect what a lock made in the open names, through the company's own server
  airgap.uv.uv_wheelhouse:
    project: /srv/projects/shop
    wheelhouse: /srv/wheelhouses/shop
    mirrors:
      https://index.example/simple: https://artifactory.example/artifactory/api/pypi/main/simple
    credentials:
      - url: https://artifactory.example
        username: deploy
        password: "{{ vault_artifactory_password }}"
  run_once: true

- name: Collect, with other settings for one build than the project has
  airgap.uv.uv_wheelhouse:
    project: /srv/projects/shop
    wheelhouse: /srv/wheelhouses/shop
    build_settings:
      numpy:
        environment:
          NPY_DISABLE_SVML: "1"
        config_settings:
          setup-args: [-Dallow-noblas=true]
        requires: [cython<3.1]
  run_once: true

- name: See what a new lock would fetch
  airgap.uv.uv_wheelhouse:
    project: /srv/projects/shop
    wheelhouse: /srv/wheelhouses/shop
    frozen: true
  check_mode: true
  run_once: true
"""

RETURN = r"""
wheels:
  description: The wheels that the targets take.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Normalized name of the package.
      type: str
    version:
      description: Version of the package.
      type: str
    filename:
      description: File name, as the index names it.
      type: str
    path:
      description: Path in the wheelhouse.
      type: str
    size:
      description: Bytes; 0 where the lock does not tell and nothing was fetched.
      type: int
    sha256:
      description: The wheel's hash.
      type: str
    targets:
      description: Labels of the targets that take it.
      type: list
      elements: str
    tool:
      description: Whether it is the uv wheel that option O(uv) asked for.
      type: bool
    travels:
      description: Whether it goes to the hosts. Otherwise they take it from its index (O(ship)).
      type: bool
    origin:
      description:
        - Its C(kind) and its C(url), without credentials, or its C(path).
        - The kind is V(index) for a wheel of an index and V(sdist) for what was built from an index's sdist, V(archive)
          for a URL, V(path) for a path that the lock names itself and for a wheel that was brought, V(git) for a
          commit, V(directory) for a local package.
        - For what was built also the source's hash, as C(sha256) or C(commit), the C(subdirectory) that was meant, and
          how it was C(built).
      type: dict
    installed_size:
      description:
        - Bytes that it takes once it is installed, with bytecode, in blocks of 4 KiB; an estimate that is rather
          too high. 0 where it is not known, as before it was fetched.
      type: int
    installed_files:
      description: Number of the files and folders then; 0 where it is not known.
      type: int
    requires:
      description:
        - What the compiled code of a wheel that was built or brought needs of a host, its C(glibc) and the C(libraries)
          that it does not hold itself, with the newest versions of their symbols that it takes. Empty for a wheel
          without such code; left out where it is not known.
      type: dict
      sample: {glibc: "2.34", libraries: [libpq.so.5, libstdc++.so.6, libstdc++.so.6(GLIBCXX_3.4.29)]}
added:
  description: Paths of the wheels that were, or in check mode would be, fetched or taken up.
  returned: success
  type: list
  elements: str
removed:
  description: Paths of the wheels that were, or would be, removed.
  returned: success
  type: list
  elements: str
to_build:
  description: What is still to be built, by machines of O(builders) or with O(build=defer) by whomever.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Normalized name of the package.
      type: str
    version:
      description: Version that must come out; null where only a build tells.
      type: str
    source:
      description: What it is built from, with its C(sha256) or C(commit), as RV(wheels) has it under C(origin).
      type: dict
    python:
      description: The Python that it is built with.
      type: str
      sample: "3.11"
    targets:
      description: Labels of the targets that wait for it.
      type: list
      elements: str
    builder:
      description: The machine of O(builders) that is to build it, or null.
      type: str
      sample: x86_64-manylinux_2_31
    file:
      description:
        - Path of the archive to build, an sdist whose hash was checked or a tar of a local package or a commit; of one
          whose version comes from git an sdist that was made here.
        - Null in check mode where it is not there yet.
      type: str
    hash:
      description: Its hash, after C(sha256:).
      type: str
    subdirectory:
      description: The folder in it that is meant, or nothing.
      type: str
    recipe:
      description: "What is declared for it: C(environment), C(config_settings), C(requires) and C(constraints)."
      type: dict
    index:
      description: URL of the index for what the build needs, without credentials; null for uv's own.
      type: str
    find_links:
      description: Folder of the files that O(build_constraints) pins for it, or null. It needs no index then.
      type: str
targets:
  description:
    - O(targets) as it was given, in its order, each with the label that everything else that is returned has for it.
    - Targets that differ only in markers that the lock never mentions share one label. Others that have one Python
      and one platform are told apart by the markers that differ.
  returned: success
  type: list
  elements: dict
  contains:
    target:
      description: What was given.
      type: dict
    label:
      description: Its label.
      type: str
      sample: 3.11.2-i686-manylinux_2_36[platform_machine=x86_64]
obstacles:
  description:
    - What keeps targets from being served.
    - Returned by a failure as well when O(partial) is not set.
  returned: success, or when targets cannot be served
  type: list
  elements: dict
  contains:
    target:
      description: Label of the target.
      type: str
    package:
      description: Name and version of the package; null where the whole target is meant.
      type: str
    reason:
      description: What is in the way and what can be done, a sentence without its full stop.
      type: str
      sample: >-
        no wheel fits, and there is no sdist; the nearest wheel,
        orjson-3.10.1-cp312-cp312-manylinux_2_34_x86_64.whl, asks for glibc 2.34; the target has glibc 2.31
    nearest:
      description: File name of the wheel in the lock that comes nearest to the target, or null.
      type: str
proofs:
  description:
    - That the wheelhouse is complete for each target that is served. The staged project is read again, cut down to
      the wheels that are there with the right bytes, and chosen from anew, by uv too as far as it has words for the
      target. Where that comes to anything else than what was collected, the module fails.
    - Empty in check mode and without O(stage).
  returned: success
  type: list
  elements: dict
  contains:
    target:
      description: Label of the target.
      type: str
    packages:
      description: How many packages it installs.
      type: int
    by:
      description: Who chose, such as V(uv 0.13.8), or why uv could not.
      type: str
stats:
  description:
    - Counts of what was C(downloaded), C(built) and C(reused), C(downloaded_bytes), and wall time in C(seconds).
    - What was taken from O(build_cache) counts as reused.
  returned: success
  type: dict
build_constraints:
  description: What O(lock_builds) found out.
  returned: when O(lock_builds) is set
  type: dict
  contains:
    path:
      description: The file.
      type: str
    changed:
      description: Paths of the files that were written or removed; null in check mode, which cannot know.
      type: list
      elements: str
    builds:
      description:
        - Each C(name) and C(python) that was built, with the C(requirements) that it was made with; those are null in
          check mode.
      type: list
      elements: dict
stage:
  description: The staged project; null when no target can be served.
  returned: when O(stage) is given
  type: dict
  contains:
    path:
      description: Its folder.
      type: str
    release:
      description: Its name; null when something must be built first.
      type: str
    files:
      description: Every file with its C(path), C(size), C(sha256) and C(mode), or its C(path) and C(link).
      type: list
      elements: dict
    left_out:
      description: What of the project does not travel because C(.gitignore) or O(stage.exclude) names it.
      type: list
      elements: str
    requires_python:
      description: The lock's C(requires-python).
      type: str
    indexes:
      description:
        - The indexes that hosts take wheels from which do not travel (O(ship)), as C(URL) or C(NAME=URL), the default
          one first. For O(airgap.uv.uv_sync#module:default_index) and O(airgap.uv.uv_sync#module:index).
      type: list
      elements: str
    servers:
      description: The servers that those wheels lie on, as C(https://HOST) or C(https://HOST:PORT).
      type: list
      elements: str
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.airgap.uv.plugins.module_utils.credentials import without_credentials
from ansible_collections.airgap.uv.plugins.module_utils.guard import guarded, hide_credentials
from ansible_collections.airgap.uv.plugins.module_utils.libraries import require
from ansible_collections.airgap.uv.plugins.module_utils.progress import VARIABLE, Clock, Progress
from ansible_collections.airgap.uv.plugins.module_utils.request import Request
from ansible_collections.airgap.uv.plugins.module_utils.session import Session


def argument_spec() -> dict[str, Any]:
    names = {"type": "list", "elements": "str", "default": []}
    flag = {"type": "bool", "default": False}
    hashed = {"path": {"type": "path", "required": True}, "hash": {"type": "str", "required": True}}
    account = {
        "url": {"type": "str"},
        "index": {"type": "str"},
        "username": {"type": "str", "default": ""},
        "password": {"type": "str", "required": True, "no_log": True},
    }
    unbuilt: dict[str, Any] = {
        **{key: {"type": "str", "required": True} for key in ("name", "source", "builder", "python", "reason")},
        "lacks_python": flag,
    }
    target = {
        "python": {"type": "str", "required": True},
        "platform": {"type": "str", "required": True},
        "markers": {"type": "dict", "default": {}},
    }
    stage = {
        "path": {"type": "path", "required": True},
        "find_links": {"type": "str", "default": "../../wheels"},
        "include": names,
        "exclude": names,
    }
    return {
        "project": {"type": "path"},
        "lockfile": {"type": "path"},
        "frozen": flag,
        "wheelhouse": {"type": "path", "required": True},
        "targets": {"type": "list", "elements": "dict", "options": target},
        "extras": names,
        "all_extras": flag,
        "groups": names,
        "all_groups": flag,
        "no_dev": {"type": "bool", "default": True},
        "no_default_groups": flag,
        "only_groups": names,
        "package": {"type": "str"},
        "all_packages": flag,
        "no_install_project": flag,
        "no_install_workspace": flag,
        "no_install_local": flag,
        "no_install_package": names,
        "no_binary": names,
        "no_build": names,
        "build_constraints": {"type": "path"},
        "build_index": {"type": "str"},
        "build_settings": {"type": "dict", "default": {}},
        "lock_builds": flag,
        "build_cache": {"type": "path"},
        "mirrors": {"type": "dict", "default": {}},
        "credentials": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "no_log": False,  # the password has it; what it is for may be told
            "options": account,
            "mutually_exclusive": [("url", "index")],
            "required_one_of": [("url", "index")],
        },
        "build": {"type": "str", "choices": ["here", "defer"], "default": "here"},
        "built": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                **hashed,
                "source": {"type": "str", "required": True},
                "builder": {"type": "str"},
                "record": {"type": "dict"},
            },
        },
        "builders": names,
        "unbuilt": {"type": "list", "elements": "dict", "default": [], "options": unbuilt},
        "extra_wheels": {"type": "list", "elements": "dict", "default": [], "options": hashed},
        "dist": {"type": "path"},
        "ship": {"type": "str", "choices": ["all", "built", "binary"], "default": "all"},
        "ship_from": {"type": "dict", "default": {}},
        "uv": {"type": "str"},
        "prune": flag,
        "partial": flag,
        "stage": {"type": "dict", "options": stage},
        "ca_bundle": {"type": "path"},
        "jobs": {"type": "int", "default": 16},
        "timeout": {"type": "float", "default": 30},
        "build_jobs": {"type": "int"},
        "build_timeout": {"type": "float", "default": 3600},
        "retries": {"type": "int", "default": 3},
        "uv_executable": {"type": "path"},
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec=argument_spec(),
        mutually_exclusive=[("project", "lockfile")],
        required_one_of=[("project", "lockfile")],
        supports_check_mode=True,
    )
    hide_credentials(module, module.params["build_index"])
    for option in ("mirrors", "ship_from"):
        hide_credentials(module, *map(str, module.params[option].values()))
        # Ansible returns the options, and masks nothing in their keys.
        module.params[option] = {without_credentials(key): value for key, value in module.params[option].items()}
    with guarded(module):
        require()
        progress = Progress(os.environ.pop(VARIABLE, None))
        clock = Clock()
        request = Request.read(module.params, module.run_command, progress, module.check_mode, module._diff)
        session = Session.begin(request, clock)
        with session.holding_the_wheelhouse():
            session.check_lock()
            exported = session.export()
            selection = session.select(exported)
            work = session.plan(selection)
            session.fetch(work)
            session.lock_builds(work)
            session.build(work)
            session.record(work)
            session.stage(work, exported)
            session.prove(work)
            result = session.result(work)
        for warning in session.warnings:
            module.warn(warning)
        module.exit_json(**result)


if __name__ == "__main__":
    main()
