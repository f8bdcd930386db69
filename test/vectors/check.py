"""Checks the vectors of this folder with Google's protobuf for Python: `python3 check.py`.

Every `# json:` value is encoded and compared with the bytes, and the bytes are decoded and compared
with the value. Needs the packages `protobuf` and, for want of `protoc`, `grpcio-tools`.
"""

import base64
import importlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from google.protobuf import json_format
from google.protobuf.message import DecodeError

HERE = pathlib.Path(__file__).resolve().parent
PROTO = HERE.parent.parent / "proto"


def load_frame():
    out = tempfile.mkdtemp(prefix="leat-vectors-")
    arguments = [f"-I{PROTO}", f"--python_out={out}", "leat/v1/leat.proto"]
    protoc = shutil.which("protoc")
    command = [protoc] if protoc else [sys.executable, "-m", "grpc_tools.protoc"]
    subprocess.run(command + arguments, check=True)
    sys.path.insert(0, out)
    frame = importlib.import_module("leat.v1.leat_pb2").Frame
    shutil.rmtree(out)
    return frame


def varint(value):
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def split(delimited):
    """The bytes of one message behind its length."""
    length = shift = at = 0
    while True:
        byte = delimited[at]
        length |= (byte & 127) << shift
        at += 1
        shift += 7
        if byte < 128:
            break
    assert len(delimited) == at + length, f"{len(delimited) - at} bytes after a length of {length}"
    return delimited[at:]


def check(Frame, paragraph):
    """Returns how many vectors the paragraph is: 0 or 1."""
    lines = paragraph.split("\n")
    tags = dict(re.findall(r"^# (json|form|error|payload): *(.*)$", paragraph, re.M))
    length, _, byte = tags.get("payload", "0 bytes 00").split(" ")
    payload = bytes.fromhex(byte) * int(length)
    text = "".join(line.split("#")[0] for line in lines).replace("..", payload.hex())
    delimited = bytes.fromhex(text)
    if "json" not in tags:
        return 0
    text = tags["json"].replace('".."', json.dumps(base64.b64encode(payload).decode()))
    value = json_format.ParseDict(json.loads(text), Frame())
    decoded = Frame.FromString(split(delimited))
    decoded.DiscardUnknownFields()
    assert decoded == value, f"decoded {decoded!r}, not {value!r}"
    if tags.get("form") != "other":
        encoded = value.SerializeToString(deterministic=True)
        encoded = varint(len(encoded)) + encoded
        assert encoded == delimited, f"encoded {encoded.hex()}, not {delimited.hex()}"
    return 1


def main():
    Frame = load_frame()
    checked = 0
    for path in sorted(HERE.glob("*.hex")):
        for paragraph in re.split(r"\n\s*\n", path.read_text("utf8").strip()):
            try:
                checked += check(Frame, paragraph)
            except (AssertionError, DecodeError, ValueError, IndexError) as error:
                sys.exit(f"{path.name}: {error}\n{paragraph}")
    print(f"{checked} vectors agree")


main()
