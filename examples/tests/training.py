# SPDX-License-Identifier: Apache-2.0
"""Runs of train_digits, for its tests with schedules and checkpoints."""
import csv
import json
import os
import re
import signal
import subprocess
import time

import programs

STEPS = 47  # in an epoch
ONE_CYCLE = ["--schedule", "one_cycle", "--schedule-set", f"total_steps={4 * STEPS}",
             "--schedule-set", "drives_momentum=1"]
COSINE = ["--schedule", "cosine", "--schedule-set", f"total_steps={3 * STEPS}",
          "--schedule-set", "warmup_steps=60"]
MULTISTEP = ["--schedule", "multistep", "--schedule-list", "milestones=40,100,120",
             "--schedule-set", "gamma=0.5"]
TIME = re.compile(r" +[\d.]+( +[\d.]+)$", re.MULTILINE)  # the next to last column


class TrainingTest(programs.ProgramTest):
    """Runs train_digits, to the end or in the background, and reads the files it wrote."""

    program = "train_digits"

    def report(self, *arguments):
        """A run's output without the times of its steps. A checkpoint may exist already."""
        if "--checkpoint" in arguments and "--resume" not in arguments:
            self.remove(arguments[arguments.index("--checkpoint") + 1])
        return TIME.sub(r"\1", self.output_of(*arguments))

    def losses(self, name):
        return list(csv.reader(self.read(name).splitlines()))[1:]

    def remove(self, name):
        if os.path.exists(self.path(name)):
            os.remove(self.path(name))

    def bytes_of(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def batches_in(self, name):
        """The number of steps in a checkpoint, including skipped ones."""
        file = self.bytes_of(name)
        header = json.loads(file[8:8 + int.from_bytes(file[:8], "little")])
        state = json.loads(header["__metadata__"]["gradstep.state"])
        return state["step_count"] + state["skipped_count"]

    def saved_batches(self, name):
        return self.batches_in(name) if os.path.exists(self.path(name)) else -1

    def start(self, *arguments, ignored=None):
        """Starts a run in the background, with the default actions of all signals but `ignored`."""
        def set_signals():
            for each in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
                signal.signal(each, signal.SIG_IGN if each == ignored else signal.SIG_DFL)
        if os.name != "posix":
            self.skipTest("signals are POSIX's")
        command = [os.path.join(programs.bin_dir, self.program), *map(str, arguments)]
        run = subprocess.Popen(command, cwd=self.folder, preexec_fn=set_signals, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(run.communicate)
        self.addCleanup(run.kill)
        return run

    def wait_until(self, condition, run):
        """Waits until the condition holds or the run has ended. ctest stops an endless run."""
        while run.poll() is None and not condition():
            time.sleep(0.001)
