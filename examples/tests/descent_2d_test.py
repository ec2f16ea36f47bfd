# SPDX-License-Identifier: Apache-2.0
"""descent_2d: the textbook's digits, every rule against reference_rules.py, and wrong arguments."""
import csv
import math
import os

import programs
import reference_rules

CASES = [
    # rule, settings, function, start, steps
    ("sgd", {}, "ellipse", (-5, -2), 20),
    ("sgd", {"lr": 0.05, "weight_decay": 0.3}, "bowl", (3, -1.5), 7),
    ("sgd", {"lr": 0.1, "momentum": 0.9}, "bowl", (-1, 4), 33),
    ("sgd", {"lr": 0.02, "momentum": 0.8, "dampening": 0.25}, "ellipse", (2.5, 0.125), 50),
    ("sgd", {"lr": 0.001, "momentum": 0.9, "nesterov": 1}, "rosenbrock", (-1.2, 1), 100),
    ("sgd", {"lr": 0.1, "momentum": 0.5, "nesterov": 1, "lr_in_velocity": 1}, "ellipse", (1, 1), 9),
    ("sgd", {"lr": 0.01, "maximize": 1}, "bowl", (1e-3, -1e-3), 12),
    ("adagrad", {}, "ellipse", (-5, -2), 20),
    ("adagrad", {"lr": 2, "eps": 1e-6, "eps_inside": 1}, "ellipse", (-5, -2), 20),
    ("adagrad", {"lr": 0.5, "lr_decay": 0.1, "initial_accumulator_value": 0.5,
                 "weight_decay": 0.01}, "rosenbrock", (-1.2, 1), 40),
    ("rmsprop", {}, "bowl", (-5, -2), 20),
    ("rmsprop", {"lr": 0.03, "alpha": 0.8, "momentum": 0.7, "centered": 1, "weight_decay": 0.1},
     "ellipse", (4, -3), 25),
    ("rmsprop", {"lr": 0.01, "eps": 1e-3, "eps_inside": 1}, "rosenbrock", (0, 2), 60),
    ("adadelta", {}, "ellipse", (-5, -2), 20),
    ("adadelta", {"lr": 0.9, "rho": 0.95, "eps": 1e-5, "weight_decay": 0.2}, "bowl", (-3, 1), 100),
    ("adam", {}, "rosenbrock", (-1.2, 1), 20),
    ("adam", {"lr": 0.3, "weight_decay": 0.1}, "ellipse", (-5, -2), 20),
    ("adam", {"lr": 0.2, "l1_penalty": 0.3}, "ellipse", (-5, -2), 20),
    ("adamw", {"lr": 0.2, "weight_decay": 0.5, "decay_after_step": 1}, "bowl", (3, -1.5), 20),
    ("adam", {"lr": 0.5, "beta1": 0.5, "beta2": 0.9, "amsgrad": 1}, "bowl", (1, 2), 30),
    ("adam", {"lr": 0.1, "eps": 0.01, "eps_hat": 1}, "ellipse", (0.5, -0.25), 15),
    ("adamw", {}, "ellipse", (-5, -2), 20),
    ("adamw", {"lr": 0.2, "weight_decay": 0.5, "amsgrad": 1}, "rosenbrock", (2, -1), 44),
]


def command(rule, settings, function, start, steps):
    sets = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    return ["--function", function, "--rule", rule, *sets, "--start", f"{start[0]},{start[1]}",
            "--steps", steps]


class Descent2dTest(programs.ProgramTest):
    program = "descent_2d"

    def rows(self, *arguments):
        """The columns of the CSV file that the run writes, as numbers."""
        self.output_of(*arguments, "--csv", "path.csv")
        header, *rows = csv.reader(self.read("path.csv").splitlines())
        self.assertEqual(header, ["epoch", "x1", "x2", "f"])
        return [[float(number) for number in row] for row in rows]

    def test_the_textbooks_digits(self):
        inside = ["--set", "eps=1e-6", "--set", "eps_inside=1"]
        for arguments, line in [
            (["--rule", "sgd", "--set", "lr=0.4"], "x1: -0.943467, x2: -0.000073"),
            (["--rule", "sgd", "--set", "lr=0.6", "--set", "momentum=0.5", "--set",
              "lr_in_velocity=1"], "x1: 0.007188, x2: 0.002553"),
            (["--rule", "adagrad", "--set", "lr=0.4", *inside], "x1: -2.382563, x2: -0.158591"),
            (["--rule", "rmsprop", "--set", "lr=0.4", "--set", "alpha=0.9", *inside],
             "x1: -0.010599, x2: 0.000000"),
        ]:
            for more in [], ["--function", "ellipse", "--start", "-5,-2", "--steps", "20"]:
                self.assertEqual(self.output_of(*arguments, *more), f"epoch 20, {line}\n")

    def test_every_rule_against_the_reference(self):
        for case in CASES:
            with self.subTest(case):
                rule, settings, function, start, steps = case
                path = reference_rules.descend(rule, settings, function, start, steps)
                self.assertEqual(self.output_of(*command(*case)),
                                 "epoch %d, x1: %f, x2: %f\n" % (steps, *path[-1]))
                rows = self.rows(*command(*case))
                self.assertEqual([row[0] for row in rows], list(range(steps + 1)))
                for row, point in zip(rows, path):
                    expected = *point, reference_rules.FUNCTIONS[function](*point)
                    for got, want in zip(row[1:], expected):
                        self.assertTrue(math.isclose(got, want, rel_tol=1e-9, abs_tol=1e-12),
                                        (row, expected))

    def test_gradients_are_the_functions_slopes(self):
        h = 1e-5
        for function in reference_rules.FUNCTIONS:
            for x in (-1.3, 0.7), (0.4, -2.1), (2.0, 2.0):
                def f(d1, d2):
                    at = "%r,%r" % (x[0] + d1, x[1] + d2)
                    return self.rows("--function", function, "--start", at, "--steps", 0)[0][3]
                slopes = (f(h, 0) - f(-h, 0)) / (2 * h), (f(0, h) - f(0, -h)) / (2 * h)
                after = self.rows("--function", function, "--start", "%r,%r" % x, "--steps", 1,
                                  "--set", "lr=1")[1]
                for i in 0, 1:
                    self.assertAlmostEqual(x[i] - after[1 + i], slopes[i], delta=1e-4)

    def test_ways_to_write_the_arguments(self):
        for start in ["--start", "-5,-2"], ["--start=-5,-2"], ["--start", "-5.0,-.2e1"], []:
            self.assertEqual(self.output_of(*start, "--steps", 0),
                             "epoch 0, x1: -5.000000, x2: -2.000000\n")
        self.assertEqual(self.output_of("--set", "lr=7", "--set=lr=0.4"),
                         "epoch 20, x1: -0.943467, x2: -0.000073\n")

    def test_a_descent_that_diverges_says_so(self):
        run = self.run_program("--function", "rosenbrock", "--set", "lr=1", "--csv", "path.csv")
        self.assertEqual((run.returncode, run.stdout), (0, "epoch 20, x1: nan, x2: nan\n"))
        self.assertIn("diverged at epoch", run.stderr)
        self.assertIn("lower lr", run.stderr)

    def test_wrong_arguments(self):
        for arguments, *parts in [
            (["--rule", "adamm"], "adamm", "nearest", '"adam"', '"adamw"'),
            (["--function", "sphere"], "--function", "sphere", "ellipse, bowl, rosenbrock"),
            (["--set", "lrr=1"], "lrr", "nearest", '"lr"'),
            (["--set", "lr=-0.4"], "lr = -0.4", "[0, inf)"),
            (["--set=lr=-0.4"], "lr = -0.4", "[0, inf)"),
            (["--set", "-lr=0.4"], "-lr", '"lr"'),
            (["--set", "lr=nan"], "--set lr", "nan", "finite"),
            (["--set", "lr=inf"], "--set lr", "inf", "finite"),
            (["--set", "lr=1e999"], "--set lr", "1e999", "finite"),
            (["--set", "lr=0.4x"], "--set lr", "0.4x"),
            (["--set", "lr="], "--set lr", "finite"),
            (["--set", "lr"], "--set", "'lr'", "NAME=VALUE"),
            (["--set", "=1"], "--set", "'=1'", "NAME=VALUE"),
            (["--set", "nesterov=0.5", "--set", "momentum=0.9"], "nesterov = 0.5"),
            (["--set", "nesterov=1"], "nesterov", "momentum"),
            (["--start", "1"], "--start", "'1'", "-5,-2"),
            (["--start", "1,nan"], "--start", "second", "nan"),
            (["--start", "x,2"], "--start", "first", "'x'"),
            (["--start", "1,2,3"], "--start", "'2,3'"),
            (["--steps", "-1"], "--steps", "-1", "0 to 100000000"),
            (["--steps", "1.5"], "--steps", "1.5", "whole number"),
            (["--steps", "100000001"], "--steps", "100000001"),
            (["--csv", "no/such/folder.csv"], "--csv", "no/such/folder.csv"),
            (["--steps"], "--steps"),
            (["--stepz", "3"], "--stepz"),
            (["surplus"], "surplus"),
        ]:
            self.assert_refused(arguments, *parts)
        self.assert_refused([], "GRADSTEP_ISA", "mmx", GRADSTEP_ISA="mmx")

    def test_a_refused_run_leaves_the_csv_alone(self):
        self.write("path.csv", "precious")
        self.assert_refused(["--csv", "path.csv", "--set", "lr=-1"], "lr")
        self.assertEqual(self.read("path.csv"), "precious")

    def test_a_full_disk(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full")
        for steps in 1, 10000:
            self.assert_refused(["--csv", "/dev/full", "--steps", steps], "--csv", "/dev/full",
                                "No space left")


if __name__ == "__main__":
    programs.main()
