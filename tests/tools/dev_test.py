# SPDX-License-Identifier: Apache-2.0
"""./dev on a system of stubs: which packages each command needs, and what ./dev says when it cannot
go on."""
import os
import shutil
import subprocess
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = ["bash", "cat", "dirname", "env", "grep", "mkdir", "readlink", "tail"]
NOT_FOR_THE_LIBRARY = ["clang", "gnuplot", "gtest", "benchmark", "cli11", "eigen", "python",
                       "json", "chart", "chromium"]


class DevTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.tree = os.path.join(folder.name, "a tree")
        self.bin = os.path.join(folder.name, "bin")
        self.asked = os.path.join(folder.name, "asked")
        os.mkdir(self.tree)
        os.mkdir(self.bin)
        shutil.copy(os.path.join(HERE, os.pardir, os.pardir, "dev"), self.tree)
        for tool in TOOLS:
            os.symlink(shutil.which(tool), os.path.join(self.bin, tool))
        self.stub("dpkg-query", "exit 1")  # nothing is installed
        self.stub("apt-get", f'echo "$@" >>"{self.asked}"')
        self.stub("id", "echo 0")

    def stub(self, name, text):
        path = os.path.join(self.bin, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/bash\n" + text + "\n")
        os.chmod(path, 0o755)

    def dev(self, *arguments, program=None):
        return subprocess.run([program or os.path.join(self.tree, "dev"), *arguments],
                              cwd=self.folder, env={"PATH": self.bin}, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)

    def packages(self):
        with open(self.asked, encoding="utf-8") as file:
            line = file.read().splitlines()[-1]
        return line.split("--no-install-recommends ")[1].split()

    def assert_refused(self, run, code, *parts):
        self.assertEqual(run.returncode, code, run)
        for part in parts:
            self.assertIn(part, run.stderr)

    def test_wrong_commands(self):
        self.assert_refused(self.dev("tset"), 2, "there is no command 'tset'", "usage:")
        self.assert_refused(self.dev(), 2, "usage:")
        self.assert_refused(self.dev("demo", "--quick"), 2, "'demo' takes no arguments", "--quick")
        self.assert_refused(self.dev("setup", "al"), 2, "'setup al' is unknown")
        self.assert_refused(self.dev("sanitize", "msan"), 2, "there is no sanitizer 'msan'")
        self.assertFalse(os.path.exists(self.asked))

    def test_help_from_anywhere(self):
        link = os.path.join(self.folder, "link")
        os.symlink(os.path.join(self.tree, "dev"), link)
        for program in (None, link):
            run = self.dev("help", program=program)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertIn("./dev COMMAND", run.stdout)

    def test_the_library_needs_little(self):
        run = self.dev("setup")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        packages = self.packages()
        self.assertIn("libxsimd-dev", packages)
        for word in NOT_FOR_THE_LIBRARY:
            self.assertFalse([p for p in packages if word in p], word)
        self.dev("library")  # fails after the packages: there is no cmake
        self.assertEqual(self.packages(), packages)

    def test_each_command_installs_its_own(self):
        self.dev("setup", "all")
        everything = self.packages()
        for command, has, has_not in (("demo", ["gnuplot", "cli11", "eigen"], ["gtest", "clang"]),
                                      ("bench", ["benchmark"], ["gtest", "clang", "gnuplot"]),
                                      ("sanitize", ["gtest", "valgrind"], ["clang", "cli11"]),
                                      ("test", ["gtest", "cli11", "python"], ["clang"])):
            self.dev(command)
            packages = self.packages()
            for word in has:
                self.assertTrue([p for p in packages if word in p], (command, word))
            for word in has_not:
                self.assertFalse([p for p in packages if word in p], (command, word))
            self.assertLessEqual(set(packages), set(everything))

    def test_no_network(self):
        self.stub("apt-get", "echo 'E: Unable to locate package'; exit 100")
        self.assert_refused(self.dev("demo"), 1, "E: Unable to locate package",
                            "could not install", "is there a network?", "libtbb-dev")

    def test_neither_root_nor_sudo(self):
        self.stub("id", "echo 1000")
        self.assert_refused(self.dev("demo"), 1, "without sudo only root can install", "libtbb-dev")
        self.stub("sudo", 'echo sudo >>"' + self.asked + '"; exec "$@"')
        self.assertEqual(self.dev("setup").returncode, 0)
        self.assertIn("libtbb-dev", self.packages())

    def test_no_apt(self):
        os.remove(os.path.join(self.bin, "apt-get"))
        self.assert_refused(self.dev("demo"), 1, "no apt-get", "cmake")


if __name__ == "__main__":
    unittest.main()
