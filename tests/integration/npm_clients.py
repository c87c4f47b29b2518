"""Clients of node's world that the tests drive through a tap. The packages go to $SIDELIGHT_CLIENTS, a folder of the
build; without npm or a registry a test ends as skipped, and says why."""

import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

# What ctest takes for a test that was skipped; CMakeLists.txt names it too.
SKIPPED = 77
SCRIPTS = pathlib.Path(__file__).resolve().parent / "clients"
# What npm says when the registry is what is missing, and not one of our files wrong.
_UNREACHABLE = ("EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "ETIMEDOUT", "ERR_SOCKET_TIMEOUT", "EHOSTUNREACH",
                "ENETUNREACH", "ENOTCACHED", "UNABLE_TO_GET_ISSUER_CERT", "SELF_SIGNED_CERT", "E401", "E403", "E502", "E503")


def _skip(reason):
    print(f"skipped: {reason}", flush=True)
    sys.exit(SKIPPED)


def install():
    """Brings the packages of the lock file and our scripts to where they run; once for all tests of a build."""
    home = pathlib.Path(os.environ["SIDELIGHT_CLIENTS"])
    if not shutil.which("npm"):
        _skip("there is no npm; script/bootstrap installs it")
    home.mkdir(parents=True, exist_ok=True)
    with open(home / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = hashlib.sha256((SCRIPTS / "package-lock.json").read_bytes()).hexdigest()
        done = home / "installed"
        for file in SCRIPTS.iterdir():
            shutil.copy(file, home / file.name)
        if done.exists() and done.read_text() == wanted:
            return
        ended = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1",
                                "--fetch-timeout=20000"], cwd=home, capture_output=True, text=True, timeout=200, check=False)
        if ended.returncode:
            why = [line for line in ended.stderr.splitlines() if any(word in line for word in _UNREACHABLE)]
            if why:
                _skip(f"npm ci reaches no registry: {why[0]}")
            sys.exit(f"npm ci failed:\n{ended.stderr}")
        done.write_text(wanted)


def run(script, *arguments, timeout=200):
    """What the script prints, which is JSON."""
    home = os.environ["SIDELIGHT_CLIENTS"]
    ended = subprocess.run(["node", f"{home}/{script}", *map(str, arguments)], capture_output=True, text=True,
                           timeout=timeout, check=False)
    if ended.returncode:
        raise AssertionError(f"{script} {arguments} ended with {ended.returncode}:\n{ended.stderr[-3000:]}")
    return json.loads(ended.stdout)
