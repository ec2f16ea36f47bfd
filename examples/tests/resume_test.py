# SPDX-License-Identifier: Apache-2.0
"""train_digits with --checkpoint and --resume: a run that is interrupted, and resumed in another
process, ends with the same bytes in its checkpoint as a run without interruption."""
import itertools
import os
import shlex
import signal
import time

import programs
import training
from training import COSINE, MULTISTEP, ONE_CYCLE, STEPS

RUNS = [
    ["--rule", "adamw", "--ema", 0.9, "--clip-norm", 1, *ONE_CYCLE],
    ["--rule", "sgd", "--set", "lr=4", "--precision", "f16", "--clip-norm", 1],  # skips steps
    ["--rule", "adam", "--set", "amsgrad=1", "--precision", "state-8bit", "--ema", 0.99, *COSINE],
    ["--rule", "momentum", "--precision", "bf16", "--seed", 7, *MULTISTEP],
    ["--rule", "rmsprop", "--set", "centered=1", "--precision", "bf16-split", "--loss-scale"],
    ["--rule", "adagrad", "--precision", "bf16-master", "--clip-norm", 0.5, "--ema", 0.5, *COSINE],
    ["--rule", "adadelta", "--precision", "state-bf16", "--loss-scale", *MULTISTEP],
]


class ResumeTest(training.TrainingTest):
    def interrupt(self, *arguments, sent=signal.SIGINT):
        """Interrupts a run within an epoch. A run that ends with an epoch is resumed."""
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
        """cut.st is resumed for one or two epochs, and then equals a run without interruption."""
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


if __name__ == "__main__":
    programs.main()
