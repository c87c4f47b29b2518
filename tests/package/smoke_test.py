"""The packaged program at work, from nothing but its release tree: where the tree stands or, if $SIDELIGHT_BARE_DEBIAN
names an empty Debian (script/package --test), in there, as nobody and on a read-only root."""

import http.server
import json
import os
import pathlib
import re
import signal
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import packaged
from harness import eventually, fetch, free_port, listening

BARE = os.environ.get("SIDELIGHT_BARE_DEBIAN")
NOBODY = 65532  # whom the image runs as
# The tree, the test's folder (to read) and one folder to write to, in an empty Debian that is otherwise read-only.
ENTER = """
mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && { [ "$6" = - ] || mount -t proc proc "$1/proc"; } &&
mount -t tmpfs tmpfs "$1/opt" && mkdir "$1/opt/sidelight" && mount --bind "$2" "$1/opt/sidelight" &&
mount -t tmpfs tmpfs "$1/mnt" && mkdir "$1/mnt/given" "$1/mnt/kept" &&
mount --bind "$3" "$1/mnt/given" && mount --bind "$4" "$1/mnt/kept" &&
mount -o remount,ro "$1/opt" && mount -o remount,ro "$1/mnt" && mount -o remount,bind,ro "$1/mnt/given" || exit 125
root=$1 user=$5
shift 6
exec env -i /usr/sbin/chroot --userspec="$user:$user" "$root" /opt/sidelight/bin/sidelight "$@"
"""


class Backend(http.server.BaseHTTPRequestHandler):
    """Answers everything with 200, and keeps the paths that were asked for."""
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.paths.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


class Smoke(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sidelight-smoke-")
        self.addCleanup(folder.cleanup)
        self.given, self.kept = pathlib.Path(folder.name) / "given", pathlib.Path(folder.name) / "kept"
        self.given.mkdir()
        self.kept.mkdir()
        if BARE:
            os.chown(self.kept, NOBODY, NOBODY)

    def inside(self, path):
        """How the program calls a path below `given` or `kept`."""
        return f"/mnt/{path.parent.name}/{path.name}" if BARE else str(path)

    def command(self, *words, proc=True):
        if BARE:
            words = ["sh", BARE, TREE, self.given, self.kept, NOBODY, "/proc" if proc else "-", *words]
            return ["unshare", "--mount", "--", "sh", "-c", ENTER, *map(str, words)]
        return ["env", "-i", str(TREE / "bin" / "sidelight"), *map(str, words)]

    def output(self, *words, **place):
        return subprocess.run(self.command(*words, **place), check=True, capture_output=True, text=True).stdout

    def start(self, *words):
        log = open(self.given / "log", "wb")
        self.addCleanup(log.close)
        process = subprocess.Popen(self.command("run", *words), stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def end():
            process.kill()
            process.wait()

        self.addCleanup(end)
        return process

    def log(self):
        return (self.given / "log").read_text(errors="replace")

    def ready(self, process, port):
        eventually(lambda: fetch(port, "/-/ready")[0] == 200 or process.poll() is not None, "ready")
        self.assertIsNone(process.poll(), self.log())

    def serve(self, tls=None):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Backend)
        server.paths = []
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server

    def certified(self):
        """A server side of TLS as 127.0.0.1; given/ca.pem is its certificate."""
        certificate, key = self.given / "ca.pem", self.kept.parent / "key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=smoke",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context

    def test_the_debian_is_empty(self):
        if not BARE:
            self.skipTest("there is no empty Debian; script/package --test makes one when it is root")
        listing = subprocess.run(["dpkg-query", f"--admindir={BARE}/var/lib/dpkg", "-W", "-f", "${Package}\n"],
                                 check=True, capture_output=True, text=True).stdout.split()
        self.assertNotIn("libssl3", listing)
        self.assertEqual([name for name in listing if re.match(r"lib(fmt|spdlog|prometheus|re2|yaml-cpp)", name)], [])
        self.assertLess(len(listing), 110, "a minbase of bookworm has about 90 packages")

    def test_version_help_and_check(self):
        self.assertEqual(self.output("version"), f"sidelight {TREE.name.split('-')[1]}\n")
        self.assertIn("run", self.output("--help"))
        example = "share/doc/sidelight/sidelight.yaml"
        self.output("check", f"/opt/sidelight/{example}" if BARE else TREE / example)

    def test_a_root_without_proc(self):
        """The loader asks /proc where a program stands; a plain chroot has none, and it must start there too."""
        if not BARE:
            self.skipTest("there is no empty Debian")
        self.assertEqual(self.output("version", proc=False), self.output("version"))

    def test_a_tap_and_an_https_destination(self):
        backend, collector = self.serve(), self.serve(self.certified())
        tap, api, probes = free_port(), free_port(), free_port()
        config = self.given / "sidelight.yaml"
        config.write_text(json.dumps({
            "service": "smoke", "interval": "1s", "listen": f"127.0.0.1:{api}", "probe_listen": f"127.0.0.1:{probes}",
            "taps": [{"name": "api", "protocol": "http", "listen": f"127.0.0.1:{tap}",
                      "upstream": f"127.0.0.1:{backend.server_port}"}],
            "packs": ["http", "sidelight"],
            "storage": {"path": self.inside(self.kept / "storage")},
            "exporters": {"otlp": [{"endpoint": f"https://127.0.0.1:{collector.server_port}", "interval": "1s",
                                    "tls_config": {"ca_file": self.inside(self.given / "ca.pem")}}]}}))
        process = self.start("--config", self.inside(config))
        self.ready(process, probes)
        self.assertEqual(fetch(tap, "/orders")[::2], (200, b"ok\n"), self.log())
        self.assertEqual(backend.paths, ["/orders"])
        counted = re.compile(rb'^http_server_request_duration_seconds_count\{.*\} 1$', re.M)
        eventually(lambda: counted.search(fetch(api, "/metrics")[2]), "the request is in /metrics")
        eventually(lambda: "/v1/metrics" in collector.paths, f"an export through TLS; the log:\n{self.log()}")
        self.one_openssl(process.pid)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0, self.log())
        self.assertTrue(any(self.kept.rglob("*")), "storage.path is empty")
        self.assertFalse(listening(tap))

    def one_openssl(self, pid):
        """After a TLS session each library is mapped once, and from the tree."""
        mapped = {}
        for line in pathlib.Path(f"/proc/{pid}/maps").read_text().splitlines():
            name = line.rpartition("/")[2]
            if name.startswith(("libssl", "libcrypto")):
                mapped.setdefault(name, set()).add(int(line.split()[4]))
        own = {name: {(TREE / "lib" / name).stat().st_ino} for name in ("libssl.so.3", "libcrypto.so.3")}
        self.assertEqual(mapped, own)

    def test_what_it_costs(self):
        """Measures, and holds nobody to it: script/bench has the budgets."""
        backend, tap, probes = self.serve(), free_port(), free_port()
        for path in (TREE / "bin" / "sidelight", *(TREE / "lib").iterdir()):
            with open(path, "rb") as file:
                os.fsync(file.fileno())  # what was just written counts as dirty until it is on the disk
        began = time.monotonic()
        process = self.start("--tap", f"http://127.0.0.1:{tap}=127.0.0.1:{backend.server_port}",
                             "--listen", f"127.0.0.1:{free_port()}", "--probe-listen", f"127.0.0.1:{probes}")
        self.ready(process, probes)
        ready = time.monotonic() - began
        time.sleep(1)  # as bench/proxy has it: what is only needed to start is over
        rollup = pathlib.Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        kib = {key: int(re.search(rf"^{key}: +(\d+)", rollup, re.M)[1]) for key in ("Pss", "Private_Dirty")}
        print(f"idle with one tap: PSS {kib['Pss'] / 1024:.1f} MiB, "
              f"private dirty {kib['Private_Dirty'] / 1024:.1f} MiB; ready after {ready * 1000:.0f} ms")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(60), 0, self.log())


if __name__ == "__main__":
    TREE = packaged.tree()
    print(f"{TREE.name} in {'an empty Debian' if BARE else 'place'}")
    unittest.main()
