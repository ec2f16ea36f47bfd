# SPDX-License-Identifier: Apache-2.0
"""README's programs compile without a warning and print what the comment beside printf says:
readme_test.py README INCLUDE_DIR LIBRARY"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]
# The fragment about an optimizer goes on from a program that has these.
FRAGMENT = """#include <gradstep/gradstep.hpp>
#include <gradstep/optimizers.hpp>
int main() {
  const gradstep::context context;
  float param[2] = {1, 2}, grad[2] = {0.5F, -0.5F};
  const std::size_t count = 2;
%s}
"""


def compilers(*names):
    found = [name for name in names if shutil.which(name)]
    assert found, names
    return found


class ReadmeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        with open(readme, encoding="utf-8") as file:
            self.blocks = re.findall(r"^```(c|cpp)\n(.*?)^```", file.read(), re.S | re.M)

    def run_program(self, text, suffix, *command):
        source = os.path.join(self.folder, "example" + suffix)
        program = os.path.join(self.folder, "example")
        with open(source, "w", encoding="utf-8") as file:
            file.write(text)
        built = subprocess.run([*command, *WARNINGS, "-I" + include_dir, source, library,
                                "-Wl,-rpath," + os.path.dirname(library), "-o", program],
                               capture_output=True, text=True, timeout=300)
        self.assertEqual((built.returncode, built.stderr), (0, ""), command)
        run = subprocess.run([program], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual((run.returncode, run.stderr), (0, ""), command)
        return run.stdout

    def block(self, language):
        text = next(b for kind, b in self.blocks if kind == language and "int main" in b)
        said = re.search(r'printf\(.*\);\s*(?://|/\*) (.*?)(?: \*/)?$', text, re.M)
        return text, said.group(1) + "\n"

    def test_c(self):
        text, said = self.block("c")
        for compiler in compilers("cc", "clang"):
            self.assertEqual(self.run_program(text, ".c", compiler, "-std=c99"), said)
        for compiler in compilers("c++", "clang++"):
            self.assertEqual(self.run_program(text, ".cpp", compiler), said)

    def test_cpp(self):
        text, said = self.block("cpp")
        for compiler in compilers("c++", "clang++"):
            self.assertEqual(self.run_program(text, ".cpp", compiler, "-std=c++17"), said)

    def test_fragment(self):
        fragments = [b for kind, b in self.blocks if kind == "cpp" and "int main" not in b]
        self.assertEqual(len(fragments), 1)
        self.run_program(FRAGMENT % fragments[0], ".cpp", compilers("c++")[0], "-std=c++17")
        self.assertTrue(os.path.exists(os.path.join(self.folder, "run.safetensors")))


if __name__ == "__main__":
    library, include_dir, readme = sys.argv.pop(), sys.argv.pop(), sys.argv.pop()
    unittest.main()
