#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when an object of the library has an instruction beyond its instruction set. That of a
kernels' object is in its name. All other objects have that of every x86-64 CPU.

Usage: instruction_sets_test.py OBJDUMP OBJECT..."""

import collections
import re
import subprocess
import sys

LEVEL = re.compile(r"gradstep_kernels_(\w+)\.dir")
INSTRUCTION = re.compile(r"^\s+[0-9a-f]+:\s+(?:(?:rep\w*|lock|notrack|data16|cs|ds|bnd) )*(\S+)[ \t]*(.*)$")

# Instructions of SSE3 up to SSE4.2, of BMI and of others that x86-64-v1 lacks.
LATER_THAN_SSE2 = (
    "addsubp[sd]|hadd(p[sd])|hsubp[sd]|movs[hl]dup|movddup|lddqu|fisttp\\w*"
    "|pshufb|ph(add|sub)\\w+|pmaddubsw|pmulhrsw|psign[bwd]|pabs[bwd]|palignr"
    "|p?blend\\w+|dpp[sd]|round[ps][sd]|ptest|pmuld[q]|pmulld|pextr[bdq]|pinsr[bdq]|insertps"
    "|extractps|packusdw|pmin(sb|sd|uw|ud)|pmax(sb|sd|uw|ud)|pmov[sz]x\\w+|pcmpeqq|pcmpgtq"
    "|pcmp[ei]str[im]|mpsadbw|phminposuw|movntdqa|crc32\\w*|popcnt\\w*|lzcnt\\w*|movbe\\w*"
    # LLVM's objdump writes the operands' size.
    "|(andn|bextr|bls(i|msk|r)|bzhi|mulx|pdep|pext|rorx|s[ah][lr]x)[lq]?"
    "|aes\\w+|pclmul\\w+|sha\\w+rnds\\w*")
WITHIN = {
    # Every instruction whose name begins with v is one of AVX or later; verr and verw are not used.
    "baseline": (re.compile(f"v.*|{LATER_THAN_SSE2}"), None),
    # Registers 16 to 31, zmm and masks are those of AVX-512.
    "avx2": (None, re.compile(r"%zmm|%k[0-7]|%[xy]mm(1[6-9]|2\d|3[01])")),
    "avx512": (None, None),
}


def excess(objdump, path, level):
    """The instructions of an object that its level does not have, with their number."""
    names, operands = WITHIN[level]
    found, count = collections.Counter(), 0
    if not names and not operands:
        return found, count
    run = subprocess.Popen([objdump, "--disassemble", "--no-show-raw-insn", path],
                           stdout=subprocess.PIPE, text=True)
    for line in run.stdout:
        match = INSTRUCTION.match(line)
        if not match:
            continue
        count += 1
        if (names and names.fullmatch(match[1])) or (operands and operands.search(match[2])):
            found[match[1]] += 1
    if run.wait() != 0:
        sys.exit(f"{objdump} failed with {path}")
    return found, count


def main():
    objdump, *objects = sys.argv[1:]
    levels, failures, total = collections.Counter(), 0, 0
    for path in objects:
        level = LEVEL.search(path)
        level = level[1] if level else "baseline"
        levels[level] += 1
        found, count = excess(objdump, path, level)
        total += count
        for name, times in found.most_common(5):
            failures += 1
            print(f"{path} is for {level} and has {name} {times} times")
    if not {"baseline", "avx2", "avx512"} <= set(levels) or total < 100_000:
        sys.exit(f"only {total} instructions of {dict(levels)} were found")
    print(f"{total} instructions of {len(objects)} objects, {failures} beyond their set")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
