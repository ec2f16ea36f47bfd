#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What adapters/eigen.hpp cannot use does not compile, and the compiler prints the header's reason.

Usage: eigen_refusals_test.py COMPILER INCLUDE_FOLDER..."""

import pathlib
import subprocess
import sys
import tempfile

PRELUDE = """
#include <Eigen/SparseCore>
#include <gradstep/adapters/eigen.hpp>
using namespace Eigen;
using strided = Map<VectorXf, 0, InnerStride<2>>;
using row_major = Matrix<float, Dynamic, Dynamic, RowMajor>;
"""

PROGRAM = """
MatrixXf w(3, 4), g(3, 4);
row_major r(3, 4);
const MatrixXf constant(3, 4);
void test() {{ {statement}; }}
"""

ACCEPTED = [
    "gradstep::eigen_tensor(w)",
    "gradstep::eigen_tensor(w, g)",
    "gradstep::eigen_tensor(w.block(0, 0, 2, 2), g.topLeftCorner(2, 2))",
    "gradstep::eigen_tensor(w.col(1), g.col(2))",
    "gradstep::eigen_tensor(w.array(), g.array())",
    "gradstep::eigen_tensor(Map<MatrixXf>(w.data(), 3, 4), Ref<MatrixXf>(g))",
    "Matrix<half, 2, 2> a, b; gradstep::eigen_tensor(a, b)",
]

REFUSED = [
    ("gradstep::eigen_tensor(w + g)", "has no memory of its own"),
    ("gradstep::eigen_tensor(w, 2 * g)", "has no memory of its own"),
    ("gradstep::eigen_tensor(constant)", "is const"),
    ("gradstep::eigen_tensor(w, constant)", "is const"),
    ("gradstep::eigen_tensor(w, constant.block(0, 0, 3, 4))", "is const"),
    ("gradstep::eigen_tensor(Map<const MatrixXf>(w.data(), 3, 4))", "is const"),
    ("gradstep::eigen_tensor(MatrixXf(3, 4), g)", "is a temporary"),
    ("gradstep::eigen_tensor(w, r)", "have the same storage order"),
    ("VectorXf v(12); gradstep::eigen_tensor(w, v)", "both matrices"),
    ("gradstep::eigen_tensor(strided(w.data(), 3))", "do not follow each other"),
    ("MatrixXi i(3, 4); gradstep::eigen_tensor(i)", "no dtype for arrays of this type"),
    ("MatrixXcf c(3, 4); gradstep::eigen_tensor(c)", "no dtype for arrays of this type"),
    ("SparseMatrix<float> s(3, 4); gradstep::eigen_tensor(s)", "takes dense objects of Eigen"),
    ("float x[3]; gradstep::eigen_tensor(x)", "takes dense objects of Eigen"),
]


class Compiler:
    """Compiles statements after a prelude, which it reads once."""

    def __init__(self, compiler, include_folders, scratch):
        self.command = [compiler, "-std=c++17"]
        for folder in include_folders:
            self.command += ["-isystem", folder]
        self.prelude = pathlib.Path(scratch) / "prelude.hpp"
        self.prelude.write_text(PRELUDE)
        subprocess.run([*self.command, "-x", "c++-header", self.prelude, "-o",
                        f"{self.prelude}.gch"], check=True)

    def sentences(self, statement):
        """What the compiler prints; None: it compiles."""
        run = subprocess.run([*self.command, "-fsyntax-only", "-include", self.prelude, "-x", "c++",
                              "-"], input=PROGRAM.format(statement=statement),
                             capture_output=True, text=True)
        return None if run.returncode == 0 else run.stderr


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    failures = []
    with tempfile.TemporaryDirectory() as scratch:
        compiler = Compiler(sys.argv[1], sys.argv[2:], scratch)
        for statement in ACCEPTED:
            if (printed := compiler.sentences(statement)) is not None:
                failures.append(f"does not compile: {statement}\n{printed}")
        for statement, reason in REFUSED:
            printed = compiler.sentences(statement)
            if printed is None:
                failures.append(f"compiles: {statement}")
            elif reason not in printed:
                failures.append(f"the reason {reason!r} is missing: {statement}\n{printed}")
    for failure in failures:
        print(failure)
    print(f"{len(ACCEPTED)} accepted, {len(REFUSED)} refused, {len(failures)} failures")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
