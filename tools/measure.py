#!/usr/bin/env python3
"""Measures this machine's CPU backend: every convolution on one thread, and training steps by threads, with Winograd transforms and without (--exact).

Writes bench/results/NAME/layers-{dilated2d,unet3d}{,-exact}.{json,md}, steps.json and steps.md. The machine should be idle.
"""
import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BENCH = ["dotnet", str(ROOT / "src/Cli/bin/Release/net10.0/unpairedseg.dll"), "bench"]
STEPS = [
    ("2D, F = 16, 256x256, 1+1", ["--network", "dilated2d", "--channels", "16", "--size", "256"]),
    ("2D, F = 8, 128x128, 4+4", ["--network", "dilated2d", "--channels", "8", "--size", "128", "--batch", "4"]),
    ("3D, F = 16, 128x128x8, 1+1", ["--network", "unet3d", "--channels", "16", "--size", "128", "--depth", "8"]),
]


def bench(*arguments):
    done = subprocess.run([*BENCH, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"measure: bench {' '.join(arguments)}: {done.stderr.strip()}")


def step(options, threads, seconds):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "step.json")
        bench("step", *options, "--threads", str(threads), "--seconds", str(seconds), "--json", path)
        with open(path, encoding="utf-8") as file:
            return json.load(file)


def table(results):
    lines = ["| training step | threads | direct (--exact) ms | default ms | ratio | over one thread | GFLOP/s of the formula | peak memory, MiB |", "|---|---|---|---|---|---|---|---|"]
    for title in dict.fromkeys(r["title"] for r in results):
        rows = [r for r in results if r["title"] == title]
        single = rows[0]["default"]["ms_min"]
        for row in rows:
            exact, default = row["exact"], row["default"]
            lines.append(f"| {title} | {row['threads']} | {exact['ms_min']:.0f} | {default['ms_min']:.0f} | {exact['ms_min'] / default['ms_min']:.2f} | {single / default['ms_min']:.2f} "
                         f"| {1e3 * default['gflop'] / default['ms_min']:.0f} | {default['peak_rss_mb']:.0f} |")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", default=platform.node(), help="of the folder below bench/results; the host's name if not given")
    parser.add_argument("--threads", default="1 2", help='numbers of threads of the steps (default: "1 2")')
    parser.add_argument("--seconds", type=float, default=5, help="per step, and ten times what a layer and pass gets (default: 5)")
    options = parser.parse_args()
    folder = ROOT / "bench/results" / options.name
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["dotnet", "build", "-c", "Release", "-v", "q", "--nologo", "src/Cli"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    for network in ("dilated2d", "unet3d"):
        for suffix, exact in (("", []), ("-exact", ["--exact"])):
            target = folder / f"layers-{network}{suffix}"
            bench("layers", "--network", network, "--threads", "1", "--seconds", str(options.seconds), "--json", f"{target}.json", "--markdown", f"{target}.md", "--overwrite", *exact)
    results = []
    for title, sizes in STEPS:
        for threads in map(int, options.threads.split()):
            results.append({"title": title, "threads": threads, "exact": step([*sizes, "--exact"], threads, options.seconds), "default": step(sizes, threads, options.seconds)})
    (folder / "steps.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), platform.processor())
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    lines = ["# Training steps", "", f"{model}, {os.cpu_count()} cores, commit {commit}. The least of the runs of {options.seconds:g} s.", "", "## Steps by threads", "", *table(results)]
    (folder / "steps.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
