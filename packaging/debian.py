"""What dpkg knows of the machine that builds: whose a file is, which version, from which source, under which terms."""

import dataclasses
import functools
import os
import pathlib
import subprocess
import urllib.parse


@dataclasses.dataclass(frozen=True, order=True)
class Package:
    """An installed Debian package. `source_version` is without the binary rebuild (+b1) that `version` may carry."""
    name: str
    version: str
    architecture: str
    source: str
    source_version: str

    @property
    def purl(self):
        """Its package URL (github.com/package-url/purl-spec, type deb)."""
        return (f"pkg:deb/debian/{quoted(self.name)}@{quoted(self.version)}"
                f"?arch={self.architecture}&distro={codename()}")


def quoted(text):
    return urllib.parse.quote(text, safe=".-_~")


@functools.cache
def codename():
    """bookworm"""
    for line in pathlib.Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    raise SystemExit("packaging: /etc/os-release names no VERSION_CODENAME; packages are made on Debian")


@functools.cache
def installed():
    """Every installed package by its name."""
    fields = ("Package", "Version", "Architecture", "source:Package", "source:Version", "db:Status-Status")
    listing = subprocess.run(["dpkg-query", "-W", "-f", "\\t".join(f"${{{field}}}" for field in fields) + "\\n"],
                             check=True, capture_output=True, text=True).stdout
    rows = (line.split("\t") for line in listing.splitlines())
    return {row[0]: Package(*row[:5]) for row in rows if row[5] == "installed"}


def owners(paths):
    """{path: the Package that it came with}; a path that no package brought is an error."""
    # dpkg remembers a file under the name that its package used, which is with or without /usr for the same file.
    spellings = {spelling: path for path in paths for spelling in spelled(path)}
    answer = subprocess.run(["dpkg-query", "-S", *sorted(spellings)], capture_output=True, text=True, check=False)
    found = {}
    for line in answer.stdout.splitlines():
        names, _, path = line.partition(": ")
        # "diversion by ..." lines name no package, and files of several packages name them all.
        if path in spellings and not names.startswith("diversion"):
            found[spellings[path]] = installed()[names.split(", ")[0].partition(":")[0]]
    nobodys = sorted(set(paths) - set(found))
    if nobodys:
        raise SystemExit("packaging: no Debian package brought these, so their licence is not known:\n  "
                         + "\n  ".join(nobodys))
    return found


def spelled(path):
    """The names that dpkg may know a file by: also without its links, with and without /usr."""
    names = {os.path.normpath(path), os.path.realpath(path)}
    for name in list(names):
        names.add(name.removeprefix("/usr") if name.startswith("/usr/") else "/usr" + name)
    return names


def copyright_of(package):
    """The file with its licence. A slim system leaves the link to a sibling's away, so siblings are asked too."""
    siblings = [other.name for other in installed().values() if other.source == package.source]
    for name in [package.name, *sorted(siblings)]:
        path = pathlib.Path("/usr/share/doc") / name / "copyright"
        if path.is_file():
            return path
    raise SystemExit(f"packaging: {package.name} has no /usr/share/doc/{package.name}/copyright")
