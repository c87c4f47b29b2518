"""The terms of what is in the release tree: as SPDX expressions, and as the texts themselves."""

import pathlib
import re
import shutil

import debian

# By Debian source package, as its copyright file states them for the files that are compiled or brought along (not for
# its packaging, tests or documentation). A new library gets its line here, by hand and after reading. LicenseRef- are
# terms that SPDX's list has no identifier for; their text is in the copyright file.
EXPRESSIONS = {
    "cli11": "BSD-3-Clause",
    "fmtlib": "MIT",
    "gcc-12": "GPL-3.0-or-later WITH GCC-exception-3.1",
    "glibc": "LGPL-2.1-or-later",
    "linux": "GPL-2.0-only WITH Linux-syscall-note",
    "nghttp2": "MIT",
    "nlohmann-json3": "MIT",
    "node-undici": "MIT",
    "openssl": "Apache-2.0",
    "prometheus-cpp": "MIT",
    "protozero": "BSD-2-Clause AND Apache-2.0",
    "re2": "BSD-3-Clause AND LicenseRef-Lucent",
    "robin-map": "MIT",
    "snappy": "BSD-3-Clause",
    "spdlog": "MIT",
    "sqlite3": "blessing",
    "tl-expected": "CC0-1.0",
    "yaml-cpp": "MIT",
    "zlib": "Zlib",
}

COMMON = pathlib.Path("/usr/share/common-licenses")
COMMON_TEXT = rf"{COMMON}/([A-Za-z0-9]+(?:-[0-9]+(?:\.[0-9]+)*)?)"  # .../LGPL-2.1, without the full stop of a sentence


def expression(package):
    if package.source not in EXPRESSIONS:
        raise SystemExit(f"packaging: licences.py names no licence for the source package '{package.source}', of which "
                         f"{package.name} is in the program; read {debian.copyright_of(package)} and add it")
    return EXPRESSIONS[package.source]


def references(package):
    """The LicenseRef- identifiers among its terms."""
    return re.findall(r"LicenseRef-[A-Za-z0-9.-]+", expression(package))


def copy(packages, folder):
    """Writes <package>/copyright for each, and the texts which these refer to by a path that only Debian has."""
    referred = set()
    for package in sorted(packages):
        source = debian.copyright_of(package)
        target = folder / package.name / "copyright"
        target.parent.mkdir(parents=True)
        shutil.copyfile(source, target)
        referred |= set(re.findall(COMMON_TEXT, source.read_text(errors="replace")))
    (folder / "common-licenses").mkdir()
    for name in sorted(referred):
        if not (COMMON / name).is_file():
            raise SystemExit(f"packaging: a copyright file refers to {COMMON / name}, which is not here")
        shutil.copyfile(COMMON / name, folder / "common-licenses" / name)
