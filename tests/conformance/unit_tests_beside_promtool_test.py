"""`sidelight test rules` beside a real `promtool test rules`: the same standard output, standard error and exit code.
Where a file itself is wrong the words differ, as ours say the place; there the exit codes and the frame are compared.
The example of docs/rules.md passes in both.

    unit_tests_beside_promtool_test.py SUITE      ($SIDELIGHT_CONFORMANCE goes first; $SIDELIGHT is our program)
"""
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77

RULES = r"""
groups:
  - name: g
    interval: 17s
    rules:
      - alert: Down
        expr: up == 0
        for: 1m
        labels: {severity: page}
        annotations: {text: "{{ $labels.instance }} is {{ $value }}\n<&>", cluster: "{{ $externalLabels.cluster }}"}
      - {alert: Down, expr: up == 0, labels: {severity: info}}
      - {record: "a:b", expr: sum(up)}
  - name: second
    rules:
      - {record: "a:b:twice", expr: "a:b * 2"}
"""

# What the example of docs/rules.md is about.
DOCUMENTED_RULES = r"""
groups:
  - name: api
    rules:
      - alert: HighErrorRate
        expr: rate(feature_api_requests_total{status_code=~"5.."}[5m]) > 0.05
        for: 2m
        annotations: {summary: High error rate detected}
"""

# 2.42 wants an interval for every test, and has no order of groups but the one that is given.
SAME = {
    "everything passes": """
rule_files: [rules.yaml]
evaluation_interval: 30s
group_eval_order: [g, second]
tests:
  - interval: 30s
    name: outage
    external_labels: {cluster: c1}
    input_series:
      - {series: 'up{instance="a"}', values: '1x3 0x20'}
      - {series: 'up{instance="b"}', values: '_x3 1 stale'}
    alert_rule_test:
      - {eval_time: 90s, alertname: Down}
      - {eval_time: 2m, alertname: Down, exp_alerts: [{exp_labels: {instance: a, severity: info}}]}
      - eval_time: 3m10s
        alertname: Down
        exp_alerts:
          - exp_labels: {instance: a, severity: page}
            exp_annotations: {text: "a is 0\\n<&>", cluster: c1}
          - exp_labels: {instance: a, severity: info}
    promql_expr_test:
      - {expr: 'a:b:twice', eval_time: 90s, exp_samples: [{labels: 'a:b:twice', value: 4}]}
      - {expr: 'up', eval_time: 5m, exp_samples: [{labels: 'up{instance="a"}', value: 0}]}
""",
    "alerts differ": """
rule_files: [rules.yaml]
tests:
  - interval: 1m
    name: one
    external_labels: {cluster: c1}
    input_series: [{series: up, values: 0x30}, {series: 'up{instance="ä\\\\n"}', values: 0x30}]
    alert_rule_test:
      - {eval_time: 1h2m3s4ms, alertname: Down, exp_alerts: [{exp_annotations: {a: b}}]}
      - {eval_time: 1500ms, alertname: Down, exp_alerts: [{exp_labels: {severity: info}}, {}]}
      - {eval_time: 5m, alertname: Down, exp_alerts: []}
      - {eval_time: 30s, alertname: Nobody, exp_alerts: [{}]}
  - interval: 30s
    input_series: [{series: up, values: 1}]
    alert_rule_test: [{eval_time: 1d, alertname: Down, exp_alerts: [{exp_labels: {x: y}}]}]
""",
    "expressions differ": """
rule_files: [rules.yaml]
tests:
  - interval: 1m
    input_series: [{series: 'up{instance="a"}', values: 1x10}, {series: 'up{instance="b"}', values: -3.5+0.25x10}]
    promql_expr_test:
      - {expr: up, eval_time: 1m}
      - {expr: up, eval_time: 36h, exp_samples: [{value: 1}]}
      - {expr: "up\\t", eval_time: 1w, exp_samples: [{labels: 'up{z="y"}', value: 1e9}, {labels: 'up{a="b"}', value: 0.1}]}
      - {expr: 'up{instance="a"} / 0', eval_time: 90s, exp_samples: [{labels: '{instance="a"}', value: -.inf}]}
      - {expr: '1e300 * up{instance="a"}', eval_time: 1m, exp_samples: [{value: -1.5e-300}]}
      - {expr: '1', eval_time: 0s, exp_samples: [{value: 2}]}
      - {expr: 'vector(0) / 0', eval_time: 0s, exp_samples: []}
      - {expr: 'up +', eval_time: 1m}
      - {expr: 'up[5m]', eval_time: 1m}
      - {expr: '"text"', eval_time: 1m}
      - {expr: 'up + on() group_left() sum(up) by (none', eval_time: 1m}
""",
    "a rule that fails": """
rule_files: [failing.yaml]
tests:
  - interval: 1m
    input_series: [{series: 'up{instance="a"}', values: '1x10'}, {series: 'up{instance="b"}', values: '_x3 1x9'}]
    promql_expr_test: [{expr: "1", eval_time: 5m, exp_samples: [{value: 3}]}]
    alert_rule_test: [{eval_time: 5m, alertname: Twins, exp_alerts: [{}]}]
  - interval: 1m
    promql_expr_test: [{expr: "1", eval_time: 5m, exp_samples: [{value: 3}]}]
""",
    "patterns that match nothing": """
rule_files: [none*.yaml, rules.yaml, nofile.yaml]
tests:
  - interval: 1m
    promql_expr_test: [{expr: "1", eval_time: 5m, exp_samples: [{value: 1}]}]
""",
    "groups in another order": """
rule_files: [rules.yaml]
group_eval_order: [second, g]
tests:
  - interval: 1m
    input_series: [{series: up, values: 1+1x9}]
    promql_expr_test: [{expr: "a:b:twice", eval_time: 3m, exp_samples: []}]
""",
    "no tests": "rule_files: [rules.yaml]\n",
    "nothing at all": "",
}
FAILING = """
groups:
  - name: g
    rules:
      - {alert: Twins, expr: up == 1, labels: {instance: x}}
      - {record: twins, expr: up, labels: {instance: x}}
"""

WRONG = {
    "an unknown key": "rule_files: [rules.yaml]\ntest: []\n",
    "an interval": "evaluation_interval: often\n",
    "a group twice": "rule_files: [rules.yaml]\ngroup_eval_order: [g, g]\ntests: [{promql_expr_test: [{expr: 1}]}]\n",
    "no alertname": "rule_files: [rules.yaml]\ntests: [{alert_rule_test: [{eval_time: 0}]}]\n",
    "a value": "tests: [{input_series: [{series: x, values: 1 2 foo}]}]\n",
    "a series": "tests: [{input_series: [{series: 'x{a=1}', values: 1 2}]}]\n",
    "expected labels": "tests: [{promql_expr_test: [{expr: x, exp_samples: [{labels: 'x{', value: 1}]}]}]\n",
    "a rule file": "rule_files: [wrong.yaml]\ntests: [{promql_expr_test: [{expr: 1}]}]\n",
    "no mapping": "- 1\n",
}


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def run(program, folder, files):
    done = subprocess.run([program, "test", "rules", *files], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60, check=False)
    return {"exit code": str(done.returncode), "standard output": done.stdout.decode(),
            "standard error": done.stderr.decode()}


def compare(what, theirs, ours, parts):
    good = True
    for part in parts:
        if theirs[part] != ours[part]:
            good = False
            print(f"{what}: {part} of promtool (-) and Sidelight (+):")
            for line in list(difflib.unified_diff(theirs[part].splitlines(), ours[part].splitlines(), lineterm=""))[2:40]:
                print("   ", line)
    return good


def main():
    suite = pathlib.Path(os.environ.get("SIDELIGHT_CONFORMANCE") or (sys.argv[1] if len(sys.argv) > 1 else ""))
    sidelight, promtool = os.environ["SIDELIGHT"], shutil.which("promtool")
    if not promtool:
        skip("promtool is not installed (Debian's package prometheus has it)")
    all_parts = ["exit code", "standard output", "standard error"]
    results = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "rules.yaml").write_text(RULES)
        (folder / "failing.yaml").write_text(FAILING)
        (folder / "wrong.yaml").write_text("groups: [{name: g, rules: [{record: a, expr: 'up +'}]}]")
        names = []
        for number, (what, text) in enumerate((SAME | WRONG).items()):
            names.append(f"test-{number}.yaml")
            (folder / names[-1]).write_text(text)
            theirs, ours = run(promtool, folder, names[-1:]), run(sidelight, folder, names[-1:])
            if what in SAME:
                results.append(compare(what, theirs, ours, all_parts))
            else:
                for one in (theirs, ours):
                    one["first line of standard error"] = one["standard error"].split("\n")[0]
                results.append(compare(what, theirs, ours, all_parts[:2] + ["first line of standard error"]))
        page = pathlib.Path(__file__).resolve().parents[2] / "docs" / "rules.md"
        example = re.search("```yaml\n(# tests/api_test.yaml\n.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        for name, text in (("rules/api.yaml", DOCUMENTED_RULES), ("tests/api_test.yaml", example[1])):
            (folder / name).parent.mkdir()
            (folder / name).write_text(text)
        theirs = run(promtool, folder, ["tests/api_test.yaml"])
        ours = run(sidelight, folder, ["tests/api_test.yaml"])
        results.append(compare("the example of docs/rules.md", theirs, ours, all_parts) and ours["exit code"] == "0")
        # Several files: each is run, and one that fails is enough.
        same = names[:len(SAME)]
        results.append(compare("all files", run(promtool, folder, same), run(sidelight, folder, same), all_parts))

    # Of the suite what this promtool can read.
    for name in ("at-modifier-test.yml", "negative-offset-test.yml", "rules_run.yml", "failing.yml"):
        folder = suite / "rules" / "promtool"
        if not (folder / name).exists():
            print(f"there is no {folder / name}; SIDELIGHT_CONFORMANCE says where the suite is")
            continue
        results.append(compare(name, run(promtool, folder, [name]), run(sidelight, folder, [name]), all_parts))
    print(f"{len(results)} sets of unit tests, {results.count(False)} with another output than promtool has")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
