#!/usr/bin/env python3
"""A small leat client. It was written from docs/protocol.md and uses only the standard library.

leat_client.py HOST:PORT list [PATH]
leat_client.py HOST:PORT get REMOTE LOCAL
leat_client.py HOST:PORT put LOCAL REMOTE
"""

import contextlib
import io
import os
import socket
import sys
import zlib

BLOCK = 1 << 20  # no Data crosses a multiple of this
MAX_FRAME = BLOCK + 1024
WINDOW = 1 << 20  # bytes of a download that the server may send ahead

# Numbers of the schema: bodies of Frame, operations of Request and Response.
DATA, CREDIT, REQUEST, RESPONSE, FINISH, RECEIPT, FAILURE = range(2, 9)
PING, PONG, HELLO, WELCOME = range(11, 15)
BODIES = range(2, 16)
LIST, GET, PUT = 1, 3, 4


class LeatError(Exception): ...


class Fixed32(int): ...


def varint(value):
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def read_varint(source):
    value = shift = 0
    while True:
        byte = read_all(source, 1)[0]
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value


def encode(*fields):
    """A message of (number, value): Fixed32, int (a varint), str or bytes; None is left out."""
    out = b""
    for number, value in fields:
        if isinstance(value, Fixed32):
            out += varint(number << 3 | 5) + value.to_bytes(4, "little")
        elif isinstance(value, int):
            out += varint(number << 3 | 0) + varint(value)
        elif value is not None:
            value = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


class Message(dict):
    """A decoded message: {number: [values]}. Values are integers or bytes. Fields are in the order of their last values."""

    def __init__(self, data):
        source = io.BytesIO(data or b"")
        while source.tell() < len(source.getbuffer()):
            tag = read_varint(source)
            self[tag >> 3] = [*self.pop(tag >> 3, []), self.value(source, tag & 7)]

    def value(self, source, kind):
        if kind == 0:
            return read_varint(source)
        if kind in (1, 5):
            return int.from_bytes(read_all(source, 8 if kind == 1 else 4), "little")
        if kind == 2:
            return read_all(source, read_varint(source))
        if kind != 3:
            raise LeatError("a message came that is not valid protobuf")
        # An old protobuf group. leat has none, so it is skipped up to its end.
        while (inner := read_varint(source) & 7) != 4:
            self.value(source, inner)

    def one(self, number, default=0):
        return self[number][-1] if number in self else default


def read_all(file, count):
    data = file.read(count)
    if len(data) < count:
        raise LeatError(f"{len(data)} bytes came where {count} were expected")
    return data


class Client:
    """A connection that does one operation at a time."""

    def __init__(self, host, port):
        self.socket = socket.create_connection((host, port), timeout=60)
        self.input, self.stream = self.socket.makefile("rb"), 0
        hello = (1, Fixed32(0x7461656C)), (2, 1), (3, 1), (6, WINDOW), (7, MAX_FRAME), (8, "leat-python/1")
        self.send(0, HELLO, *hello)
        welcome = self.frame(WELCOME)[1]
        self.max_frame, self.upload_window = welcome.one(5) or MAX_FRAME, welcome.one(6)

    def close(self):
        self.socket.shutdown(socket.SHUT_WR)
        self.input.read()
        self.socket.close()

    def send(self, stream, body, *fields):
        frame = encode((1, stream), (body, encode(*fields)))
        self.socket.sendall(varint(len(frame)) + frame)

    def frame(self, *wanted):
        """The next frame of the open stream, as (body, message). Answers Ping meanwhile."""
        while True:
            size = read_varint(self.input)
            if size > MAX_FRAME:
                raise LeatError(f"a frame of {size} bytes came")
            frame = Message(read_all(self.input, size))
            # Unknown fields are skipped. If there are several bodies, the last one counts.
            stream, body = frame.one(1), next((field for field in reversed(frame) if field in BODIES), 0)
            if body == FAILURE and stream in (0, self.stream):
                failure = Message(frame.one(FAILURE))
                raise LeatError(f"failure {failure.one(1)}: {failure.one(2, b'').decode()}")
            if body == PING:
                self.send(0, PONG, (1, Message(frame.one(PING)).one(1)))
            elif stream == self.stream and (stream, body) != (0, 0):
                if body not in wanted:
                    raise LeatError(f"body {body} came where one of {wanted} was expected")
                return body, Message(frame.one(body))

    def request(self, operation, *fields):
        self.stream += 1
        self.send(self.stream, REQUEST, (operation, encode(*fields)))

    def list(self, path=""):
        cursor = ""
        while cursor is not None:
            self.request(LIST, (1, path), (2, cursor or None))
            for entry in map(Message, Message(self.frame(RESPONSE)[1].one(LIST)).get(1, [])):
                yield entry.one(1).decode(), entry.one(2) == 2, entry.one(3)
            cursor = self.frame(FINISH)[1].one(4, None)

    def get(self, path, write):
        """Calls write(bytes) for each Data. The file is whole only after this function has returned its size."""
        self.request(GET, (1, path))
        answer = Message(self.frame(RESPONSE)[1].one(GET))
        offset, size, block, whole = answer.one(2), answer.one(3), 0, 0
        while True:
            body, message = self.frame(DATA, FINISH)
            if body == FINISH:
                break
            payload = message.one(3, b"")
            if message.one(1) != offset:
                raise LeatError(f"data at {message.one(1)} came where {offset} was next")
            offset, whole, block = offset + len(payload), zlib.crc32(payload, whole), zlib.crc32(payload, block)
            if 2 in message or offset % BLOCK == 0:
                if message.one(2, None) != block:
                    raise LeatError(f"the block before {offset} arrived damaged")
                block = 0
            write(payload)
            self.send(self.stream, CREDIT, (1, len(payload)))
        if (message.one(1, None), message.one(2, None)) != (size, whole):
            raise LeatError("the whole arrived damaged")
        return size

    def put(self, file, path, size):
        """Uploads `size` bytes of an open file. Returns the size and CRC that the receipt has."""
        self.request(PUT, (1, path), (2, os.urandom(16)), (3, size))
        credit, offset, block, whole = self.upload_window, 0, 0, 0
        while offset < size:
            while credit == 0:
                body, message = self.frame(CREDIT, RESPONSE)
                credit += message.one(1) if body == CREDIT else 0
            end = min(size, offset - offset % BLOCK + BLOCK)
            payload = read_all(file, min(credit, end - offset, BLOCK // 4, self.max_frame - 64))
            block, whole = zlib.crc32(payload, block), zlib.crc32(payload, whole)
            ends = offset + len(payload) == end
            self.send(self.stream, DATA, (1, offset), (2, Fixed32(block) if ends else None), (3, payload))
            offset, credit, block = offset + len(payload), credit - len(payload), 0 if ends else block
        self.send(self.stream, FINISH, (1, size), (2, Fixed32(whole)))
        body = 0
        while body != RECEIPT:
            body, message = self.frame(CREDIT, RESPONSE, RECEIPT)
        entry, crc, skipped = Message(message.one(1)), message.one(2), message.one(6)
        if (entry.one(3), crc, skipped) != (size, whole, 0):
            raise LeatError(f"the receipt is not of what was sent: {entry.one(3)} bytes, crc32 {crc:08x}")
        return size, crc


def main(address, command, *names):
    client = Client(*address.rsplit(":", 1))
    if command == "list":
        for name, is_folder, size in client.list(*names):
            print(f"{name}/" if is_folder else f"{name}\t{size}")
    elif command == "get":
        part = names[1] + ".part"
        try:
            with open(part, "wb") as file:
                size = client.get(names[0], file.write)
            os.replace(part, names[1])
        except BaseException:
            with contextlib.suppress(OSError):
                os.remove(part)
            raise
        print(f"{size} bytes")
    elif command == "put":
        with open(names[0], "rb") as file:
            size, crc = client.put(file, names[1], os.fstat(file.fileno()).st_size)
        print(f"{size} bytes, crc32 {crc:08x}")
    client.close()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:]) if len(sys.argv) > 2 else sys.exit(__doc__)
    except (LeatError, OSError) as error:
        sys.exit(f"leat_client: {error}")
