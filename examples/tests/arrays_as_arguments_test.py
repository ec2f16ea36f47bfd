# SPDX-License-Identifier: Apache-2.0
"""arrays_as_arguments finds the minimum with both of its calls."""
import programs


class ArraysAsArgumentsTest(programs.ProgramTest):
    program = "arrays_as_arguments"

    def test_finds_the_minimum_twice(self):
        self.assertEqual(self.output_of(), "stateless: 3.0\noptimizer: 3.0\n")

    def test_hands_on_an_error(self):
        self.assert_refused([], "arrays_as_arguments: ", "GRADSTEP_ISA", GRADSTEP_ISA="mmx")


if __name__ == "__main__":
    programs.main()
