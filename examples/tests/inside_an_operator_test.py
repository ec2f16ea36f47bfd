# SPDX-License-Identifier: Apache-2.0
"""inside_an_operator's four threads make the bits of one call."""
import programs


class InsideAnOperatorTest(programs.ProgramTest):
    program = "inside_an_operator"

    def test_has_the_bits_of_one_call(self):
        # Ten steps of adamw, each by lr = 1e-3 against the gradient's sign; -2 is grad[1].
        self.assertEqual(self.output_of(), "10 steps by 4 threads inside an operator: "
                                           "param[1] = 0.010000, the bits of one call\n")

    def test_hands_on_an_error(self):
        self.assert_refused([], "inside_an_operator: ", "GRADSTEP_ISA", GRADSTEP_ISA="mmx")


if __name__ == "__main__":
    programs.main()
