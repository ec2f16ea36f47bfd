# SPDX-License-Identifier: Apache-2.0
"""Shared by the tests of the examples. Usage of a test: SCRIPT BIN_DIR [UNITTEST_ARGUMENT...]"""
import os
import subprocess
import sys
import tempfile
import unittest


class ProgramTest(unittest.TestCase):
    """Runs programs of BIN_DIR in a folder of its own."""

    program = None  # a subclass sets it

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_program(self, *arguments, **environment):
        command = [os.path.join(bin_dir, self.program), *map(str, arguments)]
        return subprocess.run(command, cwd=self.folder, env={**os.environ, **environment},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=300)

    def output_of(self, *arguments, **environment):
        """The standard output of a run. It must succeed and write nothing to standard error."""
        run = self.run_program(*arguments, **environment)
        self.assertEqual((run.returncode, run.stderr), (0, ""), run)
        return run.stdout

    def assert_refused(self, arguments, *parts, **environment):
        """The run fails, prints no result, and its message contains all parts."""
        run = self.run_program(*arguments, **environment)
        self.assertEqual(run.returncode, 1, f"{arguments} was accepted: {run}")
        self.assertEqual(run.stdout, "", arguments)
        for part in parts:
            self.assertIn(part, run.stderr, arguments)

    def path(self, name):
        return os.path.join(self.folder, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8", newline="") as file:
            file.write(text)


def main():
    global bin_dir
    if len(sys.argv) < 2:
        sys.exit(f"usage: {sys.argv[0]} BIN_DIR [unittest's arguments]")
    bin_dir = os.path.abspath(sys.argv.pop(1))
    unittest.main(module="__main__")
