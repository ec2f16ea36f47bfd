# SPDX-License-Identifier: Apache-2.0
"""point_cloud prunes points that it does not need, grows, and comes closer to its curve."""
import re

import programs


class PointCloudTest(programs.ProgramTest):
    program = "point_cloud"

    def test_grows_and_fits(self):
        output = self.output_of()
        self.assertEqual(output, self.output_of())  # it is deterministic
        states = re.findall(r"^step +(\d+): +(\d+) points, mean squared distance (\d\.\d{4})$",
                            output, re.MULTILINE)
        changes = re.findall(r"^  +(\d+) pruned, +(\d+) begun$", output, re.MULTILINE)
        self.assertEqual([int(step) for step, _, _ in states], list(range(0, 301, 50)))
        self.assertEqual(len(output.splitlines()), len(states) + len(changes))
        counts = [int(count) for _, count, _ in states]
        distances = [float(distance) for _, _, distance in states]
        self.assertEqual(counts[:2], [4, 4])
        self.assertEqual(changes[0][0], "2")  # the two far away
        for i, (pruned, begun) in enumerate(changes):
            self.assertEqual(counts[i + 2], counts[i + 1] - int(pruned) + int(begun))
        self.assertGreater(counts[-1], 20)
        self.assertLess(distances[-1], 0.02)
        self.assertLess(distances[-1], distances[1] / 20)


if __name__ == "__main__":
    programs.main()
