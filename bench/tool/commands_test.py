#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What gradstep-bench says and returns: commands_test.py PROGRAM."""

import copy
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
QUICK_ROW = "^step/adamw/float32/16K/threads:1/isa:baseline$"


class CommandsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.result = cls.folder / "result.json"
        cls.call("run", "--filter", QUICK_ROW, "--visits", "2", "-o", str(cls.result), status=0)

    @classmethod
    def call(cls, *arguments, status):
        """Runs the program in a folder of its own; returns its two outputs."""
        done = subprocess.run(
            [PROGRAM, *arguments], cwd=cls.folder, capture_output=True, text=True, timeout=300
        )
        if done.returncode != status:
            raise AssertionError(f"{arguments}: {done.returncode}, not {status}: {done.stderr}")
        return done.stdout, done.stderr

    def changed(self, name, change):
        """A copy of the result, changed."""
        result = copy.deepcopy(json.loads(self.result.read_text(encoding="utf-8")))
        change(result)
        path = self.folder / name
        path.write_text(json.dumps(result), encoding="utf-8")
        return str(path)

    def steady(self, name, factor=1):
        """The result as a quiet machine would have made it."""

        def change(result):
            for row in result["rows"]:
                row["visits"] = [{"ns_per_element": factor, "over_bytes": factor}] * 5

        return self.changed(name, change)

    def test_run_announces_its_time_and_measures(self):
        out, err = self.call("run", "--filter", QUICK_ROW, "-o", "again.json", status=0)
        self.assertRegex(err, r"1 cases?, 3 visits to each: about \d+ s")
        self.assertIn("wrote again.json", err)
        self.assertRegex(out, r"adamw +float32 +16K +1 baseline")
        row = json.loads((self.folder / "again.json").read_text())["rows"][0]
        self.assertEqual(row["name"], QUICK_ROW[1:-1])
        self.assertEqual(len(row["visits"]), 3)

    def test_run_lists_without_measuring(self):
        out, _ = self.call("run", "--list", "--filter", "/lamb/float32/16K/", status=0)
        self.assertTrue(all("step/lamb/float32/16K/" in line for line in out.splitlines()), out)
        self.assertFalse((self.folder / "gradstep-bench.json").exists())

    def test_run_refuses_nonsense(self):
        for arguments, words in (
            (["--filter", "nothing like it"], ["--filter=nothing like it", "--list"]),
            (["--filter", "("], ["--filter", "'('", "regular expression"]),
            (["--visits", "0"], ["--visits", "0", "1 to 100"]),
            (["--cpus", "some"], ["--cpus", "some"]),
            (["--cpus", "node:999"], ["--cpus", "node:999", "this machine has"]),
            (["--quick", "--full"], ["--quick", "--full"]),
            (["-o", "no folder/x.json", "--filter", QUICK_ROW], ["no folder/x.json"]),
            (["--fast"], ["--fast"]),
        ):
            _, err = self.call("run", *arguments, status=2)
            for word in words:
                self.assertIn(word, err, arguments)

    def test_no_command_and_unknown_ones_are_refused(self):
        self.assertIn("subcommand", self.call(status=2)[1])
        self.assertIn("'walk'", self.call("walk", status=2)[1])
        self.assertIn("run", self.call("--help", status=0)[0])

    def test_validate(self):
        self.assertIn("valid", self.call("validate", str(self.result), status=0)[0])
        broken = self.changed("broken.json", lambda r: r["rows"][0].update(threads=0))
        out, err = self.call("validate", str(self.result), broken, status=1)
        self.assertIn("/rows/0/threads", out + err)
        self.assertIn("missing.json", self.call("validate", "missing.json", status=2)[1])

    def test_report_makes_a_page_and_a_table(self):
        out, _ = self.call(
            "report", str(self.result), "-o", "page.html", "--table", "table.md", status=0
        )
        self.assertIn("page.html", out)
        page = (self.folder / "page.html").read_text(encoding="utf-8")
        self.assertTrue(QUICK_ROW[1:-1] in page, "the page does not have the row")
        self.assertFalse("/* gradstep:" in page, "the page has a place that was not filled")
        self.assertIn("adamw", (self.folder / "table.md").read_text(encoding="utf-8"))
        self.assertIn("missing.json", self.call("report", "missing.json", status=2)[1])
        self.assertFalse((self.folder / "gradstep-bench.html").exists())

    def test_compare(self):
        same = self.steady("steady.json")
        out, _ = self.call("compare", same, same, status=0)
        self.assertIn("1 no difference", out)
        slower = self.steady("steady-slower.json", 1.06)
        out, _ = self.call("compare", same, slower, status=1)
        self.assertIn(QUICK_ROW[1:-1], out)
        self.call("compare", same, slower, "--slower-than", "10", status=0)
        self.call("compare", slower, same, status=0)
        _, err = self.call("compare", same, same, "--slower-than", "-1", status=2)
        self.assertIn("--slower-than", err)
        self.call("compare", same, status=2)


if __name__ == "__main__":
    unittest.main()
