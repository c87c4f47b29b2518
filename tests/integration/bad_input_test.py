#!/usr/bin/python3
"""Bad input: configurations and flags that are refused with one clear message, and traffic that must not hurt."""

import os
import pathlib
import random
import re
import resource
import socket
import statistics
import subprocess
import threading
import time

import harness

IDLE_CONNECTIONS = 10_000
IDLE_BYTES = 2048  # what one may cost in memory of our own
IDLE_MARGIN = 512

TAP = '  - {name: a, protocol: http, listen: "127.0.0.1:0", upstream: "127.0.0.1:1"'

# (what, configuration with » before the place of the error, words that the message must have)
BAD_CONFIGS = [
    ("unknown key", "service: a\n»tapz: []\n", ["tapz", "taps"]),
    ("unknown key of a tap", f"taps:\n{TAP}, »upstraem: x}}\n", ["upstraem", "upstream"]),
    ("duplicate key", "service: a\n»service: b\n", ["service"]),
    ("wrong type", "limits: {connections: »many}\n", ["many"]),
    ("octal number", "limits: {connections: »010}\n", ["010"]),
    ("bad duration", "limits: {drain: »5 parsecs}\n", ["5 parsecs"]),
    ("bad route pattern", f'taps:\n{TAP}, routes: [/ok, »orders]}}\n', ["orders"]),
    ("bad protocol", 'taps:\n  - {name: a, protocol: »htp, listen: "127.0.0.1:0", upstream: "127.0.0.1:1"}\n',
     ["htp", "http"]),
    ("bad address", 'taps:\n  - {name: a, protocol: http, listen: »"127.0.0.1", upstream: "127.0.0.1:1"}\n',
     ["127.0.0.1"]),
    ("tls upstream", 'taps:\n  - {name: a, protocol: http, listen: "127.0.0.1:0", upstream: »"tls://a:1"}\n', ["tls"]),
    ("variable that is not set", 'service: »"${env:SIDELIGHT_TEST_NOT_SET}"\n', ["SIDELIGHT_TEST_NOT_SET"]),
]


def private_dirty(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"Private_Dirty:\s+(\d+) kB", text)[1]) * 1024


def raise_open_files(wanted):
    """Lets this process and its children have so many open files, or as many as it may; returns how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(wanted, hard), max(wanted, hard)))
    except (OSError, ValueError):  # Only root may go beyond the hard limit.
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class StartTest(harness.IntegrationTest):
    def run_to_its_end(self, *arguments):
        """(exit code, all output) of a Sidelight that is expected to end by itself."""
        ended = subprocess.run([os.environ["SIDELIGHT"], *map(str, arguments)], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        output = ended.stdout.decode()
        self.assertNotIn("terminate called", output)
        return ended.returncode, output

    def test_bad_configurations(self):
        for what, marked, words in BAD_CONFIGS:
            before = marked[:marked.index("»")]
            place = f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
            file = pathlib.Path(self.directory) / "bad.yaml"
            file.write_text(marked.replace("»", ""))
            for command in ("run --config", "check"):
                with self.subTest(what, command=command):
                    code, output = self.run_to_its_end(*command.split(), file)
                    self.assertEqual(code, 1, output)
                    self.assertEqual(output.count(f"{file}:{place}"), 1, f"{file}:{place} once in:\n{output}")
                    for word in words:
                        self.assertIn(word, output)

    def test_broken_yaml(self):
        file = pathlib.Path(self.directory) / "broken.yaml"
        file.write_text("taps: [\n")
        code, output = self.run_to_its_end("run", "--config", file)
        self.assertEqual(code, 1, output)
        self.assertRegex(output, re.escape(str(file)) + r":\d+:\d+")

    def test_missing_file(self):
        missing = f"{self.directory}/missing.yaml"
        for command in (["run", "--config", missing], ["check", missing]):
            code, output = self.run_to_its_end(*command)
            self.assertEqual(code, 1, output)
            self.assertEqual(output.count(missing), 1, output)

    def test_wrong_flags(self):
        for arguments in ("run --no-such-flag", "no-such-command", "", "run", "run --config", "run --tap nonsense",
                          "run --tap http://127.0.0.1:0", "run --tap gopher://127.0.0.1:0=127.0.0.1:1",
                          "run --tap http://127.0.0.1:0=127.0.0.1:1 --listen nonsense", "check"):
            with self.subTest(arguments):
                code, output = self.run_to_its_end(*arguments.split())
                self.assertEqual(code, 2, output)
                self.assertTrue(output.strip(), "it says what is wrong")

    def check_refused(self, taken, first=None):
        """With `taken` ({where: port}) in use, a Sidelight says so, ends with 1 and leaves nothing listening."""
        ports = {where: harness.free_port() for where in ("tap", "listen", "probe_listen")} | taken
        config = self.config({"listen": f"127.0.0.1:{ports['tap']}", "upstream": "127.0.0.1:1"},
                             listen=f"127.0.0.1:{ports['listen']}", probe_listen=f"127.0.0.1:{ports['probe_listen']}")
        second = harness.Sidelight(self.directory, config, len(self.processes))
        self.processes.append(second)
        self.addCleanup(second.stop)
        code = second.wait(60)
        (port,) = taken.values()
        self.assertEqual(code, 1, second.log())
        self.assertIn(f"127.0.0.1:{port}", second.log())
        for where in ports.keys() - taken.keys():
            self.assertFalse(harness.listening(ports[where]), f"{where} still listens")
        if first:
            self.assertEqual(first.probe("/-/ready"), 200, "the first one goes on")

    def test_port_in_use(self):
        for where in ("tap", "listen", "probe_listen"):
            with self.subTest(where), socket.create_server(("127.0.0.1", 0)) as holder:
                self.check_refused({where: holder.getsockname()[1]})

    def test_second_sidelight_on_the_same_port(self):
        first = self.sidelight({"upstream": "127.0.0.1:1"})
        for where, port in (("tap", first.port), ("listen", first.metrics_port), ("probe_listen", first.probe_port)):
            with self.subTest(where):
                self.check_refused({where: port}, first)


class TrafficTest(harness.IntegrationTest):
    def echo(self, port, data):
        """What comes back of `data` from the echoing backend."""
        with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
            def send():
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
            sender = threading.Thread(target=send)
            sender.start()
            back = b"".join(iter(lambda: connection.recv(65536), b""))
            sender.join()
            return back

    def test_bytes_that_are_not_http_pass_unchanged(self):
        sidelight = self.sidelight({"upstream": self.backend().upstream})
        streams = [random.Random(seed).randbytes(300_000) for seed in range(3)] + [b"\r\n" * 1000, b"1"]
        for data in streams:
            data = b"\x00" + data  # Not a capital letter: the backend echoes.
            back = self.echo(sidelight.port, data)
            self.assertEqual(len(back), len(data))
            self.assertTrue(back == data, "the bytes are the same")
        harness.eventually(lambda: sidelight.scrape().sum("sidelight_tap_opaque_total") == len(streams),
                           "each of them is counted as opaque")
        self.assertEqual(sidelight.scrape().sum(harness.REQUESTS), 0)

    def test_a_header_of_1_mb_passes(self):
        sidelight = self.sidelight({"upstream": self.backend().upstream})
        request = b"GET /head-bytes HTTP/1.1\r\nHost: test\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n"
        with harness.Connection(sidelight.port) as connection:
            connection.send(request)
            status, _, body = connection.response("GET")
        self.assertEqual((status, int(body)), (200, len(request)))
        # It is either measured or counted as opaque, and never lost.
        harness.eventually(lambda: sidelight.scrape().sum(harness.REQUESTS)
                           + sidelight.scrape().sum("sidelight_tap_opaque_total") == 1, "it is counted")

    def test_slow_clients_starve_nobody(self):
        sidelight = self.sidelight({"upstream": self.backend().upstream})
        api = [socket.create_connection(("127.0.0.1", sidelight.metrics_port)) for _ in range(100)]
        taps = [harness.Connection(sidelight.port) for _ in range(20)]
        probes = [socket.create_connection(("127.0.0.1", sidelight.probe_port)) for _ in range(5)]
        for connection in api + taps + probes:
            self.addCleanup(connection.close)
        request = b"GET /ok HTTP/1.1\r\nHost: test\r\n\r\n"
        times = []
        for i in range(len(request)):
            for connection in taps:
                connection.send(request[i:i + 1])
            for connection in api + probes:
                try:
                    connection.send(b"G" if i == 0 else b"x")
                except OSError:
                    pass  # Closed by Sidelight, as it may with those who never say what they want.
            start = time.monotonic()
            self.assertEqual(sidelight.probe("/-/healthy"), 200)
            with harness.Connection(sidelight.port) as connection:
                self.assertEqual(connection.get("/ok"), 200)
            times.append(time.monotonic() - start)
            time.sleep(0.05)
        self.assertEqual([connection.response("GET")[0] for connection in taps], [200] * len(taps))
        # Whoever starves is always slow; one who is slow once is on a busy machine.
        self.assertLess(statistics.median(times), 1.0, f"seconds for /-/healthy and a request, each time: {times}")

    def test_10000_idle_connections(self):
        # Sidelight has the client's and the backend's socket of each, and inherits the limit that is set here.
        count = min(IDLE_CONNECTIONS, (raise_open_files(2 * IDLE_CONNECTIONS + 500) - 500) // 2)
        nginx_port = harness.free_port()
        self.nginx(f'server {{ listen 127.0.0.1:{nginx_port} backlog=4096; location / {{ return 200 "ok"; }} }}')
        harness.eventually(lambda: harness.listening(nginx_port), "nginx listens")
        sidelight = self.sidelight({"upstream": f"127.0.0.1:{nginx_port}"}, limits={"connections": 20000})
        with harness.Connection(sidelight.port) as busy:
            self.assertEqual(busy.get("/warm"), 200)
            before = private_dirty(sidelight.pid)
            idle = []
            self.addCleanup(lambda: [connection.close() for connection in idle])
            for i in range(count):
                idle.append(socket.create_connection(("127.0.0.1", sidelight.port), 60, (f"127.0.0.{i % 5 + 1}", 0)))
                if i % 100 == 0:
                    self.assertEqual(busy.get("/flows"), 200)
            # The last one is served, so all before it have been accepted.
            idle[-1].sendall(b"GET /last HTTP/1.1\r\nHost: test\r\n\r\n")
            self.assertIn(b"200 OK", idle[-1].recv(4096))
            self.assertEqual(busy.get("/flows"), 200)
            self.assertEqual(sidelight.probe("/-/healthy"), 200)
            each = (private_dirty(sidelight.pid) - before) / count
        print(f"{count} idle connections, {each:.0f} bytes of private memory each (at most {IDLE_BYTES} wanted)")
        if not os.environ.get("SIDELIGHT_SANITIZE"):  # Sanitizers have a memory of their own.
            self.assertLessEqual(each, IDLE_BYTES + IDLE_MARGIN)


if __name__ == "__main__":
    harness.main()
