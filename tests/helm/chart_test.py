#!/usr/bin/python3
"""The chart in all ways of using it and over a matrix of values: helm lints and templates it, each object is as
Kubernetes defines it, the objects fit together, and each pod is one that a namespace of Pod Security profile
restricted admits."""

import unittest

import examples
import helm
import kubernetes_schema
import matrix
import pod_security
import release

# A claim that a pod names and no chart makes.
OUTSIDE = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "claim", "labels": dict.fromkeys(
    release.COMMON_LABELS, "outside")}}


def rendered():
    """{what was asked for: manifests}: the examples as they are, and each row of the matrix in two ways."""
    result = {name: example() for name, example in examples.EXAMPLES.items()}
    for number, row in enumerate(matrix.rows(matrix.SWITCHES)):
        values = matrix.values(row, matrix.SWITCHES)
        chosen = f"row {number} ({' '.join(f'{switch}:{choice}' for switch, choice in row.items() if choice)})"
        result[f"team, {chosen}"] = examples.team(values)
        demo = matrix.merged(values, {"demo": {"enabled": True, "load": {"enabled": bool(number % 2)}}})
        # Without the taps of the row, as the demo brings its own.
        demo["config"] = {key: value for key, value in demo["config"].items() if key != "taps"}
        result[f"demo, {chosen}"] = examples.demo(demo)
    claims = {"storage": {"volume": "volumeClaimTemplate", "size": "2Gi"}, **matrix.SWITCHES["taps"][0]}
    result["StatefulSet"] = examples.team(claims, "StatefulSet")
    # YAML takes that name for a boolean.
    result["release on"] = helm.template(helm.charts() / "helm/sidelight", {"demo": {"enabled": True}}, release="on")
    return result


class ChartTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        sourced = {name: helm.objects(manifests) for name, manifests in rendered().items()}
        cls.releases = {name: [item for _, item in pairs] for name, pairs in sourced.items()}
        cls.of_the_chart = [item for pairs in sourced.values() for source, item in pairs
                            if source.startswith("sidelight/") or "/charts/sidelight/" in source]

    def all_of(self, wrong_with):
        """Fails with all that `wrong_with` says about each release."""
        said = {}
        for name, objects in self.releases.items():
            for what in wrong_with(objects):
                said.setdefault(what, []).append(name)
        if said:
            self.fail("\n" + "\n".join(f"{what}\n    in {len(names)} releases, one of them {names[0]}"
                                       for what, names in list(said.items())[:20]))

    def test_every_kind_is_rendered_somewhere(self):
        kinds = {item["kind"] for objects in self.releases.values() for item in objects}
        self.assertEqual(kinds, {"ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "PodMonitor",
                                 "PrometheusRule", "Service", "ServiceAccount", "ServiceMonitor", "StatefulSet"})

    def test_objects_are_as_kubernetes_defines_them(self):
        distinct = {repr(item): item for objects in self.releases.values() for item in objects}
        wrong = {text: errors for text, errors in
                 zip(distinct, kubernetes_schema.errors(list(distinct.values()))) if errors}
        self.all_of(lambda objects: [f"{item['kind']} {item['metadata']['name']}: {error}"
                                     for item in objects for error in wrong.get(repr(item), [])])

    def test_objects_fit_together(self):
        self.all_of(lambda objects: release.errors([*objects, OUTSIDE]))

    def test_pods_are_admitted_by_the_restricted_profile(self):
        self.all_of(lambda objects: [f"{owner}: {what}" for owner, pod in release.pods(objects)
                                     for what in pod_security.violations(pod)])

    def test_objects_of_the_chart_carry_its_labels(self):
        wanted = {"helm.sh/chart", "app.kubernetes.io/version", "app.kubernetes.io/managed-by", *release.COMMON_LABELS}
        self.assertGreater(len(self.of_the_chart), 100)
        for item in self.of_the_chart:
            self.assertLessEqual(wanted, set(item["metadata"]["labels"]), f"{item['kind']} {item['metadata']['name']}")

    def test_no_pod_has_a_token(self):
        """Sidelight asks the API server for nothing."""
        accounts = {item["metadata"]["name"]: item for objects in self.releases.values() for item in objects
                    if item["kind"] == "ServiceAccount"}
        self.assertTrue(accounts)
        for account in accounts.values():
            self.assertIs(account["automountServiceAccountToken"], False, account)
        self.all_of(lambda objects: [f"{owner}: mounts a token" for owner, pod in release.pods(objects)
                                     if pod["spec"].get("automountServiceAccountToken") is not False])

    def test_root_filesystems_are_read_only(self):
        self.all_of(lambda objects: [
            f"{owner}: {container['name']} may write its root filesystem" for owner, pod in release.pods(objects)
            for container in release.containers(pod) if container["name"] != "backend"
            and not container["securityContext"].get("readOnlyRootFilesystem")])

    def test_helm_lints(self):
        charts = helm.charts()
        for chart, values in (("helm/sidelight", None), ("helm/sidelight", {"demo": {"enabled": True}}),
                              ("helm/examples/checkout", None)):
            with self.subTest(chart=chart, values=values):
                self.assertIn("0 chart(s) failed", helm.lint(charts / chart, values))


if __name__ == "__main__":
    helm.install()
    unittest.main()
