"""Ports for servers that must be told theirs. One that was given stays its test's until that test's process ends: no
other test is given it, and the kernel gives it to nobody, as it is below those of outgoing connections."""

import fcntl
import os
import pathlib
import random
import socket
import tempfile

_RANGE = range(12_000, 32_000)
# One byte of it is one port; who holds the lock on the byte has the port.
_FILE = pathlib.Path(tempfile.gettempdir(), f"sidelight-test-ports-{os.geteuid()}")
_held = None
_given = set()


def _reserved(port):
    global _held
    if _held is None:
        _held = open(_FILE, "ab")  # Never closed: with it would go all locks of this process.
    try:
        fcntl.lockf(_held, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def free_port():
    """A port of 127.0.0.1 at which nobody listens, and will not unless this process or its children do."""
    while True:
        port = random.choice(_RANGE)
        if port in _given or not _reserved(port):
            continue
        _given.add(port)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue  # Somebody's who asked nobody.
        return port
