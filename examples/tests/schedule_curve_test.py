# SPDX-License-Identifier: Apache-2.0
"""schedule_curve: rates and momentum of known schedules, and wrong arguments."""
import csv
import math
import os

import programs


class ScheduleCurveTest(programs.ProgramTest):
    program = "schedule_curve"

    def rows(self, *arguments):
        self.output_of(*arguments, "--csv", "curve.csv")
        header, *rows = csv.reader(self.read("curve.csv").splitlines())
        self.assertEqual(header, ["step", "lr", "momentum"])
        return rows

    def test_a_cosine_after_a_warm_up(self):
        rows = self.rows("--set", "total_steps=50", "--set", "warmup_steps=10", "--base-lr", "0.4",
                         "--steps", 70)
        self.assertEqual([int(row[0]) for row in rows], list(range(70)))
        for t, row in enumerate(rows):
            done = min(max(t - 10, 0) / 50, 1)
            wanted = 0.4 * t / 10 if t < 10 else 0.2 * (1 + math.cos(math.pi * done))
            self.assertAlmostEqual(float(row[1]), wanted, delta=1e-15)
            self.assertEqual(row[2], "")

    def test_a_list(self):
        rows = self.rows("--schedule", "multistep", "--list", "milestones=3,5,5", "--set",
                         "gamma=0.5", "--base-lr", "1", "--steps", "7")
        self.assertEqual([float(row[1]) for row in rows], [1, 1, 1, 0.5, 0.5, 0.125, 0.125])

    def test_momentum(self):
        rows = self.rows("--schedule", "cyclic", "--set", "max_lr=1", "--set", "up_steps=2",
                         "--set", "drives_momentum=1", "--base-lr", "0", "--steps", "4")
        for row, lr, momentum in zip(rows, (0, 0.5, 1, 0.5), (0.9, 0.85, 0.8, 0.85), strict=True):
            self.assertEqual(float(row[1]), lr)
            self.assertAlmostEqual(float(row[2]), momentum)

    def test_what_it_prints(self):
        self.assertEqual(self.output_of("--schedule", "step", "--set", "step_size=40"),
                         "step: lr 0.1 at step 0, lr 0.01 at step 49, lr 0.001 at step 99\n")
        self.assertEqual(self.output_of("--schedule", "constant", "--steps", "1"),
                         "constant: lr 0.1 at step 0\n")

    def test_wrong_arguments(self):
        for arguments, *parts in [
            (["--schedule", "cosin"], "cosin", "nearest", '"cosine"'),
            ([], "cosine", "total_steps", "not set"),
            (["--set", "total=5"], "total", '"total_steps"'),
            (["--set", "total_steps=0"], "total_steps = 0", "[1, "),
            (["--set", "total_steps=1.5"], "total_steps = 1.5", "whole"),
            (["--set", "total_steps"], "--set", "NAME=VALUE"),
            (["--schedule", "multistep", "--list", "milestones=5,3"], "milestones[1] = 3"),
            (["--schedule", "multistep", "--list", "milestones=5,"], "--list milestones", "''"),
            (["--schedule", "multistep", "--list", "milestones"], "--list", "NAME=X,X,X"),
            (["--schedule", "multistep", "--set", "milestones=5"], "milestones", "list"),
            (["--base-lr", "-1"], "--base-lr", "-1"),
            (["--base-lr", "nan"], "--base-lr", "nan"),
            (["--steps", "0"], "--steps", "1 to 10000000"),
            (["--set", "total_steps=5", "--csv", "no/such/folder.csv"], "no/such/folder.csv"),
            (["surplus"], "surplus"),
        ]:
            self.assert_refused(arguments, *parts)

    def test_a_full_disk(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        self.assert_refused(["--set", "total_steps=5", "--csv", "/dev/full"], "/dev/full",
                            "No space left")


if __name__ == "__main__":
    programs.main()
