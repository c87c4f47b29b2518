#!/usr/bin/python3
"""The check of rendered objects against Kubernetes' schemas refuses what an API server would refuse, and what it would
silently drop."""

import copy
import unittest

import helm
import kubernetes_schema
from fields import with_field

DEPLOYMENT = {
    "apiVersion": "apps/v1", "kind": "Deployment",
    "metadata": {"name": "app", "labels": {"app.kubernetes.io/name": "app"}, "annotations": {"a": "b"}},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "app"}},
        "strategy": {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
        "template": {
            "metadata": {"labels": {"app": "app"}},
            "spec": {
                "initContainers": [{
                    "name": "sidelight", "image": "sidelight:1", "restartPolicy": "Always",
                    "ports": [{"name": "metrics", "containerPort": 9464}],
                    "startupProbe": {"httpGet": {"path": "/-/ready", "port": "probes"}, "periodSeconds": 1},
                    "env": [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
                    "resources": {"limits": {"memory": "64Mi", "cpu": 1}},
                    "securityContext": {"capabilities": {"drop": ["ALL"]}, "runAsUser": 65532},
                }],
                "containers": [{"name": "app", "image": "app:1"}],
                "volumes": [{"name": "config", "configMap": {"name": "config", "items": [{"key": "a", "path": "b"}]}},
                            {"name": "state", "emptyDir": {}}],
            },
        },
    },
}
POD_MONITOR = {
    "apiVersion": "monitoring.coreos.com/v1", "kind": "PodMonitor", "metadata": {"name": "app"},
    "spec": {
        "selector": {"matchLabels": {"app": "app"}},
        "scrapeProtocols": ["PrometheusProto", "PrometheusText0.0.4"],
        "podMetricsEndpoints": [{"port": "metrics", "interval": "15s", "relabelings": [
            {"sourceLabels": ["__name__"], "action": "drop", "regex": "a"}]}],
    },
}
SERVICE_MONITOR = {
    "apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor", "metadata": {"name": "app"},
    "spec": {"selector": {"matchLabels": {"app": "app"}}, "endpoints": [{"port": "metrics", "scheme": "http"}]},
}
PROMETHEUS_RULE = {
    "apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule", "metadata": {"name": "app"},
    "spec": {"groups": [{"name": "app", "interval": "30s", "rules": [
        {"alert": "Down", "expr": "up == 0", "for": "1m", "labels": {"severity": "page"},
         "annotations": {"summary": "It is down."}},
        {"record": "a:b", "expr": 1}]}]},
}
NETWORK_POLICY = {
    "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "app"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [
        {"ports": [{"port": 80, "protocol": "TCP"}], "from": [{"namespaceSelector": {}}]}]},
}
BUDGET = {
    "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "app"},
    "spec": {"maxUnavailable": "50%", "selector": {"matchLabels": {"app": "app"}}},
}
ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "app"},
           "automountServiceAccountToken": False}
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}, "data": {"a.yaml": "b"}}
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "app"},
           "spec": {"ports": [{"name": "http", "port": 80, "targetPort": "http"}], "selector": {"app": "app"}}}
CLAIM = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "app"},
         "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
RIGHT = (DEPLOYMENT, POD_MONITOR, SERVICE_MONITOR, PROMETHEUS_RULE, NETWORK_POLICY, BUDGET, ACCOUNT, CONFIG_MAP, SERVICE,
         CLAIM)

# (object, where in it, value, what the error must say): None as the value takes the field away.
SIDECAR = "spec/template/spec/initContainers/0"
WRONG = (
    (DEPLOYMENT, "kind", "Deploiment", "there is no kind Deploiment in apps/v1"),
    (DEPLOYMENT, "apiVersion", "apps/v1beta1", "apps/v1beta1 is no version"),
    (DEPLOYMENT, "stauts", {}, "/stauts: unknown field"),
    (DEPLOYMENT, "metadata/labls", {"a": "b"}, "/metadata/labls: unknown field"),
    (DEPLOYMENT, "metadata/labels/port", 8080, "/metadata/labels/port: type"),
    (DEPLOYMENT, "metadata/annotations", None, None),
    (DEPLOYMENT, "metadata/annotations/scrape", True, "/metadata/annotations/scrape: type"),
    (DEPLOYMENT, "spec/selector", None, "/spec: required"),
    (DEPLOYMENT, "spec/replicas", "2", "/spec/replicas: type"),
    (DEPLOYMENT, f"{SIDECAR}/restartpolicy", "Always", f"/{SIDECAR}/restartpolicy: unknown field"),
    (DEPLOYMENT, f"{SIDECAR}/name", None, f"/{SIDECAR}: required"),
    (DEPLOYMENT, f"{SIDECAR}/imagePullPolicy", "Sometimes", f"/{SIDECAR}/imagePullPolicy: enum"),
    (DEPLOYMENT, f"{SIDECAR}/ports/0/containerPort", "9464", f"/{SIDECAR}/ports/0/containerPort: type"),
    (DEPLOYMENT, f"{SIDECAR}/ports/0/port", 9464, f"/{SIDECAR}/ports/0/port: unknown field"),
    (DEPLOYMENT, f"{SIDECAR}/startupProbe/httpGet/url", "/", f"/{SIDECAR}/startupProbe/httpGet/url: unknown field"),
    (DEPLOYMENT, f"{SIDECAR}/startupProbe/httpGet/port", None, f"/{SIDECAR}/startupProbe/httpGet: required"),
    (DEPLOYMENT, f"{SIDECAR}/startupProbe/periodSeconds", "1s", f"/{SIDECAR}/startupProbe/periodSeconds: type"),
    (DEPLOYMENT, f"{SIDECAR}/env/0/value", 1, f"/{SIDECAR}/env/0/value: type"),
    (DEPLOYMENT, f"{SIDECAR}/env/0/valueFrom/fieldref", {}, f"/{SIDECAR}/env/0/valueFrom/fieldref: unknown field"),
    (DEPLOYMENT, f"{SIDECAR}/securityContext/runAsNonroot", True, f"/{SIDECAR}/securityContext/runAsNonroot: unknown"),
    (DEPLOYMENT, f"{SIDECAR}/securityContext/capabilities/drop", "ALL",
     f"/{SIDECAR}/securityContext/capabilities/drop: type"),
    (DEPLOYMENT, f"{SIDECAR}/resources/limit", {}, f"/{SIDECAR}/resources/limit: unknown field"),
    (DEPLOYMENT, "spec/template/spec/volumes/0/configMap/items/0/mod", 1,
     "/spec/template/spec/volumes/0/configMap/items/0/mod: unknown field"),
    (DEPLOYMENT, "spec/template/spec/volumes/1/emptyDir/size", "1Gi",
     "/spec/template/spec/volumes/1/emptyDir/size: unknown field"),
    (POD_MONITOR, "spec/podMetricsEndpoints/0/targetport", 1, "/spec/podMetricsEndpoints/0/targetport: unknown field"),
    (POD_MONITOR, "spec/podMetricsEndpoints/0/interval", "15", "/spec/podMetricsEndpoints/0/interval: pattern"),
    (POD_MONITOR, "spec/podMetricsEndpoints/0/relabelings/0/action", "throw",
     "/spec/podMetricsEndpoints/0/relabelings/0/action: enum"),
    (POD_MONITOR, "spec/scrapeProtocols/1", "text", "/spec/scrapeProtocols/1: enum"),
    (POD_MONITOR, "spec/selector", None, "/spec: required"),
    (SERVICE_MONITOR, "spec/podMetricsEndpoints", [], "/spec/podMetricsEndpoints: unknown field"),
    (SERVICE_MONITOR, "spec/endpoints/0/scheme", "gopher", "/spec/endpoints/0/scheme: enum"),
    (PROMETHEUS_RULE, "spec/groups/0/rules/0/severity", "page", "/spec/groups/0/rules/0/severity: unknown field"),
    (PROMETHEUS_RULE, "spec/groups/0/rules/0/for", "soon", "/spec/groups/0/rules/0/for: pattern"),
    (PROMETHEUS_RULE, "spec/groups/0/rules/0/annotations/value", 1, "/spec/groups/0/rules/0/annotations/value: type"),
    (PROMETHEUS_RULE, "spec/groups/0/name", None, "/spec/groups/0: required"),
    (NETWORK_POLICY, "spec/ingress/0/ports/0/targetPort", 80, "/spec/ingress/0/ports/0/targetPort: unknown field"),
    (NETWORK_POLICY, "spec/podSelector", "app", "/spec/podSelector: type"),
    (BUDGET, "spec/maxUnavailabel", 1, "/spec/maxUnavailabel: unknown field"),
    (ACCOUNT, "automountServiceAccountToken", "false", "/automountServiceAccountToken: type"),
    (CONFIG_MAP, "data/b.yaml", {"a": "b"}, "/data/b.yaml: type"),
    (CONFIG_MAP, "spec", {}, "/spec: unknown field"),
    (SERVICE, "spec/ports/0/targetport", 1, "/spec/ports/0/targetport: unknown field"),
    (CLAIM, "spec/resources/requests/storage", True, "/spec/resources/requests/storage: "),
    (CLAIM, "spec/accessMode", "ReadWriteOnce", "/spec/accessMode: unknown field"),
)


class KubernetesSchemaTest(unittest.TestCase):
    def test_right_objects_are_right(self):
        self.assertEqual(kubernetes_schema.errors(list(RIGHT)), [[] for _ in RIGHT])

    def test_wrong_objects_are_named(self):
        verdicts = kubernetes_schema.errors([with_field(original, path, value) for original, path, value, _ in WRONG])
        for (original, path, value, wanted), verdict in zip(WRONG, verdicts):
            with self.subTest(kind=original["kind"], path=path, value=value):
                if wanted is None:
                    self.assertEqual(verdict, [])
                else:
                    self.assertTrue(any(error.startswith(wanted) for error in verdict),
                                    f"wanted an error {wanted!r}, got {verdict}")

    def test_a_key_without_a_value_is_an_error(self):
        empty = copy.deepcopy(DEPLOYMENT)
        empty["metadata"]["annotations"] = None
        self.assertEqual(kubernetes_schema.errors([empty]), [["/metadata/annotations: is null"]])


if __name__ == "__main__":
    helm.install()
    unittest.main()
