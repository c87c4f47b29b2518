#!/usr/bin/python3
"""docs/metrics.md and the program name the same metrics: traffic of every kind goes through a tap of every kind, an
alert fires, and whoever it or measurements should go to is away; each family of the scrape has a row, each row a family
of the same type."""

import contextlib
import json
import pathlib
import re
import socket

import harness
from resp import Resp, encode
from tiny_postgres import GREETING, ROW, STARTUP, TinyPostgres, query

DOC = pathlib.Path(__file__).resolve().parents[2] / "docs" / "metrics.md"
TYPES = {"counter", "gauge", "histogram"}
PREFIX = "documented"
HTTP_PREFIX = "documented_http"  # It has caches too, whose metrics are called alike.


def documented():
    """{name: type} of the rows whose second column is a type."""
    rows = {}
    for line in DOC.read_text().splitlines():
        row = re.match(r"\| `([^`]+)` \| (\w+) \|", line)
        if row and row.group(2) in TYPES:
            rows[row.group(1).replace("<prefix>", PREFIX)] = row.group(2)
    return rows


def exposed(sidelight):
    _, _, body = harness.fetch(sidelight.metrics_port, "/metrics")
    return dict(re.findall(r"^# TYPE (\S+) (\w+)$", body.decode().replace(HTTP_PREFIX, PREFIX), re.M))


class MetricsDocTest(harness.IntegrationTest):
    def test_the_scrape_and_the_page_agree(self):
        postgres = TinyPostgres(0.005)
        self.addCleanup(postgres.close)
        backend = self.backend()
        http = {"upstream": backend.upstream}
        redis = {"protocol": "redis", "upstream": f"127.0.0.1:{self.redis()}"}
        postgres = {"protocol": "postgres", "upstream": postgres.upstream, "slow_query": "1ms"}
        plain = {"naming": {"style": "plain", "prefix": PREFIX}}
        plain_http = {"naming": {"style": "plain", "prefix": HTTP_PREFIX}}
        rules = pathlib.Path(self.directory, "rules.yaml")
        rules.write_text("groups: [{name: always, rules: [{alert: Always, expr: vector(1)}]}]")
        nowhere = f"http://127.0.0.1:{harness.free_port()}"
        sidelight = self.sidelight(
            dict(http), {**http, "role": "client"}, {**http, **plain_http}, dict(redis), {**redis, **plain},
            dict(postgres), {**postgres, **plain}, rule_files=[str(rules)], interval="200ms", evaluation_interval="200ms",
            alerting={"alertmanagers": [{"url": f"http://127.0.0.1:{harness.free_port()}"}]},
            exporters={"otlp": [{"endpoint": nowhere, "interval": "200ms"}], "remote_write": [{"url": nowhere}]})
        ports = {}
        for tap in self.taps_of(sidelight):
            ports.setdefault(tap["protocol"], []).append(int(tap["listen"].rsplit(":", 1)[1]))
        self.talk_redis(ports["redis"])
        for port in ports["postgres"]:
            self.talk_postgres(port)
        for port in ports["http"]:
            with harness.Connection(port) as connection:
                connection.send(b"GET /ok HTTP/1.1\r\nHost: a\r\n\r\n" * 2)
                for _ in range(2):
                    self.assertEqual(connection.response("GET")[0], 200)
            so_far = len(backend.unanswered)
            leaver = harness.Connection(port)
            leaver.send(b"GET /silent HTTP/1.1\r\nHost: a\r\n\r\n")
            harness.eventually(lambda: len(backend.unanswered) > so_far, "the request is there")
            leaver.reset()
        gone = ("http_client_request_duration_seconds_count", "client_gone")
        harness.eventually(lambda: sidelight.scrape().sum(gone[0], error_type=gone[1]) == 1, "the client's leaving")
        harness.eventually(lambda: sidelight.scrape().sum("sidelight_notifications_dropped_total", reason="failed") >= 1,
                           "an alert that no Alertmanager takes")
        for exporter in ("otlp", "remote_write"):
            harness.eventually(lambda: sidelight.scrape().sum("sidelight_export_failing", exporter=exporter) == 1,
                               f"an export over {exporter} that arrives nowhere")
        harness.fetch(sidelight.metrics_port, "/metrics", {"Accept": "application/openmetrics-text; version=1.0.0"})
        wanted = documented()
        # Some come a moment after what they are about. If one never does, the lists below say which.
        with contextlib.suppress(AssertionError):
            harness.eventually(lambda: wanted.keys() <= exposed(sidelight).keys(), "each row has a metric")
        got = exposed(sidelight)
        self.assertEqual(sidelight.scrape().sum("sidelight_exposition_dropped_total"), 0, "names that collide")
        self.assertEqual(sorted(got.keys() - wanted.keys()), [], "metrics without a row in docs/metrics.md")
        self.assertEqual(sorted(wanted.keys() - got.keys()), [], "rows of docs/metrics.md without a metric")
        self.assertEqual({n: t for n, t in got.items() if wanted[n] != t}, {}, "types that differ from docs/metrics.md")

    def talk_redis(self, ports):
        for port in ports:
            with Resp(port) as client:
                client.send(encode("CLIENT", "REPLY", "SKIP") + encode("SET", "user:2", "a") + encode("GET", "user:1")
                            + encode("BLPOP", "queue", "0.01"))
                self.assertEqual([client.reply(), client.reply()], [None, None])

    def talk_postgres(self, port):
        with socket.create_connection(("127.0.0.1", port), 60) as client, client.makefile("rb") as answers:
            client.sendall(STARTUP)
            self.assertEqual(answers.read(len(GREETING)), GREETING)
            client.sendall(query("SELECT a FROM orders"))
            self.assertEqual(answers.read(len(ROW)), ROW)

    def taps_of(self, sidelight):
        return json.loads(sidelight.config.read_text())["taps"]


if __name__ == "__main__":
    harness.main()
