#!/usr/bin/env python3
"""Checks `unpairedseg evaluate` against an independent implementation on SciPy (Debian: apt-get install python3-scipy).

    tools/compare-metrics.py "dotnet src/Cli/bin/Release/net10.0/unpairedseg.dll" [CASES]

Writes random pairs of label maps as NIfTI files, with ragged sizes, anisotropic spacings and empty masks, scores them with both, and
prints the largest difference per metric. Exit code 1 where a difference exceeds 1e-6 relative, or presence is judged differently.
"""
import csv
import pathlib
import shlex
import struct
import subprocess
import sys
import tempfile

import numpy as np
from scipy import ndimage

TOLERANCE_MM = 2.0
CLASSES = 3


def write_nifti(path, labels, spacing):
    """NIfTI-1, one file, unsigned bytes, an affine that only scales."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *labels.shape, 1, 1, 1, 1)
    struct.pack_into("<hh", header, 70, 2, 8)
    struct.pack_into("<8f", header, 76, 1, *spacing, 0, 0, 0, 0)
    struct.pack_into("<f", header, 108, 352)
    header[123] = 2
    struct.pack_into("<hh", header, 252, 0, 1)
    for axis in range(3):
        row = [0.0] * 4
        row[axis] = spacing[axis]
        struct.pack_into("<4f", header, 280 + 16 * axis, *row)
    header[344:348] = b"n+1\0"
    path.write_bytes(bytes(header) + labels.astype(np.uint8).tobytes(order="F"))


def blobs(random, shape, present):
    """Smooth random regions; classes not in `present` are left out."""
    labels = np.zeros(shape, np.uint8)
    for label in present:
        field = ndimage.gaussian_filter(random.standard_normal(shape), random.uniform(0.5, 2.5, 3))
        labels[field > np.quantile(field, random.uniform(0.8, 0.98))] = label
    return labels


def surface(mask):
    return mask & ~ndimage.binary_erosion(mask, ndimage.generate_binary_structure(3, 1), border_value=0)


def scores(prediction, reference, spacing):
    """By the definitions that evaluate names; None where a score does not exist."""
    both = np.count_nonzero(prediction & reference)
    predicted, actual = np.count_nonzero(prediction), np.count_nonzero(reference)
    result = {"presence": {(1, 1): "both", (1, 0): "hallucinated", (0, 1): "missed", (0, 0): "absent"}[int(predicted > 0), int(actual > 0)]}
    result["dice"] = 2 * both / (predicted + actual) if predicted + actual else None
    result["iou"] = both / (predicted + actual - both) if predicted + actual else None
    result["volume_difference"] = (predicted - actual) / actual if actual else None
    result.update(hd_mm=None, hd95_mm=None, assd_mm=None, nsd=0.0 if predicted + actual else None)
    if predicted and actual:
        a, b = surface(prediction), surface(reference)
        there = ndimage.distance_transform_edt(~b, sampling=spacing)[a]
        back = ndimage.distance_transform_edt(~a, sampling=spacing)[b]
        result["hd_mm"] = max(there.max(), back.max())
        result["hd95_mm"] = max(np.percentile(there, 95), np.percentile(back, 95))
        result["assd_mm"] = (there.sum() + back.sum()) / (there.size + back.size)
        result["nsd"] = ((there <= TOLERANCE_MM).sum() + (back <= TOLERANCE_MM).sum()) / (there.size + back.size)
    return result


def main():
    command = shlex.split(sys.argv[1])
    cases = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    random = np.random.default_rng(7)
    worst = {}
    compared = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        truth = {}
        for part in ("predictions", "references"):
            (folder / part).mkdir()
        for case in range(cases):
            shape = tuple(int(n) for n in random.integers(1, 40, 3))
            # Quarters of a millimetre are exact in the header's floats.
            spacing = tuple(float(s) for s in random.integers(2, 20, 3) / 4)
            pair = [blobs(random, shape, [c for c in range(1, CLASSES + 1) if random.random() < 0.85]) for _ in range(2)]
            if random.random() < 0.5:
                pair[1] = np.where(random.random(shape) < 0.1, pair[1], pair[0])
            for part, labels in zip(("predictions", "references"), pair):
                write_nifti(folder / part / f"case_{case:03}.nii", labels, spacing)
            for label in range(1, CLASSES + 1):
                truth[f"case_{case:03}", f"organ{label}"] = scores(pair[0] == label, pair[1] == label, spacing)
        table = folder / "scores.csv"
        organs = ",".join(f"organ{label}" for label in range(1, CLASSES + 1))
        subprocess.run(
            [*command, "evaluate", "--predictions", folder / "predictions", "--references", folder / "references", "--classes", organs,
             "--tolerance", str(TOLERANCE_MM), "--csv", table], check=True, stdout=subprocess.DEVNULL)
        for row in csv.DictReader(table.open()):
            for metric, expected in truth.pop((row["case"], row["organ"])).items():
                compared += 1
                if metric == "presence" or expected is None or row[metric] == "":
                    difference = 0.0 if row[metric] == (expected or "") else float("inf")
                else:
                    difference = abs(float(row[metric]) - expected) / max(1.0, abs(expected))
                worst[metric] = max(worst.get(metric, 0.0), difference)
    if truth:
        sys.exit(f"no scores for {len(truth)} masks, such as {next(iter(truth))}")
    print(f"{cases} cases, {CLASSES} classes, {compared} values; largest relative difference:")
    for metric, difference in worst.items():
        print(f"  {metric:18} {difference:.1e}")
    sys.exit(any(difference > 1e-6 for difference in worst.values()))


if __name__ == "__main__":
    main()
