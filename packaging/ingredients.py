"""Which Debian packages are in a program: asked of the build that made it and of its dynamic section, so that a library
which is added tomorrow is in the list without anybody thinking of it."""

import dataclasses
import os
import pathlib
import subprocess

import debian

# Of the kernel's headers a program has the numbers and layouts of its interface, which is no code of the kernel.
INTERFACE_ONLY = {"linux"}


@dataclasses.dataclass(frozen=True)
class Ingredients:
    """`shared`: path -> Package of the libraries that come along. `system`: Packages whose libraries every Debian has.
    `linked`: Packages of which archives, sources or headers were compiled in. `interface`: headers of the kernel."""
    shared: dict
    system: frozenset
    linked: frozenset
    interface: frozenset


def of(program):
    """The Ingredients of a program that stands in the build directory which made it."""
    program = pathlib.Path(program).resolve()
    if not (program.parent / "build.ninja").is_file():
        raise SystemExit(f"packaging: {program.parent} is not the build directory that made {program.name} (it has no"
                         " build.ninja), so what is linked in is not known")
    libraries = debian.owners(loaded(program))
    shared = {path: package for path, package in libraries.items() if package.name != "libc6"}
    system = set(libraries.values()) - set(shared.values())
    # Where a library comes along or is the system's, its headers are the same source's and need no entry of their own.
    named = {package.source for package in libraries.values()}
    compiled = {package for package in debian.owners(compiled_in(program)).values() if package.source not in named}
    interface = {package for package in compiled if package.source in INTERFACE_ONLY}
    return Ingredients(shared, frozenset(system), frozenset(compiled - interface), frozenset(interface))


def loaded(program):
    """The files that the dynamic loader maps for it, as ldd resolves them here."""
    listing = output(["ldd", program])
    paths = []
    for line in listing.splitlines():
        name, arrow, where = line.strip().partition(" => ")
        if where.startswith("not found"):
            raise SystemExit(f"packaging: {program} needs {name}, which is not here")
        path = (where if arrow else name).partition(" (")[0]
        if path.startswith("/"):
            paths.append(path)
    return paths


def compiled_in(program):
    """Files from outside of the tree that were compiled or linked in: archives, sources, headers."""
    build = program.parent
    inputs = [os.path.normpath(build / line) for line in ninja(build, "inputs", program.name).splitlines()]
    objects = [os.path.relpath(path, build) for path in inputs if path.endswith(".o")]
    headers = [os.path.normpath(build / line.strip()) for line in ninja(build, "deps", *objects).splitlines()
               if line.startswith(" ")]
    own = (str(source_tree(build)) + "/", str(build) + "/")
    files = {path for path in [*inputs, *headers] if not path.startswith(own)}
    # What only steers the build (CMake's own modules, Python) is in no program.
    kinds = (".a", ".c", ".cc", ".cpp", ".h", ".hpp", ".hh", ".tcc", ".inc", ".ipp")
    return sorted(path for path in files if path.endswith(kinds) or "/include/" in path)


def source_tree(build):
    for line in (build / "CMakeCache.txt").read_text().splitlines():
        if line.startswith("CMAKE_HOME_DIRECTORY:"):
            return pathlib.Path(line.partition("=")[2])
    raise SystemExit(f"packaging: {build}/CMakeCache.txt names no source tree")


def ninja(build, tool, *arguments):
    # -n: it only reads, also where ninja would like to tidy its log.
    return output(["ninja", "-C", build, "-n", "--quiet", "-t", tool, *arguments])


def output(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip() or done.stdout.strip()
        raise SystemExit(f"packaging: {command[0]} failed on {command[-1]}: {said}")
    return done.stdout
