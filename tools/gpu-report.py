#!/usr/bin/env python3
"""Turns what gpu-bench.sh measured into tables.

  gpu-report.py write FOLDER                                   FOLDER/report.md from its JSON files
  gpu-report.py engine FOLDER PROBLEM PASS PRECISION LAYOUT    the engine that was cuDNN's best
"""
import glob
import json
import os
import sys

NETWORKS = {"2d": "2D network", "3d": "3D U-Net"}
# What is as accurate as what: precisions of cuDNN, and ours that stand beside them.
COMPARABLE = {"fp32": ["fp32", "bf16x6"], "tf32": ["bf16x3"], "bf16": ["bf16"]}
PASSES = ["forward", "data gradient", "weight gradient"]
PASS_OPTIONS = dict(zip(["forward", "data", "weights"], PASSES))


def load(folder, pattern):
    """All results of the files of that pattern; each file holds one result, a list, a list under "results", or a result per line."""
    results = []
    for path in sorted(glob.glob(os.path.join(folder, pattern))):
        with open(path) as file:
            content = parse(file.read())
        results += content if isinstance(content, list) else content.get("results", [content])
    return results


def parse(text):
    """A JSON document, or the JSON lines that were written before something was stopped: the last may be incomplete."""
    try:
        return json.loads(text)
    except ValueError:
        results = []
        for line in text.splitlines():
            try:
                results.append(json.loads(line))
            except ValueError:
                break
        return results


def fastest(results):
    timed = [r for r in results if r.get("ms_median")]
    return min(timed, key=lambda r: r["ms_median"]) if timed else None


def time_text(result):
    return f"{result['ms_median']:.4f} ±{result['noise_percent']:.0f} %" if result else "not run"


def layer_rows(folder, dimension, precision):
    """Per layer and pass: our fastest of the comparable precisions, cuDNN's of both layouts, the floor in ms at measured rates (None if unknown), and our fastest with
    the normalization of the input and the statistics of the output in it."""
    ours = [r for mode in COMPARABLE[precision] for r in load(folder, f"layers{dimension}-{precision}-ours-{mode}-*.json")]
    cudnn = load(folder, f"layers{dimension}-{precision}-cudnn.json")
    keys = list(dict.fromkeys((r["problem"], r["pass"]) for r in ours + cudnn))
    for problem, which in keys:
        mine = [r for r in ours if (r["problem"], r["pass"]) == (problem, which)]
        theirs = [r for r in cudnn if (r["problem"], r["pass"]) == (problem, which)]
        any_result = (mine + theirs)[0]
        floor = next((r["floor_ms_measured"] for r in theirs if r.get("floor_ms_measured")), None)
        plain, fused = ([r for r in mine if bool(r.get("fused")) == wanted] for wanted in (False, True))
        yield any_result["layer"], any_result["count"], which, fastest(plain), fastest(theirs), floor, fastest(fused)


def is_needed(layer, which):
    """The images need no gradient."""
    return which != "data gradient" or layer not in ("g1 first", "enc1_1")


def sum_row(rows):
    """Times of all convolutions of a step, where both sides have all of them."""
    needed = [row for row in rows if is_needed(row[0], row[2])]
    if not needed or not all(mine and theirs for _, _, _, mine, theirs, _, _ in needed):
        return None
    total = lambda value: sum(count * value(mine, theirs, floor) for _, count, _, mine, theirs, floor, _ in needed)
    floor = total(lambda m, t, f: f) if all(row[5] for row in needed) else None
    return total(lambda m, t, f: m["ms_median"]), total(lambda m, t, f: t["ms_median"]), floor


def percent(part, whole):
    return f"{100 * part / whole:.0f}" if part and whole else ""


def layer_tables(folder):
    for dimension, network in NETWORKS.items():
        for precision in COMPARABLE:
            rows = list(layer_rows(folder, dimension, precision))
            if not rows:
                continue
            yield f"\n## {network}, convolutions comparable to {precision}\n"
            yield "| layer | times | pass | ours ms | in | ours with normalization and statistics ms | cuDNN ms | layout | cuDNN / ours | floor ms | ours % of floor | cuDNN % of floor |\n|---|---:|---|---:|---|---:|---:|---|---:|---:|---:|---:|"
            for layer, count, which, mine, theirs, floor, fused in rows:
                ratio = f"{theirs['ms_median'] / mine['ms_median']:.2f}" if mine and theirs else ""
                if not mine and not theirs and not fused:
                    continue
                yield (f"| {layer} | {count} | {which} | {time_text(mine)} | {mine['precision'] if mine else ''} | {time_text(fused)} | {time_text(theirs)} | {theirs['layout'] if theirs else ''} | {ratio} | "
                       f"{f'{floor:.4f}' if floor else ''} | {percent(floor, mine and mine['ms_median'])} | {percent(floor, theirs and theirs['ms_median'])} |")


def sum_table(folder):
    """What all convolutions of a step take, for the README."""
    rows = []
    for dimension, network in NETWORKS.items():
        for precision in COMPARABLE:
            total = sum_row(list(layer_rows(folder, dimension, precision)))
            if total:
                ours, cudnn, floor = total
                rows.append(f"| {network} | {precision} | {ours:.3f} | {cudnn:.3f} | {cudnn / ours:.2f} | {f'{floor:.3f}' if floor else ''} | {percent(floor, ours)} | {percent(floor, cudnn)} |")
    if rows:
        yield "| network | as accurate as | ours ms | cuDNN ms | cuDNN / ours | floor ms | ours % of floor | cuDNN % of floor |\n|---|---|---:|---:|---:|---:|---:|---:|"
        yield from rows


def our_steps(folder, dimension):
    """Precision is in the file's name; what tensors held is device memory."""
    return [dict(step, precision=precision, peak_device_mb=round(step.get("peak_tensor_mb", 0)))
            for precision in ("fp32", "bf16x6", "bf16x3", "bf16") for step in load(folder, f"step{dimension}-{precision}.json")]


def step_table(folder):
    steps = {dimension: our_steps(folder, dimension) + load(folder, f"peers{dimension}-*.json") for dimension in NETWORKS}
    if not any(r.get("ms_median") for results in steps.values() for r in results):
        return
    yield "| network | who | precision | ms median | ms min | device memory MiB | fastest PyTorch / this |\n|---|---|---|---:|---:|---:|---:|"
    for dimension, results in steps.items():
        peer = fastest([r for r in results if r.get("implementation") == "pytorch"])
        for r in sorted((r for r in results if r.get("ms_median")), key=lambda r: r["ms_median"]):
            who = f"PyTorch {r['mode']}" if r.get("implementation") == "pytorch" else "ours"
            ratio = f"{peer['ms_median'] / r['ms_median']:.2f}" if peer else ""
            yield f"| {NETWORKS[dimension]} | {who} | {r['precision']} | {r['ms_median']:.3f} | {r['ms_min']:.3f} | {r.get('peak_device_mb') or ''} | {ratio} |"


def not_run(folder):
    path = os.path.join(folder, "not-run.tsv")
    if os.path.exists(path):
        with open(path) as file:
            for line in file:
                yield "- {}: {}".format(*line.rstrip("\n").split("\t", 1))
    for path in sorted(glob.glob(os.path.join(folder, "layers*.json")) + glob.glob(os.path.join(folder, "peers*.json"))):
        reasons = {}
        for r in load(folder, os.path.basename(path)):
            if r.get("not_run"):
                reasons.setdefault(r["not_run"], []).append(" ".join(str(r[k]) for k in ("layer", "pass", "mode", "precision", "layout") if r.get(k)))
        for reason, cases in reasons.items():
            more = f" and {len(cases) - 3} more" if len(cases) > 3 else ""
            yield f"- {os.path.basename(path)}: {', '.join(cases[:3])}{more}: {reason}"


def refused(folder):
    for r in load(folder, "layers*-cudnn.json"):
        for engine in r.get("refused", []):
            yield f"- {r['layer']} {r['pass']} {r['precision']} {r['layout']}, {engine['engine']}: {engine['complaint']} (`{r['problem']}`)"


def write(folder):
    lines = ["# Measured on a GPU", "", "Made by `tools/gpu-bench.sh`. Times are medians ± half the distance between the quartiles, caches cold; a convolution's time includes packing its weights.",
             "Floor: the larger of FLOPs over the fastest cuBLAS product and bytes over the fastest copy, both of the same run. cuDNN / ours above 1: ours is faster.",
             "With normalization and statistics: as the networks use a convolution, its input is normalized while it is read, and the forward pass takes the statistics of its output.",
             "cuDNN gets images after padding where borders are mirrored or uneven; padding them is not counted. Its bf16 reads and writes bf16, ours may read and write float."]
    info = os.path.join(folder, "info.txt")
    if os.path.exists(info):
        with open(info) as file:
            lines += ["", "```", file.read().rstrip(), "```"]
    for title, part in [("Training steps", list(step_table(folder))), ("Convolutions of a step", list(sum_table(folder)))]:
        if part:
            lines += ["", f"## {title}", ""] + part
    lines += layer_tables(folder)
    for title, part in [("Results of cuDNN that were wrong, and not timed", list(refused(folder))), ("Not run", list(not_run(folder)))]:
        if part:
            lines += ["", f"## {title}", ""] + part
    with open(os.path.join(folder, "report.md"), "w") as file:
        file.write("\n".join(lines) + "\n")


def engine(folder, problem, which, precision, layout):
    wanted = {"problem": problem, "pass": PASS_OPTIONS[which], "precision": precision, "layout": layout}
    for r in load(folder, f"layers*-{precision}-cudnn.json"):
        if r.get("engine") and all(r[key] == value for key, value in wanted.items()):
            print(r["engine"])
            return
    sys.exit(1)


if __name__ == "__main__":
    verbs = {"write": (write, 1), "engine": (engine, 5)}
    if len(sys.argv) < 2 or sys.argv[1] not in verbs or len(sys.argv) != 2 + verbs[sys.argv[1]][1]:
        sys.exit(__doc__)
    verbs[sys.argv[1]][0](*sys.argv[2:])
