#!/usr/bin/python3
"""The chart's values: a wrong one of any type is refused by helm, which says which key and why, and every value is
documented, in the schema, and used."""

import json
import re
import unittest

import yaml

import examples
import helm
import matrix
import release
import values_schema
from fields import with_field

CHART = helm.ROOT / "helm/sidelight"
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
KEYS = list(values_schema.keys(SCHEMA))

# Mappings whose keys are somebody else's: Sidelight's own configuration, which `sidelight check` judges; Kubernetes' and
# the Operator's objects, which the API server judges; values that all charts of a release share.
OPEN = {
    "global", "config", "config.limits", "config.storage", "config.taps.0", "rules.a.yaml", "extraEnv.0", "extraVolumes.0",
    "extraVolumeMounts.0", "podMonitor.relabelings.0", "podMonitor.metricRelabelings.0", "podMonitor.endpoint",
    "podMonitor.spec", "serviceMonitor.relabelings.0", "serviceMonitor.metricRelabelings.0", "serviceMonitor.endpoint",
    "serviceMonitor.spec", "networkPolicy.tapsFrom.0", "networkPolicy.metricsFrom.0", "networkPolicy.ingress.0",
    "networkPolicy.egress.0"}

TAP = matrix.HTTP_TAP
# What no schema can say: (values, words of helm's message).
REFUSED_BY_TEMPLATES = (
    ({"config": {"taps": []}}, ["config.taps"]),
    ({"config": {"taps": [{**TAP, "listen": "0.0.0.0"}]}}, ["config.taps[0].listen", '"0.0.0.0"']),
    ({"config": {"taps": [{**TAP, "listen": "0.0.0.0:0"}]}}, ["config.taps[0].listen", '"0.0.0.0:0"']),
    ({"config": {"taps": [TAP, {**TAP, "name": "b", "listen": "0.0.0.0:65536"}]}}, ["config.taps[1].listen", "65535"]),
    ({"config": {"taps": [TAP, {**TAP, "name": "b"}]}}, ["config.taps[0].listen", "config.taps[1].listen", "8080"]),
    ({"config": {"taps": [TAP, {**TAP, "listen": ":8081"}]}}, ["config.taps[0].listen", "taps[1].listen", '"api"']),
    ({"config": {"taps": [{**TAP, "name": "a name that is far too long"}]}}, ["config.taps[0].listen", "15 letters"]),
    ({"config": {"taps": [TAP], "probe_listen": "127.0.0.1:9465"}}, ["config.probe_listen", '"127.0.0.1:9465"']),
    ({"config": {"taps": [TAP], "listen": "localhost:9464"}, "podMonitor": {"enabled": True}},
     ["config.listen", "podMonitor"]),
    ({"config": {"taps": [TAP], "listen": ":8080"}}, ["config.listen", "config.taps[0].listen", "8080"]),
    ({"config": {"taps": [TAP]}, "serviceMonitor": {"enabled": True}}, ["serviceMonitor.enabled", "service.enabled"]),
    ({"config": {"taps": [TAP]}, "storage": {"volume": "existingClaim"}}, ["storage.volume", "storage.existingClaim"]),
    ({"config": {"taps": [TAP]}, "rules": {"sidelight.yaml": "groups: []"}}, ["rules", "sidelight.yaml"]),
)

# By the schema, whatever else it is made to say: {where: [value, what helm says about it]}.
REFUSED_BY_SCHEMA = (
    ("securityContext.runAsUser", 0, "greater than or equal to 1"),
    ("nativeSidecar", "false", "Expected: boolean, given: string"),
    ("image.tag", "", "Does not match pattern"),
    ("image.pullPolicy", "always", '"Always", "IfNotPresent", "Never"'),
    ("podMonitor.interval", "15", "Does not match pattern"),
    ("serviceMonitor.scrapeTimeout", "1 s", "Does not match pattern"),
    ("resources.limits.memory", "64MiB", "Must validate at least one schema"),
    ("resources.requests.cpu", -1, "Must validate at least one schema"),
    ("storage.size", "big", "Does not match pattern"),
    ("storage.volume", "hostPath", '"emptyDir", "ephemeral"'),
    ("commonLabels.team", "a b", "Does not match pattern"),
    ("podLabels.version", 1, "Expected: string, given: integer"),
    ("podAnnotations.on", True, "Expected: string, given: boolean"),
    ("fullnameOverride", "Upper", "Does not match pattern"),
    ("podDisruptionBudget.maxUnavailable", "150%", "Must validate at least one schema"),
    ("prometheusRule.packs", ["http", "htpt"], "must be one of the following"),
    ("config.storage.path", "var/lib", "Does not match pattern"),
    ("config.taps", {"api": {}}, "Expected: array, given: object"),
    ("probes.startup.periodSeconds", 0, "greater than or equal to 1"),
    ("secrets", [{"env": "A", "file": "a", "secretName": "a", "secretKey": "b"}], "Must validate one and only one"),
    ("imagePullSecrets", ["registry"], "Expected: object, given: string"),
    ("demo.errorRate", 2, "less than or equal to 1"),
)

# What collides with what the chart says itself, or with itself: (values, the key to blame).
COLLISIONS = (
    ({"podMonitor": {"enabled": True, "endpoint": {"interval": "1m"}}}, "podMonitor.endpoint"),
    ({"podMonitor": {"enabled": True, "endpoint": {"port": "x"}}}, "podMonitor.endpoint"),
    ({"podMonitor": {"enabled": True, "spec": {"selector": {}}}}, "podMonitor.spec"),
    ({"podMonitor": {"enabled": True, "spec": {"podMetricsEndpoints": []}}}, "podMonitor.spec"),
    ({"podMonitor": {"enabled": True, "labels": {"app.kubernetes.io/name": "x"}}}, "podMonitor.labels"),
    ({"service": {"enabled": True}, "serviceMonitor": {"enabled": True, "spec": {"endpoints": []}}},
     "serviceMonitor.spec"),
    ({"service": {"enabled": True, "labels": {"sidelight/name": "x"}}}, "service.labels"),
    ({"podLabels": {"sidelight/name": "x"}}, "podLabels"),
    ({"podAnnotations": {"sidelight/restarts-with": "x"}}, "podAnnotations"),
    ({"commonLabels": {"app.kubernetes.io/name": "x"}}, "commonLabels"),
    ({"dashboards": {"enabled": True, "labels": {"grafana_dashboard": "x"}}}, "dashboards.labels"),
    ({"dashboards": {"enabled": True, "annotations": {"grafana_folder": "x"}}}, "dashboards.annotations"),
    ({"extraEnv": [{"name": "POD_NAME", "value": "x"}]}, "extraEnv"),
    ({"secrets": [{"env": "NODE_NAME", "secretName": "a", "secretKey": "b"}]}, "secrets"),
    ({"secrets": [{"env": "A", "secretName": name, "secretKey": "b"} for name in "ab"]}, "secrets"),
    ({"secrets": [{"file": "a", "secretName": name, "secretKey": "b"} for name in "ab"]}, "secrets"),
    ({"extraVolumes": [{"name": "sidelight-config", "emptyDir": {}}]}, "extraVolumes"),
    ({"extraVolumeMounts": [{"name": "scratch", "mountPath": "/etc/sidelight"}]}, "extraVolumeMounts"),
    ({"config": {"storage": {"path": "/etc/sidelight"}}}, "storage.path"),
)


def refusal(values, render=None):
    """What helm says to these values; None when it takes them."""
    try:
        (render or (lambda given: helm.template(helm.charts() / "helm/sidelight", given)))(values)
    except helm.Refused as refused:
        return str(refused)
    return None


class WrongValuesTest(unittest.TestCase):
    def refused(self, wrong):
        wrong = list(wrong)
        self.assertTrue(wrong)
        for values, members in values_schema.batches(wrong):
            said = refusal(values)
            self.assertIsNotNone(said, f"helm takes {json.dumps(values)}")
            for one in members:
                with self.subTest(key=".".join(map(str, one.path)), value=one.value):
                    self.assertTrue(any(line.startswith(one.said) and len(line) > len(one.said) + 5 or line == one.said
                                        for line in said.splitlines()), f"wanted a line {one.said!r}, got:\n{said}")
        print(f"{len(wrong)} wrong values are refused")

    def test_a_wrong_type(self):
        self.refused(wrong for key in KEYS if key.path for wrong in values_schema.wrong_types(key))

    def test_a_value_out_of_bounds(self):
        self.refused(wrong for key in KEYS for wrong in values_schema.out_of_bounds(key))

    def test_an_unknown_key(self):
        self.refused(wrong for key in KEYS for wrong in values_schema.unknown_siblings(key))

    def test_every_key_has_a_type(self):
        self.assertEqual([key.name for key in KEYS if not values_schema.types_taken(key)], [])

    def test_only_what_is_others_is_open(self):
        self.assertEqual({key.name for key in KEYS if values_schema.is_open(key)}, OPEN)

    def test_a_team_is_told_where_in_its_own_values(self):
        for render, chart in ((lambda values: examples.checkout(values), "sidelight"),
                              (lambda values: examples.team(values), "observer")):
            said = refusal({"podMonitor": {"enabled": "yes"}, "image": {"tga": "1"}}, render)
            self.assertIn(f"{chart}:\n", said)
            self.assertIn("- podMonitor.enabled: Invalid type. Expected: boolean, given: string\n", said)
            self.assertIn("- image: Additional property tga is not allowed\n", said)

    def test_what_a_cluster_or_a_pod_would_choke_on(self):
        values = {}
        for path, value, _ in REFUSED_BY_SCHEMA:
            values = with_field(values, path.replace(".", "/"), value)
        said = refusal(values).splitlines()
        for path, value, why in REFUSED_BY_SCHEMA:
            with self.subTest(key=path, value=value):
                self.assertTrue(any(line.startswith(f"- {path}") and why in line for line in said), "\n".join(said))

    def test_what_only_templates_can_tell(self):
        for values, words in REFUSED_BY_TEMPLATES:
            with self.subTest(values=values):
                said = refusal(values, examples.team)
                self.assertIsNotNone(said, "helm takes it")
                self.assertEqual([], [word for word in words if word not in said], said)

    def test_what_collides_is_refused_or_merged(self):
        for values, key in COLLISIONS:
            with self.subTest(values=values):
                try:
                    manifests = examples.team(matrix.merged({"config": {"taps": [TAP]}}, values))
                except helm.Refused as refused:
                    self.assertIn(key, str(refused))
                else:
                    objects = [item for _, item in helm.objects(manifests)]  # raises when a key is there twice
                    self.assertEqual(release.errors(objects), [])


class EveryValueTest(unittest.TestCase):
    def leaves(self, values, path=()):
        for key, value in values.items():
            if isinstance(value, dict) and value and not self.is_free((*path, key)):
                yield from self.leaves(value, (*path, key))
            else:
                yield ".".join((*path, key))

    def is_free(self, path):
        """Whether what is below is not the chart's to name."""
        return path[0] in ("config", "resources") or path[-1] == "resources"

    def test_is_in_the_schema(self):
        self.assertEqual(sorted(set(self.leaves(VALUES)) - {key.name for key in KEYS}), [])

    def test_is_in_the_readme(self):
        rows = re.findall(r"^\| `([\w.]+)` \| [^|]+ \| .+ \| .+ \|$", (CHART / "README.md").read_text(), re.MULTILINE)
        documented = {row for row in rows}
        missing = [leaf for leaf in self.leaves(VALUES)
                   if not any(leaf == row or leaf.startswith(f"{row}.") for row in documented)]
        self.assertEqual(missing, [])
        self.assertEqual(sorted(row for row in documented if not self.exists(row.split("."))), [])

    def exists(self, path):
        at = VALUES
        for position, key in enumerate(path):
            if not isinstance(at, dict) or key not in at:
                return position > 0 and self.is_free(path[:position])
            at = at[key]
        return True

    def references(self):
        """The paths below .Values that templates name, also through variables: [(file, path)]."""
        start = r"(?:\$scope|\$context|\$)?\.[vV]alues|\$values"
        for file in sorted(CHART.glob("templates/**/*")):
            if not file.is_file():
                continue
            text = file.read_text()
            variables = dict(re.findall(rf"(\$\w+) := (?:{start})\.([\w.]+) [-}}]", text))
            for path in re.findall(rf"(?:{start})\.([a-zA-Z][\w.]*)", text):
                yield file.name, path
            for variable, prefix in variables.items():
                for path in re.findall(rf"{re.escape(variable)}\.([a-zA-Z][\w.]*)", text):
                    yield file.name, f"{prefix}.{path}"

    def test_templates_name_no_others(self):
        references = list(self.references())
        self.assertGreater(len(references), 50)
        # That of a team's chart, in which this one is a dependency.
        unknown = [(file, path) for file, path in references if path != "sidelight" and not self.exists(path.split("."))]
        self.assertEqual(unknown, [])

    def test_is_used(self):
        text = "".join(file.read_text() for file in CHART.glob("templates/**/*") if file.is_file())
        unused = [leaf for leaf in self.leaves(VALUES)
                  if not re.search(rf"\.{leaf.rsplit('.', 1)[-1]}\b", text)
                  # The keys of a probe go into the container as they are.
                  and not leaf.startswith("probes.")]
        self.assertEqual(unused, [])

    def test_is_in_the_matrix(self):
        """Whether all of a group's values are at their defaults or not is what the other tests render."""
        tried = {key for choices in matrix.SWITCHES.values() for choice in choices for key in choice}
        alone = {"enabled", "imagePullSecrets", "probes", "demo"}
        self.assertEqual(sorted(set(VALUES) - tried - alone), [])


if __name__ == "__main__":
    helm.install()
    unittest.main()
