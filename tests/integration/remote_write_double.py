"""A receiver of remote write, 1.0 and 2.0, that answers as it is told and keeps what it took. It reads requests with the
reader of tests/core/wire, which shares nothing with Sidelight's writer."""

import http.server
import pathlib
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "core" / "wire"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import remote_write_reader as reader  # pylint: disable=wrong-import-position
from ports import free_port  # pylint: disable=wrong-import-position

WRITTEN = "X-Prometheus-Remote-Write-{}-Written"
STALE = 0x7FF0000000000002


def bits(value):
    return struct.unpack("<Q", struct.pack("<d", value))[0]


def samples1(body):
    """[(labels as a tuple of pairs, [(time, value)])] of a 1.0 request."""
    return [(tuple((label.name, label.value) for label in series.labels),
             [(sample.timestamp, sample.value) for sample in series.samples])
            for series in reader.read1(body).timeseries]


class Request:
    def __init__(self, headers, body):
        self.headers = headers
        self.body = body
        self.at = time.time()
        self.second = headers["Content-Type"] != "application/x-protobuf"
        self._message = None

    @property
    def message(self):
        if self._message is None:
            self._message = reader.read2(self.body) if self.second else reader.read1(self.body)
        return self._message

    def series(self):
        """[(labels, the message's series)]"""
        if self.second:
            return [(tuple(reader.labels_of(self.message, s.labels_refs)), s) for s in self.message.timeseries]
        return [(tuple((label.name, label.value) for label in s.labels), s) for s in self.message.timeseries]


class RemoteWriteDouble:
    """`answer(request)` gives a status, or (status, headers); None hangs up. What is answered with 2xx is taken."""

    def __init__(self, answer=None, port=None):
        self._lock = threading.Lock()
        self.answer = answer or self.take
        self._taken = []
        self.statuses = []
        self._floats = {}
        self._read = 0  # requests that are in it
        double = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # An answer is two small writes: without this the second waits for the first's acknowledgement.
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_POST(self):
                request = Request(self.headers, self.rfile.read(int(self.headers["Content-Length"])))
                answer = double.answer(request)
                status, headers = answer if isinstance(answer, tuple) else (answer, {})
                with double._lock:
                    double.statuses.append(status)
                    if status is not None and status // 100 == 2:
                        double._taken.append(request)
                if status is None:
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 64

            def handle_error(self, *_):
                pass  # A client that was killed.

        self._server = Server(("127.0.0.1", port or free_port()), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/api/v1/write"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @staticmethod
    def take(request):
        """Takes all of it, and says so."""
        if not request.second:
            return 204
        series = request.message.timeseries
        return 204, {WRITTEN.format(kind): str(sum(len(getattr(s, kind.lower())) for s in series))
                     for kind in ("Samples", "Histograms", "Exemplars")}

    def taken(self):
        with self._lock:
            return list(self._taken)

    def floats(self):
        """{labels: [(time, value)]} of all that was taken, in the order in which it came. Not to be changed."""
        taken = self.taken()
        for request in taken[self._read:]:
            for labels, series in request.series():
                if series.samples:
                    self._floats.setdefault(labels, []).extend((s.timestamp, s.value) for s in series.samples)
        self._read = len(taken)
        return self._floats

    def close(self):
        self._server.shutdown()
        self._server.server_close()
