#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Verifies a gradstep checkpoint and prints each array's name, dtype, shape and first numbers.
It knows the format from docs/checkpoints.md alone. Usage: read_checkpoint.py FILE"""

import json
import math
import struct
import sys
import zlib

CODES = {"F64": "d", "F32": "f", "F16": "e", "BF16": "H", "U8": "B", "U16": "H", "U32": "I"}


def numbers(dtype, data):
    values = struct.unpack(f"<{len(data) // struct.calcsize(CODES[dtype])}{CODES[dtype]}", data)
    if dtype != "BF16":
        return values
    return [struct.unpack("<f", struct.pack("<I", bits << 16))[0] for bits in values]


def main(path):
    with open(path, "rb") as file:
        content = file.read()
    begin = 8 + struct.unpack_from("<Q", content)[0]
    header = json.loads(content[8:begin])
    metadata = header.pop("__metadata__")
    zeroed = content[:50] + b"00000000" + content[58:begin]
    assert metadata["gradstep.header_crc32"] == f"{zlib.crc32(zeroed):08x}", "header"
    checksums, end = metadata["gradstep.crc32"].split(), begin
    for (name, entry), checksum in zip(header.items(), checksums, strict=True):
        data = content[begin + entry["data_offsets"][0]:begin + entry["data_offsets"][1]]
        assert begin + entry["data_offsets"][0] == end, name
        assert checksum == f"{zlib.crc32(data):08x}", name
        values, end = numbers(entry["dtype"], data), end + len(data)
        assert len(values) == math.prod(entry["shape"]), name
        print(name, entry["dtype"], entry["shape"], *values[:4])
    assert end == len(content), "bytes after the last array"
    print(f"{len(header)} arrays, all checksums agree")


if __name__ == "__main__":
    main(sys.argv[1])
