#!/usr/bin/env python3
"""The tables of tools/gpu-report.py, from made-up results."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "tools", "gpu-report.py")
PROBLEM = "n1 c2 k3 in1x8x8 kernel1x3x3 stride1x1x1 dilation1x1x1 pad0x1x1/0x1x1 Zero"


def result(ms, **more):
    return {"layer": "g5 g6", "count": 7, "problem": PROBLEM, "pass": "forward", "precision": "bf16", "layout": "NHWC", "ms_median": ms, "ms_min": ms, "noise_percent": 1, **more}


class GpuReport(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.TemporaryDirectory()
        self.addCleanup(self.root.cleanup)
        self.folder = os.path.join(self.root.name, "results", "some-gpu")
        os.makedirs(self.folder)

    def save(self, name, results):
        with open(os.path.join(self.folder, name), "w") as file:
            json.dump(results, file)

    def run_program(self, *arguments):
        done = subprocess.run([sys.executable, "-B", PROGRAM, *arguments], capture_output=True, text=True)
        self.errors = done.stderr
        return done.returncode, done.stdout

    def text(self, path):
        with open(path) as file:
            return file.read()

    def save_layers(self):
        self.save("layers2d-bf16-ours-bf16-forward.json", {"results": [result(0.5), result(0.6, fused=True)]})
        self.save("layers2d-bf16-cudnn.json", {"results": [
            result(0.8, floor_ms_measured=0.25, engine="engine 7"), result(0.75, layout="NCHW", floor_ms_measured=0.25, engine="engine 8"),
            {**result(0), "ms_median": None, "pass": "data gradient", "not_run": "cuDNN has no engine for it", "refused": [{"engine": "engine 9", "complaint": "relative error 1.0"}]}]})

    def test_layers_of_both_stand_side_by_side(self):
        self.save_layers()
        self.assertEqual(self.run_program("write", self.folder)[0], 0, self.errors)
        report = self.text(os.path.join(self.folder, "report.md"))
        self.assertIn("| g5 g6 | 7 | forward | 0.5000 ±1 % | bf16 | 0.6000 ±1 % | 0.7500 ±1 % | NCHW | 1.50 | 0.2500 | 50 | 33 |", report)
        self.assertIn("relative error 1.0", report)
        self.assertIn("cuDNN has no engine for it", report)
        self.assertNotIn("Convolutions of a step", report)  # a pass is missing

    def test_lines_that_were_written_before_a_stop_count(self):
        self.save_layers()
        with open(os.path.join(self.folder, "layers2d-bf16-ours-bf16-forward.json"), "w") as file:
            file.write(json.dumps(result(0.5)) + "\n" + json.dumps(result(0.4, **{"pass": "data gradient"})) + '\n{"layer": "g5')
        self.assertEqual(self.run_program("write", self.folder)[0], 0, self.errors)
        report = self.text(os.path.join(self.folder, "report.md"))
        self.assertIn("| g5 g6 | 7 | forward | 0.5000 ±1 % | bf16 |", report)
        self.assertIn("| g5 g6 | 7 | data gradient | 0.4000 ±1 % | bf16 |", report)

    def test_sums_count_each_layer_as_often_as_the_network_has_it(self):
        self.save("layers2d-bf16-ours-bf16-forward.json", {"results": [result(0.5), result(1.0, problem="other", count=2)]})
        self.save("layers2d-bf16-cudnn.json", {"results": [result(1.0), result(1.0, problem="other", count=2)]})
        self.run_program("write", self.folder)
        self.assertIn("| 2D network | bf16 | 5.500 | 9.000 | 1.64 |", self.text(os.path.join(self.folder, "report.md")))

    def test_steps_are_held_against_the_fastest_peer(self):
        self.save("step2d-bf16.json", {"mode": "step", "network": "dilated2d", "ms_median": 6.0, "ms_min": 5.9, "peak_tensor_mb": 1000})
        self.save("peers2d-eager.json", {"results": [{"implementation": "pytorch", "mode": "eager", "precision": "bf16", "ms_median": 30.0, "ms_min": 29.0, "peak_device_mb": 2000}]})
        self.save("peers2d-compile.json", {"results": [{"implementation": "pytorch", "mode": "compile", "precision": "bf16", "ms_median": 12.0, "ms_min": 11.0, "peak_device_mb": 2000}]})
        self.assertEqual(self.run_program("write", self.folder)[0], 0, self.errors)
        report = self.text(os.path.join(self.folder, "report.md"))
        self.assertIn("| 2D network | ours | bf16 | 6.000 | 5.900 | 1000 | 2.00 |", report)
        self.assertIn("| 2D network | PyTorch eager | bf16 | 30.000 | 29.000 | 2000 | 0.40 |", report)

    def test_the_best_engine_is_found_again(self):
        self.save_layers()
        self.assertEqual(self.run_program("engine", self.folder, PROBLEM, "forward", "bf16", "NCHW"), (0, "engine 8\n"))
        self.assertEqual(self.run_program("engine", self.folder, PROBLEM, "weights", "bf16", "NCHW")[0], 1)


if __name__ == "__main__":
    unittest.main()
