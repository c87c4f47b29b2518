"""A server that speaks just enough of PostgreSQL's protocol to answer every simple query with one row, after a while."""

import socketserver
import struct
import threading
import time


def message(kind, body):
    return kind + struct.pack("!i", len(body) + 4) + body


READY = message(b"Z", b"I")
GREETING = message(b"R", struct.pack("!i", 0)) + READY
ROW = (message(b"T", struct.pack("!h", 1) + b"a\0" + struct.pack("!ihihih", 0, 0, 23, 4, -1, 0))
       + message(b"D", struct.pack("!hi", 1, 1) + b"1") + message(b"C", b"SELECT 1\0") + READY)


class TinyPostgres:
    def __init__(self, delay):
        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                (size,) = struct.unpack("!i", self.rfile.read(4))
                self.rfile.read(size - 4)
                self.wfile.write(GREETING)
                while (kind := self.rfile.read(1)) not in (b"", b"X"):
                    (size,) = struct.unpack("!i", self.rfile.read(4))
                    self.rfile.read(size - 4)
                    if kind == b"Q":
                        time.sleep(delay)
                        self.wfile.write(ROW)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # The client is gone, which is what some tests want.

        self._server = Server(("127.0.0.1", 0), Handler)
        self.upstream = "127.0.0.1:%d" % self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


STARTUP = message(b"", struct.pack("!i", 3 << 16) + b"user\0me\0database\0shop\0\0")


def query(text):
    return message(b"Q", text.encode() + b"\0")
