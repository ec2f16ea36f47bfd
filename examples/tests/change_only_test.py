# SPDX-License-Identifier: Apache-2.0
"""change_only gets changes in place of gradients, and reaches the goal by adding them."""
import programs


class ChangeOnlyTest(programs.ProgramTest):
    program = "change_only"

    def test_adds_the_changes(self):
        first, second, last = self.output_of().splitlines()
        # The first change is lr goal. The gradient is then 7/8 of the first one, so the velocity
        # is (1/2 + 7/8) of it.
        self.assertEqual(first, "change 1: 0.125 -0.25 0.375")
        self.assertEqual(second, "change 2: 0.171875 -0.34375 0.515625")
        self.assertEqual(last, "param: 1.0000 -2.0000 3.0000")

    def test_hands_on_an_error(self):
        self.assert_refused([], "change_only: ", "GRADSTEP_ISA", GRADSTEP_ISA="mmx")


if __name__ == "__main__":
    programs.main()
