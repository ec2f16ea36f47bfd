# SPDX-License-Identifier: Apache-2.0
"""Reads lib/gradstep.map, the list of the functions that the library exports."""

import pathlib
import re

PATH = pathlib.Path(__file__).resolve().parents[2] / "lib/gradstep.map"


def read(text):
    """{function: its symbol version}"""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return {name: version
            for version, block in re.findall(r"(GRADSTEP_[0-9.]+)\s*\{(.*?)\}", text, re.DOTALL)
            for name in re.findall(r"\w+(?=;)", block)}


def exported_functions():
    return read(PATH.read_text())
