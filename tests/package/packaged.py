"""The release tree under test: $SIDELIGHT_TREE, or one that is made of the program that ctest built ($SIDELIGHT)."""

import atexit
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77
sys.path.insert(0, str(ROOT / "tests" / "integration"))


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def make(output, **environment):
    """Packages $SIDELIGHT into the folder `output`; gives the tree."""
    done = subprocess.run([ROOT / "script" / "package", "--program", os.environ["SIDELIGHT"], "--output", output],
                          capture_output=True, text=True, check=False, env={**os.environ, **environment})
    if done.returncode != 0:
        raise AssertionError(f"script/package failed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return next(path for path in pathlib.Path(output).iterdir() if path.is_dir())


def tree():
    if os.environ.get("SIDELIGHT_TREE"):
        return pathlib.Path(os.environ["SIDELIGHT_TREE"])
    if not os.environ.get("SIDELIGHT"):
        sys.exit("SIDELIGHT must name a program, or SIDELIGHT_TREE a release tree; ctest sets the first")
    if os.environ.get("SIDELIGHT_SANITIZE"):
        skip("a program with sanitizers in it is never packaged")
    folder = tempfile.TemporaryDirectory(prefix="sidelight-package-")
    atexit.register(folder.cleanup)
    return make(folder.name)
