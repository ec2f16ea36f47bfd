# SPDX-License-Identifier: Apache-2.0
"""penalties shows what an L1 penalty and decay after the step do."""
import programs


class PenaltiesTest(programs.ProgramTest):
    program = "penalties"

    def test_prints_the_params(self):
        self.assertEqual(self.output_of().splitlines(), [
            "l1_penalty 0.00: 1.000 0.125 -2.000",
            # Each param is the penalty nearer to 0, and one that is within the penalty is there.
            "l1_penalty 0.25: 0.750 0.000 -1.750",
            # The first step of adam has the size lr. Decay before it has nothing to act on;
            # decay after it leaves 1 - lr weight_decay = 3/4.
            "decay_after_step 0: 0.500 0.500 -0.500",
            "decay_after_step 1: 0.375 0.375 -0.375",
        ])

    def test_hands_on_an_error(self):
        self.assert_refused([], "penalties: ", "GRADSTEP_ISA", GRADSTEP_ISA="mmx")


if __name__ == "__main__":
    programs.main()
