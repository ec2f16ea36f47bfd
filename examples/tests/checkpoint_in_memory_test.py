# SPDX-License-Identifier: Apache-2.0
"""checkpoint_in_memory goes on with one of two tensors, under another name, rule and group."""
import programs


class CheckpointInMemoryTest(programs.ProgramTest):
    program = "checkpoint_in_memory"

    def test_goes_on_with_a_part_of_the_checkpoint(self):
        # Gradients are always 1, so each of the steps of adam is lr = 0.001. adamw also decays the
        # param by lr * 0.01 of it.
        self.assertEqual(self.output_of(),
                         "loaded 1 tensor, left 1; note: all of it, once\n"
                         "saved 0.9900, loaded 0.9900, after step 11 0.9890\n")

    def test_hands_on_an_error(self):
        self.assert_refused([], "checkpoint_in_memory: ", "GRADSTEP_ISA", GRADSTEP_ISA="mmx")


if __name__ == "__main__":
    programs.main()
