# SPDX-License-Identifier: Apache-2.0
"""train_digits with --schedule, --checkpoint and --resume: a run that is interrupted and resumed in
another process ends with the same checkpoint, to the byte, as a run without interruption."""
import csv
import itertools
import json
import os
import re
import shlex
import signal
import subprocess
import time

import programs

STEPS = 47  # of an epoch
ONE_CYCLE = ["--schedule", "one_cycle", "--schedule-set", f"total_steps={4 * STEPS}",
             "--schedule-set", "drives_momentum=1"]
COSINE = ["--schedule", "cosine", "--schedule-set", f"total_steps={3 * STEPS}",
          "--schedule-set", "warmup_steps=60"]
MULTISTEP = ["--schedule", "multistep", "--schedule-list", "milestones=40,100,120",
             "--schedule-set", "gamma=0.5"]
RUNS = [
    ["--rule", "adamw", "--ema", 0.9, "--clip-norm", 1, *ONE_CYCLE],
    ["--rule", "sgd", "--set", "lr=4", "--precision", "f16", "--clip-norm", 1],  # skips steps
    ["--rule", "adam", "--set", "amsgrad=1", "--precision", "state-8bit", "--ema", 0.99, *COSINE],
    ["--rule", "momentum", "--precision", "bf16", "--seed", 7, *MULTISTEP],
    ["--rule", "rmsprop", "--set", "centered=1", "--precision", "bf16-split", "--loss-scale"],
    ["--rule", "adagrad", "--precision", "bf16-master", "--clip-norm", 0.5, "--ema", 0.5, *COSINE],
    ["--rule", "adadelta", "--precision", "state-bf16", "--loss-scale", *MULTISTEP],
]
TIME = re.compile(r" +[\d.]+( +[\d.]+)$", re.MULTILINE)  # the next to last column


class ResumeTest(programs.ProgramTest):
    program = "train_digits"

    def report(self, *arguments):
        """What a run prints, without its steps' times. A checkpoint may exist already."""
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
        """The steps that a checkpoint counts, skipped ones included."""
        file = self.bytes_of(name)
        header = json.loads(file[8:8 + int.from_bytes(file[:8], "little")])
        state = json.loads(header["__metadata__"]["gradstep.state"])
        return state["step_count"] + state["skipped_count"]

    def start(self, *arguments, ignored=None):
        """Starts a run in the background. Signals are at their defaults, except the ignored one."""
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
        """Returns too when the run has ended. ctest stops a run that never ends."""
        while run.poll() is None and not condition():
            time.sleep(0.001)

    def saved_batches(self, name):
        return self.batches_in(name) if os.path.exists(self.path(name)) else -1

    def interrupt(self, *arguments, sent=signal.SIGINT):
        """Interrupts a run within an epoch: at the first moment tried, or resumed at a later one."""
        arguments = [*arguments, "--epochs", 100000, "--checkpoint", "cut.st"]
        for delay in itertools.count():
            before = self.saved_batches("cut.st")
            run = self.start(*arguments, *["--resume"] * (before >= 0))
            self.wait_until(lambda: self.saved_batches("cut.st") > before, run)
            time.sleep(delay / 1000)
            run.send_signal(sent)
            printed, said = run.communicate()
            self.assertEqual((run.returncode, printed), (128 + sent, ""), said)
            if self.batches_in("cut.st") % STEPS != 0:
                return

    def assert_goes_on(self, *arguments):
        """cut.st, resumed for an epoch or two, equals a run without interruption."""
        epochs = self.batches_in("cut.st") // STEPS + 2
        whole = self.report(*arguments, "--epochs", epochs, "--checkpoint", "whole.st")
        resumed = self.report(*arguments, "--epochs", epochs, "--checkpoint", "cut.st", "--resume")
        self.assertEqual(resumed, whole, arguments)
        self.assertEqual(self.bytes_of("cut.st"), self.bytes_of("whole.st"), arguments)

    def test_stopped_by_the_number_of_epochs(self):
        for run in RUNS:
            whole = self.report(*run, "--epochs", 4, "--checkpoint", "whole.st", "--csv", "whole")
            self.assertEqual(self.report(*run, "--epochs", 4), whole, "a checkpoint has no effect")
            self.report(*run, "--epochs", 2, "--checkpoint", "cut.st")
            self.assertEqual(self.batches_in("cut.st"), 2 * STEPS)
            cut = [*run, "--epochs", 4, "--checkpoint", "cut.st", "--resume"]
            for first in 2, 4:  # the second time, nothing is left to do
                self.remove("cut")
                self.assertEqual(self.report(*cut, "--csv", "cut"), whole, run)
                self.assertEqual(self.losses("cut"), self.losses("whole")[first:], run)
                self.assertEqual(self.bytes_of("cut.st"), self.bytes_of("whole.st"), run)

    def test_losses_of_all_parts_of_a_run(self):
        run = ["--rule", "adamw", "--csv"]
        self.output_of(*run, "whole", "--epochs", 6)
        for epochs, resume in (2, []), (4, ["--resume"]), (6, ["--resume"]), (6, ["--resume"]):
            self.output_of(*run, "parts", "--epochs", epochs, "--checkpoint", "cut.st", *resume)
        self.assertEqual(self.read("parts"), self.read("whole"))
        self.write("parts", "epoch,other\n0,1\n")  # of another training: in its place
        self.output_of(*run, "parts", "--epochs", 6, "--checkpoint", "cut.st", "--resume")
        self.assertEqual([row[0] for row in self.losses("parts")], ["6"])

    def test_losses_of_an_interrupted_run(self):
        run = ["--rule", "adam", "--csv", "loss.csv", "--checkpoint", "cut.st"]
        cut = self.start(*run, "--epochs", 100000)
        self.wait_until(lambda: self.saved_batches("cut.st") > 3 * STEPS, cut)
        cut.send_signal(signal.SIGINT)
        cut.communicate()
        self.assertEqual(cut.returncode, 130)
        epochs = self.batches_in("cut.st") // STEPS
        self.assertEqual(len(self.losses("loss.csv")), epochs + 1)
        self.output_of(*run, "--epochs", epochs + 2, "--resume")
        self.output_of("--rule", "adam", "--csv", "whole", "--epochs", epochs + 2)
        self.assertEqual(self.read("loss.csv"), self.read("whole"))

    def test_interrupted(self):
        for run in RUNS:
            self.interrupt(*run)
            self.assert_goes_on(*run)
            os.remove(self.path("cut.st"))

    def test_what_an_interrupted_run_says(self):
        name = "it's cut.st"
        arguments = ["--rule", "adam", "--epochs", "100000", "--checkpoint", name]
        command = ["train_digits", *arguments]
        for is_resumed in False, True:
            before = self.batches_in(name) if is_resumed else 0
            run = self.start(*command[1:])
            self.wait_until(lambda: self.saved_batches(name) > before, run)
            run.send_signal(signal.SIGINT)
            said = run.communicate()[1].splitlines()
            self.assertEqual(run.returncode, 130, said)
            self.assertEqual(said[0], "train_digits: interrupted (Interrupt) after "
                                      f"{self.batches_in(name)} steps, which '{name}' holds; to go on:")
            command = shlex.split(said[1])
            self.assertEqual(command[1:], [*arguments, "--resume"])

    def test_terminated(self):
        for sent in signal.SIGTERM, signal.SIGHUP:
            self.interrupt("--rule", "adam", sent=sent)
            self.assert_goes_on("--rule", "adam")
            self.remove("cut.st")

    def test_impatience_damages_nothing(self):
        run = self.start("--rule", "adam", "--epochs", 100000, "--checkpoint", "cut.st")
        self.wait_until(lambda: os.path.exists(self.path("cut.st")), run)
        while run.poll() is None:
            run.send_signal(signal.SIGINT)
        self.assertIn(run.returncode, [130, -signal.SIGINT])
        self.assert_goes_on("--rule", "adam")

    def test_ignored_signals_stay_ignored(self):
        run = self.start("--rule", "adam", "--epochs", 100000, "--checkpoint", "cut.st",
                         ignored=signal.SIGINT)
        self.wait_until(lambda: os.path.exists(self.path("cut.st")), run)
        run.send_signal(signal.SIGINT)
        before = self.batches_in("cut.st")
        self.wait_until(lambda: self.batches_in("cut.st") > before + 2 * STEPS, run)
        run.send_signal(signal.SIGTERM)
        self.assertEqual((run.communicate()[0], run.returncode), ("", 128 + signal.SIGTERM))

    def test_without_a_checkpoint_a_signal_kills(self):
        run = self.start("--rule", "adam", "--epochs", 100000, "--csv", "loss.csv")
        self.wait_until(lambda: os.path.exists(self.path("loss.csv")), run)
        run.send_signal(signal.SIGINT)
        self.assertEqual((*run.communicate(), run.returncode), ("", "", -signal.SIGINT))

    def test_the_schedule_counts(self):
        """The schedule's time is the step; total_steps is the run's steps less the warm-up."""
        run = ["--rule", "sgd", "--epochs", 3]
        reports = {self.report(*run, *schedule) for schedule in
                   [[], ["--schedule", "cosine"], ["--schedule", "one_cycle"], COSINE, MULTISTEP]}
        self.assertEqual(len(reports), 5, reports)
        self.output_of(*run, "--csv", "plain")
        for milestone, changed in (2 * STEPS, 3), (2 * STEPS - 1, 2), (3 * STEPS, None):
            self.output_of(*run, "--schedule", "multistep", "--schedule-list",
                           f"milestones={milestone}", "--csv", "scheduled")
            pairs = zip(self.losses("scheduled"), self.losses("plain"))
            different = [epoch for epoch, (a, b) in enumerate(pairs) if a != b]
            self.assertEqual(different[:1], [changed] if changed else [], milestone)
        total = 3 * STEPS - 41
        self.output_of(*run, "--schedule", "cosine", "--schedule-set", "warmup_steps=41",
                       "--csv", "default")
        self.output_of(*run, "--schedule", "cosine", "--schedule-set", "warmup_steps=41",
                       "--schedule-set", f"total_steps={total}", "--csv", "explicit")
        self.assertEqual(self.losses("default"), self.losses("explicit"))

    def test_another_run_is_refused(self):
        options = {"--rule": "adamw", "--epochs": 2, "--schedule": "cosine",
                   "--checkpoint": "run.st"}

        def arguments(changes):
            return [x for name, value in {**options, **changes}.items() for x in (name, value)]
        self.output_of(*arguments({}))
        saved = self.bytes_of("run.st")
        data = os.path.join(os.path.dirname(__file__), "..", "data", "digits.csv")
        with open(data, encoding="utf-8") as file:
            self.write("other.csv", "".join(reversed(file.readlines())))
        self.write("losses.csv", "kept")
        self.write("few.csv", (",".join(["3"] * 64 + ["7"]) + "\n") * 12)
        for changes, *parts in [
            ({"--rule": "adam"}, "the rule adam", "adamw"),
            ({"--seed": 2}, '"--seed 2"', '"--seed 1"', '"--data of 1498 images'),
            ({"--batch": 31}, '"--batch 31"', '"--batch 32"'),
            ({"--set": "lr=0.02"}, "lr=0.02", "lr=0.01"),
            ({"--precision": "bf16"}, '"--precision bf16"', '"--precision f32"'),
            ({"--clip-norm": 1}, '"--clip-norm 1"', '"no --clip-norm"'),
            ({"--ema": 0.5}, '"--ema 0.5"', '"no --ema"'),
            ({"--precision": "f16"}, '"--loss-scale"', '"no --loss-scale"'),
            ({"--schedule": "linear"}, '"--schedule linear"', '"--schedule cosine"'),
            ({"--epochs": 3}, '"--schedule-set total_steps=141"', "total_steps=94"),
            ({"--epochs": 1, "--schedule-set": "total_steps=94"}, "94 steps on", "--epochs 1",
             "at least 2 epochs"),
            ({"--data": "few.csv"}, '"--data of 10 images', '"--data of 1498 images'),
            ({"--data": "other.csv"}, '"--data of 1498 images'),
        ]:
            self.assert_refused([*arguments(changes), "--csv", "losses.csv", "--resume"],
                                "--resume", "run.st", *parts)
            self.assertEqual(self.bytes_of("run.st"), saved, changes)
            self.assertEqual(self.read("losses.csv"), "kept")
        self.assert_refused(arguments({}), "--checkpoint", "'run.st' exists", "--resume")
        self.assertEqual(self.bytes_of("run.st"), saved)

    def test_the_same_schedule_in_other_words(self):
        """Settings in another order, defaults, replaced values; and more than a name can hold."""
        many = ",".join(map(str, range(100, 200)))
        for saved, resumed in [
            ("--schedule step --schedule-set step_size=10 --schedule-set gamma=0.5",
             "--schedule step --schedule-set gamma=0.5 --schedule-set step_size=10"),
            ("--schedule cosine", f"--schedule cosine --schedule-set end_lr=0 "
                                  f"--schedule-set total_steps={STEPS}"),
            (f"--schedule multistep --schedule-list milestones=3 --schedule-list milestones={many}",
             f"--schedule multistep --schedule-list milestones={many}"),
        ]:
            run = ["--rule", "adam", "--epochs", 1, "--checkpoint", "run.st"]
            self.assertEqual(self.report(*run, *saved.split()),
                             self.report(*run, "--resume", *resumed.split()), saved)

    def test_no_file_is_written_over_another(self):
        self.write("a.csv", "kept")
        for pair in [("--csv", "--checkpoint"), ("--data", "--csv"), ("--checkpoint", "--data")]:
            self.assert_refused(["--rule", "adam", pair[0], "a.csv", pair[1], "./a.csv"],
                                *pair, "same file", "a.csv")
            self.assertEqual(self.read("a.csv"), "kept")

    def test_a_damaged_file_is_refused(self):
        run = ["--rule", "adamw", "--epochs", 2, "--checkpoint", "run.st"]
        self.output_of(*run)
        saved = self.bytes_of("run.st")
        flipped = bytearray(saved)
        flipped[-5] ^= 1
        for damaged in b"", saved[:10], saved[:len(saved) // 2], saved[:-1], bytes(flipped):
            with open(self.path("run.st"), "wb") as file:
                file.write(damaged)
            self.assert_refused([*run, "--resume"], "--resume", "run.st", "damaged")
            self.assertEqual(self.bytes_of("run.st"), damaged)
        self.assertEqual(os.listdir(self.folder), ["run.st"])

    def test_wrong_arguments(self):
        for arguments, *parts in [
            (["--resume"], "--resume", "--checkpoint"),
            (["--checkpoint", "run.st"], "--checkpoint", "7", "--rule"),
            (["--rule", "adam", "--precision", "all", "--checkpoint", "run.st"], "7"),
            (["--rule", "adam", "--checkpoint", "no/run.st"], "--checkpoint", '"no/"'),
            (["--rule", "adam", "--checkpoint", "run.st", "--resume"], "--resume", '"run.st"',
             "No such file"),
            (["--schedule", "cosin"], "cosin", "nearest", '"cosine"'),
            (["--schedule", "step"], "--schedule step", "step_size", "not set", "--schedule-set"),
            (["--schedule", ""], "--schedule: ''"),
            (["--rule", "adam", "--checkpoint", ""], "--checkpoint: ''"),
            (["--csv", ""], "--csv: ''"),
            (["--schedule", "cosine", "--schedule-set", "warmup_steps=94", "--epochs", 2],
             "warmup_steps", "94 steps"),
            (["--schedule", "cosine", "--schedule", "linear"], "--schedule"),
            (["--resum"], "--resum"),
            (["--schedule", "step", "--schedule-set", "step_size"], "--schedule-set", "NAME=VALUE"),
            (["--schedule-set", "gamma=1"], "--schedule-set", "say with --schedule"),
            (["--schedule-list", "milestones=1"], "--schedule-list", "say with --schedule"),
            (["--schedule", "multistep", "--schedule-list", "milestones=5,x"],
             "--schedule-list milestones", "'x'"),
            (["--schedule", "multistep", "--schedule-list", "milestones=5,3"], "milestones[1] = 3"),
            (ONE_CYCLE, "one_cycle", "adagrad", "momentum"),
        ]:
            self.assert_refused(arguments, *parts)
            self.assertEqual(os.listdir(self.folder), [], arguments)


if __name__ == "__main__":
    programs.main()
