# SPDX-License-Identifier: Apache-2.0
"""embed finds the line, and prints the library's sentence when a call is refused."""
import programs


class EmbedTest(programs.ProgramTest):
    program = "embed"

    def test_finds_the_line(self):
        self.assertEqual(self.output_of(), "y = 3.000 x -1.000\n")

    def test_hands_on_an_error(self):
        self.assert_refused([], "embed: ", "GRADSTEP_ISA", GRADSTEP_ISA="mmx")


if __name__ == "__main__":
    programs.main()
