"""Debian's Alertmanager with a webhook behind it, for the tests whose alerts leave Sidelight."""

import http.server
import json
import pathlib
import shutil
import sys
import threading
import time

import harness

PROGRAM = "/usr/bin/prometheus-alertmanager"


def needed():
    """Ends the test's program as skipped when there is no Alertmanager."""
    if not shutil.which(PROGRAM):
        print(f"skipped: {PROGRAM} is not installed (Debian's package prometheus-alertmanager)")
        sys.exit(77)


class Webhook:
    """Keeps what an Alertmanager tells: (when, alert) in order, times in seconds since 1970."""

    def __init__(self):
        told = self.told = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                now = time.time()
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                told.extend((now, alert) for alert in body["alerts"])
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def alerts(self, status=None, name=None):
        """The alerts that were told, with this status ("firing", "resolved") and of this name."""
        return [alert for _, alert in list(self.told) if status in (None, alert["status"])
                and name in (None, alert["labels"]["alertname"])]


class Alertmanager:
    """An Alertmanager that tells its webhook at once. `web` is its --web.config.file, a dictionary."""

    def __init__(self, test, name, web=None, scheme="http"):
        self.webhook = Webhook()
        test.addCleanup(self.webhook.close)
        self.port = harness.free_port()
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        home = pathlib.Path(test.directory, name)
        home.mkdir()
        # JSON is YAML. Of each group it tells at once, and of what changes in it a second later.
        (home / "alertmanager.yml").write_text(json.dumps({
            "route": {"receiver": "hook", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s",
                      "repeat_interval": "4h"},
            "receivers": [{"name": "hook", "webhook_configs": [{"url": self.webhook.url, "send_resolved": True}]}]}))
        command = [PROGRAM, f"--config.file={home}/alertmanager.yml", f"--storage.path={home}/data",
                   f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="]
        if web:
            (home / "web.yml").write_text(json.dumps(web))
            command.append(f"--web.config.file={home}/web.yml")
        self._launch = lambda: test.start(name, *command)
        self._start()

    def _start(self):
        self.process = self._launch()
        harness.eventually(lambda: harness.listening(self.port), f"an Alertmanager listens at {self.url}")

    def restart(self):
        """The same at the same port, which has forgotten all alerts."""
        self.process.stop()
        self._start()

    def clients(self):
        """The ports of those who are connected to it."""
        rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return {int(local.rpartition(":")[2], 16) for _, local, remote, state, *_ in rows
                if (int(remote.rpartition(":")[2], 16), state) == (self.port, "01")}

    def alerts(self):
        """What GET /api/v2/alerts shows, which are the alerts that hold."""
        status, _, body = harness.fetch(self.port, "/api/v2/alerts")
        if status != 200:
            raise AssertionError(f"/api/v2/alerts answers {status}: {body!r}")
        return json.loads(body)
