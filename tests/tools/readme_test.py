# SPDX-License-Identifier: Apache-2.0
"""The programs of README.md, docs/c-api.md and docs/embedding.md compile without a warning, and print
what the comment beside printf says: readme_test.py ROOT LIBRARY"""
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


def blocks_of(path):
    """The (language, text) of each fenced block."""
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return re.findall(r"^```(c|cpp)\n(.*?)^```", file.read(), re.S | re.M)


class ExamplesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def compile(self, text, suffix, target, *command):
        source = os.path.join(self.folder, "example" + suffix)
        with open(source, "w", encoding="utf-8") as file:
            file.write(text)
        built = subprocess.run([*command, *WARNINGS, "-I" + os.path.join(root, "include"), source,
                                *target], capture_output=True, text=True, timeout=300)
        self.assertEqual((built.returncode, built.stderr), (0, ""), command)

    def run_program(self, text, suffix, *command):
        program = os.path.join(self.folder, "example")
        self.compile(text, suffix,
                     [library, "-Wl,-rpath," + os.path.dirname(library), "-o", program], *command)
        run = subprocess.run([program], cwd=self.folder, capture_output=True, text=True, timeout=60)
        self.assertEqual((run.returncode, run.stderr), (0, ""), command)
        return run.stdout

    def program(self, path, language):
        """The first program of the page, and the line that it says it prints."""
        text = next(b for kind, b in blocks_of(path) if kind == language and "int main" in b)
        said = re.search(r'printf\(.*\);\s*(?://|/\*) (.*?)(?: \*/)?$', text, re.M)
        return text, said.group(1) + "\n"

    def test_c(self):
        text, said = self.program("README.md", "c")
        for compiler in compilers("cc", "clang"):
            self.assertEqual(self.run_program(text, ".c", compiler, "-std=c99"), said)
        for compiler in compilers("c++", "clang++"):
            self.assertEqual(self.run_program(text, ".cpp", compiler), said)

    def test_cpp(self):
        text, said = self.program("README.md", "cpp")
        for compiler in compilers("c++", "clang++"):
            self.assertEqual(self.run_program(text, ".cpp", compiler, "-std=c++17"), said)

    def test_fragment(self):
        fragments = [b for kind, b in blocks_of("README.md") if kind == "cpp" and "int main" not in b]
        self.assertEqual(len(fragments), 1)
        self.run_program(FRAGMENT % fragments[0], ".cpp", compilers("c++")[0], "-std=c++17")
        self.assertTrue(os.path.exists(os.path.join(self.folder, "run.safetensors")))

    def test_c_api(self):
        text, said = self.program("docs/c-api.md", "c")
        for compiler in compilers("cc", "clang"):
            self.assertEqual(self.run_program(text, ".c", compiler, "-std=c99"), said)

    def test_c_fragments(self):
        fragments = [b for page in ("docs/c-api.md", "docs/embedding.md")
                     for kind, b in blocks_of(page) if kind == "c"]
        self.assertGreater(len(fragments), 1)
        for compiler in compilers("cc", "clang"):
            self.compile("\n".join(fragments), ".c", ["-c", "-o", os.devnull], compiler, "-std=c99")


if __name__ == "__main__":
    library, root = sys.argv.pop(), sys.argv.pop()
    unittest.main()
