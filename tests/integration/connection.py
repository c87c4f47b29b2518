"""A raw HTTP/1.1 client."""

import socket
import struct


class Connection:
    """A raw HTTP/1.1 client connection, so that requests can be pipelined, cut and malformed."""

    def __init__(self, port, timeout=60, source="127.0.0.1"):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout, (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = self.socket.makefile("rb", 256 * 1024)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.socket.sendall(data)

    def get(self, path):
        """The status of one GET; 0 when the connection ended without an answer."""
        try:
            self.send(b"GET %s HTTP/1.1\r\nHost: test\r\n\r\n" % path.encode())
            return self.response("GET")[0]
        except (OSError, EOFError):
            return 0

    def response(self, method):
        """(status, headers, body) of the next answer that is not 1xx. EOFError when it is cut off."""
        status, headers = self._head()
        while 100 <= status < 200:
            status, headers = self._head()
        if method == "HEAD" or status in (204, 304):
            return status, headers, b""
        if headers.get("transfer-encoding") == "chunked":
            return status, headers, b"".join(iter(self._chunk, b""))
        return status, headers, self._exactly(int(headers["content-length"]))

    def close(self):
        self._reader.close()
        self.socket.close()

    def reset(self):
        """Closes with a reset instead of an orderly end."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def _head(self):
        status = int(self._line().split(b" ")[1])
        headers = {}
        while line := self._line():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return status, headers

    def _chunk(self):
        size = int(self._line(), 16)
        chunk = self._exactly(size)
        self._line()
        return chunk

    def _line(self):
        line = self._reader.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError(f"the answer is cut off after {line!r}")
        return line[:-2]

    def _exactly(self, size):
        data = self._reader.read(size)
        if len(data) != size:
            raise EOFError(f"the answer is cut off: {len(data)} of {size} bytes")
        return data
