"""Asks the queries of the PromQL compliance tester of a real Prometheus 2 and of Sidelight, over the same samples, as
range queries and as instant ones, and compares: the same series, the same timestamps, values within a millionth.

    promql_compliance_test.py SUITE      ($SIDELIGHT_CONFORMANCE goes first; $COMPLIANCE_QUERIES is our program)
"""
import http.client
import itertools
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import demo_samples  # noqa: E402
from ports import free_port  # noqa: E402

SKIPPED = 77
TOLERANCE = 1e-6

# Seconds. The steps lie where no sample does, and on no multiple of a subquery's step; so do the borders of all ranges.
START = 1_700_000_003
RANGE = (START, START + 600, 10)
INSTANT = START + 285
DATA = (START - 3 - 4500, START - 3 + 1500)

# Where Prometheus 3 answers differently from 2.42, and Sidelight as 3 does: query -> reason.
DIFFERENCES = {
    'label_replace(demo_num_cpus, "~invalid", "", "src", "(.*)")':
        "since Prometheus 3 any UTF-8 text is a label name",
    'label_join(demo_num_cpus, "~invalid", "-", "instance")':
        "since Prometheus 3 any UTF-8 text is a label name",
}


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def unquote(text):
    text = text.strip()
    if text[:1] == "'":
        return text[1:-1].replace("''", "'")
    return json.loads(text) if text[:1] == '"' else text


def read_queries(folder):
    """(query, whether it should fail) of every template with every combination of its arguments. The file is YAML of
    a few plain forms only."""
    variants = json.loads((folder / "variants.json").read_text(encoding="utf-8"))
    cases = []
    for line in (folder / "promql-test-queries.yml").read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"\s+(?:- )?query: (.*)", line):
            cases.append({"query": unquote(match[1]), "args": [], "fails": False})
        elif match := re.fullmatch(r"\s+variant_args: \[(.*)\]", line):
            cases[-1]["args"] = [unquote(word) for word in match[1].split(",")]
        elif re.fullmatch(r"\s+should_fail: true", line):
            cases[-1]["fails"] = True
    for case in cases:
        for values in itertools.product(*(variants[name] for name in case["args"])):
            query = case["query"]
            for name, value in zip(case["args"], values):
                query = query.replace("{{." + name + "}}", value)
            yield query, case["fails"]


class Prometheus:
    """A server over blocks that promtool made of the samples."""

    def __init__(self, directory, samples):
        made = subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", samples, f"{directory}/data"],
                              capture_output=True, text=True, timeout=300)
        if made.returncode:
            raise SystemExit(f"promtool: {made.stdout}{made.stderr}")
        (directory / "prometheus.yml").write_text("global: {}\n")
        self.port = free_port()
        self.log = open(directory / "prometheus.log", "w+b")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data",
             "--storage.tsdb.retention.time=100y", f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"],
            stdout=self.log, stderr=subprocess.STDOUT)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        deadline = time.monotonic() + 120
        while self._get("GET", "/-/ready")[0] != 200:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.log.seek(0)
                raise SystemExit("Prometheus does not become ready:\n" + self.log.read().decode(errors="replace"))
            time.sleep(0.05)

    def _get(self, method, path, body=None):
        try:
            self.connection.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded"})
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            return 0, b""

    def ask(self, ask):
        in_seconds = {key: value / 1000 if key != "query" else value for key, value in ask.items()}
        path = "/api/v1/query" if "time" in ask else "/api/v1/query_range"
        return json.loads(self._get("POST", path, urllib.parse.urlencode(in_seconds))[1])

    def close(self):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()


def table(data):
    """{labels: [(time, value)]}."""
    if data["resultType"] in ("scalar", "string"):
        return {(): [data["result"]]}
    rows = [(tuple(sorted(row["metric"].items())), row["values"] if "values" in row else [row["value"]])
            for row in data["result"]]
    if len(dict(rows)) != len(rows):
        raise ValueError("a series is there twice")
    return dict(rows)


def same(a, b):
    a, b = float(a), float(b)
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or abs(a - b) <= TOLERANCE * max(abs(a), abs(b))


def difference(wanted, got):
    """How the answers differ; None when they do not."""
    if wanted["status"] != got["status"]:
        return f"wanted {json.dumps(wanted)[:300]}, got {json.dumps(got)[:300]}"
    if wanted["status"] == "error":
        return None
    if wanted["data"]["resultType"] != got["data"]["resultType"]:
        return f"wanted a {wanted['data']['resultType']}, got a {got['data']['resultType']}"
    theirs, ours = table(wanted["data"]), table(got["data"])
    for labels in theirs.keys() | ours.keys():
        if labels not in ours or labels not in theirs:
            return f"{'wanted' if labels in theirs else 'got'} a series {dict(labels)}, {len(theirs)} and {len(ours)} in all"
        if [t for t, _ in theirs[labels]] != [t for t, _ in ours[labels]]:
            return f"{dict(labels)}: wanted times {[t for t, _ in theirs[labels]]}, got {[t for t, _ in ours[labels]]}"
        for (moment, a), (_, b) in zip(theirs[labels], ours[labels]):
            if not same(a, b):
                return f"{dict(labels)} at {moment}: wanted {a}, got {b}"
    return None


def main():
    suite = pathlib.Path(os.environ.get("SIDELIGHT_CONFORMANCE") or (sys.argv + [""])[1]) / "promql_compliance"
    if not (suite / "promql-test-queries.yml").is_file():
        skip(f"there is no {suite}/promql-test-queries.yml; SIDELIGHT_CONFORMANCE says where the suite is")
    for tool in ("prometheus", "promtool"):
        if not shutil.which(tool):
            skip(f"{tool} is not installed")
    queries = list(read_queries(suite))
    start, end, step = (1000 * part for part in RANGE)
    asks = [{"query": query, "start": start, "end": end, "step": step} for query, _ in queries]
    asks += [{"query": query, "time": 1000 * INSTANT} for query, _ in queries]
    fails = [fails for _, fails in queries] * 2

    with tempfile.TemporaryDirectory(prefix="sidelight-compliance-") as name:
        directory = pathlib.Path(name)
        samples = directory / "samples.om"
        series_count, samples_count = demo_samples.write_openmetrics(samples, *DATA)
        ours = subprocess.run([os.environ["COMPLIANCE_QUERIES"], samples], text=True, stdout=subprocess.PIPE,
                              input="".join(json.dumps(ask) + "\n" for ask in asks), timeout=800, check=True).stdout
        got = [json.loads(line) for line in ours.splitlines()]
        prometheus = Prometheus(directory, samples)
        try:
            wanted = [prometheus.ask(ask) for ask in asks]
        finally:
            prometheus.close()

    different, failures = {}, []
    for ask, fail, theirs, mine in zip(asks, fails, wanted, got, strict=True):
        kind = "instant" if "time" in ask else "range"
        if fail != (theirs["status"] == "error"):
            failures.append(f"{kind} {ask['query']}: Prometheus answers {json.dumps(theirs)[:300]}")
        problem = difference(theirs, mine)
        if problem is None:
            continue
        if ask["query"] in DIFFERENCES:
            different[ask["query"]] = problem
        else:
            failures.append(f"{kind} {ask['query']}: {problem}")
    failures += [f"{query}: listed as a difference, and does not differ" for query in DIFFERENCES.keys() - different.keys()]
    for failure in failures:
        print(failure)
    print(f"{len(queries)} queries over {series_count} series and {samples_count} samples, each as a range and as an "
          f"instant: {len(failures)} failures, {len(different)} known differences")
    for query, problem in different.items():
        print(f"  {query}\n    {DIFFERENCES[query]}\n    {problem}")
    if sum(len(answer["data"]["result"]) for answer in wanted if answer["status"] == "success") < 1000:
        sys.exit("the answers are nearly empty: the samples did not get to where they should")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
