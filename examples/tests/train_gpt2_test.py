# SPDX-License-Identifier: Apache-2.0
"""train_gpt2 learns more than how often each byte occurs, and goes on from its checkpoint with the
same bits."""
import pathlib
import re

import programs

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
TEXT = [str(DOCS / name) for name in ("c-api.md", "design.md", "numerics.md")]
STEPS = 160


class TrainGpt2Test(programs.ProgramTest):
    program = "train_gpt2"

    def losses_of(self, *arguments):
        return [float(x) for x in re.findall(r"validation loss ([0-9.]+)", self.output_of(*arguments))]

    def bytes_of(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def test_learns_and_resumes(self):
        run = ["--steps", STEPS, *TEXT]
        first, last = self.losses_of("--save", "whole.st", *run)
        self.assertGreater(first, 5.4)  # ln 256 = 5.545: nothing is known
        self.assertLess(last, 3.1)  # 3.3 is known by one who only counts bytes
        _, middle = self.losses_of("--stop-after", STEPS // 2, "--save", "half.st", *run)
        resumed, end = self.losses_of("--resume", "half.st", "--save", "both.st", *run)
        self.assertEqual(resumed, middle)
        self.assertEqual(end, last)
        self.assertEqual(self.bytes_of("both.st"), self.bytes_of("whole.st"))

    def test_tells_what_is_wrong(self):
        run = self.run_program("--resume", "none.st", *TEXT)
        self.assertEqual(run.returncode, 1)
        self.assertIn("train_gpt2: GRADSTEP_IO_ERROR: ", run.stderr)
        self.assertIn("at least 2000 bytes", self.run_program().stderr)
        self.assertIn("not a number of steps: many", self.run_program("--steps", "many").stderr)


if __name__ == "__main__":
    programs.main()
