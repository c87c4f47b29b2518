"""Kubernetes' Pod Security Standards, profiles baseline and restricted, as of 1.34: one function for each control,
named as the page of the standards names it. Each takes a pod (its metadata and its spec) and says what the control
forbids in it.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
HOOKS = ("postStart", "preStop")
HANDLERS = ("httpGet", "tcpSocket")
BASELINE_CAPABILITIES = {
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID",
    "SETPCAP", "SETUID", "SYS_CHROOT"}
SELINUX_TYPES = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
SAFE_SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"}
VOLUME_TYPES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
APPARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/"


def _containers(pod):
    """(path, container) of all containers, those that only run at the start and those added later included."""
    for kind in CONTAINER_LISTS:
        for container in pod["spec"].get(kind) or []:
            yield f"{kind}[{container['name']}]", container


def _context(holder):
    return holder.get("securityContext") or {}


def _contexts(pod):
    """(path, security context) of the pod and of its containers."""
    yield "spec", _context(pod["spec"])
    for path, container in _containers(pod):
        yield path, _context(container)


# Baseline.

def host_process(pod):
    for path, context in _contexts(pod):
        if (context.get("windowsOptions") or {}).get("hostProcess"):
            yield f"{path}: windowsOptions.hostProcess is set"


def host_namespaces(pod):
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if pod["spec"].get(field):
            yield f"spec: {field} is set"


def privileged_containers(pod):
    for path, container in _containers(pod):
        if _context(container).get("privileged"):
            yield f"{path}: privileged is set"


def capabilities(pod):
    for path, container in _containers(pod):
        added = set((_context(container).get("capabilities") or {}).get("add") or [])
        for capability in sorted(added - BASELINE_CAPABILITIES):
            yield f"{path}: capability {capability} is added"


def host_path_volumes(pod):
    for volume in pod["spec"].get("volumes") or []:
        if "hostPath" in volume:
            yield f"volumes[{volume['name']}]: is of the host"


def host_ports(pod):
    for path, container in _containers(pod):
        for port in container.get("ports") or []:
            if port.get("hostPort"):
                yield f"{path}: hostPort {port['hostPort']} is taken"


def host_probes_and_lifecycle_hooks(pod):
    """Since 1.34: the kubelet asks the pod, and nobody else on its behalf."""
    for path, container in _containers(pod):
        actions = {name: container.get(name) for name in PROBES}
        actions.update({name: (container.get("lifecycle") or {}).get(name) for name in HOOKS})
        for name, action in actions.items():
            for handler in HANDLERS:
                if ((action or {}).get(handler) or {}).get("host"):
                    yield f"{path}: {name}.{handler}.host is set"


def apparmor(pod):
    for path, context in _contexts(pod):
        kind = (context.get("appArmorProfile") or {}).get("type")
        if kind not in (None, "RuntimeDefault", "Localhost"):
            yield f"{path}: appArmorProfile is {kind}"
    for key, value in (pod["metadata"].get("annotations") or {}).items():
        if key.startswith(APPARMOR_ANNOTATION) and value != "runtime/default" and not value.startswith("localhost/"):
            yield f"annotation {key} is {value}"


def selinux(pod):
    for path, context in _contexts(pod):
        options = context.get("seLinuxOptions") or {}
        if options.get("type", "") not in SELINUX_TYPES:
            yield f"{path}: seLinuxOptions.type is {options['type']}"
        for field in ("user", "role"):
            if options.get(field):
                yield f"{path}: seLinuxOptions.{field} is set"


def proc_mount_type(pod):
    for path, container in _containers(pod):
        if _context(container).get("procMount", "Default") != "Default":
            yield f"{path}: procMount is {_context(container)['procMount']}"


def seccomp_baseline(pod):
    for path, context in _contexts(pod):
        if (context.get("seccompProfile") or {}).get("type") == "Unconfined":
            yield f"{path}: seccompProfile is Unconfined"


def sysctls(pod):
    for sysctl in _context(pod["spec"]).get("sysctls") or []:
        if sysctl["name"] not in SAFE_SYSCTLS:
            yield f"spec: sysctl {sysctl['name']} is set"


# Restricted.

def volume_types(pod):
    for volume in pod["spec"].get("volumes") or []:
        for kind in sorted(set(volume) - {"name"} - VOLUME_TYPES):
            yield f"volumes[{volume['name']}]: is a {kind}"


def privilege_escalation(pod):
    for path, container in _containers(pod):
        if _context(container).get("allowPrivilegeEscalation") is not False:
            yield f"{path}: allowPrivilegeEscalation is not false"


def running_as_non_root(pod):
    of_pod = _context(pod["spec"]).get("runAsNonRoot")
    for path, container in _containers(pod):
        if _context(container).get("runAsNonRoot", of_pod) is not True:
            yield f"{path}: runAsNonRoot is not true"


def running_as_non_root_user(pod):
    for path, context in _contexts(pod):
        if context.get("runAsUser") == 0:
            yield f"{path}: runAsUser is 0"


def seccomp(pod):
    of_pod = (_context(pod["spec"]).get("seccompProfile") or {}).get("type")
    for path, container in _containers(pod):
        kind = (_context(container).get("seccompProfile") or {}).get("type", of_pod)
        if kind not in ("RuntimeDefault", "Localhost"):
            yield f"{path}: seccompProfile is {kind or 'not given'}"


def capabilities_restricted(pod):
    for path, container in _containers(pod):
        wanted = _context(container).get("capabilities") or {}
        if "ALL" not in (wanted.get("drop") or []):
            yield f"{path}: capability ALL is not dropped"
        for capability in sorted(set(wanted.get("add") or []) - {"NET_BIND_SERVICE"}):
            yield f"{path}: capability {capability} is added"


CONTROLS = {
    "HostProcess": host_process,
    "Host Namespaces": host_namespaces,
    "Privileged Containers": privileged_containers,
    "Capabilities (baseline)": capabilities,
    "HostPath Volumes": host_path_volumes,
    "Host Ports": host_ports,
    "Host Probes / Lifecycle Hooks": host_probes_and_lifecycle_hooks,
    "AppArmor": apparmor,
    "SELinux": selinux,
    "/proc Mount Type": proc_mount_type,
    "Seccomp (baseline)": seccomp_baseline,
    "Sysctls": sysctls,
    "Volume Types": volume_types,
    "Privilege Escalation": privilege_escalation,
    "Running as Non-root": running_as_non_root,
    "Running as Non-root user": running_as_non_root_user,
    "Seccomp": seccomp,
    "Capabilities": capabilities_restricted,
}


def violations(pod):
    """Sentences that begin with the control's name; none for a pod that a namespace of profile restricted admits."""
    return [f"{name}: {what}" for name, control in CONTROLS.items() for what in control(pod)]
