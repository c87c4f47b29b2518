"""A backend that does on demand what backends do on bad days."""

import socket
import struct
import threading
import time

from ports import free_port


class Misbehaving:
    """A backend whose behaviour the path asks for, as its last segment:

    status-503     that status
    slow-300       "ok" after so many milliseconds
    silent         reads and never answers
    held           "ok" once `release` is set
    close-before   closes instead of answering; reset-before resets
    close-within   closes after a part of the answer; reset-within resets
    head-bytes     the size of the request's head, as the body
    anything else  "ok"

    A connection whose first byte is not a capital letter is echoed instead. `unanswered` are the paths of the silent
    requests that came in. Once it is closed, nobody listens at its port.
    """

    def __init__(self):
        self.unanswered = []
        self.release = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", free_port()), backlog=1024)
        self.port = self._listener.getsockname()[1]
        self.upstream = f"127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.release.set()
        if self._listener.fileno() < 0:
            return  # The test itself has closed it.
        # shutdown() also wakes the thread in accept(), which close() alone does not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, connection.makefile("rb") as reader:
            try:
                if not reader.peek(1)[:1].isupper():
                    while data := reader.read1(65536):
                        connection.sendall(data)
                    connection.shutdown(socket.SHUT_WR)
                    return
                while (head := read_head(reader)) and self._answer(connection, head):
                    pass
            except OSError:
                pass  # The other side went away, as some tests want.

    def _answer(self, connection, head):
        path = head.split(b" ", 2)[1].decode()
        wanted, _, argument = path.rsplit("/", 1)[1].partition("-")
        if wanted == "silent":
            self.unanswered.append(path)
            connection.recv(1)
            return False
        if wanted in ("close", "reset"):
            if argument == "within":
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\npart")
                time.sleep(0.1)  # A reset may overtake what was written just before it.
            if wanted == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if wanted == "held":
            self.release.wait()
        if wanted == "slow":
            time.sleep(int(argument) / 1000)
        status = int(argument) if wanted == "status" else 200
        body = str(len(head)).encode() if wanted == "head" else b"ok"
        connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))
        return True


def read_head(reader):
    """A request head without a body; b"" at the end."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = reader.readline()
        if not line:
            return b""
        head += line
    return head
