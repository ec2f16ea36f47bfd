# SPDX-License-Identifier: Apache-2.0
"""two_groups finds the line, continues from its checkpoint, and prints the library's sentences."""
import programs


class TwoGroupsTest(programs.ProgramTest):
    program = "two_groups"

    def test_finds_the_line_and_resumes(self):
        half, saved, whole, loaded, resumed, verdict = self.output_of().splitlines()
        self.assertRegex(half, r"after step 200: .* the next lr 0\.05")
        self.assertEqual(saved, "saved to two_groups.safetensors")
        self.assertRegex(whole, r"after step 400: y = (4\.0\d|3\.9\d)\d \+(2\.0|1\.9)\d+ x0 "
                                r"-(1\.0|0\.9)\d+ x1 [+-]0\.0\d+ x2, the next lr 0\.0000")
        self.assertEqual(resumed, whole)
        self.assertEqual(verdict, "both went on alike, to the bit")

    def test_hands_on_an_error(self):
        run = self.run_program("no/such/folder.safetensors")
        self.assertEqual(run.returncode, 1)
        self.assertIn("two_groups: GRADSTEP_IO_ERROR: ", run.stderr)
        self.assertIn("no/such", run.stderr)


if __name__ == "__main__":
    programs.main()
