"""Clients of node's world that the tests drive through a tap. The packages go to $SIDELIGHT_CLIENTS, a folder of the
build; without npm or a registry a test ends as skipped, and says why."""

import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import npm_packages  # noqa: E402

SCRIPTS = pathlib.Path(__file__).resolve().parent / "clients"


def install():
    """Brings the packages of the lock file and our scripts to where they run."""
    npm_packages.install(SCRIPTS, pathlib.Path(os.environ["SIDELIGHT_CLIENTS"]))


def run(script, *arguments, timeout=600):
    """What the script prints, which is JSON."""
    home = os.environ["SIDELIGHT_CLIENTS"]
    ended = subprocess.run(["node", f"{home}/{script}", *map(str, arguments)], capture_output=True, text=True,
                           timeout=timeout, check=False)
    if ended.returncode:
        raise AssertionError(f"{script} {arguments} ended with {ended.returncode}:\n{ended.stderr[-3000:]}")
    return json.loads(ended.stdout)
