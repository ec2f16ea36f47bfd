#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times a step of an engine's own Adam and gradstep's adapter for it, for each engine that is here:
three models, one thread and two. Prints what each program prints, and a table.

Usage: bench/engines.py [ENGINE...]

Build first: `./dev build` and `./dev packages`; what else an engine needs is in docs/engines.md. Each
program takes both in turn, so that a ratio is of one moment. Run it on an idle machine."""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/release"
MODELS = ("small", "medium", "large")
LINE = re.compile(r"(?P<engine>\S.*?) (?P<model>small|medium|large)\S* (?P<threads>\d+) threads: "
                  r"engine (?P<own>[\d.]+) ms, gradstep (?P<ours>[\d.]+) ms")


def installed(language):
    """The environment in which programs of a package find the library that its tests installed."""
    prefix = ROOT / "build" / language / "installed"
    return {"PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig", "LD_LIBRARY_PATH": f"{prefix}/lib"}


def cargo(crate):
    return (["cargo", "run", "--quiet", "--release", "-p", f"gradstep-{crate}", "--example", f"bench_{crate}", "--"],
            ROOT / "bindings/rust", installed("rust") | {"CARGO_TARGET_DIR": f"{ROOT}/build/rust/target"})


def cpp(engine):
    return [f"{BUILD}/bench/engines/gradstep_bench_{engine}"], ROOT, {}


# The command, its folder, and its environment beside the present one.
PROGRAMS = {
    "candle": cargo("candle"),
    "burn": cargo("burn"),
    "gorgonia": (["go", "run", "./bench"], ROOT / "bindings/go/gorgonia", installed("go")),
    "tfjs": (["node", "build/node-tfjs/package/bench.js"], ROOT, {}),
    "djl": (["bash", "bindings/java/djl/benchmark.sh"], ROOT, {}),
    "libtorch": cpp("torch"),
    "ensmallen": cpp("ensmallen"),
    "dlib": cpp("dlib"),
    "ggml": ([f"{BUILD}/examples/ggml_bench"], ROOT, {}),
    "neural-fortran": (["bash", "-c", "ulimit -s unlimited; exec build/fortran/tests/nf_bench $0 $1"],
                       ROOT, installed("fortran")),
}


def run(engine, model, threads):
    """Prints what the engine's program prints. Returns its lines of times."""
    command, folder, environment = PROGRAMS[engine]
    count = str(threads)
    environment = os.environ | {"OMP_NUM_THREADS": count, "RAYON_NUM_THREADS": count} | environment
    try:
        done = subprocess.run([*command, model, count], cwd=folder, env=environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    except FileNotFoundError as missing:
        print(f"{engine}: not built here: {missing.filename}", flush=True)
        return []
    print(done.stdout.strip(), flush=True)
    if done.returncode != 0:
        print(f"{engine} {model} {threads}: failed with {done.returncode}", flush=True)
        return []
    return list(LINE.finditer(done.stdout))


def main():
    chosen = sys.argv[1:] or list(PROGRAMS)
    unknown = set(chosen) - set(PROGRAMS)
    if unknown:
        sys.exit(f"there is no engine {', '.join(unknown)}; there are {', '.join(PROGRAMS)}")
    found = [line for engine in chosen for model in MODELS for threads in (1, 2)
             for line in run(engine, model, threads)]
    print("\n| engine | model | threads | engine, ms | gradstep, ms | ratio |\n|---|---|---|---|---|---|")
    for line in found:
        own, ours = float(line["own"]), float(line["ours"])
        print(f"| {line['engine']} | {line['model']} | {line['threads']} | {own:.3g} | {ours:.3g} | "
              f"{own / ours:.2f} |")


if __name__ == "__main__":
    main()
