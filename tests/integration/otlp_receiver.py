"""A receiver of OTLP metrics that reads what it gets by an independent description of the messages, over HTTP (protobuf
and JSON, gzip or not) and over gRPC; it fails when it is told to.
"""

import concurrent.futures
import contextlib
import gzip
import http.server
import pathlib
import socket
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "core" / "wire"))

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import grpc  # noqa: E402
from google.protobuf import json_format  # noqa: E402
from otlp_independent_test import REQUEST, data_of  # noqa: E402
from ports import free_port  # noqa: E402

RETRY_INFO = b"type.googleapis.com/google.rpc.RetryInfo"
# A google.rpc.Status whose details ask for a second.
AGAIN_SOON = b"\x08\x08\x1a" + bytes([len(RETRY_INFO) + 8]) + b"\x0a" + bytes([len(RETRY_INFO)]) + RETRY_INFO + \
    b"\x12\x04\x0a\x02\x08\x01"
EXPORT = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"


def value_of(attribute):
    kind = [field.name for field, _ in attribute.value.ListFields()] or ["string_value"]
    return getattr(attribute.value, kind[0])


def attributes_of(point):
    return tuple(sorted((attribute.key, value_of(attribute)) for attribute in point.attributes))


class Point:
    def __init__(self, metric, kind, data, point):
        self.name = metric.name
        self.unit = metric.unit
        self.kind = kind
        self.temporality = getattr(data, "aggregation_temporality", 0)
        self.attributes = attributes_of(point)
        self.start = point.start_time_unix_nano
        self.time = point.time_unix_nano
        self.gone = point.flags == 1
        self.data = point

    @property
    def series(self):
        return self.name, self.attributes


class Message:
    """A request as it came in."""

    def __init__(self, body, content_type, headers):
        self.body = body  # as it was sent
        self.content_type = content_type
        self.headers = headers
        plain = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
        self.request = REQUEST()
        if content_type == "application/json":
            json_format.Parse(plain, self.request)
        else:
            self.request.ParseFromString(plain)
        (resource,) = self.request.resource_metrics
        self.resource = {attribute.key: value_of(attribute) for attribute in resource.resource.attributes}
        (scope,) = resource.scope_metrics
        self.scope = scope.scope
        self.points = []
        for metric in scope.metrics:
            kind, data = data_of(metric)
            self.points += [Point(metric, kind, data, point) for point in data.data_points]


class Receiver:
    """`refuse`, when set, is asked before anything is taken; what it returns is an HTTP status, 0 for hanging up, or
    None for what is taken. What is refused with 400 is remembered, as nobody sends it again."""

    def __init__(self):
        self.refuse = None
        self.refused = 0
        self.rejected = []
        self._lock = threading.Lock()
        self._messages = []

    def messages(self):
        with self._lock:
            return list(self._messages)

    def points(self):
        return [point for message in self.messages() for point in message.points]

    def taken(self, *message):
        refusal = self.refuse() if self.refuse else None
        with self._lock:
            if refusal is None:
                self._messages.append(Message(*message))
            else:
                self.refused += 1
                if refusal == 400:
                    self.rejected.append(Message(*message))
        return refusal


class HttpReceiver(Receiver):
    """It may be closed, which also ends the connections to it, and listen again."""

    def __init__(self):
        super().__init__()
        self.port = free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.accepted = 0  # connections
        self.retry_after = 1  # seconds, with 429 and 503
        self.told_retry_after = None  # the last one that was sent
        self.listen()

    def listen(self):
        receiver = self
        connections = self._connections = set()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                connections.add(self.connection)
                with receiver._lock:
                    receiver.accepted += 1

            def finish(self):
                connections.discard(self.connection)
                super().finish()

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if len(body) < int(self.headers["Content-Length"]):
                    self.close_connection = True
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                known = self.path == "/v1/metrics"
                status = receiver.taken(body, headers["content-type"], headers) if known else 404
                if status == 0:
                    self.close_connection = True
                    return
                self.send_response(200 if status is None else status)
                if status in (429, 503):
                    receiver.told_retry_after = receiver.retry_after
                    self.send_header("Retry-After", str(receiver.told_retry_after))
                answer = b"{}" if headers["content-type"] == "application/json" else b""
                self.send_header("Content-Type", headers["content-type"])
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, request, client_address):
                pass  # The client is gone, which is what some tests want.

        self._server = Server(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        # Only the way in: who has sent a whole request still gets its answer, and need not send it again.
        for connection in list(self._connections):
            with contextlib.suppress(OSError):  # It may have ended by itself.
                connection.shutdown(socket.SHUT_RD)


class GrpcReceiver(Receiver):
    def __init__(self):
        super().__init__()
        receiver = self

        class Handler(grpc.GenericRpcHandler):
            def service(self, details):
                if details.method != EXPORT:
                    return None
                return grpc.unary_unary_rpc_method_handler(self.export)

            def export(self, body, context):
                headers = {pair.key: pair.value for pair in context.invocation_metadata()}
                refusal = receiver.taken(body, "application/x-protobuf", headers)
                if refusal == 400:
                    context.abort(grpc.StatusCode.INVALID_ARGUMENT, "told to")
                elif refusal is not None:
                    context.set_trailing_metadata((("grpc-status-details-bin", AGAIN_SOON),))
                    context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "told to")
                return b""

        self._server = grpc.server(concurrent.futures.ThreadPoolExecutor(4))
        self._server.add_generic_rpc_handlers((Handler(),))
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self._server.start()

    def close(self):
        self._server.stop(None)


class Sums:
    """What a receiver of deltas adds up."""

    def __init__(self, points):
        self.values = {}
        self.buckets = {}
        for point in points:
            if point.kind == "sum":
                self._add(self.values, point, point.data.as_double)
            elif point.kind == "histogram":
                self._add(self.values, point, point.data.count)
                known = self.buckets.setdefault(point.series, [0] * len(point.data.bucket_counts))
                for i, count in enumerate(point.data.bucket_counts):
                    known[i] += count

    @staticmethod
    def _add(values, point, value):
        values[point.series] = values.get(point.series, 0) + value

    def total(self, name):
        return sum(value for (series, _), value in self.values.items() if series == name)
