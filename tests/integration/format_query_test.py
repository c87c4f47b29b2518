#!/usr/bin/python3
"""/api/v1/format_query beside a real Prometheus: both spell each expression alike, to the byte. The expressions are
those of the conformance data's parser tests, ones of our own, and longer ones, which go over several lines; what is
newer than that Prometheus' parser is passed over."""

import pathlib
import shutil
import sys

import harness
import prometheus_api
from prometheus_api import ask

EXPRESSIONS = pathlib.Path("promql_parse") / "expression.txt"

OWN = [
    "1", "-1", "+Inf", "0x10", "1e6", "1e-5", "123456789", "1.5e300", "NaN", "-up", "- (1 + 2)", '"text"', "'it''s'",
    r'"a\tb\nc\"d\\"', "`raw\\n`", "up", "up{}", 'up{job="a",}', 'up { job = "a" , b!="c", d=~"e.*", f!~"g" }',
    '{__name__="up"}', '{__name__="up",job="a"}', '{__name__=~"up|down"}', 'up{__name__!="down"}', "job:up:sum", ":a",
    "up[5m]", "up[90s]", "up[1d]", "up[1w2d3h]", "up[1h0m30s]", "up[5m] offset 1h", "up offset 5m", "up offset -5m",
    "up @ 1609746000", "up @ -1.5", "up @ start()", "up[5m] @ end() offset 1m", "up offset 1m @ 1",
    "rate(up[5m])[1h:]", "rate(up[5m])[1h:30s]", "max_over_time(rate(up[5m])[1h:1m] @ start() offset 2m)", "sum(up)",
    "sum(up) by (job)", "sum by(job)(up)", "sum by (job, instance,) (up)", "sum without(job) (up)", "sum by () (up)",
    "sum without () (up)", "topk(5, up)", 'count_values("v", up)', "quantile(0.9, up)", "quantile by (a) (0.9, up)",
    "SUM(up)", "up+up", "up + on (a) up", "up+on(a,b)group_left(c)up", "up + on(a) group_left up",
    "up * ignoring(a) group_right(b) up", "up==bool 1", "up > bool up", "up and up", "up or on() up",
    "up unless ignoring(a) up", "2 ^ 3 ^ 4", "(2 ^ 3) ^ 4", "-2 ^ 2", "1 + 2 * 3 - 4 / 5 % 6", "up atan2 up",
    "((up))", "time()", "vector(1)", "round(up)", "round(up, 0.5)", 'label_replace(up, "a", "$1", "b", "(.*)")',
    'label_join(up, "a", ",", "b", "c")', "# a comment\nup # and one behind", "  up\n\t+\n 1 ",
    "histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m])))", "absent(up)", "clamp(up, 1, 2)",
    "bottomk without(a) (1, up)", "up @ 1609746000.1234", "sgn(up)", "up[3723004ms]", "up offset 3661s", "pi()",
    'up{a="\\u00e9",b="é"}', "up < 1 > 2", "a == b != c", "up % 2 == 0 or up > 10",
]

LONG_NAME = "http_server_request_duration_seconds_bucket_of_the_service_that_has_a_long_name"
LONG = [
    f"{LONG_NAME} + {LONG_NAME}",
    f'{LONG_NAME}{{job="shop",instance="somewhere.far.away.example.org:9464"}}',
    f"sum by (job, instance) (rate({LONG_NAME}[5m])) / sum by (job, instance) (rate({LONG_NAME}[5m]))",
    f"histogram_quantile(0.99, sum by (le, job, http_route) (rate({LONG_NAME}{{job=\"shop\"}}[5m] offset 1d)))",
    f"(sum(rate({LONG_NAME}[5m])) + sum(rate({LONG_NAME}[5m]))) * on (job) group_left (name) topk(3, {LONG_NAME})",
    f"-sum(rate({LONG_NAME}[5m]) + rate({LONG_NAME}[5m]))",
    f"max_over_time(sum(rate({LONG_NAME}[5m]) or rate({LONG_NAME}[10m]))[1h:1m] offset 5m)",
    f'label_replace(sum without (instance) (rate({LONG_NAME}[5m])), "target", "$1", "source", "(.*)some pattern(.*)")',
    f"a{{b=\"{'c' * 120}\"}}",
    f"sum({LONG_NAME} and {LONG_NAME} and {LONG_NAME}) > bool ignoring (a, b) group_right () (({LONG_NAME}))",
    f"count_values without (a) (\"{'v' * 100}\", {LONG_NAME})",
    f"clamp(((({LONG_NAME} * {LONG_NAME}))), 1, 2)",
    "1 + " * 60 + "1",
    "(" * 40 + LONG_NAME + " + 1" + ")" * 40,
]


def conformance_expressions():
    """Those of the parser tests, in the order of the file."""
    blocks = prometheus_api.conformance_file(EXPRESSIONS).read_text().split("\n# ")
    return [block.split("\n", 1)[1].split("\n==>", 1)[0].strip() for block in blocks if "==>" in block]


class FormatQueryTest(harness.IntegrationTest):
    def start_prometheus(self):
        """The port of a Prometheus that scrapes nobody."""
        config = pathlib.Path(self.directory, "prometheus.yml")
        config.write_text("global: {}\n")
        port = harness.free_port()
        self.start("prometheus", "prometheus", f"--config.file={config}", f"--storage.tsdb.path={self.directory}/data",
                   f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn")
        harness.eventually(lambda: harness.fetch(port, "/-/ready")[0] == 200, "Prometheus is ready")
        return port

    def test_expressions_are_spelled_as_prometheus_spells_them(self):
        prometheus = self.start_prometheus()
        ours = self.sidelight({"upstream": self.backend().upstream}).metrics_port
        compared, differences = 0, []
        for expression in [*conformance_expressions(), *OWN, *LONG]:
            wanted_status, wanted = ask(prometheus, "/api/v1/format_query", {"query": expression})
            if wanted_status != 200:
                continue  # that version's parser does not know it
            for method in ("GET", "POST"):
                status, got = ask(ours, "/api/v1/format_query", {"query": expression}, method)
                if (status, got) != (200, wanted):
                    differences.append(f"{method} {expression!r}:\n wanted {wanted}\n got    {status} {got}")
            compared += 1
        print(f"{compared} expressions compared")
        self.assertFalse(differences, f"{len(differences)} of {compared}:\n" + "\n".join(differences))
        self.assertGreater(compared, 140)


if __name__ == "__main__":
    if not shutil.which("prometheus"):
        print("skipped: there is no prometheus; script/bootstrap test installs it")
        sys.exit(77)
    prometheus_api.conformance_file(EXPRESSIONS)
    harness.main()
