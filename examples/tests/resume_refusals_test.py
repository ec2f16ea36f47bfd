# SPDX-License-Identifier: Apache-2.0
"""train_digits refuses to resume another run, to read a damaged checkpoint and to write over its
other files, and refuses wrong arguments. Each time it says what is wrong and changes no file."""
import os

import programs
import training
from training import ONE_CYCLE


class ResumeRefusalsTest(training.TrainingTest):
    def test_another_run_is_refused(self):
        options = {"--rule": "adamw", "--epochs": 2, "--schedule": "cosine",
                   "--checkpoint": "run.st"}

        def arguments(changes):
            return [x for name, value in {**options, **changes}.items() for x in (name, value)]
        self.output_of(*arguments({}))
        saved = self.bytes_of("run.st")
        data = os.path.join(os.path.dirname(__file__), "..", "data", "digits.csv")
        with open(data, encoding="utf-8") as file:
            self.write("other.csv", "".join(reversed(file.readlines())))
        self.write("losses.csv", "kept")
        self.write("few.csv", (",".join(["3"] * 64 + ["7"]) + "\n") * 12)
        for changes, *parts in [
            ({"--rule": "adam"}, '"--rule adam"', '"--rule adamw"'),
            ({"--seed": 2}, '"--seed 2"', '"--seed 1"', '"--data of 1498 images'),
            ({"--batch": 31}, '"--batch 31"', '"--batch 32"'),
            ({"--set": "lr=0.02"}, "lr=0.02", "lr=0.01"),
            ({"--precision": "bf16"}, '"--precision bf16"', '"--precision f32"'),
            ({"--clip-norm": 1}, '"--clip-norm 1"', '"no --clip-norm"'),
            ({"--ema": 0.5}, '"--ema 0.5"', '"no --ema"'),
            ({"--precision": "f16"}, '"--loss-scale"', '"no --loss-scale"'),
            ({"--schedule": "linear"}, '"--schedule linear"', '"--schedule cosine"'),
            ({"--epochs": 3}, '"--schedule-set total_steps=141"', "total_steps=94"),
            ({"--epochs": 1, "--schedule-set": "total_steps=94"}, "94 steps on", "--epochs 1",
             "at least 2 epochs"),
            ({"--data": "few.csv"}, '"--data of 10 images', '"--data of 1498 images'),
            ({"--data": "other.csv"}, '"--data of 1498 images'),
        ]:
            self.assert_refused([*arguments(changes), "--csv", "losses.csv", "--resume"],
                                "--resume", "run.st", *parts)
            self.assertEqual(self.bytes_of("run.st"), saved, changes)
            self.assertEqual(self.read("losses.csv"), "kept")
        self.assert_refused(arguments({}), "--checkpoint", "'run.st' exists", "--resume")
        self.assertEqual(self.bytes_of("run.st"), saved)

    def test_no_file_is_written_over_another(self):
        self.write("a.csv", "kept")
        for pair in [("--csv", "--checkpoint"), ("--data", "--csv"), ("--checkpoint", "--data")]:
            self.assert_refused(["--rule", "adam", pair[0], "a.csv", pair[1], "./a.csv"],
                                *pair, "same file", "a.csv")
            self.assertEqual(self.read("a.csv"), "kept")

    def test_a_damaged_file_is_refused(self):
        run = ["--rule", "adamw", "--epochs", 2, "--checkpoint", "run.st"]
        self.output_of(*run)
        saved = self.bytes_of("run.st")
        flipped = bytearray(saved)
        flipped[-5] ^= 1
        for damaged in b"", saved[:10], saved[:len(saved) // 2], saved[:-1], bytes(flipped):
            with open(self.path("run.st"), "wb") as file:
                file.write(damaged)
            self.assert_refused([*run, "--resume"], "--resume", "run.st", "damaged")
            self.assertEqual(self.bytes_of("run.st"), damaged)
        self.assertEqual(os.listdir(self.folder), ["run.st"])

    def test_wrong_arguments(self):
        for arguments, *parts in [
            (["--resume"], "--resume", "--checkpoint"),
            (["--checkpoint", "run.st"], "--checkpoint", "7", "--rule"),
            (["--rule", "adam", "--precision", "all", "--checkpoint", "run.st"], "7"),
            (["--rule", "adam", "--checkpoint", "no/run.st"], "--checkpoint", '"no/"'),
            (["--rule", "adam", "--checkpoint", "run.st", "--resume"], "--resume", '"run.st"',
             "No such file"),
            (["--schedule", "cosin"], "cosin", "nearest", '"cosine"'),
            (["--schedule", "step"], "--schedule step", "step_size", "not set", "--schedule-set"),
            (["--schedule", ""], "--schedule: ''"),
            (["--rule", "adam", "--checkpoint", ""], "--checkpoint: ''"),
            (["--csv", ""], "--csv: ''"),
            (["--schedule", "cosine", "--schedule-set", "warmup_steps=94", "--epochs", 2],
             "warmup_steps", "94 steps"),
            (["--schedule", "cosine", "--schedule", "linear"], "--schedule"),
            (["--resum"], "--resum"),
            (["--schedule", "step", "--schedule-set", "step_size"], "--schedule-set", "NAME=VALUE"),
            (["--schedule-set", "gamma=1"], "--schedule-set", "say with --schedule"),
            (["--schedule-list", "milestones=1"], "--schedule-list", "say with --schedule"),
            (["--schedule", "multistep", "--schedule-list", "milestones=5,x"],
             "--schedule-list milestones", "'x'"),
            (["--schedule", "multistep", "--schedule-list", "milestones=5,3"], "milestones[1] = 3"),
            (ONE_CYCLE, "one_cycle", "adagrad", "momentum"),
        ]:
            self.assert_refused(arguments, *parts)
            self.assertEqual(os.listdir(self.folder), [], arguments)


if __name__ == "__main__":
    programs.main()
