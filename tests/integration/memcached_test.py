#!/usr/bin/python3
"""In front of a real memcached, Sidelight counts the hits and misses that memcached counts: neither one more nor one
less, whatever the commands and both protocols."""

import random
import socket
import struct
import threading

import harness

COMMANDS = 100_000
THREADS = 4
KEYS = 400
REQUEST = struct.Struct(">BBHBBHIIQ")

# Opcodes of the binary protocol.
GET, SET, ADD, REPLACE, DELETE, INCREMENT, DECREMENT, NOOP, VERSION, GETQ, GETK, GETKQ, APPEND, PREPEND = (
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x0B, 0x09, 0x0C, 0x0D, 0x0E, 0x0F)
STAT, SETQ, ADDQ, REPLACEQ, DELETEQ, INCREMENTQ, DECREMENTQ, APPENDQ, PREPENDQ, TOUCH, GAT, GATQ, UNKNOWN = (
    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x19, 0x1A, 0x1C, 0x1D, 0x1E, 0x7E)


class Client:
    """A connection that writes commands in batches, each with a barrier behind it, and waits for the barrier's answer.
    No value contains what the barrier answers."""

    def __init__(self, port, barrier, answer):
        self._socket = socket.create_connection(("127.0.0.1", port), 60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._barrier = barrier
        self._answer = answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def batch(self, commands):
        """All that was answered before the barrier."""
        sender = threading.Thread(target=self._socket.sendall, args=(b"".join(commands) + self._barrier,))
        sender.start()
        answered = bytearray()
        while not answered.endswith(self._answer):
            piece = self._socket.recv(1 << 18)
            if not piece:
                raise AssertionError(f"memcached closed the connection after {bytes(answered[-300:])!r}")
            answered += piece
        sender.join()
        return bytes(answered)


def text_client(port):
    return Client(port, b"mn\r\n", b"MN\r\n")


def binary_client(port):
    return Client(port, packet(NOOP, opaque=0xFEEDBEEF), REQUEST.pack(0x81, NOOP, 0, 0, 0, 0, 0, 0xFEEDBEEF, 0))


def packet(opcode, key=b"", value=b"", extras=b"", opaque=0):
    length = len(extras) + len(key) + len(value)
    return REQUEST.pack(0x80, opcode, len(key), len(extras), 0, 0, length, opaque, 0) + extras + key + value


def some_key(rng):
    return b"%s:%d" % (rng.choice((b"user", b"order", b"session")), rng.randrange(KEYS))


def some_value(rng):
    kind = rng.randrange(100)
    if kind < 20:
        return b"%d" % rng.randrange(1 << 31)
    if kind < 98:
        return b"x" * rng.randrange(200)
    return b"y" * rng.randrange(40_000)


def text_command(rng):
    key = some_key(rng)
    value = some_value(rng)
    noreply = rng.choice((b"", b"", b" noreply"))
    # What tells quiet commands apart, to a client as to us.
    unique = rng.randrange(1 << 40)
    kind = rng.randrange(100)
    if kind < 35:
        keys = b" ".join(some_key(rng) for _ in range(rng.choice((1, 1, 1, 2, 5, 20))))
        return rng.choice((b"get ", b"gets ")) + keys + b"\r\n"
    if kind < 40:
        return rng.choice((b"gat 100 ", b"gats 0 ")) + key + b" " + some_key(rng) + b"\r\n"
    if kind < 55:
        flags = rng.choice((b"", b" v", b" v k", b" s v t", b" v q k O%d" % unique, b" q O%d" % unique, b" v c f O7"))
        return b"mg " + key + flags + b"\r\n"
    if kind < 70:
        name = rng.choice((b"set", b"set", b"add", b"replace", b"append", b"prepend"))
        return b"%s %s 0 0 %d%s\r\n%s\r\n" % (name, key, len(value), noreply, value)
    if kind < 73:
        return b"cas %s 0 0 %d %d%s\r\n%s\r\n" % (key, len(value), rng.randrange(9), noreply, value)
    if kind < 80:
        return b"delete %s%s\r\n" % (key, noreply)
    if kind < 84:
        return b"%s %s 1%s\r\n" % (rng.choice((b"incr", b"decr")), key, noreply)
    if kind < 87:
        return b"touch %s 0%s\r\n" % (key, noreply)
    if kind < 90:
        return b"ms %s %d%s\r\n%s\r\n" % (key, len(value), rng.choice((b"", b" q O%d" % unique, b" ME")), value)
    if kind < 93:
        kind = rng.choice((b"md %s", b"md %s q O%d", b"ma %s", b"ma %s v", b"ma counter%s q O%d", b"me %s"))
        return kind % ((key, unique) if b"%d" in kind else (key,)) + b"\r\n"
    return rng.choice((
        b"version\r\n", b"stats\r\n", b"stats items\r\n", b"verbosity 1\r\n", b"nonsense %s\r\n" % key, b"\r\n", b"get\r\n",
        b"set %s 0 0 x\r\n" % key, b"set %s 0 0 -1\r\n" % key, b"set %s 0 0\r\n" % key, b"mg\r\n", b"ms %s\r\n" % key,
        b"get " + b" ".join(some_key(rng) for _ in range(300)) + b"\r\n",
        b"set %s 0 0 1200000\r\n%s\r\n" % (key, b"z" * 1_200_000) if rng.random() < 0.05 else b"version\r\n",
    ))


def binary_command(rng):
    key = some_key(rng)
    value = some_value(rng)
    opaque = rng.randrange(1 << 32)
    kind = rng.randrange(100)
    if kind < 60:
        opcode = rng.choice((GET, GET, GETK, GETQ, GETKQ, GETKQ))
        return packet(opcode, key, opaque=opaque)
    if kind < 65:
        return packet(rng.choice((GAT, GATQ)), key, extras=struct.pack(">I", 100), opaque=opaque)
    if kind < 80:
        opcode = rng.choice((SET, SET, ADD, REPLACE, SETQ, SETQ, ADDQ, REPLACEQ))
        return packet(opcode, key, value, struct.pack(">II", 0, 0), opaque)
    if kind < 83:
        return packet(rng.choice((APPEND, PREPEND, APPENDQ, PREPENDQ)), key, value, opaque=opaque)
    if kind < 90:
        return packet(rng.choice((DELETE, DELETEQ)), key, opaque=opaque)
    if kind < 95:
        opcode = rng.choice((INCREMENT, DECREMENT, INCREMENTQ, DECREMENTQ))
        return packet(opcode, key, extras=struct.pack(">QQI", 1, 1, rng.choice((0, 0xFFFFFFFF))), opaque=opaque)
    if kind < 97:
        return packet(TOUCH, key, extras=struct.pack(">I", 0), opaque=opaque)
    return packet(rng.choice((VERSION, NOOP, STAT, UNKNOWN)), opaque=opaque)


def drive(port, seed, commands, errors):
    """Sends that many commands in batches of many sizes, each over one of the two protocols."""
    rng = random.Random(seed)
    try:
        while commands:
            client, command = rng.choice(((text_client, text_command), (binary_client, binary_command)))
            with client(port) as connection:
                for _ in range(40):
                    size = min(commands, rng.choice((1, 1, 2, 10, 50)))
                    connection.batch([command(rng) for _ in range(size)])
                    commands -= size
    except Exception as error:  # Whatever it is, the test's own thread has to hear of it.
        errors.append(f"seed {seed}: {error!r}")


def drive_in_threads(port):
    errors = []
    threads = [threading.Thread(target=drive, args=(port, seed, COMMANDS // THREADS, errors)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise AssertionError(errors)


def stats(port):
    with text_client(port) as connection:
        lines = connection.batch([b"stats\r\n"]).decode().splitlines()
    return {line.split()[1]: line.split()[2] for line in lines if line.startswith("STAT ")}


class MemcachedTest(harness.IntegrationTest):
    def test_hits_and_misses_are_those_of_memcached(self):
        memcached = self.memcached()
        tap = {"name": "cache", "protocol": "memcached", "upstream": f"127.0.0.1:{memcached}",
               "keyspaces": ["user:*", "order:*"]}
        sidelight = self.sidelight(tap)
        drive_in_threads(sidelight.port)

        told = stats(memcached)
        metrics = sidelight.scrape_when_idle()
        self.assertEqual(metrics.sum_by("sidelight_tap_opaque_total", "reason"), {})
        self.assertEqual(metrics.sum("sidelight_tap_exchanges_unobserved_total"), 0)

        def count(result, *operations):
            return sum(metrics.sum("cache_requests_total", cache_system="memcached", cache_operation=operation,
                                   cache_result=result) for operation in operations)

        looked_up = ("get", "gets", "mg")
        self.assertEqual((count("hit", *looked_up), count("miss", *looked_up)),
                         (int(told["get_hits"]), int(told["get_misses"])))
        self.assertGreater(int(told["get_hits"]), 10_000)
        self.assertGreater(int(told["get_misses"]), 10_000)
        self.assertGreater(count("hit", "gat", "gats"), 100)
        operations = {key for (key,) in metrics.sum_by("cache_requests_total", "cache_operation")}
        self.assertEqual(operations, {"get", "gets", "gat", "gats", "mg"})
        # Pings and the like aside, each command was an exchange: a batch has one barrier more.
        self.assertGreaterEqual(metrics.sum("sidelight_tap_exchanges_total"), COMMANDS)


if __name__ == "__main__":
    harness.main()
