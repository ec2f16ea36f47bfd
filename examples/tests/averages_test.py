# SPDX-License-Identifier: Apache-2.0
"""averages begins two averages late, and each is nearer to the goal than the params are."""
import re

import programs


class AveragesTest(programs.ProgramTest):
    program = "averages"

    def test_averages_are_nearer_than_params(self):
        lines = self.output_of().splitlines()
        form = (r"(\w+): mean squared error of the params (\S+), of their average of (\d+) (\S+), "
                r"frozen 0\.0000")
        found = [re.fullmatch(form, line).groups() for line in lines]
        self.assertEqual([(name, count) for name, _, count, _ in found],
                         [("EMA", "301"), ("SWA", "200")])
        for _, param, _, average in found:
            self.assertGreater(float(param), 0.04)
            self.assertGreater(float(average), 0)
            self.assertLess(float(average), 0.25 * float(param))

    def test_hands_on_an_error(self):
        self.assert_refused([], "averages: ", "GRADSTEP_ISA", GRADSTEP_ISA="mmx")


if __name__ == "__main__":
    programs.main()
