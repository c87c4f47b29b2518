#!/usr/bin/python3
"""The checks of how the objects of a release fit together find each kind of misfit. Needs neither helm nor a
registry."""

import unittest

import release
from fields import with_field

SELECTED = {"app.kubernetes.io/name": "app", "app.kubernetes.io/instance": "shop"}
COMMON = {**SELECTED, "app.kubernetes.io/version": "1"}


def named(kind, name, **content):
    return {"kind": kind, "metadata": {"name": name, "labels": dict(COMMON)}, **content}


DEPLOYMENT, CONFIG_MAP, SERVICE, POD_MONITOR, SERVICE_MONITOR, BUDGET, POLICY, ACCOUNT, CLAIM = range(9)
FITTING = [
    named("Deployment", "app", spec={
        "selector": {"matchLabels": SELECTED},
        "template": {
            "metadata": {"labels": dict(COMMON)},
            "spec": {
                "serviceAccountName": "app",
                "initContainers": [{
                    "name": "sidelight", "restartPolicy": "Always",
                    "ports": [{"name": "metrics", "containerPort": 9464}, {"name": "probes", "containerPort": 9465}],
                    "startupProbe": {"httpGet": {"path": "/-/ready", "port": "probes"}},
                    "env": [{"name": "NODE", "valueFrom": {}},
                            {"name": "ATTRIBUTES", "value": "node=$(NODE),cost=$$(X)"}],
                    "volumeMounts": [{"name": "config", "mountPath": "/etc/sidelight"},
                                     {"name": "state", "mountPath": "/var/lib/sidelight"}],
                }],
                "containers": [{"name": "app", "ports": [{"name": "http", "containerPort": 8080}]}],
                "volumes": [
                    {"name": "config", "projected": {"sources": [
                        {"configMap": {"name": "app", "items": [{"key": "a.yaml", "path": "a.yaml"}]}}]}},
                    {"name": "state", "persistentVolumeClaim": {"claimName": "app"}}],
            },
        },
    }),
    named("ConfigMap", "app", data={"a.yaml": "a"}),
    named("Service", "app", spec={"selector": SELECTED, "ports": [{"name": "web", "port": 80, "targetPort": "http"}]}),
    named("PodMonitor", "app", spec={"selector": {"matchLabels": SELECTED},
                                     "podMetricsEndpoints": [{"port": "metrics"}]}),
    named("ServiceMonitor", "app", spec={"selector": {"matchLabels": SELECTED}, "endpoints": [{"port": "web"}]}),
    named("PodDisruptionBudget", "app", spec={"selector": {"matchLabels": SELECTED}, "maxUnavailable": 1}),
    named("NetworkPolicy", "app", spec={"podSelector": {"matchLabels": SELECTED}}),
    named("ServiceAccount", "app"),
    named("PersistentVolumeClaim", "app"),
]
POD = f"{DEPLOYMENT}/spec/template/spec"
SIDECAR = f"{POD}/initContainers/0"
OTHERS = {"app.kubernetes.io/name": "other"}

# (check, where in the list of objects, value, what is said).
MISFITS = (
    ("names", f"{CONFIG_MAP}/metadata/name", "App", "ConfigMap App: no such name is allowed"),
    ("names", f"{SERVICE}/metadata/name", "a.b", "Service a.b: no such name is allowed"),
    ("names", f"{CLAIM}", named("ConfigMap", "app", data={}), "ConfigMap app is there twice"),
    ("names", f"{CONFIG_MAP}/metadata/namespace", "team", "ConfigMap app: the namespace is for helm to say"),
    ("names", f"{POD}/containers/0/name", "sidelight", "Deployment app: container sidelight has no name of its own"),
    ("labels", f"{CONFIG_MAP}/metadata/labels", {}, "ConfigMap app: has no label app.kubernetes.io/name"),
    ("labels", f"{CONFIG_MAP}/metadata/labels/chart", "a+b", "ConfigMap app: no such label is allowed: chart: 'a+b'"),
    ("labels", f"{DEPLOYMENT}/spec/template/metadata/labels/team", "a b",
     "Deployment app: no such label is allowed: team"),
    ("labels", f"{CONFIG_MAP}/metadata/labels/a~b", "c", "ConfigMap app: no such label is allowed: a~b"),
    ("selectors", f"{DEPLOYMENT}/spec/selector/matchLabels", OTHERS, "Deployment app: does not select its own pods"),
    ("selectors", f"{DEPLOYMENT}/spec/selector/matchLabels", {"helm.sh/chart": "a"},
     "Deployment app: selects by the chart's"),
    ("selectors", f"{SERVICE}/spec/selector", OTHERS, "Service app: selects no pod"),
    ("selectors", f"{POD_MONITOR}/spec/selector/matchLabels", OTHERS, "PodMonitor app: selects no pod"),
    ("selectors", f"{SERVICE_MONITOR}/spec/selector/matchLabels", OTHERS, "ServiceMonitor app: selects no service"),
    ("selectors", f"{BUDGET}/spec/selector/matchLabels", OTHERS, "PodDisruptionBudget app: selects no pod"),
    ("selectors", f"{POLICY}/spec/podSelector/matchLabels", OTHERS, "NetworkPolicy app: selects no pod"),
    ("volumes", f"{SIDECAR}/volumeMounts/0/name", "rules",
     "Deployment app: sidelight mounts rules, which is no volume"),
    ("volumes", f"{SIDECAR}/volumeMounts/1/mountPath", "/etc/sidelight",
     "Deployment app: sidelight mounts two volumes at"),
    ("volumes", f"{SIDECAR}/volumeMounts/1/name", "config", "Deployment app: nobody mounts the volume state"),
    ("volumes", f"{POD}/volumes/1/name", "config", "Deployment app: volume config is there twice"),
    ("volumes", f"{POD}/volumes/0/projected/sources/0/configMap/name", "rules",
     "Deployment app: volume config is of the ConfigMap"),
    ("volumes", f"{POD}/volumes/0/projected/sources/0/configMap/items/0/key", "b.yaml",
     "Deployment app: volume config wants b.yaml"),
    ("volumes", f"{POD}/volumes/0/projected/sources", [{"secret": {"items": [{"path": "a", "key": "b"}]}}] * 2,
     "Deployment app: volume config has a file twice"),
    ("volumes", f"{POD}/volumes/1/persistentVolumeClaim/claimName", "b",
     "Deployment app: volume state is of the claim b"),
    ("ports", f"{SIDECAR}/ports/0/containerPort", 8080, "Deployment app: port http (8080) of app: is there twice"),
    ("ports", f"{SIDECAR}/ports/0/containerPort", 65536, "Deployment app: port metrics (65536) of sidelight: no such"),
    ("ports", f"{SIDECAR}/ports/0/name", "sidelight-metrics",
     "Deployment app: port sidelight-metrics (9464) of sidelight: no such"),
    ("ports", f"{SIDECAR}/ports/0/name", "http", "Deployment app: port http (8080) of app: is there twice"),
    ("ports", f"{SIDECAR}/startupProbe/httpGet/port", "http",
     "Deployment app: sidelight has no port http, which its startupProbe"),
    ("ports", f"{SERVICE}/spec/ports/0/targetPort", "api",
     "Deployment app: has no port api, to which the Service app sends"),
    ("monitored_ports", f"{POD_MONITOR}/spec/podMetricsEndpoints/0/port", "web",
     "PodMonitor app: nothing that it selects has"),
    ("monitored_ports", f"{SERVICE_MONITOR}/spec/endpoints/0/port", "http",
     "ServiceMonitor app: nothing that it selects has"),
    ("environment", f"{SIDECAR}/env/0/name", "ATTRIBUTES", "Deployment app: sidelight is given ATTRIBUTES twice"),
    ("environment", f"{SIDECAR}/env/1/value", "$(POD)", "Deployment app: sidelight has ATTRIBUTES refer to POD"),
    ("service_accounts", f"{POD}/serviceAccountName", "root", "Deployment app: runs as the ServiceAccount root"),
    ("sizes", f"{CONFIG_MAP}/data/a.yaml", "a" * (1 << 20), "ConfigMap app: is larger than a ConfigMap may be"),
)


class ReleaseTest(unittest.TestCase):
    def test_what_fits_is_left_alone(self):
        self.assertEqual(release.errors(FITTING), [])

    def test_each_misfit_is_found(self):
        for check, path, value, wanted in MISFITS:
            with self.subTest(check=check, path=path, value=value if len(str(value)) < 100 else "..."):
                found = release.errors(with_field(FITTING, path, value))
                self.assertTrue(any(sentence.startswith(f"{check}: {wanted}") for sentence in found),
                                f"wanted {check}: {wanted}\ngot {found}")

    def test_every_check_has_a_misfit(self):
        self.assertEqual({check for check, _, _, _ in MISFITS}, {check.__name__ for check in release.CHECKS})


if __name__ == "__main__":
    unittest.main()
