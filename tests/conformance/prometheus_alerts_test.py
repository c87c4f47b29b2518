"""The same rules over the same data in the engine of a real Prometheus 2 and in Sidelight: the same alerts, pending and
firing, with the same labels, annotations and values, at the same evaluations.

`promtool test rules` runs Prometheus' own engine and rule manager on a simulated clock, so nothing here depends on how
busy the machine is. Every rule gets a unit-test file that expects no alert at any evaluation; what each of the two tools
then says it got instead is compared, line by line:
  - the 75 community files and the other rule files of the suite, rule by rule and each file as a whole, and the packs
    that come with Sidelight, over series made up from their expressions (rule_samples.py);
  - the alert generator suite over its own series; a list of rules of ours about what is easy to get wrong.

    prometheus_alerts_test.py SUITE      ($SIDELIGHT_CONFORMANCE goes first; $SIDELIGHT is our program; $ONLY is a part of
                                          the names of those sets of rules that are to be compared)
"""
import concurrent.futures
import difflib
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

import rule_samples

try:
    import yaml
except ImportError:
    yaml = None

SKIPPED = 77
EVALUATIONS = 30
BATCH = 20  # test files that one process is given

# Where Sidelight answers differently from Prometheus 2.42: rule, or the beginning of a set's name -> reason.
DIFFERENCES = {
    "suquery_interval_test": "the range of a subquery is open on its left since Prometheus 3",
    "own: LabelIsEmptyAfterwards": "in ALERTS Prometheus gives a label whose template expands to nothing the template's own "
                                   "text; here, as in the alert, there is none",
    "own: AnnotationIsEmpty": "an annotation that expands to nothing is left out",
}
# What this promtool says of rules that are newer than it is.
TOO_NEW = re.compile("could not parse expression|invalid (label|annotation) name")


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def seconds(duration):
    units = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
    return sum(int(count) * units[unit] for count, unit in re.findall(r"(\d+)(ms|[smhdwy])", str(duration)))


def block(items):
    """A list of mappings as YAML: their lists of mappings one item to a line, everything else as JSON, which is YAML."""
    lines = []
    for item in items:
        mark = "- "
        for key, value in item.items():
            if isinstance(value, list) and value and isinstance(value[0], dict):
                lines.append(f"{mark}{key}:")
                lines += [f"  - {json.dumps(one)}" for one in value]
            else:
                lines.append(f"{mark}{key}: {json.dumps(value)}")
            mark = "  "
    return "\n".join(lines) + "\n"


class Case:
    """One test file and the rule file that it names."""

    def __init__(self, name, groups, evaluation_interval, tests):
        self.name = name
        self.groups = groups
        self.evaluation_interval = evaluation_interval
        self.tests = tests

    def write(self, folder, number):
        """The path of the test file."""
        rules = folder / f"rules-{number:04}.yaml"
        rules.write_text("groups:\n" + block(self.groups), encoding="utf-8")
        path = folder / f"test-{number:04}.yaml"
        order = list(dict.fromkeys(group["name"] for group in self.groups))  # 2.42 has none of its own
        path.write_text(f"rule_files: [{rules.name}]\nevaluation_interval: {self.evaluation_interval}\n"
                        f"group_eval_order: {json.dumps(order)}\ntests:\n" + block(self.tests), encoding="utf-8")
        return path


def asks(rules, evaluation_interval, evaluations):
    """Alert tests and expression tests that ask for everything at every evaluation, and expect nothing."""
    alerts, expressions = [], []
    recorded = sorted({rule["record"] for rule in rules if "record" in rule} - set(DIFFERENCES))
    for number in range(evaluations):
        time = f"{number * evaluation_interval}s"
        for name in sorted({rule["alert"] for rule in rules if "alert" in rule}):
            alerts.append({"eval_time": time, "alertname": name, "exp_alerts": []})
        few = len(recorded) < 100 or number == evaluations - 1
        for metric in [*(recorded if few else []), "ALERTS", "ALERTS_FOR_STATE"]:
            expressions.append({"expr": metric, "eval_time": time, "exp_samples": []})
    return {"alert_rule_test": alerts, "promql_expr_test": expressions}


def made_up_case(name, groups, variants):
    """Rules over series that are made up for them. The evaluation interval is such that `for` can pass."""
    rules = [rule for group in groups for rule in group["rules"]]
    longest = max(seconds(rule.get("for", "0s")) for rule in rules)
    evaluation_interval = 60 if longest <= 600 else 240
    expressions = [rule_samples.Expression(str(rule["expr"])) for rule in rules]
    labels = set(re.findall(r"\$labels\.(\w+)", json.dumps(rules)))
    generator = random.Random(name)
    series = rule_samples.make_series(generator, expressions, labels, variants, evaluation_interval * EVALUATIONS)
    return Case(name, groups, f"{evaluation_interval}s",
                [{"interval": f"{round(rule_samples.INTERVAL * 1000)}ms", "input_series": series,
                  "external_labels": {"cluster": "c1"}, "external_url": "http://prometheus.test:9090"}
                 | asks(rules, evaluation_interval, EVALUATIONS)])


def cases_of_file(path):
    """Every alert of a rule file alone, with what the file records, and the file as a whole."""
    groups = []
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        groups += (document or {}).get("groups") or []
    groups = [group for group in groups if group.get("rules")]
    if not groups:
        return
    recorded = [rule for group in groups for rule in group["rules"] if "record" in rule]
    for group in groups:
        for rule in group["rules"]:
            if "alert" not in rule:
                continue
            alone = [{"name": group["name"], "rules": [*recorded, rule]}]
            name = f"{path.name}: {rule['alert']}"
            yield made_up_case(name, alone, 3)
    yield made_up_case(f"{path.name}: the whole file", groups, 2)


def alert_generator_cases(folder):
    timelines = json.loads((folder / "timelines.json").read_text(encoding="utf-8"))
    groups = yaml.safe_load((folder / "rules.yaml").read_text(encoding="utf-8"))["groups"]
    series = []
    for group in timelines["groups"]:
        for one in group["series"]:
            labels = ", ".join(f"{name}={json.dumps(value)}" for name, value in one["labels"].items())
            values = " ".join(f"{value}x{count - 1}" for value, count in one["samples"])
            series.append({"series": f"{timelines['metric']}{{{labels}}}", "values": values})
    rules = [rule for group in groups for rule in group["rules"]]
    yield Case("alert_generator: the whole file", groups, "30s",
               [{"interval": "15s", "input_series": series} | asks(rules, 30, 110)])


# What is easy to get wrong: rules, and the series that they are about.
OWN_INTERVAL = "19s999ms"  # see rule_samples.INTERVAL
OWN_SERIES = {
    'errors{job="a", instance="1"}': "_ 0x4 9x5 0x5 9x20 0x60",
    'errors{job="a", instance="2"}': "_ 0x7 9x3 _x20 9x40 0x60",
    'errors{job="b", instance="1"}': "_ 0x4 stale 9x30 stale 0x60",
    'requests_total{job="a", instance="1"}': "_ 0+60x40 0+600x40",
    'flapping{job="a"}': "_ 0 1 0 1 1 0 0 1 1 1 0 0 0 1 1 1 1 0x5 1x12 0x3 1 0x30",
}
OWN_RULES = [
    {"alert": "For", "expr": "errors > 5", "for": "2m", "labels": {"severity": "page"}},
    {"alert": "ForBetweenEvaluations", "expr": "errors > 5", "for": "90s"},
    {"alert": "Keep", "expr": "errors > 5", "keep_firing_for": "3m"},
    {"alert": "ForAndKeep", "expr": "errors > 5", "for": "1m", "keep_firing_for": "2m"},
    {"alert": "Flaps", "expr": "flapping == 1", "for": "1m", "keep_firing_for": "1m"},
    {"alert": "LabelOverrides", "expr": "errors > 5", "labels": {"job": "rule's", "instance": "{{ $labels.instance }}!"}},
    {"alert": "LabelRemoved", "expr": 'errors{job="b"} > 5', "labels": {"instance": ""}},
    {"alert": "LabelIsEmptyAfterwards", "expr": 'errors{job="b"} > 5', "labels": {"instance": "{{ if false }}x{{ end }}"}},
    {"alert": "AnnotationIsEmpty", "expr": "errors > 5", "annotations": {"a": "{{ if false }}x{{ end }}", "b": "b"}},
    {"alert": "LabelOfValue", "expr": "errors > 5", "labels": {"value": "{{ $value }}"}, "for": "1m"},
    {"alert": "AlertnameOverrides", "expr": "errors > 5", "labels": {"alertname": "Other"}},
    {"alert": "Scalar", "expr": "1"},
    {"alert": "Nothing", "expr": "vector(1) == 0"},
    {"alert": "Absent", "expr": 'absent(errors{job="c", instance=~".+"})', "annotations": {"a": "{{ $labels }}"}},
    {"alert": "ReadsAlerts", "expr": 'sum by (alertname) (ALERTS{alertname="For", alertstate="firing"}) > 0',
     "labels": {"alertname": "{{ $labels.alertname }}"}},
    {"alert": "ReadsForState", "expr": 'time() - ALERTS_FOR_STATE{alertname="For"} > 180'},
    {"alert": "Templates", "expr": "rate(requests_total[1m]) > 2", "annotations": {
        "labels": "{{ $labels.job }} {{ .Labels.instance }} {{ $labels.missing }}|",
        "value": "{{ $value }} {{ .Value | humanize }} {{ printf \"%.1f\" $value }} {{ $value | humanizePercentage }}",
        "external": "{{ $externalLabels.cluster }} {{ $externalURL }}",  # in promtool 2.42 the functions for it fail
        "query": "{{ with query \"sum by (job) (errors)\" }}{{ range sortByLabel \"job\" . }}"
                 "{{ .Labels.job }}={{ .Value }} {{ end }}{{ end }}",
        "first": "{{ query \"errors\" | sortByLabel \"instance\" | first | label \"instance\" }}",
        "time": "{{ (humanizeTimestamp $value) }} {{ 0.0001234 | humanize1024 }} {{ 93784.5 | humanizeDuration }}",
        "strings": "{{ \"a b\" | title }} {{ toUpper \"x\" }} {{ reReplaceAll \"(.)b\" \"$1c\" \"abab\" }} "
                   "{{ match \"a.\" \"xay\" }} {{ stripPort \"h:1\" }} {{ safeHtml \"<\" }} <&'\">",
        "links": "{{ graphLink \"up > 1\" }} {{ tableLink \"up{a=\\\"b\\\"}\" }}",
        "define": "{{ define \"t\" }}{{ .arg0 }}/{{ .arg1 }}{{ end }}{{ template \"t\" (args 1 \"b\") }}",
        "compare": "{{ if gt $value 3.0 }}much{{ else if eq 1 1 }}little{{ end }} {{ and true (not false) }} {{ len $labels }}",
        "fails": "before {{ query \"errors(\" }} after",
        "fails too": "{{ first (query \"nothing\") }}",
    }},
    {"record": "job:errors:sum", "expr": "sum by (job) (errors)", "labels": {"from": "rule"}},
    {"record": "errors:max", "expr": "max by (job, instance) (errors{job='a', instance='1'})", "labels": {"job": ""}},
    {"record": "errors:twins", "expr": "sum by (job) (errors)", "labels": {"job": ""}},
    {"record": "errors:again", "expr": "errors * 2"},
    {"alert": "ReadsRecorded", "expr": "errors:again > 10"},
]


def own_cases():
    inputs = [{"series": name, "values": values} for name, values in OWN_SERIES.items()]
    for rule in OWN_RULES:
        rules = [rule]
        if rule.get("alert") == "ReadsRecorded":
            rules = [other for other in OWN_RULES if other.get("record") == "errors:again"] + rules
        elif "Reads" in str(rule.get("alert")):
            rules = [OWN_RULES[0], rule]
        if "annotations" in rule:  # label names without blanks, as 2.42 has them
            rule["annotations"] = {name.replace(" ", "_"): text for name, text in rule["annotations"].items()}
        yield Case(f"own: {rule.get('alert') or rule['record']}", [{"name": "own", "rules": rules}], "1m",
                   [{"interval": OWN_INTERVAL, "input_series": inputs, "external_labels": {"cluster": "c1"},
                     "external_url": "http://prometheus.test:9090/prefix"} | asks(rules, 60, 35)])
    for limit in (1, 2, 3):
        rules = [OWN_RULES[0], {"record": "errors:again", "expr": "errors * 2"}]
        yield Case(f"own: limit {limit}", [{"name": "own", "limit": limit, "rules": rules}], "1m",
                   [{"interval": OWN_INTERVAL, "input_series": inputs} | asks(rules, 60, 35)])
    twins = [{"alert": "Twins", "expr": "errors > 5", "labels": {"instance": "one"}}]
    yield Case("own: two elements with the same labels", [{"name": "own", "rules": twins}], "1m",
               [{"interval": OWN_INTERVAL, "input_series": inputs} | asks(twins, 60, 35)])


def outputs(command, paths, folder):
    """What the tool says of every file."""
    def run(batch):
        done = subprocess.run([*command, *(path.name for path in batch)], cwd=folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1000, check=False)
        parts = re.split(r"^Unit Testing:  (\S+)\n", done.stdout.decode("utf-8", "replace"), flags=re.MULTILINE)
        return dict(zip(parts[1::2], parts[2::2]))

    said = {}
    batches = [paths[first:first + BATCH] for first in range(0, len(paths), BATCH)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for part in pool.map(run, batches):
            said.update(part)
    return said


def lines_of(text):
    """Without what is no part of the comparison: the last digits of numbers, of which Prometheus 3 sums more exactly."""
    text = re.sub(r"\d+\.\d{6,}(?:[eE][-+]?\d+)?", lambda match: f"{float(match[0]):.9g}", text)
    # The struct that templates see holds another type since Prometheus 3.
    text = text.replace("Value float64 }", "Value interface {} }")
    # Which two series they were is a matter of the order in a hash map.
    text = re.sub(r"(err: found duplicate series for the match group).*", r"\1", text)
    return text.splitlines()


def main():
    suite = pathlib.Path(os.environ.get("SIDELIGHT_CONFORMANCE") or (sys.argv[1] if len(sys.argv) > 1 else ""))
    if not (suite / "rules" / "MANIFEST.json").exists():
        skip(f"there is no {suite}/rules/MANIFEST.json; SIDELIGHT_CONFORMANCE says where the suite is")
    sidelight, promtool = os.environ["SIDELIGHT"], shutil.which("promtool")
    if not promtool:
        skip("promtool is not installed (Debian's package prometheus has it)")
    if yaml is None:
        skip("Python's yaml is not installed (Debian's package python3-yaml)")

    only = os.environ.get("ONLY", "")
    cases = [*own_cases(), *alert_generator_cases(suite / "alert_generator")]
    manifest = json.loads((suite / "rules" / "MANIFEST.json").read_text(encoding="utf-8"))
    files = [suite / "rules" / entry["file"] for entry in manifest["entries"]
             if entry["kind"] == "rule_file" and entry["expect"] == "ok"]
    files += sorted((pathlib.Path(__file__).resolve().parents[2] / "rules" / "packs").glob("*.yaml"))
    for path in files:
        cases += cases_of_file(path)
    cases = [case for case in cases if only in case.name]

    wrong, differing, refused = 0, 0, 0
    counts = {"pending": 0, "firing": 0, "failing": 0}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        paths = [case.write(folder, number) for number, case in enumerate(cases)]
        theirs = outputs([promtool, "test", "rules"], paths, folder)
        ours = outputs([sidelight, "test", "rules"], paths, folder)
        for case, path in zip(cases, paths):
            wanted, got = lines_of(theirs.get(path.name, "")), lines_of(ours.get(path.name, ""))
            if any(TOO_NEW.search(line) for line in wanted):
                refused += 1
                continue
            for state in ("pending", "firing"):
                counts[state] += any(f'alertstate="{state}"' in line for line in wanted)
            counts["failing"] += any("    rule: " in line for line in wanted)
            if wanted == got and wanted:
                continue
            if reason := next((text for name, text in DIFFERENCES.items() if case.name.startswith(name)), None):
                differing += 1
                print(f"{case.name}: differs: {reason}")
                continue
            wrong += 1
            print(f"{case.name}: promtool (-) and Sidelight (+) say:")
            for line in list(difflib.unified_diff(wanted, got, lineterm="", n=1))[2:14]:
                print("   ", line[:600])
    print(f"{len(cases)} sets of rules, {wrong} with other alerts than Prometheus has, {differing} that differ for a reason, "
          f"{refused} too new for this promtool; alerts were pending in {counts['pending']} sets, firing in "
          f"{counts['firing']}; evaluation failed in {counts['failing']}")
    sys.exit(1 if wrong or not counts["firing"] else 0)


if __name__ == "__main__":
    main()
