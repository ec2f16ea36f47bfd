# SPDX-License-Identifier: Apache-2.0
"""train_digits learns, repeats its numbers, and names what is wrong with its input."""
import csv
import math
import os
import re
import subprocess

import programs

METHODS = ["sgd", "momentum", "adagrad", "rmsprop", "adadelta", "adam", "adamw"]
ROW = re.compile(r"(?P<name>\S+) +(?P<settings>.*?) +(?P<loss>[\d.]+|nan|inf)"
                 r" +(?P<accuracy>[\d.]+) %( +(?P<average>[\d.]+) %)? +(?P<update>[\d.]+)"
                 r" +(?P<bytes>[\d.]+)")
PRECISIONS = ["f32", "bf16", "bf16-split", "bf16-master", "f16", "state-bf16", "state-8bit"]
IMAGE = ",".join(["3"] * 64 + ["7"])


def read_terminal(terminal):
    """Returns all that was written to the other end of a terminal, which is closed. The system
    hands it over in pieces, and may still be at it when the writer has ended."""
    written = b""
    while True:
        try:
            piece = os.read(terminal, 10000)
        except OSError:  # Linux' way to say that it was all
            return written
        if not piece:
            return written
        written += piece


class TrainDigitsTest(programs.ProgramTest):
    program = "train_digits"

    def table(self, *arguments, **environment):
        first, header, *rows = self.output_of(*arguments, **environment).splitlines()
        self.assertRegex(first, r"\d+ images to learn from, \d+ for the test; epochs \d+")
        self.assertIn("test accuracy", header)
        self.notes = [row for row in rows if " steps" in row]
        return {row["name"]: row for row in map(ROW.fullmatch, rows[:len(rows) - len(self.notes)])}

    def losses(self, *arguments, **environment):
        self.output_of(*arguments, "--csv", "loss.csv", **environment)
        header, *rows = csv.reader(self.read("loss.csv").splitlines())
        return header, [[float(number) for number in row] for row in rows]

    def test_every_method_learns(self):
        table = self.table("--epochs", 6)
        self.assertEqual(list(table), METHODS)
        for name, row in table.items():
            self.assertGreater(float(row["accuracy"]), 88, name)
            self.assertLess(float(row["loss"]), 0.35, name)

    def test_the_loss_curves(self):
        header, rows = self.losses("--epochs", 2)
        self.assertEqual(header, ["epoch", *METHODS])
        self.assertEqual([row[0] for row in rows], [0, 1, 2])
        self.assertEqual(len(set(rows[0][1:])), 1, "the methods start from the same weights")
        self.assertAlmostEqual(rows[0][1], math.log(10), delta=0.5)
        self.assertEqual(len(set(rows[2][1:])), len(METHODS), "two methods did the same")
        for before, after in zip(rows[0][1:], rows[2][1:]):
            self.assertLess(after, before)

    def test_the_same_run_gives_the_same_numbers(self):
        first = self.losses("--epochs", 2)
        self.assertEqual(self.losses("--epochs", 2, GRADSTEP_THREADS="1"), first)
        self.assertNotEqual(self.losses("--epochs", 2, "--seed", 2), first)

    def test_one_rule_with_settings(self):
        table = self.table("--rule", "momentum", "--set", "lr=0.05", "--set", "nesterov=1",
                           "--epochs", 1, "--batch", 100)
        self.assertEqual([row["settings"] for row in table.values()],
                         ["lr=0.05 momentum=0.9 nesterov=1"])
        # A learning rate of 0 changes nothing, however large the batch.
        _, rows = self.losses("--rule", "sgd", "--set", "lr=0", "--epochs", 1, "--batch", 1000000)
        self.assertEqual(rows[0][1], rows[1][1])

    def test_steps_are_counted(self):
        # From the second step on, this decay leaves next to nothing of the learning rate.
        _, rows = self.losses("--rule", "adagrad", "--set", "lr=0.01", "--set", "lr_decay=1e9",
                              "--epochs", 3, "--batch", 1000000)
        (_, start), (_, first), *later = rows
        self.assertLess(first, start - 0.1)
        for _, loss in later:
            self.assertAlmostEqual(loss, first, delta=1e-5)

    def test_the_split(self):
        text = self.output_of("--rule", "sgd", "--epochs", 0, "--seed", 18446744073709551615)
        self.assertIn("1498 images to learn from, 299 for the test; epochs 0, batch 32, "
                      "seed 18446744073709551615", text)

    def test_every_precision_learns(self):
        header, rows = self.losses("--rule", "adamw", "--precision", "all", "--epochs", 6)
        self.assertEqual(header, ["epoch", *PRECISIONS])
        f32, *others = rows[-1][1:]
        self.assertEqual(len({f32, *others}), len(PRECISIONS), "two precisions did the same")
        for name, loss in zip(PRECISIONS[1:], others):
            self.assertAlmostEqual(loss, f32, delta=f32 / 2, msg=name)
        # One precision alone gives the same as among all.
        for i, name in enumerate(PRECISIONS):
            alone = self.losses("--rule", "adamw", "--precision", name, "--epochs", 6)
            self.assertEqual(alone, (["epoch", "adamw"], [[row[0], row[1 + i]] for row in rows]))

    def test_every_method_in_every_precision(self):
        for name in PRECISIONS:
            for method, row in self.table("--precision", name, "--epochs", 6).items():
                self.assertGreater(float(row["accuracy"]), 88, (name, method))

    def test_clipping(self):
        _, free = self.losses("--rule", "sgd", "--epochs", 1)
        self.assertEqual(self.losses("--rule", "sgd", "--epochs", 1, "--clip-norm", 1e9)[1], free)
        self.assertNotEqual(self.losses("--rule", "sgd", "--epochs", 1, "--clip-norm", 1)[1], free)
        for norm, clipped in (1e-9, 47), (1e9, 0):
            self.table("--rule", "sgd", "--epochs", 1, "--clip-norm", norm)
            self.assertEqual(self.notes, [f"sgd: of 47 steps {clipped} clipped"])

    def test_the_averaged_weights(self):
        run = ["--rule", "adam", "--epochs", 3]
        plain = self.table(*run)["adam"]
        for decay in 0, 0.9, 1:
            row = self.table(*run, "--ema", decay)["adam"]
            self.assertEqual(row["accuracy"], plain["accuracy"], "the average changes nothing else")
            self.assertEqual(float(row["bytes"]), float(plain["bytes"]) + 4)
            if decay == 0:  # it is the weights
                self.assertEqual(row["average"], row["accuracy"])
            else:  # 1: those after the first step
                self.assertEqual(float(row["average"]) > 88, decay == 0.9, decay)

    def test_the_loss_scale(self):
        run = ["--rule", "adam", "--epochs", 1]
        _, plain = self.losses(*run)
        # A power of two changes no bit of float32.
        self.assertEqual(self.losses(*run, "--loss-scale")[1], plain)
        self.table(*run, "--loss-scale", "--clip-norm", 1e9)
        self.assertEqual(self.notes,
                         ["adam: of 47 steps 0 clipped, 0 skipped; loss scale 65536 at the end"])
        # Gradients near 1 overflow float16 at the first scale; the scale falls until they fit.
        self.table("--rule", "sgd", "--set", "lr=4", "--epochs", 2, "--precision", "f16")
        found = re.fullmatch(r"sgd: of 94 steps (\d+) skipped; loss scale (\d+) at the end",
                             self.notes[0])
        self.assertGreater(int(found[1]), 0)
        self.assertEqual(int(found[2]), 65536 >> int(found[1]))

    def test_the_progress_bar(self):
        try:
            import pty
        except ImportError:
            self.skipTest("no terminals here")
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        program = os.path.join(programs.bin_dir, self.program)
        run = subprocess.run([program, "--rule", "adam", "--epochs", "2"], stderr=theirs,
                             stdout=subprocess.PIPE, timeout=300)
        os.close(theirs)
        self.assertEqual(run.returncode, 0)
        bar = read_terminal(ours).decode()
        self.assertIn("\radam         [####################....................]  50%", bar)
        self.assertTrue(bar.endswith("100%\r\x1b[K"), bar)

    def test_no_epochs(self):
        _, rows = self.losses("--rule", "adam", "--epochs", 0)
        self.assertEqual(len(rows), 1)

    def test_divergence_is_told(self):
        run = self.run_program("--rule", "sgd", "--set", "lr=1e30", "--epochs", 1)
        self.assertEqual(run.returncode, 0)
        self.assertIn("sgd diverged in epoch 1", run.stderr)

    def test_wrong_arguments(self):
        for arguments, *parts in [
            (["--rule", "adamm"], "--rule", "adamm", "momentum", "nearest", '"adamw"'),
            (["--set", "momentum=0.5"], "momentum", "adagrad"),
            (["--rule", "adam", "--set", "beta1=1"], "beta1 = 1", "[0, 1)"),
            (["--epochs", "-1"], "--epochs", "-1"),
            (["--batch", "0"], "--batch", "'0'", "1 to"),
            (["--seed", "x"], "--seed", "'x'"),
            (["--precision", "f8"], "--precision", "'f8'", *PRECISIONS, "all"),
            (["--precision", "all"], "--precision all", "--rule"),
            (["--clip-norm", "-1"], "--clip-norm", "'-1'", "above 0"),
            (["--clip-norm", "0"], "--clip-norm", "'0'", "above 0"),
            (["--clip-norm", "nan"], "--clip-norm", "'nan'", "finite"),
            (["--ema", "-0.1"], "--ema", "'-0.1'", "from 0 to 1"),
            (["--ema", "1.5"], "--ema", "'1.5'", "from 0 to 1"),
            (["--ema", "x"], "--ema", "'x'"),
            (["--csv", "no/such/folder.csv"], "--csv", "no/such/folder.csv"),
            (["--data", "absent.csv"], "--data", "absent.csv"),
            (["--data", "."], "--data"),
        ]:
            self.assert_refused(arguments, *parts)

    def test_malformed_data(self):
        good = (IMAGE + "\n") * 5
        for line, found in [
            ("", "''"),
            ("pixels", "'pixels'"),
            (IMAGE[2:], "3,3,"),  # 64 numbers
            (IMAGE + ",1", "3,3,"),
            (IMAGE + ",", "3,3,"),
            (IMAGE.replace(",", ";"), "3;3;"),
            (IMAGE.replace("7", "10"), "3,3,"),
            ("17" + IMAGE[1:], "17,3"),
            ("-1" + IMAGE[1:], "-1,3"),
            ("1.5" + IMAGE[1:], "1.5,3"),
            (" 3" + IMAGE[1:], " 3,3"),
            ("99999999999" + IMAGE[1:], "99999999999,3"),
        ]:
            self.write("bad.csv", good + line + "\n" + good)
            self.assert_refused(["--data", "bad.csv"], "bad.csv:6:", "65 whole numbers", found)
        for images in 0, 5:
            self.write("few.csv", (IMAGE + "\n") * images)
            self.assert_refused(["--data", "few.csv"], f"found {images} images", "at least 6")

    def test_small_data_and_other_line_ends(self):
        self.write("small.csv", "\r\n".join([IMAGE] * 6))
        table = self.table("--data", "small.csv", "--rule", "adam", "--epochs", 50)
        self.assertEqual(table["adam"]["accuracy"], "100.00")


if __name__ == "__main__":
    programs.main()
