"""What the end-to-end tests share: processes that are ended whatever happens, and whose logs are shown when a test
fails; Sidelight with a configuration; scrapes.

The program under test is $SIDELIGHT. Everything listens on 127.0.0.1 and lives in a directory of the test's own.
"""

import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from connection import Connection  # noqa: E402
from misbehaving import Misbehaving  # noqa: E402
from ports import free_port  # noqa: E402

SHOP = pathlib.Path(__file__).resolve().parents[2] / "examples" / "shop"
REQUESTS = "http_server_request_duration_seconds_count"


def eventually(condition, what, timeout=60.0):
    """The first true value of `condition`; fails with `what` and the last value when the time is over."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s: {what}; last: {value!r}")
        time.sleep(0.02)


def fetch(port, path, headers=None, timeout=30):
    """(status, headers, body) of a GET; (0, {}, b"") when nobody answers."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()
    except (OSError, http.client.HTTPException):
        return 0, {}, b""


def listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """A program with its output in a file."""

    def __init__(self, name, command, log):
        self.name = name
        self.log_path = log
        with open(log, "wb") as output:
            self._process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output,
                                             stderr=subprocess.STDOUT)
        self.pid = self._process.pid

    def send(self, signal_number):
        self._process.send_signal(signal_number)

    def wait(self, timeout):
        """The exit code; negative is the signal that ended it."""
        return self._process.wait(timeout)

    def running(self):
        return self._process.poll() is None

    def log(self):
        return pathlib.Path(self.log_path).read_text(errors="replace")

    def stop(self):
        if self.running():
            self.send(signal.SIGTERM)
        try:
            return self.wait(60)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            return self.wait(60)


class Metrics:
    """One scrape in text."""

    def __init__(self, text):
        self.samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]

    def series(self, name, **labels):
        """Samples of that name with at least these labels; "" also stands for a label that is absent."""
        return [sample for sample in self.samples if sample.name == name
                and all(sample.labels.get(key, "") == value for key, value in labels.items())]

    def sum(self, name, **labels):
        return sum(sample.value for sample in self.series(name, **labels))

    def sum_by(self, name, *keys):
        """Sums that are not zero, by the values of these labels."""
        sums = {}
        for sample in self.series(name):
            key = tuple(sample.labels.get(label, "") for label in keys)
            sums[key] = sums.get(key, 0) + sample.value
        return {key: value for key, value in sums.items() if value}


class Sidelight(Process):
    """The program under test. `port` is that of its first tap."""

    def __init__(self, directory, config, number):
        self.config = pathlib.Path(directory) / f"sidelight-{number}.yaml"
        # JSON is YAML, so a configuration is a dictionary here.
        self.config.write_text(json.dumps(config, indent=1) + "\n")
        self.metrics_port = int(config["listen"].rsplit(":", 1)[1])
        self.probe_port = int(config["probe_listen"].rsplit(":", 1)[1])
        self.port = int(config["taps"][0]["listen"].rsplit(":", 1)[1])
        super().__init__(f"sidelight-{number}", [os.environ["SIDELIGHT"], "run", "--config", self.config],
                         f"{directory}/sidelight-{number}.log")

    def probe(self, path):
        """The status of a probe; 0 when nobody answers."""
        return fetch(self.probe_port, path)[0]

    def scrape(self):
        status, _, body = fetch(self.metrics_port, "/metrics")
        if status != 200:
            raise AssertionError(f"/metrics answers {status}: {body[:500]!r}")
        return Metrics(body.decode())

    def scrape_when_idle(self):
        """A scrape with all that clients did who have closed their connections: what they do last is measured only
        after they have their answer, and a scrape reads one metric after the other."""
        eventually(lambda: self.scrape().sum("sidelight_tap_open_connections") == 0, "no client is connected any more")
        return self.scrape()


class IntegrationTest(unittest.TestCase):
    """Ends all that it started, the last first, and shows their logs when the test failed."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="sidelight-test-")
        self.addCleanup(directory.cleanup)
        self.directory = directory.name
        self.processes = []

    def run(self, result=None):
        result = result or self.defaultTestResult()
        before = len(result.failures) + len(result.errors)
        self._failed = lambda: len(result.failures) + len(result.errors) > before
        return super().run(result)

    def _end(self, process):
        process.stop()
        if self._failed():
            sys.stderr.write(f"--- log of {process.name} (pid {process.pid}), its end:\n{process.log()[-4000:]}\n")

    def start(self, name, *command):
        process = Process(name, command, f"{self.directory}/{name}.log")
        self.processes.append(process)
        self.addCleanup(self._end, process)
        return process

    def config(self, *taps, **settings):
        """A configuration with free ports for all that `taps` and `settings` do not say."""
        for number, tap in enumerate(taps):
            tap.setdefault("name", f"tap{number}")
            tap.setdefault("protocol", "http")
            tap.setdefault("listen", f"127.0.0.1:{free_port()}")
        return {"service": "test", "listen": f"127.0.0.1:{free_port()}", "probe_listen": f"127.0.0.1:{free_port()}",
                **settings, "taps": list(taps)}

    def sidelight(self, *taps, **settings):
        """A Sidelight that is ready."""
        process = Sidelight(self.directory, self.config(*taps, **settings), len(self.processes))
        self.processes.append(process)
        self.addCleanup(self._end, process)
        eventually(lambda: process.probe("/-/ready") == 200 or not process.running(), "Sidelight becomes ready")
        if not process.running():
            self.fail(f"Sidelight ended instead of becoming ready:\n{process.log()}")
        return process

    def nginx(self, servers, global_http=""):
        """An nginx that answers on `port`, with these server blocks."""
        home = pathlib.Path(self.directory)
        paths = "".join(f"{kind}_temp_path {home}/nginx-{kind};" for kind in
                        ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (home / "nginx.conf").write_text(f"""
            daemon off; master_process off; pid {home}/nginx.pid; error_log stderr warn;
            worker_rlimit_nofile 20000;
            events {{ worker_connections 15000; }}
            http {{ {paths} access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
                    client_header_timeout 600s; default_type text/plain; {global_http} {servers} }}""")
        return self.start("nginx", "/usr/sbin/nginx", "-e", "stderr", "-p", home, "-c", home / "nginx.conf")

    def redis(self):
        """The port of a Redis that keeps nothing."""
        port = free_port()
        self.start("redis", "redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", self.directory,
                   "--save", "", "--appendonly", "no")
        eventually(lambda: listening(port), "Redis listens")
        return port

    def memcached(self):
        """The port of a memcached."""
        port = free_port()
        # As root it insists on being told whom to be.
        user = ["-u", "root"] if os.geteuid() == 0 else []
        self.start("memcached", "/usr/bin/memcached", "-l", "127.0.0.1", "-p", port, "-U", 0, "-m", 256, *user)
        eventually(lambda: listening(port), "memcached listens")
        return port

    def backend(self):
        """A Misbehaving backend; its `upstream` is what a tap is given."""
        backend = Misbehaving()
        self.addCleanup(backend.close)
        return backend


def main():
    if not os.environ.get("SIDELIGHT"):
        sys.exit("SIDELIGHT must name the program to test; ctest sets it")
    unittest.main()
