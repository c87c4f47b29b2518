"""Makes a release tree of a program that is built:

    release_tree.py --program build/portable/sidelight --output build/package [--limit MIB]

OUTPUT/sidelight-VERSION-linux-ARCHITECTURE/ is what starts on a bare Debian; beside it the same as .tar.gz with its
checksum, and the program's debugging symbols. Prints the size of each part; more than MIB in all is a failure. The same
program gives the same bytes again: times are $SOURCE_DATE_EPOCH, or the commit's.
"""

import argparse
import gzip
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import ingredients
import licences
import sbom

ROOT = pathlib.Path(__file__).resolve().parents[1]
CHECKSUMS = "SHA256SUMS"


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--program", type=pathlib.Path, required=True)
    options.add_argument("--output", type=pathlib.Path, required=True)
    options.add_argument("--limit", type=float, help="MiB that the tree may have")
    arguments = options.parse_args()
    if not os.access(arguments.program, os.X_OK) or not arguments.program.is_file():
        raise SystemExit(f"packaging: there is no program {arguments.program}")
    version = version_of(arguments.program)
    architecture = ingredients.output(["dpkg", "--print-architecture"]).strip()
    name = f"sidelight-{version}-linux-{architecture}"
    tree = arguments.output / name
    if tree.exists():
        shutil.rmtree(tree)
    epoch = source_date()
    fill(tree, arguments.program, ingredients.of(arguments.program), name, version, epoch)
    subprocess.run(["objcopy", "--only-keep-debug", arguments.program, arguments.output / f"{name}.debug"], check=True)
    archive(tree, epoch)
    show_sizes(tree, arguments.limit)


def version_of(program):
    said = ingredients.output([program.resolve(), "version"]).strip()
    if not re.fullmatch(r"sidelight \d+\.\d+\.\d+\S*", said):
        raise SystemExit(f"packaging: {program} is no Sidelight: its version is {said!r}")
    return said.partition(" ")[2]


def source_date():
    """Seconds since 1970: of $SOURCE_DATE_EPOCH (reproducible-builds.org), of the commit, or without git of the
    file that names the version."""
    if os.environ.get("SOURCE_DATE_EPOCH"):
        return int(os.environ["SOURCE_DATE_EPOCH"])
    try:
        return int(ingredients.output(["git", "-C", ROOT, "log", "-1", "--format=%ct"]))
    except SystemExit:
        return int((ROOT / "CMakeLists.txt").stat().st_mtime)


def fill(tree, program, parts, name, version, epoch):
    (tree / "bin").mkdir(parents=True)
    subprocess.run(["strip", "--strip-all", "-o", tree / "bin" / "sidelight", program], check=True)
    (tree / "bin" / "sidelight").chmod(0o755)
    (tree / "lib").mkdir()
    for path in parts.shared:
        shutil.copyfile(path, tree / "lib" / os.path.basename(path))
    documentation = tree / "share" / "doc" / "sidelight"
    documentation.mkdir(parents=True)
    shutil.copyfile(ROOT / "LICENSE", documentation / "LICENSE")
    shutil.copyfile(ROOT / "CHANGELOG.md", documentation / "CHANGELOG.md")
    shutil.copyfile(ROOT / "packaging" / "README.txt", documentation / "README.txt")
    shutil.copyfile(ROOT / "packaging" / "sidelight.yaml", documentation / "sidelight.yaml")
    licences.copy({*parts.linked, *parts.system, *parts.shared.values()}, documentation / "licences")
    sbom.write(tree, name, version, parts, epoch)
    write_checksums(tree)
    for path in [tree, *tree.rglob("*")]:
        if path.is_dir():
            path.chmod(0o755)
        elif path.parent.name != "bin":
            path.chmod(0o644)


def files_of(tree):
    """Paths relative to the tree, in the order that every machine agrees on."""
    return sorted((path.relative_to(tree) for path in tree.rglob("*") if path.is_file()), key=str)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_checksums(tree):
    """In the format of sha256sum."""
    lines = [f"{digest(tree / path)}  {path}\n" for path in files_of(tree) if str(path) != CHECKSUMS]
    (tree / CHECKSUMS).write_text("".join(lines))


def archive(tree, epoch):
    """TREE.tar.gz and TREE.tar.gz.sha256: no owner, order, time or name in them that is this machine's."""
    target = tree.parent / f"{tree.name}.tar.gz"

    def anonymous(entry):
        entry.mtime, entry.uid, entry.gid, entry.uname, entry.gname = epoch, 0, 0, "", ""
        return entry

    with open(target, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=epoch) as packed, \
            tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        tar.add(tree, tree.name, recursive=False, filter=anonymous)
        for path in sorted(tree.rglob("*"), key=str):
            tar.add(path, f"{tree.name}/{path.relative_to(tree)}", recursive=False, filter=anonymous)
    (tree.parent / f"{target.name}.sha256").write_text(f"{digest(target)}  {target.name}\n")


def part_of(path):
    if path.parts[0] in ("bin", "lib"):
        return str(path)
    return "licence texts" if "licences" in path.parts else "documents, SBOM, checksums"


def show_sizes(tree, limit):
    sizes = {}
    for path in files_of(tree):
        part = part_of(path)
        sizes[part] = sizes.get(part, 0) + (tree / path).stat().st_size
    total = sum(sizes.values())
    rows = [*sorted(sizes.items(), key=lambda row: -row[1]), ("all", total)]
    print(tree.name)
    for part, size in rows:
        print(f"  {part:32} {size / 2**20:7.2f} MiB")
    packed = tree.parent / f"{tree.name}.tar.gz"
    print(f"  {packed.name:32} {packed.stat().st_size / 2**20:7.2f} MiB")
    if limit and total > limit * 2**20:
        raise SystemExit(f"packaging: {tree.name} has {total / 2**20:.2f} MiB, and {limit:g} are its limit")


if __name__ == "__main__":
    main()
