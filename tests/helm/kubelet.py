"""What a kubelet does for one container of a rendered pod, in namespaces of our own: its volumes are mounted where the
pod says, its root filesystem is read-only, its environment is made up where it comes from the cluster, and its ports
are nobody else's. The mounts are in a namespace of the container's process only, so that whoever tidies up here sees
none of them.

As a program it is that process: kubelet.py SPEC, with what Container.command() wrote.
"""

import contextlib
import fcntl
import json
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import npm_packages  # noqa: E402

INSIDE = "SIDELIGHT_TEST_NAMESPACES"
# What the cluster would know about the pod.
DOWNWARD = {"metadata.name": "shop-7d4b9-xk2lp", "metadata.namespace": "team",
            "metadata.uid": "0b6c1f0e-6d1c-4d5b-8a52-0d9f4a1c7a11", "spec.nodeName": "node-3"}
# Of the machine's system only what a program that is linked to its libraries needs.
SYSTEM = ("/usr", "/lib", "/lib64", "/proc", "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")


def enter_namespaces():
    """Runs this test again in a network of its own, as somebody who may mount; where that is not allowed it ends as
    skipped."""
    if os.environ.get(INSIDE):
        _bring_loopback_up()
        return
    unshare = ["unshare", "--net"]
    if os.geteuid() != 0:
        unshare += ["--user", "--map-root-user"]
    tried = subprocess.run([*unshare, "unshare", "--mount", "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        npm_packages.skip(f"this machine lets nobody make namespaces: {tried.stderr.strip()}")
    os.environ[INSIDE] = "root" if os.geteuid() == 0 else "mapped"
    os.execvp("unshare", [*unshare, sys.executable, *sys.argv])


def _bring_loopback_up():
    get_flags, set_flags, up = 0x8913, 0x8914, 0x1  # SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = bytearray(struct.pack("16sH14x", b"lo", 0))
        fcntl.ioctl(control, get_flags, request)
        flags, = struct.unpack_from("H", request, 16)
        struct.pack_into("H", request, 16, flags | up)
        fcntl.ioctl(control, set_flags, request)


def has_ipv6():
    """Whether there is IPv6 in here: a machine may have been started without it."""
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


class ConfigMapVolume:
    """A folder as the kubelet makes it: the files are links into ..data, which is a link to the newest version."""

    def __init__(self, folder, data):
        self.folder = pathlib.Path(folder)
        self._versions = 0
        self.write(data)

    def write(self, data):
        """Exchanges all files at once."""
        before = self.folder / "..data"
        old = before.resolve() if before.is_symlink() else None
        self._versions += 1
        version = self.folder / f"..2026_11_21_10_00_00.{self._versions:09}"
        version.mkdir(mode=0o755)
        for name, text in data.items():
            (version / name).write_text(text)
        (self.folder / "..data_tmp").symlink_to(version.name)
        os.replace(self.folder / "..data_tmp", before)
        for name in data:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        for link in self.folder.iterdir():
            if link.is_symlink() and not link.exists():
                link.unlink()
        if old:
            shutil.rmtree(old)


class Pod:
    """The volumes of a pod, and what starts its containers. `objects` are those of the release; `secrets`
    {name: {key: text}}."""

    def __init__(self, directory, pod, objects, secrets):
        self._directory, self._pod, self._objects, self._secrets = pathlib.Path(directory), pod, objects, secrets
        self.config_maps = {}  # by the ConfigMap's name
        self.volumes = {volume["name"]: self._make_volume(volume) for volume in pod["spec"].get("volumes") or []}

    def _make_volume(self, volume):
        path = self._directory / "volumes" / volume["name"]
        path.mkdir(parents=True)
        if "configMap" in volume:
            name = volume["configMap"]["name"]
            data = next(item["data"] for item in self._objects
                        if item["kind"] == "ConfigMap" and item["metadata"]["name"] == name)
            self.config_maps[name] = ConfigMapVolume(path, data)
        elif "projected" in volume:
            secrets = [source["secret"] for source in volume["projected"]["sources"]]
            ConfigMapVolume(path, {item["path"]: self._secrets[secret["name"]][item["key"]] for secret in secrets
                                   if not self._is_left_out(secret) for item in secret["items"]})
        else:
            path.chmod(0o777)
        return path

    def _is_left_out(self, secret):
        return secret["name"] not in self._secrets and secret.get("optional")

    def _environment(self, container):
        given = {}
        for variable in container.get("env") or []:
            value = self._value_of(variable)
            if value is not None:
                given[variable["name"]] = re.sub(r"\$\((\w+)\)", lambda found: given.get(found[1], found[0]), value)
        return given

    def _value_of(self, variable):
        if "value" in variable:
            return variable["value"]
        source = variable["valueFrom"]
        if "fieldRef" in source:
            path = source["fieldRef"]["fieldPath"]
            label = re.fullmatch(r"metadata\.labels\['(.*)'\]", path)
            return self._pod["metadata"]["labels"].get(label[1], "") if label else DOWNWARD[path]
        secret = source["secretKeyRef"]
        return None if self._is_left_out(secret) else self._secrets[secret["name"]][secret["key"]]

    def command(self, container, image):
        """What starts the container. `image` is {name of a program in it: words that stand for it here}; the first is
        what it starts by itself."""
        home = self._directory / container["name"]
        (home / "root").mkdir(parents=True)
        # Who is to look into it is nobody that the machine knows.
        self._directory.chmod(0o755)
        words = [*container.get("command", [next(iter(image))]), *container.get("args", [])]
        security = container["securityContext"]
        spec = home / "container.json"
        spec.write_text(json.dumps({
            "root": str(home / "root"), "command": [*image[words[0]], *words[1:]],
            "mounts": [[str(self.volumes[mount["name"]]), mount["mountPath"], mount.get("readOnly", False)]
                       for mount in container.get("volumeMounts") or []],
            "read_only": security["readOnlyRootFilesystem"], "environment": self._environment(container),
            "user": security["runAsUser"], "group": security["runAsGroup"],
            "services": [item["metadata"]["name"] for item in self._objects if item["kind"] == "Service"]}))
        return ["unshare", "--mount", sys.executable, __file__, spec]


class Service:
    """What a cluster's network does for a Service: each connection to its port goes on to the port of a pod."""

    def __init__(self, port, target):
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        # Ends when it is closed.
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client):
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            back = threading.Thread(target=self._carry, args=(server, client), daemon=True)
            back.start()
            self._carry(client, server)
            back.join()

    @staticmethod
    def _carry(source, destination):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                destination.sendall(data)
        with contextlib.suppress(OSError):
            destination.shutdown(socket.SHUT_WR)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def _bind(source, inside, read_only):
    _mount("--rbind", source, inside)
    if read_only:
        _mount("-o", "remount,bind,ro", inside)


def _make_root(spec):
    root = pathlib.Path(spec["root"])
    _mount("-t", "tmpfs", "-o", "mode=755", "root", root)
    for path in SYSTEM:
        inside = root / path.lstrip("/")
        inside.parent.mkdir(exist_ok=True)
        if os.path.islink(path):
            inside.symlink_to(os.readlink(path))
        elif os.path.isdir(path):
            inside.mkdir()
            _bind(path, inside, False)
        else:
            inside.touch()
            _bind(path, inside, False)
    (root / "etc").mkdir()
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost {' '.join(spec['services'])}\n")
    for source, path, read_only in spec["mounts"]:
        inside = root / path.lstrip("/")
        inside.mkdir(parents=True, exist_ok=True)
        _bind(source, inside, read_only)
    program = root / spec["command"][0].lstrip("/")
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        program.touch()
        _bind(spec["command"][0], program, True)
    if spec["read_only"]:
        _mount("-o", "remount,bind,ro", root)


def _become(spec):
    """Ends as the container's program: as the user that the pod says, where we may choose, and without any
    capability."""
    _make_root(spec)
    os.chroot(spec["root"])
    os.chdir("/")
    as_user = []
    if os.environ[INSIDE] == "root":
        as_user = [f"--reuid={spec['user']}", f"--regid={spec['group']}", "--clear-groups"]
    os.execve("/usr/bin/setpriv", ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", *as_user,
                                   *spec["command"]], spec["environment"])


if __name__ == "__main__":
    _become(json.loads(pathlib.Path(sys.argv[1]).read_text()))
