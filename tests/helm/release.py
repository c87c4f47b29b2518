"""Whether the objects of one release fit together: what schemas cannot say, and what would show only in the cluster,
where a pod waits forever or a monitor selects nothing. Each function yields sentences about what is wrong."""

import json
import re

POD_OWNERS = ("Deployment", "StatefulSet", "DaemonSet", "Job")
SELECTORS_OF_PODS = {"PodDisruptionBudget": "selector", "PodMonitor": "selector", "NetworkPolicy": "podSelector",
                     "Service": "selector"}
MONITORS = {"PodMonitor": "podMetricsEndpoints", "ServiceMonitor": "endpoints"}
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
DNS_SUBDOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
PORT_NAME = re.compile(r"(?=.{1,15}$)(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?")
LABEL_KEY = re.compile(r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?", re.ASCII)
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?", re.ASCII)
CONFIG_MAP_LIMIT = 1 << 20
# What each object says about itself, for those who list or clean up.
COMMON_LABELS = ("app.kubernetes.io/name", "app.kubernetes.io/instance")


def pods(objects):
    """(what it belongs to, pod) for each pod that these objects would make."""
    for item in objects:
        if item["kind"] == "Pod":
            yield f"Pod {item['metadata']['name']}", item
        elif item["kind"] in POD_OWNERS:
            yield f"{item['kind']} {item['metadata']['name']}", item["spec"]["template"]


def containers(pod):
    """All containers of a pod in the order of their start."""
    return (pod["spec"].get("initContainers") or []) + pod["spec"]["containers"]


def native_sidecar(container):
    return container.get("restartPolicy") == "Always"


def _named(objects, kind):
    return {item["metadata"]["name"]: item for item in objects if item["kind"] == kind}


def _labels(item):
    return item["metadata"].get("labels") or {}


def _matches(selector, labels):
    return all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())


def names(objects):
    seen = set()
    for item in objects:
        kind, name = item["kind"], item["metadata"]["name"]
        shape = DNS_LABEL if kind == "Service" else DNS_SUBDOMAIN
        if not isinstance(name, str) or not shape.fullmatch(name):
            yield f"{kind} {name}: no such name is allowed"
        if (kind, name) in seen:
            yield f"{kind} {name} is there twice"
        seen.add((kind, name))
        if "namespace" in item["metadata"]:
            yield f"{kind} {name}: the namespace is for helm to say"
    for owner, pod in pods(objects):
        of_containers = [str(container["name"]) for container in containers(pod)]
        for name in sorted(set(of_containers)):
            if not DNS_LABEL.fullmatch(name) or of_containers.count(name) > 1:
                yield f"{owner}: container {name} has no name of its own that is allowed"


def labels(objects):
    for item in objects:
        where = f"{item['kind']} {item['metadata']['name']}"
        own = _labels(item)
        for key in COMMON_LABELS:
            if key not in own:
                yield f"{where}: has no label {key}"
        of_pods = [_labels(pod) for _, pod in pods([item]) if item["kind"] != "Pod"]
        for key, value in (pair for some in (own, *of_pods) for pair in some.items()):
            if not LABEL_KEY.fullmatch(key) or not isinstance(value, str) or not LABEL_VALUE.fullmatch(value):
                yield f"{where}: no such label is allowed: {key}: {value!r}"


def selectors(objects):
    of_pods = [_labels(pod) for _, pod in pods(objects)]
    for item in objects:
        where = f"{item['kind']} {item['metadata']['name']}"
        if item["kind"] in POD_OWNERS and "selector" in item["spec"]:
            if not _matches(item["spec"]["selector"], _labels(item["spec"]["template"])):
                yield f"{where}: does not select its own pods"
            if "helm.sh/chart" in item["spec"]["selector"].get("matchLabels", {}):
                yield f"{where}: selects by the chart's version, which no upgrade could change"
        if item["kind"] in SELECTORS_OF_PODS:
            selector = item["spec"][SELECTORS_OF_PODS[item["kind"]]]
            # That of a Service is older than the others' form.
            selector = {"matchLabels": selector} if item["kind"] == "Service" else selector
            if not any(_matches(selector, some) for some in of_pods):
                yield f"{where}: selects no pod of the release: {selector}"
        if item["kind"] == "ServiceMonitor":
            services = _named(objects, "Service").values()
            if not any(_matches(item["spec"]["selector"], _labels(service)) for service in services):
                yield f"{where}: selects no service of the release: {item['spec']['selector']}"


def volumes(objects):
    config_maps, claims = _named(objects, "ConfigMap"), _named(objects, "PersistentVolumeClaim")
    templates = {f"StatefulSet {item['metadata']['name']}": item["spec"].get("volumeClaimTemplates") or []
                 for item in objects if item["kind"] == "StatefulSet"}
    for owner, pod in pods(objects):
        there = [volume["name"] for volume in pod["spec"].get("volumes") or []]
        there += [claim["metadata"]["name"] for claim in templates.get(owner, [])]
        mounted = set()
        for container in containers(pod):
            paths = [mount["mountPath"] for mount in container.get("volumeMounts") or []]
            for path in sorted(set(paths)):
                if paths.count(path) > 1:
                    yield f"{owner}: {container['name']} mounts two volumes at {path}"
            for mount in container.get("volumeMounts") or []:
                mounted.add(mount["name"])
                if mount["name"] not in there:
                    yield f"{owner}: {container['name']} mounts {mount['name']}, which is no volume of the pod"
        for name in sorted(set(there)):
            if there.count(name) > 1:
                yield f"{owner}: volume {name} is there twice"
            if name not in mounted:
                yield f"{owner}: nobody mounts the volume {name}"
        for volume in pod["spec"].get("volumes") or []:
            files = [item["path"] for source in (volume.get("projected") or {}).get("sources") or []
                     for kind in ("configMap", "secret") for item in source.get(kind, {}).get("items") or []]
            if len(set(files)) < len(files):
                yield f"{owner}: volume {volume['name']} has a file twice: {files}"
            for source in [volume, *((volume.get("projected") or {}).get("sources") or [])]:
                yield from _wrong_source(owner, volume["name"], source, config_maps)
            claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            if claim and claim not in claims:
                yield f"{owner}: volume {volume['name']} is of the claim {claim}, which is not in the release"


def _wrong_source(owner, volume, source, config_maps):
    config_map = source.get("configMap")
    if not config_map or config_map.get("optional"):
        return
    if config_map["name"] not in config_maps:
        yield f"{owner}: volume {volume} is of the ConfigMap {config_map['name']}, which is not in the release"
        return
    for item in config_map.get("items") or []:
        if item["key"] not in config_maps[config_map["name"]]["data"]:
            yield f"{owner}: volume {volume} wants {item['key']} of the ConfigMap {config_map['name']}"


def ports(objects):
    for owner, pod in pods(objects):
        numbers, by_name = set(), {}
        for container in containers(pod):
            for port in container.get("ports") or []:
                where = f"{owner}: port {port.get('name')} ({port['containerPort']}) of {container['name']}"
                if not 0 < port["containerPort"] < 65536 or not PORT_NAME.fullmatch(port.get("name", "")):
                    yield f"{where}: no such number or name is allowed"
                if port["containerPort"] in numbers or port.get("name") in by_name:
                    yield f"{where}: is there twice"
                numbers.add(port["containerPort"])
                by_name[port.get("name")] = container["name"]
            # The kubelet looks a probe's port up among those of the container itself.
            own = {port.get("name") for port in container.get("ports") or []}
            for probe in PROBES:
                wanted = ((container.get(probe) or {}).get("httpGet") or {}).get("port")
                if isinstance(wanted, str) and wanted not in own:
                    yield f"{owner}: {container['name']} has no port {wanted}, which its {probe} asks"
        for service in _named(objects, "Service").values():
            if _matches({"matchLabels": service["spec"].get("selector") or {}}, _labels(pod)):
                for port in service["spec"]["ports"]:
                    target = port.get("targetPort", port["port"])
                    if target not in numbers and target not in by_name:
                        yield f"{owner}: has no port {target}, to which the Service {service['metadata']['name']} sends"


def monitored_ports(objects):
    for item in objects:
        if item["kind"] == "PodMonitor":
            there = [{port.get("name") for container in containers(pod) for port in container.get("ports") or []}
                     for _, pod in pods(objects) if _matches(item["spec"]["selector"], _labels(pod))]
        elif item["kind"] == "ServiceMonitor":
            there = [{port.get("name") for port in service["spec"]["ports"]}
                     for service in _named(objects, "Service").values()
                     if _matches(item["spec"]["selector"], _labels(service))]
        else:
            continue
        for endpoint in item["spec"][MONITORS[item["kind"]]]:
            if "port" in endpoint and not any(endpoint["port"] in some for some in there):
                yield f"{item['kind']} {item['metadata']['name']}: nothing that it selects has a port {endpoint['port']}"


def environment(objects):
    for owner, pod in pods(objects):
        for container in containers(pod):
            given = [variable["name"] for variable in container.get("env") or []]
            for name in sorted(set(given)):
                if given.count(name) > 1:
                    yield f"{owner}: {container['name']} is given {name} twice"
            for position, variable in enumerate(container.get("env") or []):
                # Kubernetes leaves a reference alone that comes before what it refers to.
                for name in re.findall(r"(?<!\$)\$\((\w+)\)", variable.get("value", "")):
                    if name not in given[:position]:
                        yield (f"{owner}: {container['name']} has {variable['name']} refer to {name}, which is not given "
                               f"before it")


def service_accounts(objects):
    there = _named(objects, "ServiceAccount")
    for owner, pod in pods(objects):
        name = pod["spec"].get("serviceAccountName", "default")
        if name != "default" and name not in there:
            yield f"{owner}: runs as the ServiceAccount {name}, which is not in the release"


def sizes(objects):
    for item in objects:
        if item["kind"] == "ConfigMap" and len(json.dumps(item)) > CONFIG_MAP_LIMIT:
            yield f"ConfigMap {item['metadata']['name']}: is larger than a ConfigMap may be"


CHECKS = (names, labels, selectors, volumes, ports, monitored_ports, environment, service_accounts, sizes)


def errors(objects):
    return [f"{check.__name__}: {what}" for check in CHECKS for what in check(objects)]
