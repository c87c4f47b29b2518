"""An Alertmanager that only writes down what it is told."""

import datetime
import http.server
import json
import threading
import time


def seconds(text):
    """RFC 3339 as seconds since 1970."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Told:
    """An alert as it came in."""

    def __init__(self, alert, at):
        self.name = alert["labels"]["alertname"]
        self.labels = alert["labels"]
        self.annotations = alert.get("annotations", {})
        self.starts_at = seconds(alert["startsAt"])
        self.ends_at = seconds(alert["endsAt"])
        self.at = at
        self.resolved = self.ends_at <= at

    def __repr__(self):
        state = "resolved" if self.resolved else "firing"
        return f"{self.name} {state} since {self.starts_at:.3f} until {self.ends_at:.3f}, told at {self.at:.3f}"


class AlertmanagerDouble:
    def __init__(self):
        self._lock = threading.Lock()
        self._told = []
        double = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                at = time.time()
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/api/v2/alerts":
                    told = [Told(alert, at) for alert in json.loads(body)]
                    with double._lock:
                        double._told.extend(told)
                self.send_response(200 if self.path == "/api/v2/alerts" else 404)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def told(self, name=None, since=0.0):
        """What came in from `since` on, in order, of the alert of that name or of all."""
        with self._lock:
            return [told for told in self._told if told.at >= since and name in (None, told.name)]

    def close(self):
        self._server.shutdown()
        self._server.server_close()
