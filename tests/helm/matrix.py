"""Values of the chart to render it with: each row a choice for every switch, so that any two choices of two switches
are together in one row at least."""

import copy
import itertools

HTTP_TAP = {"name": "api", "protocol": "http", "listen": "0.0.0.0:8080", "upstream": "127.0.0.1:8081"}
REDIS_TAP = {"name": "user_cache", "protocol": "redis", "listen": "127.0.0.1:6380", "upstream": "redis:6379"}
GRPC_TAP = {"name": "v6", "protocol": "auto", "listen": "[::]:8443", "upstream": "127.0.0.1:8444"}
SOCKET_TAP = {"name": "socket", "protocol": "http", "listen": "unix:/run/shared/api.sock", "upstream": "127.0.0.1:8082"}
ALERT = {"alert": "Slow", "expr": "vector(1) > 0", "annotations": {"summary": "{{ $value | humanize }} s: \"slow\""}}
RULES = {"team.yaml": {"groups": [{"name": "team", "rules": [ALERT]}]},
         "text.yml": "# a comment\n\ngroups:\n  - name: text\n    rules: [{record: a:b, expr: vector(1)}]",
         "indented.yaml": "\n    # As an editor may leave it.\ngroups: []\n\n"}
MONITORING = [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
KEEP_ALL = [{"action": "keep", "sourceLabels": ["__name__"], "regex": ".+"}]
MONITOR = {"labels": {"release": "prometheus"}, "annotations": {"a": "b"}, "interval": "5s", "scrapeTimeout": "4s",
           "relabelings": KEEP_ALL, "metricRelabelings": KEEP_ALL, "endpoint": {"honorLabels": True},
           "spec": {"sampleLimit": 100000, "scrapeProtocols": ["PrometheusProto"]}}
SECRETS = [{"file": "password", "secretName": "alertmanager", "secretKey": "password"},
           {"file": "ca.crt", "secretName": "authority", "secretKey": "tls.crt", "optional": True},
           {"env": "TENANT", "secretName": "tenant", "secretKey": "id"}]
USES_SECRETS = {"exporters": {"otlp": [{"endpoint": "http://collector:4318", "headers": {"x-tenant": "${env:TENANT}"}}]},
                "alerting": {"alertmanagers": [{"url": "http://alertmanager:9093", "basic_auth": {
                    "username": "team", "password_file": "/run/sidelight/secrets/password"}}]}}

# The choices of each switch, by what they put into the values; the first is the default, where there is one.
SWITCHES = {
    "taps": [{"config": {"taps": [HTTP_TAP]}},
             {"config": {"taps": [HTTP_TAP, REDIS_TAP, GRPC_TAP]}},
             {"config": {"taps": [SOCKET_TAP, REDIS_TAP]}, "extraVolumes": [{"name": "shared", "emptyDir": {}}],
              "extraVolumeMounts": [{"name": "shared", "mountPath": "/run/shared"}]}],
    "addresses": [{}, {"config": {"listen": "[::]:19464", "probe_listen": "0.0.0.0:19465", "service": "named",
                                  "limits": {"drain": "1m30s", "drain_delay": "500ms"}, "packs": ["http"]}}],
    "nativeSidecar": [{}, {"nativeSidecar": False}],
    "storage": [{}, {"config": {"storage": {"path": None}}}, {"storage": {"volume": "none"}},
                {"storage": {"volume": "ephemeral", "storageClassName": "fast", "size": "1Gi"}},
                {"storage": {"volume": "existingClaim", "existingClaim": "claim"}}],
    "rules": [{}, {"rules": RULES}],
    "secrets": [{}, {"secrets": SECRETS, "config": USES_SECRETS}, {"secrets": SECRETS[2:], "extraEnv": [
        {"name": "GOOD", "value": "1"},
        {"name": "ZONE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['zone']"}}}]}],
    "resources": [{}, {"resources": {"limits": None}}, {"resources": {"limits": {"cpu": 1, "memory": "1Gi"}}}],
    "resourceAttributes": [{}, {"resourceAttributes": {"deployment.environment.name": "a, b=c%", "build": 7}}],
    "securityContext": [{}, {"securityContext": {"runAsUser": 1234567, "runAsGroup": 1234567}}],
    "image": [{}, {"image": {"digest": "sha256:" + "0" * 64, "pullPolicy": "Always"}, "containerName": "123"}],
    "names": [{}, {"fullnameOverride": "yes", "commonLabels": {"team": "shop", "year": "2026"}},
              {"nameOverride": "a-name-as-long-as-the-chart-lets-a-name-be-and-not-x"}],
    "podLabels": [{}, {"podLabels": {"sidelight.example.com/tier": "1"}, "podAnnotations": {"on": "yes"}}],
    "podMonitor": [{}, {"podMonitor": {"enabled": True}}, {"podMonitor": {"enabled": True, **MONITOR}}],
    "serviceMonitor": [{}, {"service": {"enabled": True, "labels": {"a": "b"}, "annotations": {"c": "d"}}},
                       {"service": {"enabled": True}, "serviceMonitor": {"enabled": True}},
                       {"service": {"enabled": True}, "serviceMonitor": {"enabled": True, **MONITOR}}],
    "prometheusAnnotations": [{}, {"prometheusAnnotations": {"enabled": True}}],
    "prometheusRule": [{}, {"prometheusRule": {"enabled": True}},
                       {"prometheusRule": {"enabled": True, "packs": ["cache", "database", "export", "slo"],
                                           "labels": {"release": "prometheus"}, "annotations": {"a": "b"},
                                           "runbookBaseUrl": "https://git.example.com/sidelight/blob/main/"}}],
    "dashboards": [{}, {"dashboards": {"enabled": True}},
                   {"dashboards": {"enabled": True, "folder": "", "labels": {"a": "b"}}},
                   {"dashboards": {"enabled": True, "naming": ["otel", "plain"], "label": "dashboard",
                                   "labelValue": "true", "annotations": {"a": "b"}}}],
    "networkPolicy": [{}, {"networkPolicy": {"enabled": True}},
                      {"networkPolicy": {"enabled": True, "tapsFrom": MONITORING, "metricsFrom": MONITORING,
                                         "ingress": [{"ports": [{"port": 9000}]}], "egress": [{"to": MONITORING}]}}],
    "podDisruptionBudget": [{}, {"podDisruptionBudget": {"enabled": True}},
                            {"podDisruptionBudget": {"enabled": True, "maxUnavailable": "50%"}}],
    "serviceAccount": [{}, {"serviceAccount": {"create": True, "annotations": {"a": "b"}}},
                       {"serviceAccount": {"create": True, "name": "runner"}}],
}


def merged(base, patch):
    """`base` with all that `patch` says, mappings within mappings."""
    result = copy.deepcopy(base)
    for key, value in patch.items():
        both = isinstance(result.get(key), dict) and isinstance(value, dict)
        result[key] = merged(result[key], value) if both else value
    return result


def _choices(row):
    return set(itertools.combinations(row.items(), 2))


def rows(switches):
    """Rows {switch: position of its choice}, greedily: each next one begins with a pair that has not been together, and
    gives every other switch the choice that brings most new pairs."""
    wanted = set()
    for (one, of_one), (other, of_other) in itertools.combinations(switches.items(), 2):
        wanted |= {((one, a), (other, b)) for a in range(len(of_one)) for b in range(len(of_other))}
    result = []
    while wanted:
        row = dict(min(wanted))
        for switch, choices in switches.items():
            if switch not in row:
                gains = [len(wanted & _pairs_with(row, switch, choice, switches)) for choice in range(len(choices))]
                row[switch] = gains.index(max(gains))
        row = {switch: row[switch] for switch in switches}
        wanted -= _choices(row)
        result.append(row)
    return result


def _pairs_with(row, switch, choice, switches):
    order = list(switches)
    return {((other, row[other]), (switch, choice)) if order.index(other) < order.index(switch)
            else ((switch, choice), (other, row[other])) for other in row}


def values(row, switches):
    """The values that a row stands for."""
    result = {}
    for switch, choice in row.items():
        result = merged(result, switches[switch][choice])
    return result
