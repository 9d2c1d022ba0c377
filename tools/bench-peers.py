#!/usr/bin/env python3
"""Holds our training steps, predictions and convolutions against libtorch's on the processor (bench/Peers.LibTorch), run in turns.

Writes bench/results/NAME/peers-libtorch.json, every run, and peers-libtorch.md, the tables. With --only, the other subjects of an earlier run are kept.
Downloads libtorch (200 MB) the first time. The machine should be idle: both sides are timed, and libtorch's threads wait for each other.
"""
import argparse
import json
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
OURS = ["dotnet", str(ROOT / "src/Cli/bin/Release/net10.0/unpairedseg.dll"), "bench"]
PEER = ["dotnet", str(ROOT / "bench/Peers.LibTorch/bin/Release/net10.0/linux-x64/UnpairedSegEngine.Peers.LibTorch.dll")]

# Title, our options, libtorch's. Its batch is of both modalities together.
def unpaired(title, network, sizes, batch, modalities):
    common = ["--network", network, *sizes]
    return title, [*common, "--batch", str(batch)], [*common, "--batch", str(modalities * batch)]


STEPS = [
    unpaired("2D F=16 256x256 1+1", "dilated2d", ["--channels", "16", "--size", "256"], 1, 2),
    unpaired("2D F=8 128x128 4+4", "dilated2d", ["--channels", "8", "--size", "128"], 4, 2),
    unpaired("3D F=16 128x128x8 1+1", "unet3d", ["--channels", "16", "--size", "128", "--depth", "8"], 1, 2),
    ("ResNet-20 32x32 128", ["--set", "method.name=adain-kd", "classifier.depth=20", "--size", "32", "--batch", "128"], ["--network", "resnet20", "--batch", "128"]),
    ("UAGAN 128x128 1+1", ["--network", "two_stream2d", "--set", "method.name=uagan", "--channels", "64", "--size", "128", "--batch", "1"],
     ["--network", "uagan", "--channels", "64", "--size", "128", "--batch", "2"]),
]
PREDICTIONS = [
    unpaired("2D F=16, a slice of 256x256", "dilated2d", ["--channels", "16", "--size", "256"], 1, 1),
    unpaired("3D F=16, a block of 128x128x8", "unet3d", ["--channels", "16", "--size", "128", "--depth", "8"], 1, 1),
]
NETWORKS = [("dilated2d", []), ("unet3d", [])]
PASSES = ["forward", "data gradient", "weight gradient"]


def run(command):
    """The JSON that a command writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "result.json")
        done = subprocess.run([*command, "--json", path], cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"bench-peers: {' '.join(command)}: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
        with open(path, encoding="utf-8") as file:
            return json.load(file)


def build(project):
    done = subprocess.run(["dotnet", "build", "-c", "Release", "-v", "q", "--nologo", project], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        errors = [line for line in done.stdout.splitlines() if "error" in line] or done.stdout.splitlines()
        sys.exit(f"bench-peers: {project} does not build: {errors[0].strip()}")


def whole_work(subject, cases, options):
    """Steps or predictions: ours, libtorch's defaults and libtorch tuned, in turns."""
    rows = []
    for title, ours, theirs in (case for case in cases if any(text in case[0] for text in options.filter.split(","))):
        for threads in options.threads:
            def timed(side, seconds, *more):
                return run([*side, "--threads", str(threads), "--seconds", str(seconds), *more])

            def peer(seconds, *more):
                return timed([*PEER, subject, *theirs], seconds, *more)

            layout = min(["contiguous", "channels-last"], key=lambda name: peer(0, "--tuned", "--layout", name)["ms_min"])
            row = {"subject": subject, "title": title, "threads": threads, "layout": layout, "ours": [], "defaults": [], "tuned": []}
            for _ in range(options.repeats):
                row["ours"].append(timed([*OURS, subject, *ours], options.seconds))
                row["defaults"].append(peer(options.seconds))
                row["tuned"].append(peer(options.seconds, "--tuned", "--layout", layout))
            rows.append(row)
            print(whole_line(row), flush=True)
    return rows


def layers(options):
    """Each convolution and pass: ours and libtorch tuned, in turns."""
    rows = []
    for network, sizes in NETWORKS:
        for threads in options.threads:
            ours, theirs = [], []
            for _ in range(options.repeats):
                common = ["--network", network, *sizes, "--threads", str(threads)]
                ours.append(joined(run([*OURS, "layers", *common, "--batch", "1", "--seconds", str(options.seconds)])["layers"]))
                peers = run([*PEER, "layers", *common, "--batch", "2", "--tuned", "--seconds", str(options.seconds / 10)])["layers"]
                theirs.append({(layer["layer"], layer["pass"]): layer["ms_min"] for layer in peers})
            for (layer, a_pass), first in ours[0].items():
                if (layer, a_pass) not in theirs[0]:
                    sys.exit(f"bench-peers: libtorch's side has no layer '{layer}'")
                rows.append({
                    "network": network, "threads": threads, "layer": layer, "pass": a_pass, "gflop": first["gflop"], "peak_gflops": max(run[layer, a_pass]["peak_gflops"] for run in ours),
                    "ours": [run[layer, a_pass]["ms_min"] for run in ours], "tuned": [run[layer, a_pass] for run in theirs],
                })
            print(f"{network}, {threads} threads: {len(ours[0])} passes", flush=True)
    return rows


def joined(results):
    """Layers by name and pass; the two convolutions that a concatenation's parts take here are one, as the peer has it."""
    found = {}
    for result in results:
        part = re.fullmatch(r"(\S+) part \d+ (\d+)->(\d+) (.*)", result["layer"])
        key = (result["layer"] if part is None else (part[1], part[3], part[4]), result["pass"])
        parts = found.setdefault(key, [])
        parts.append({**result, "inputs": part[2] if part else None})
    whole = {}
    for (name, a_pass), parts in found.items():
        if not isinstance(name, str):
            name = f"{name[0]} {'+'.join(p['inputs'] for p in parts)}->{name[1]} {name[2]}"
        whole[name, a_pass] = {"ms_min": sum(p["ms_min"] for p in parts), "gflop": sum(p["gflop"] for p in parts), "peak_gflops": max(p["peak_gflops"] for p in parts)}
    return whole


def ratios(theirs, ours):
    return [t / o for t, o in zip(theirs, ours)]


def spread(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def times(runs):
    return [run["ms_min"] for run in runs]


def memory(runs):
    return f"{max(run['peak_rss_mb'] for run in runs):.0f}"


def whole_line(row):
    ours, defaults, tuned = (row[side] for side in ("ours", "defaults", "tuned"))
    memories = " / ".join(memory(runs) for runs in (ours, defaults, tuned))
    return (f"| {row['title']} | {row['threads']} | {min(times(ours)):.0f} | {min(times(defaults)):.0f} | {spread(ratios(times(defaults), times(ours)))} "
            f"| {min(times(tuned)):.0f} | {spread(ratios(times(tuned), times(ours)))} | {row['layout']} | {memories} |")


def whole_table(rows):
    return ["| work | threads | ours ms | libtorch defaults ms | ratio | libtorch tuned ms | ratio | layout | peak memory ours / defaults / tuned, MiB |",
            "|---|---|---|---|---|---|---|---|---|", *map(whole_line, rows)]


def short_table(steps, predictions):
    """What a reader of the README wants to know, with the most threads."""
    rows = [("training step", row) for row in steps] + [("prediction", row) for row in predictions]
    most = max(row["threads"] for _, row in rows)
    lines = ["| work | ours ms | libtorch as installed ms | libtorch tuned ms | ours is faster than tuned by | memory, ours / tuned MiB |", "|---|---|---|---|---|---|"]
    for work, row in [(work, row) for work, row in rows if row["threads"] == most]:
        ours, defaults, tuned = row["ours"], row["defaults"], row["tuned"]
        lines.append(f"| {work}, {row['title']} | {min(times(ours)):.0f} | {min(times(defaults)):.0f} | {min(times(tuned)):.0f} "
                     f"| {statistics.median(ratios(times(tuned), times(ours))):.1f} times | {memory(ours)} / {memory(tuned)} |")
    return lines


def percent(row):
    return 100 * 1e3 * row["gflop"] / min(row["ours"]) / row["peak_gflops"]


def layer_tables(rows):
    lines = []
    for network, threads in dict.fromkeys((row["network"], row["threads"]) for row in rows):
        these = [row for row in rows if (row["network"], row["threads"]) == (network, threads)]
        lines += ["", f"### {network}, {threads} thread{'s' if threads > 1 else ''}", "",
                  "| layer | " + " | ".join(f"{a_pass}: ours ms | % of peak | libtorch ms | ratio" for a_pass in PASSES) + " |", "|---|" + "---|" * 12]
        for layer in dict.fromkeys(row["layer"] for row in these):
            cells = []
            for a_pass in PASSES:
                row = next(r for r in these if (r["layer"], r["pass"]) == (layer, a_pass))
                cells.append(f"{min(row['ours']):.2f} | {percent(row):.0f} | {min(row['tuned']):.2f} | {statistics.median(ratios(row['tuned'], row['ours'])):.2f}")
            lines.append(f"| {layer} | " + " | ".join(cells) + " |")
    slower = [row for row in rows if statistics.median(ratios(row["tuned"], row["ours"])) < 1]
    weak = [row for row in rows if percent(row) < 60]

    def listed(of):
        return [f"- {r['layer']}, {r['pass']}, {r['threads']} threads: {spread(ratios(r['tuned'], r['ours']))}, {percent(r):.0f} % of the peak" for r in of] or ["- none"]

    return [*lines, "", "### Slower than libtorch tuned", "", *listed(slower), "", "### Below 60 % of the multiply-add peak", "", *listed(weak)]


def origins(results, *subjects):
    """A line for each state of machine and code that the subjects were measured in."""
    measured = {}
    for subject in subjects:
        if results.get(subject):
            # A file from before subjects had origins of their own names one for all of them.
            origin = results.get("origins", {}).get(subject, results)
            line = f"{origin['machine']}, {origin['cores']} cores, commit {origin['commit']}, load average {origin['load']:.1f} at the start; {origin['peer']}."
            measured.setdefault(line, []).append(subject)
    return [f"{' and '.join(of)}: {line}" for line, of in measured.items()]


def report(results):
    lines = [
        "# Ours and libtorch on the processor", "",
        "Milliseconds are the least of the runs, which were taken in turns. Ratio: libtorch's time over ours in the same turn, median (lowest to highest); above 1, ours is faster.",
        "Defaults: as a user gets it. Tuned: glibc keeps freed memory, and the faster memory layout. Memory: peak resident set.",
        "", "## Steps and predictions", "", *origins(results, "step", "infer"), "", *whole_table(results.get("step", []) + results.get("infer", [])),
        "", "## In short", "", *short_table(results.get("step", []), results.get("infer", [])),
    ]
    if results.get("layers"):
        lines += ["", "## Layers", "", *origins(results, "layers"), "", "1+1 samples at 256x256 (2D) and 128x128x8 (3D), F = 16; % of the measured multiply-add peak by the formula's FLOPs without taps in the padding.",
                  "A concatenation's layer is two convolutions here and one, without the copy, in libtorch.", *layer_tables(results["layers"])]
    return "\n".join(lines) + "\n"


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"^model name\s*: (.*)$", file.read(), re.MULTILINE)
    project = (ROOT / "bench/Peers.LibTorch/Peers.LibTorch.csproj").read_text(encoding="utf-8")
    versions = [f"{name} {version}" for name, version in re.findall(r'"(TorchSharp|libtorch-cpu-linux-x64)" Version="([^"]*)"', project)]
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return {"machine": model[1] if model else platform.processor(), "cores": os.cpu_count(), "commit": commit, "load": os.getloadavg()[0], "peer": ", ".join(versions)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?", default=platform.node(), help="of the folder below bench/results; the host's name if not given")
    parser.add_argument("--only", choices=["step", "infer", "layers"], help="one subject instead of all")
    parser.add_argument("--threads", default="1 2", help='numbers of threads (default: "1 2")')
    parser.add_argument("--filter", default="", help="only steps and predictions whose title has one of these texts, separated by commas")
    parser.add_argument("--repeats", type=int, default=3, help="turns (default: 3)")
    parser.add_argument("--seconds", type=float, default=5, help="per run; a tenth of it per layer and pass (default: 5)")
    parser.add_argument("--report", action="store_true", help="write the tables anew from the runs at hand")
    options = parser.parse_args()
    options.threads = [int(number) for number in options.threads.split()]
    folder = ROOT / "bench/results" / options.name
    runs = folder / "peers-libtorch.json"
    results = json.loads(runs.read_text(encoding="utf-8")) if runs.exists() and (options.only or options.report) else {}
    if not options.report:
        if os.getloadavg()[0] > 0.5:
            print(f"bench-peers: the machine is busy (load average {os.getloadavg()[0]:.1f}): times will be off", file=sys.stderr)
        build("src/Cli")
        build("bench/Peers.LibTorch")
        subprocess.run([*PEER, "check"], check=True, stdout=subprocess.DEVNULL)
        folder.mkdir(parents=True, exist_ok=True)
        subjects = {
            "step": lambda: whole_work("step", STEPS, options),
            "infer": lambda: whole_work("infer", PREDICTIONS, options),
            "layers": lambda: layers(options),
        }
        for subject in [options.only] if options.only else subjects:
            origin = machine()
            results[subject] = subjects[subject]()
            results.setdefault("origins", {})[subject] = origin
            # After each subject: one that fails costs none that was measured before.
            runs.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (folder / "peers-libtorch.md").write_text(report(results), encoding="utf-8")


if __name__ == "__main__":
    main()
