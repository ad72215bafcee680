#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Output of genlat-bench: one JSON object per workload, with the numbers that comparisons need."""
import json
import subprocess
import sys
import unittest

BENCH = sys.argv.pop(1)
WORKS = {"vae_mlp": 128, "wgan_gp": 1280, "decode1_mlp": 1, "decode1_conv": 1}
NUMBERS = ["ms_per_step", "samples_per_s", "peak_rss_mib"]


def bench(*arguments):
    return subprocess.run([BENCH, "--seconds", "0", *arguments], capture_output=True, text=True, check=False)


class Shape(unittest.TestCase):
    def check(self, record, name, threads):
        self.assertEqual((record["name"], record["batch"], record["threads"]), (name, WORKS[name], threads))
        for key in NUMBERS:
            self.assertGreater(record[key], 0, key)
        samples = 1e3 * record["batch"] / record["ms_per_step"]
        self.assertAlmostEqual(record["samples_per_s"] / samples, 1, delta=0.05)

    def test_one_line_per_workload(self):
        run = bench("--threads", "1", *WORKS)
        self.assertEqual(run.returncode, 0, run.stderr)
        lines = run.stdout.splitlines()
        self.assertEqual(len(lines), len(WORKS))
        for line, name in zip(lines, WORKS):
            self.check(json.loads(line), name, 1)

    def test_profile_lists_layers_in_addition(self):
        run = bench("--profile", "--threads", "2", "decode1_mlp")
        self.check(json.loads(run.stdout), "decode1_mlp", 2)
        self.assertRegex(run.stderr, r"first \S+ dense +[0-9.]+ ")
        self.assertIn("all layers", run.stderr)

    def test_scaling_compares_one_thread_with_several(self):
        record = json.loads(bench("--scaling", "--threads", "2", "decode1_mlp").stdout)
        self.assertEqual((record["name"], record["threads"]), ("decode1_mlp", 2))
        for key in ("turns", "ms_one", "ms_all", "fastest_one", "fastest_all", "pieces_one", "pieces_all", "scaling",
                    "scaling_pieces", "machine"):
            self.assertGreater(record[key], 0, key)
        self.assertLessEqual(record["fastest_one"], record["ms_one"])
        self.assertLessEqual(record["pieces_one"], record["fastest_one"])

    def test_unknown_arguments_are_refused(self):
        for words in (["nonsense"], ["--threads"], ["--seconds", "x"], ["--threads", "-1"]):
            run = bench(*words)
            self.assertEqual((run.returncode, run.stdout), (2, ""), words)
            self.assertIn("usage", run.stderr)

    def test_zero_threads_are_an_error(self):
        run = bench("--threads", "0", "vae_mlp")
        self.assertEqual(run.returncode, 1)
        self.assertIn("threads", run.stderr)


if __name__ == "__main__":
    unittest.main()
