"""The release tree as it lies on the disk: what is in it, whether its lists say the truth about it, what it loads."""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest

import packaged
import spdx

# The libraries of docs/architecture.md's rooms, by Debian source package. Whoever brings another one finds it here.
SOURCES = {"cli11", "fmtlib", "gcc-12", "glibc", "linux", "nghttp2", "nlohmann-json3", "node-undici", "openssl",
           "prometheus-cpp", "protozero", "re2", "robin-map", "snappy", "spdlog", "sqlite3", "tl-expected", "yaml-cpp",
           "zlib"}
# What libc6 brings, and so every Debian has.
SYSTEM = re.compile(r"lib(c|m|pthread|dl|rt|resolv)\.so\.\d+|/lib.*/ld-linux-.*\.so\.\d|linux-vdso\.so\.1")
LICENCES = "share/doc/sidelight/licences"


def output(*command, **environment):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True,
                          env={**os.environ, **environment}).stdout


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files(tree):
    return {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}


class ReleaseTree(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tree = TREE
        cls.program = cls.tree / "bin" / "sidelight"
        cls.document = json.loads((cls.tree / "sbom.spdx.json").read_text())

    def related(self, kind):
        """The SBOM's packages in that relationship with Sidelight, on whichever end."""
        ends = [{relation["spdxElementId"], relation["relatedSpdxElement"]}
                for relation in self.document["relationships"] if relation["relationshipType"] == kind]
        names = set().union(*ends) - {"SPDXRef-Package-sidelight"}
        return [package for package in self.document["packages"] if package["SPDXID"] in names]

    def test_what_is_in_it(self):
        present = files(self.tree)
        for path in ("bin/sidelight", "SHA256SUMS", "sbom.spdx.json", "share/doc/sidelight/LICENSE",
                     "share/doc/sidelight/README.txt", "share/doc/sidelight/sidelight.yaml"):
            self.assertIn(path, present)
        places = {path.partition("/")[0] for path in present}
        self.assertEqual(places, {"bin", "lib", "share", "SHA256SUMS", "sbom.spdx.json"})
        for path in [self.tree, *sorted(self.tree.rglob("*"))]:
            self.assertFalse(path.is_symlink(), f"{path} is a link")
            wanted = 0o755 if path.is_dir() or path == self.program else 0o644
            self.assertEqual(oct(path.stat().st_mode & 0o7777), oct(wanted), path)

    def test_the_program_is_stripped_and_of_this_version(self):
        sections = output("readelf", "--section-headers", "--wide", self.program)
        for name in (".symtab", ".debug_info"):
            self.assertNotIn(name, sections)
        version = output(self.program, "version").split()[-1]
        self.assertEqual(self.tree.name.split("-")[1], version)
        self.assertIn(f"VERSION {version} ", (packaged.ROOT / "CMakeLists.txt").read_text())

    def test_the_program_is_hardened(self):
        segments = output("readelf", "--file-header", "--program-headers", "--wide", self.program)
        self.assertRegex(segments, r"Type: +DYN \(Position-Independent Executable file\)")
        self.assertRegex(segments, r"\n +GNU_RELRO ")
        self.assertRegex(segments, r"\n +GNU_STACK .* RW +0x")
        self.assertNotRegex(segments, r"\n +LOAD .* (RWE|WE) ", "memory that is written and run")
        self.assertRegex(output("readelf", "--dynamic", "--wide", self.program), r"\(FLAGS_1\) +Flags:.* NOW\b")

    def test_the_release_is_compiled_with_guards(self):
        if "SIDELIGHT_TREE" not in os.environ:
            self.skipTest("the build under test is no release; script/package --test makes one")
        symbols = (self.tree.parent / f"{self.tree.name}.debug").read_bytes()
        compilers = set(re.findall(rb"GNU C\d*(?:\+\+)?\d* \d[^\0]*", symbols))
        self.assertTrue(compilers)
        for compiler in compilers:
            for flag in (b" -fstack-protector-strong", b" -fstack-clash-protection"):
                self.assertIn(flag, compiler)

    def test_every_file_has_its_checksum(self):
        lines = (self.tree / "SHA256SUMS").read_text().splitlines()
        listed = dict(reversed(line.split("  ", 1)) for line in lines)
        self.assertEqual(set(listed), files(self.tree) - {"SHA256SUMS"})
        wrong = [name for name, digest in listed.items() if sha256(self.tree / name) != digest]
        self.assertEqual(wrong, [])

    def test_the_archive_is_the_tree_and_no_machine_s(self):
        archive = self.tree.parent / f"{self.tree.name}.tar.gz"
        checksum = (archive.parent / f"{archive.name}.sha256").read_text()
        self.assertEqual(checksum, f"{sha256(archive)}  {archive.name}\n")
        with tarfile.open(archive) as tar:
            entries = tar.getmembers()
            names = [entry.name for entry in entries]
            self.assertEqual(names, sorted(names))
            self.assertEqual({entry.name.partition("/")[2] for entry in entries if entry.isfile()}, files(self.tree))
            self.assertEqual({(entry.uid, entry.gid, entry.uname, entry.gname) for entry in entries}, {(0, 0, "", "")})
            self.assertEqual(len({entry.mtime for entry in entries}), 1)
            for entry in entries:
                if entry.isfile():
                    content = tar.extractfile(entry).read()
                    self.assertEqual(content, (self.tree.parent / entry.name).read_bytes(), entry.name)
                    self.assertEqual(entry.mode, (self.tree.parent / entry.name).stat().st_mode & 0o7777, entry.name)

    def test_it_loads_only_its_own_libraries_and_the_c_library(self):
        brought = {path.name for path in (self.tree / "lib").iterdir()}
        # A path from outside must not come first: it would bring in a second OpenSSL.
        for environment in ({}, {"LD_LIBRARY_PATH": "/usr/lib/x86_64-linux-gnu"}):
            loaded = set()
            for line in output("ldd", self.program, **environment).splitlines():
                name, _, where = line.strip().partition(" => ")
                name, path = name.partition(" (")[0], where.partition(" (")[0]
                if SYSTEM.fullmatch(name):
                    continue
                self.assertEqual(os.path.realpath(path), os.path.realpath(self.tree / "lib" / name), line)
                loaded.add(name)
            self.assertEqual(loaded, brought, environment)

    def test_one_openssl_the_shared_one(self):
        for name in ("libssl.so.3", "libcrypto.so.3"):
            self.assertIn(f"lib/{name}", files(self.tree))
            needing = [path.name for path in [self.program, *(self.tree / "lib").iterdir()]
                       if f"[{name}]" in output("readelf", "--dynamic", path)]
            self.assertTrue(needing, f"nothing needs {name}")
        linked = {package["name"] for package in self.related("STATIC_LINK")}
        self.assertNotIn("libssl-dev", linked)
        # Sidelight's own code must call it, and so not have it: libssl's first function is undefined in the program.
        self.assertRegex(output("readelf", "--dyn-syms", "--wide", self.program), r"UND SSL_CTX_new@OPENSSL_3")
        strings = [path.name for path in [self.program, *(self.tree / "lib").iterdir()]
                   if re.search(rb"OpenSSL 3\.\d+\.\d+ \d", path.read_bytes())]
        self.assertEqual(strings, ["libcrypto.so.3"], "files with an OpenSSL in them")

    def test_the_bill_of_materials_is_spdx(self):
        self.assertEqual(spdx.problems(self.document), [])

    def test_the_bill_of_materials_names_what_is_in_the_program(self):
        sources = {re.search(r"source package (\S+)", package["sourceInfo"])[1] for package in self.document["packages"]
                   if "sourceInfo" in package}
        self.assertEqual(sources, SOURCES)
        for package in self.document["packages"]:
            self.assertNotEqual(package["licenseDeclared"], "NOASSERTION", package["name"])
            if package["name"] != "sidelight":
                self.assertEqual([reference["referenceType"] for reference in package["externalRefs"]], ["purl"])
        self.assertEqual([package["name"] for package in self.related("DEPENDS_ON")], ["libc6"])
        self.assertIn("libstdc++6", [package["name"] for package in self.related("DYNAMIC_LINK")])

    def test_the_bill_of_materials_has_the_files_as_they_are(self):
        listed = {}
        for file in self.document["files"]:
            digests = {digest["algorithm"]: digest["checksumValue"] for digest in file["checksums"]}
            listed[file["fileName"].removeprefix("./")] = digests
        self.assertEqual(set(listed), files(self.tree) - {"SHA256SUMS", "sbom.spdx.json"})
        for name, digests in listed.items():
            content = (self.tree / name).read_bytes()
            self.assertEqual(digests, {"SHA1": hashlib.sha1(content).hexdigest(),
                                       "SHA256": hashlib.sha256(content).hexdigest()}, name)
        joined = "".join(sorted(digests["SHA1"] for digests in listed.values()))
        code = self.document["packages"][0]["packageVerificationCode"]["packageVerificationCodeValue"]
        self.assertEqual(code, hashlib.sha1(joined.encode()).hexdigest())

    def test_the_licence_of_everything_is_there(self):
        folder = self.tree / LICENCES
        packages = {package["name"] for kind in ("STATIC_LINK", "DYNAMIC_LINK", "DEPENDS_ON")
                    for package in self.related(kind)}
        self.assertEqual({path.name for path in folder.iterdir()} - {"common-licenses"}, packages)
        for name in packages:
            text = (folder / name / "copyright").read_text(errors="replace")
            self.assertGreater(len(text), 500, f"the terms of {name}")
            # What it refers to on a Debian system must be here, where there may be no Debian.
            for common in re.findall(r"/usr/share/common-licenses/([A-Za-z0-9.-]*[A-Za-z0-9])", text):
                self.assertTrue((folder / "common-licenses" / common).is_file(), f"{name} refers to {common}")


class Making(unittest.TestCase):
    """script/package itself."""

    def setUp(self):
        if os.environ.get("SIDELIGHT_SANITIZE") or not os.environ.get("SIDELIGHT"):
            self.skipTest("needs a program that may be packaged, in SIDELIGHT")
        folder = tempfile.TemporaryDirectory(prefix="sidelight-package-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_the_same_program_gives_the_same_bytes(self):
        archives = []
        for name in ("first", "second"):
            tree = packaged.make(self.folder / name, SOURCE_DATE_EPOCH="1700000000")
            archives.append(tree.parent / f"{tree.name}.tar.gz")
        self.assertEqual(sha256(archives[0]), sha256(archives[1]))
        with tarfile.open(archives[0]) as tar:
            self.assertEqual({entry.mtime for entry in tar}, {1700000000})

    def test_what_goes_wrong_is_said(self):
        stranger = self.folder / "sidelight"
        stranger.write_text("#!/bin/sh\necho sidelight 0.1.0\n")
        stranger.chmod(0o755)
        release_tree = [sys.executable, packaged.ROOT / "packaging" / "release_tree.py", "--output", self.folder]
        package = packaged.ROOT / "script" / "package"
        for command, code, sentence in [
                ([*release_tree, "--program", self.folder / "none"], 1, f"there is no program {self.folder}/none"),
                ([*release_tree, "--program", "/bin/echo"], 1, "/bin/echo is no Sidelight: its version is 'version'"),
                ([*release_tree, "--program", stranger], 1, "is not the build directory that made sidelight"),
                ([*release_tree, "--program", os.environ["SIDELIGHT"], "--limit", "0.5"], 1, "0.5 are its limit"),
                ([package, "--programme", "x"], 2, "there is no argument '--programme'"),
                ([package, "--output"], 2, "--output takes a path")]:
            done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(sentence, done.stderr)


if __name__ == "__main__":
    TREE = packaged.tree()
    unittest.main()
