#!/usr/bin/python3
"""metric_relabel_configs keep series out before they cost anything, and make one of those that become alike."""

import harness

LIMIT = 20
STEPS = [
    {"action": "drop", "source_labels": ["__name__"], "regex": "http_server_(request|response)_body_size_bytes"},
    {"action": "drop", "source_labels": ["http_route"], "regex": "/quiet/.*"},
    {"action": "labeldrop", "regex": "network_protocol_version"},
    {"source_labels": ["http_response_status_code"], "regex": "(.)..", "target_label": "class", "replacement": "${1}xx"},
]


class MetricRelabelTest(harness.IntegrationTest):
    def test_at_the_door(self):
        routes = ["/kept"] + [f"/quiet/{i}" for i in range(30)]
        sidelight = self.sidelight({"upstream": self.backend().upstream, "routes": routes}, limits={"series": LIMIT},
                                   metric_relabel_configs=STEPS)
        with harness.Connection(sidelight.port) as connection:
            for path in routes * 3:
                connection.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
                connection.response("GET")
        scrape = sidelight.scrape_when_idle()
        self.assertEqual(scrape.sum("sidelight_tap_exchanges_total"), 3 * len(routes))
        name = "http_server_request_duration_seconds_count"
        self.assertEqual(scrape.sum(name, http_route="/kept"), 3)
        self.assertEqual(scrape.sum(name), 3, "what is dropped is in no series, nor in the overflow series")
        self.assertEqual(scrape.sum("sidelight_series_overflow_total"), 0)
        self.assertLess(scrape.sum("sidelight_series"), LIMIT)
        self.assertGreaterEqual(scrape.sum("sidelight_series_dropped_total"), 30)
        (sample,) = scrape.series(name)
        self.assertIn(sample.labels.get("class"), {"2xx", "4xx"})
        self.assertNotIn("network_protocol_version", sample.labels)
        _, _, body = harness.fetch(sidelight.metrics_port, "/metrics")
        self.assertNotIn(b"_body_size_bytes", body)
        self.assertIn(b"sidelight_tap_bytes_total", body)


if __name__ == "__main__":
    harness.main()
