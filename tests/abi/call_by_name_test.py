#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the functions that gradstep_call knows with gradstep.json: none is missing, and each has
the number of arguments that the header says.

Usage: call_by_name_test.py DESCRIPTION LIBRARY"""
import ctypes
import json
import pathlib
import sys

INVALID_ARGUMENT, UNKNOWN_NAME = 1, 2


def sentence_of(library, name, argument_count):
    sentence = ctypes.create_string_buffer(4096)
    status = library.gradstep_call(name.encode(), None, ctypes.c_size_t(argument_count), sentence,
                                   ctypes.c_size_t(len(sentence)))
    return status, sentence.value.decode()


def main():
    description = json.loads(pathlib.Path(sys.argv[1]).read_text())
    library = ctypes.CDLL(sys.argv[2])
    wrong, known_count = [], 0
    for function in description["functions"]:
        name, count = function["name"], len(function["arguments"])
        is_known = function["returns"] == "gradstep_status" and name != "gradstep_call"
        known_count += is_known
        got = sentence_of(library, name, count + 1)
        if is_known:
            wanted = f"argument_count = {count + 1}, but {name} has {count} arguments"
            if got != (INVALID_ARGUMENT, wanted):
                wrong.append((name, got))
        elif got[0] != UNKNOWN_NAME:
            wrong.append((name, got))
    for each in wrong:
        print(*each)
    print(f"{known_count} functions")
    sys.exit(1 if wrong or known_count < 60 else 0)


if __name__ == "__main__":
    main()
