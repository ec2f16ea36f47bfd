# SPDX-License-Identifier: Apache-2.0
"""error_sentence prints an empty sentence, the sentence of a failure, and the same cut."""
import programs


class ErrorSentenceTest(programs.ProgramTest):
    program = "error_sentence"

    def test_prints_the_sentences(self):
        self.assertEqual(self.output_of().splitlines(),
                         ['GRADSTEP_OK ""',
                          'GRADSTEP_OUT_OF_RANGE "beta2 = 1.5 is outside [0, 1)"',
                          'GRADSTEP_OUT_OF_RANGE "beta2 = 1.5 ..."'])


if __name__ == "__main__":
    programs.main()
