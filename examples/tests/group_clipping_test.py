# SPDX-License-Identifier: Apache-2.0
"""group_clipping clips by one norm, then by a norm for each group."""
import programs


class GroupClippingTest(programs.ProgramTest):
    program = "group_clipping"

    def test_clips_each_group_by_its_own_norm(self):
        # Norms: 0.01 sqrt(9000) = 0.9487 and 10 sqrt(100) = 100. In the second line the body stays
        # below its limit, 1, and the head is brought to 2 / sqrt(100) for each of its params.
        self.assertEqual(self.output_of(), (
            "one norm: the norm of all is 100.00, of the head 0.00; "
            "the body moves by 0.00010, the head by 0.10\n"
            "a norm for each group: the norm of all is 100.00, of the head 100.00; "
            "the body moves by 0.01000, the head by 0.20\n"))

    def test_hands_on_an_error(self):
        self.assert_refused([], "group_clipping: ", "GRADSTEP_ISA", GRADSTEP_ISA="mmx")


if __name__ == "__main__":
    programs.main()
