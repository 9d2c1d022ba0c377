#!/usr/bin/env python3
"""Trains with two builds of the program and demands the same bits of both.

usage: same-bits.py OLD.dll NEW.dll [--steps 20] [--devices cpu,emulated] [--schemes ...] [--networks ...]

For each device, scheme and network: weights, moments, losses and validation scores after the steps; a run that the old build
began and the new one goes on with, from the middle; a prediction. Times are left out. Python's standard library only.
"""

import argparse
import gzip
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

SCHEMES = ["individual", "joint", "joint-norm", "y-shape", "x-shape", "ummkd"]
NETWORKS = {
    "dilated2d": ["--size", "32", "--batch", "2"],
    "unet3d": ["--size", "16", "--batch", "1", "--set", "data.depth=8"],
}


def run(dll, *arguments):
    done = subprocess.run(["dotnet", str(dll), *map(str, arguments)], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{dll} {' '.join(map(str, arguments))}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def tensors(path):
    """Name to type, shape and bytes of a safetensors file."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    header.pop("__metadata__", None)
    return {name: (t["dtype"], t["shape"], data[slice(*t["data_offsets"])]) for name, t in header.items()}


def records(folder):
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in line.items() if not k.startswith("time/") and k != "wall_time"} for line in lines]


def differences(old, new, steps):
    end = pathlib.Path("checkpoints") / f"step-{steps:08d}"
    for name in ["weights.safetensors", "optimizer.safetensors"]:
        a, b = tensors(old / end / name), tensors(new / end / name)
        if a.keys() != b.keys():
            yield f"{name}: other tensors: {sorted(a.keys() ^ b.keys())[:4]}"
        yield from (f"{name}: {key}" for key in a if key in b and a[key] != b[key])
    for a, b in zip(records(old), records(new), strict=True):
        yield from (f"step {a['step']}: {key} {a.get(key)} {b.get(key)}" for key in a.keys() | b.keys() if a.get(key) != b.get(key))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=pathlib.Path)
    parser.add_argument("new", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--devices", default="cpu,emulated")
    parser.add_argument("--schemes", default=",".join(SCHEMES))
    parser.add_argument("--networks", default=",".join(NETWORKS))
    options = parser.parse_args()
    middle, failed = options.steps // 2, 0
    with tempfile.TemporaryDirectory() as temporary:
        root = pathlib.Path(temporary)
        run(options.old, "phantom", "--out", root / "data", "--size", 32, "--slices", 8, "--train", 2, "--val", 1, "--test", 1)
        for device in options.devices.split(","):
            for network in options.networks.split(","):
                for scheme in options.schemes.split(","):
                    name = f"{device} {network} {scheme}"
                    old, new, on = (root / f"{kind} {name}" for kind in ["old", "new", "on"])
                    sets = ["training.validate_every=%d" % middle, "training.save_every=%d" % middle, "training.log_every=1", "training.keep=5"]
                    size = NETWORKS[network]
                    extra = size[: size.index("--set")] if "--set" in size else size
                    more = size[size.index("--set") + 1 :] if "--set" in size else []
                    for dll, folder in [(options.old, old), (options.new, new)]:
                        run(dll, "train", "--data", root / "data", "--out", folder, "--device", device, "--network", network, "--scheme", scheme,
                            "--channels", 2, "--steps", options.steps, *extra, "--set", *sets, *more)
                    found = list(differences(old, new, options.steps))

                    # The old build's run, as if it had been interrupted in the middle.
                    shutil.copytree(old, on)
                    for later in (on / "checkpoints").iterdir():
                        if int(later.name.split("-")[1]) > middle:
                            shutil.rmtree(later)
                    run(options.new, "train", "--data", root / "data", "--out", on, "--resume")
                    found += [f"resumed: {difference}" for difference in differences(old, on, options.steps)]

                    labels = []
                    for dll, folder in [(options.old, old), (options.new, old), (options.new, new)]:
                        out = pathlib.Path(tempfile.mkdtemp(dir=root))
                        run(dll, "predict", "--run", folder, "--modality", "MR", "--in", root / "data/imagesTs/mr_003_0000.nii.gz", "--out", out, "--last")
                        labels.append(gzip.decompress((out / "mr_003.nii.gz").read_bytes()))
                    if len(set(labels)) > 1:
                        found.append("predictions differ")
                    print(f"{name}: {'same bits' if not found else f'{len(found)} differences: ' + '; '.join(found[:5])}", flush=True)
                    failed += bool(found)
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
