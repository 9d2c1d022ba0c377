#!/usr/bin/env python3
"""Runs cudnn_bench against stand-ins for the driver, cuDNN and cuBLAS. Usage: cudnn_bench_test.py PROGRAM STAND_INS FAKE_CUDA"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM, STAND_INS, FAKE_CUDA = sys.argv.pop(1), sys.argv.pop(1), sys.argv.pop(1)
PLANAR = "n2 c3 k4 in1x6x5 kernel1x3x3 stride1x1x1 dilation1x2x2 pad0x2x2/0x2x2 Zero"
MIRRORED = "n1 c4 k5 in1x6x6 kernel1x5x5 stride1x1x1 dilation1x1x1 pad0x2x2/0x2x2 Symmetric"
STRIDED = "n2 c4 k3 in4x6x6 kernel1x3x3 stride2x2x2 dilation1x1x1 pad0x0x0/0x1x1 Zero"
CUBE = "n1 c2 k3 in3x4x5 kernel3x3x3 stride1x1x1 dilation1x1x1 pad1x1x1/1x1x1 Zero"


class CudnnBench(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        os.symlink(FAKE_CUDA, os.path.join(self.folder.name, "libcuda.so.1"))
        self.libraries = [self.folder.name, STAND_INS]

    def run_program(self, *options, **environment):
        json_file = os.path.join(self.folder.name, "out.json")
        self.markdown = os.path.join(self.folder.name, "out.md")
        variables = {**os.environ, "LD_LIBRARY_PATH": ":".join(self.libraries), "FAKE_CUDA_MEMORY": "1000000000", "FAKE_CUDA_L2": "4096", **environment}
        arguments = [PROGRAM, *options] + ([] if "--once" in options else ["--runs", "3", "--gemm", "16", "--copy-mib", "1", "--json", json_file, "--markdown", self.markdown])
        done = subprocess.run(arguments, env=variables, capture_output=True, text=True, timeout=100)
        self.output, self.errors = done.stdout, done.stderr
        if os.path.exists(json_file):
            with open(json_file) as file:
                self.report = json.load(file)
        return done.returncode

    def test_every_pass_layout_and_precision_agrees_with_the_reference(self):
        for problem in (PLANAR, MIRRORED, STRIDED, CUBE):
            self.assertEqual(self.run_program("--problem", problem), 0, self.errors)
            results = self.report["results"]
            self.assertEqual(len(results), 3 * 3 * 2)
            for result in results:
                self.assertEqual(result["problem"], problem)
                self.assertEqual(result["refused"], [], result)
                self.assertLess(result["relative_error"], 4e-3 if result["precision"] == "bf16" else 1e-6, result)
                self.assertEqual(result["engine"], "heuristic A #0")
                # Of the engines, the fourth is not supported, and the third rounds its operands.
                self.assertEqual(result["configurations"], 4 + (2 if result["precision"] == "fp32" else 3))

    def test_a_wrong_result_is_refused_and_the_next_one_is_timed(self):
        for fault, complaint in (("region", "relative error"), ("unwritten", "NaN")):
            self.run_program("--problem", CUBE, FAKE_CUDNN_WRONG=fault)
            for result in self.report["results"]:
                self.assertEqual(result["engine"], "heuristic A #1", result)
                self.assertIn(complaint, result["refused"][0]["complaint"])
                self.assertEqual(result["refused"][0]["engine"], "heuristic A #0")
        self.assertIn("refused as wrong", open(self.markdown).read())

    def test_no_time_is_given_where_every_result_is_wrong(self):
        self.assertEqual(self.run_program("--problem", CUBE, FAKE_CUDNN_WRONG="all"), 0)
        for result in self.report["results"]:
            self.assertNotIn("ms_median", result)
            self.assertIn("is right", result["not_run"])

    def test_times_are_held_against_the_peaks_of_the_same_run(self):
        self.run_program("--problem", CUBE, "--pass", "forward", "--precision", "bf16", "--layout", "NHWC")
        result, = self.report["results"]
        flops = 2 * 3 * 4 * 5 * 27 * 2 * 3
        self.assertAlmostEqual(result["ms_median"], 1.5)  # the stand-in's clock moves 1.5 ms at each event
        self.assertAlmostEqual(self.report["peaks"]["copy_gbs"], 2 * 2**20 / 1.5e6, delta=0.1)
        self.assertAlmostEqual(result["gflops"], flops / 1.5e6, delta=0.1)
        self.assertEqual(result["noise_percent"], 0)
        self.assertEqual(result["floor_ms_datasheet"], 0)  # nothing is known about the stand-in

    def test_one_kernel_can_be_run_once(self):
        once = ["--problem", CUBE, "--pass", "data", "--precision", "tf32", "--layout", "NCHW", "--once", "--engine"]
        self.assertEqual(self.run_program(*once, "heuristic A #1"), 0, self.errors)
        self.assertEqual(self.run_program(*once, "no such engine"), 1)
        self.assertIn("no such engine", self.errors)

    def test_layers_come_from_a_file(self):
        path = os.path.join(self.folder.name, "layers.tsv")
        with open(path, "w") as file:
            file.write(f"a layer\t2\t{CUBE}\nanother\t1\t{PLANAR}\n")
        self.assertEqual(self.run_program("--problems", path, "--filter", "another", "--precision", "bf16"), 0, self.errors)
        self.assertEqual({result["layer"] for result in self.report["results"]}, {"another"})
        with open(path, "a") as file:
            file.write("third\t1\tn0 what\n")
        self.assertEqual(self.run_program("--problems", path), 2)
        self.assertIn("layers.tsv:3", self.errors)

    def test_too_little_memory_costs_only_that_layer(self):
        path = os.path.join(self.folder.name, "layers.tsv")
        with open(path, "w") as file:
            file.write(f"large\t1\t{CUBE.replace('n1 c2', 'n9000 c2')}\nsmall\t1\t{CUBE}\n")
        one = ["--pass", "forward", "--precision", "fp32", "--layout", "NHWC"]
        self.assertEqual(self.run_program("--problems", path, *one, FAKE_CUDA_MEMORY="6000000"), 0, self.errors)
        large, small = self.report["results"]
        self.assertIn("OUT_OF_MEMORY", large["not_run"])
        self.assertIn("ms_median", small)

    def test_what_is_missing_is_said_in_one_line(self):
        self.libraries = [self.folder.name]
        self.assertEqual(self.run_program("--problem", CUBE), 6)
        self.assertEqual(self.errors.count("\n"), 1)
        self.assertIn("libcudnn.so.9 was not found", self.errors)
        self.assertIn("libcublas.so.13 was not found", self.report["peaks"]["not_run"])
        self.libraries = [STAND_INS]
        self.assertEqual(self.run_program("--problem", CUBE), 6)
        self.assertIn("libcuda.so.1 was not found", self.errors)

    def test_a_wrong_command_line_is_explained(self):
        for options in (["--problem", "n1"], ["--problem", CUBE, "--pass", "sideways"], ["--runs", "0"], []):
            self.assertEqual(self.run_program(*options), 2, options)
            self.assertEqual(self.errors.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
