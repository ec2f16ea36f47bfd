# SPDX-License-Identifier: Apache-2.0
"""plots/draw.sh draws all pictures, and fails when a program fails."""
import os
import shutil
import subprocess

import programs

DRAW = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "plots", "draw.sh")
PICTURES = ["adagrad_rates", "digits_loss", "momentum_weights", "paths", "precisions_loss",
            "rmsprop_adagrad", "schedules"]


class PlotsTest(programs.ProgramTest):
    def draw(self, bin_dir):
        return subprocess.run(["bash", DRAW, bin_dir, self.path("pictures")], text=True,
                              capture_output=True, timeout=300)

    def assert_fails(self, bin_dir, *parts):
        run = self.draw(bin_dir)
        self.assertNotEqual(run.returncode, 0, run)
        for part in ("draw.sh: ", *parts):
            self.assertIn(part, run.stderr)
        self.assertFalse(os.path.exists(self.path("pictures/paths.png")))

    def script(self, name, text):
        self.write(name, "#!/bin/sh\n" + text)
        os.chmod(self.path(name), 0o755)

    def test_every_picture(self):
        if shutil.which("gnuplot") is None:
            self.skipTest("gnuplot is not installed")
        run = self.draw(programs.bin_dir)
        self.assertEqual((run.returncode, run.stderr), (0, ""), run)
        self.assertEqual(sorted(os.listdir(self.path("pictures"))),
                         [name + ".png" for name in PICTURES])
        for name in PICTURES:
            with open(self.path(f"pictures/{name}.png"), "rb") as file:
                picture = file.read()
            self.assertEqual(picture[:8], b"\x89PNG\r\n\x1a\n")
            self.assertGreater(len(picture), 10000, name)

    def test_failures_are_told(self):
        if shutil.which("gnuplot") is None:
            self.skipTest("gnuplot is not installed")
        self.assert_fails(self.folder, "descent_2d", "build the examples")
        self.script("train_digits", "exit 0")
        self.script("schedule_curve", "exit 4")
        self.script("descent_2d", "exit 3")
        self.assert_fails(self.folder, "descent_2d --rule sgd --set lr=0.4 failed")
        self.script("descent_2d", "exit 0")  # it writes no file
        self.assert_fails(self.folder, "schedule_curve --schedule constant")
        self.script("schedule_curve", "exit 0")
        self.assert_fails(self.folder, "gnuplot")
        self.script("train_digits", "exit 1")
        self.assert_fails(self.folder, "train_digits failed")
        self.script("train_digits", 'test "$1" = --csv')
        self.assert_fails(self.folder, "train_digits --precision all failed")


if __name__ == "__main__":
    programs.main()
