# SPDX-License-Identifier: Apache-2.0
"""continue_pytorch reaches the params that PyTorch reached, and notices a file without them."""
import re

import programs


class ContinuePytorchTest(programs.ProgramTest):
    program = "continue_pytorch"
    line = r"steps 13 to 24: params of up to (\d\.\d{3}) differ from PyTorch's by at most (\S+)\n"

    def test_reaches_the_recorded_params(self):
        largest, difference = re.fullmatch(self.line, self.output_of()).groups()
        self.assertGreater(float(largest), 1)
        self.assertLessEqual(float(difference), 1e-12)

    def test_hands_on_an_error(self):
        self.assert_refused(["nothing.txt"], "continue_pytorch: cannot read nothing.txt")
        self.write("short.txt", "param 0x1p0 0x1p1\n")
        self.assert_refused(["short.txt"], "continue_pytorch: the file lacks a line of param")


if __name__ == "__main__":
    programs.main()
