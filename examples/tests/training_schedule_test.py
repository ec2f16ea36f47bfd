# SPDX-License-Identifier: Apache-2.0
"""train_digits with --schedule: the schedule counts steps, and different ways to write a schedule
give the same run."""
import programs
import training
from training import COSINE, MULTISTEP, STEPS


class TrainingScheduleTest(training.TrainingTest):
    def test_the_schedule_counts(self):
        """The schedule's time is the step; total_steps is the run's steps minus the warm-up."""
        run = ["--rule", "sgd", "--epochs", 3]
        reports = {self.report(*run, *schedule) for schedule in
                   [[], ["--schedule", "cosine"], ["--schedule", "one_cycle"], COSINE, MULTISTEP]}
        self.assertEqual(len(reports), 5, reports)
        self.output_of(*run, "--csv", "plain")
        for milestone, changed in (2 * STEPS, 3), (2 * STEPS - 1, 2), (3 * STEPS, None):
            self.output_of(*run, "--schedule", "multistep", "--schedule-list",
                           f"milestones={milestone}", "--csv", "scheduled")
            pairs = zip(self.losses("scheduled"), self.losses("plain"))
            different = [epoch for epoch, (a, b) in enumerate(pairs) if a != b]
            self.assertEqual(different[:1], [changed] if changed else [], milestone)
        total = 3 * STEPS - 41
        self.output_of(*run, "--schedule", "cosine", "--schedule-set", "warmup_steps=41",
                       "--csv", "default")
        self.output_of(*run, "--schedule", "cosine", "--schedule-set", "warmup_steps=41",
                       "--schedule-set", f"total_steps={total}", "--csv", "explicit")
        self.assertEqual(self.losses("default"), self.losses("explicit"))

    def test_the_same_schedule_in_other_words(self):
        """Another order, defaults, replaced values, and a text longer than a name may be."""
        many = ",".join(map(str, range(100, 200)))
        for saved, resumed in [
            ("--schedule step --schedule-set step_size=10 --schedule-set gamma=0.5",
             "--schedule step --schedule-set gamma=0.5 --schedule-set step_size=10"),
            ("--schedule cosine", f"--schedule cosine --schedule-set end_lr=0 "
                                  f"--schedule-set total_steps={STEPS}"),
            (f"--schedule multistep --schedule-list milestones=3 --schedule-list milestones={many}",
             f"--schedule multistep --schedule-list milestones={many}"),
        ]:
            run = ["--rule", "adam", "--epochs", 1, "--checkpoint", "run.st"]
            self.assertEqual(self.report(*run, *saved.split()),
                             self.report(*run, "--resume", *resumed.split()), saved)


if __name__ == "__main__":
    programs.main()
