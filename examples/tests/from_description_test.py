# SPDX-License-Identifier: Apache-2.0
"""from_description.py makes a binding from gradstep.json, and its step is right.

Usage: from_description_test.py SCRIPT DESCRIPTION LIBRARY"""
import json
import subprocess
import sys
import unittest


class FromDescriptionTest(unittest.TestCase):
    def test_makes_a_step(self):
        with open(description, encoding="utf-8") as file:
            made = json.load(file)
        run = subprocess.run([sys.executable, "-B", script, description, library],
                             capture_output=True, text=True, timeout=60)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertEqual(run.stdout, f"{len(made['functions'])} functions, "
                                     f"{len(made['structs'])} structs; "
                                     "after one step: [0.0, 1.0, 2.0]\n")

    def test_hands_on_an_error(self):
        run = subprocess.run([sys.executable, "-B", script, description, library],
                             capture_output=True, text=True, timeout=60,
                             env={"GRADSTEP_ISA": "mmx"})
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("GRADSTEP_ISA", run.stderr)


if __name__ == "__main__":
    script, description, library = sys.argv[1:4]
    unittest.main(argv=sys.argv[:1])
