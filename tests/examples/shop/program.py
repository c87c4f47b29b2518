"""The programs of examples/shop: imported for their functions, started for what they do."""

import importlib.util
import pathlib
import signal
import subprocess
import sys

SHOP = pathlib.Path(__file__).resolve().parents[3] / "examples" / "shop"
sys.path.insert(0, str(SHOP))  # where they find each other
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))


def load_module(name):
    spec = importlib.util.spec_from_file_location(name, SHOP / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(name, *flags):
    return subprocess.run([sys.executable, SHOP / f"{name}.py", *flags], capture_output=True, text=True, timeout=120)


class RunningShop:
    """A shop on a free port; a context manager that stops it and holds the exit code."""

    def __init__(self, *flags):
        self._flags = flags

    def __enter__(self):
        self._process = subprocess.Popen([sys.executable, SHOP / "shop.py", "--port", "0", *self._flags],
                                         stdout=subprocess.PIPE, text=True)
        self.port = int(self._process.stdout.readline().rsplit(":", 1)[1])
        return self

    def __exit__(self, *_):
        self._process.send_signal(signal.SIGTERM)
        self.exit_code = self._process.wait(timeout=60)
        self._process.stdout.close()
