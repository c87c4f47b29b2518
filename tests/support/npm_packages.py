"""Packages of npm that tests use, as a lock file names them. Without npm or a registry the test that asks for them
ends as skipped, and says why."""

import fcntl
import filecmp
import hashlib
import shutil
import subprocess
import sys

# What ctest takes for a test that was skipped; each CMakeLists.txt with such tests names it too.
SKIPPED = 77
_PATIENCE = 200  # seconds
# What npm says when the registry is what is missing, and not one of our files wrong.
_UNREACHABLE = ("EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "ETIMEDOUT", "ERR_SOCKET_TIMEOUT", "EHOSTUNREACH",
                "ENETUNREACH", "ENOTCACHED", "UNABLE_TO_GET_ISSUER_CERT", "SELF_SIGNED_CERT", "E401", "E403", "E502", "E503")


def skip(reason):
    print(f"skipped: {reason}", flush=True)
    sys.exit(SKIPPED)


def _bring(file, to):
    """Whoever runs a script that is there already sees the old one or the new one, and never a part."""
    if to.exists() and filecmp.cmp(file, to, shallow=False):
        return
    half = to.with_name(f"{to.name}.new")
    shutil.copy(file, half)
    half.replace(to)


def install(source, home):
    """Copies the folder `source`, which has a lock file, to `home` and brings its packages there; once for all tests
    of a build."""
    if not shutil.which("npm"):
        skip("there is no npm; script/bootstrap installs it")
    home.mkdir(parents=True, exist_ok=True)
    with open(home / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()
        done = home / "installed"
        for file in source.iterdir():
            _bring(file, home / file.name)
        if done.exists() and done.read_text() == wanted:
            return
        try:
            ended = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1",
                                    "--fetch-timeout=20000"], cwd=home, capture_output=True, text=True,
                                   timeout=_PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            skip(f"npm ci has not got all packages from a registry within {_PATIENCE} s")
        if ended.returncode:
            why = [line for line in ended.stderr.splitlines() if any(word in line for word in _UNREACHABLE)]
            if why:
                skip(f"npm ci reaches no registry: {why[0]}")
            sys.exit(f"npm ci failed:\n{ended.stderr}")
        done.write_text(wanted)
