#!/usr/bin/env python3
"""Reads a file of "unpairedseg export --weights": python3 samples/load_weights.py weights.safetensors [MODALITY]

The standard library suffices. With numpy, load(path)[1]["..."] becomes numpy.array(values, "f4").reshape(shape); with torch,
a kernel (depth, height, width, in, out) is a weight of Conv3d after .permute(4, 3, 0, 1, 2).
"""
import array
import json
import struct
import sys
import zlib


def load(path):
    """Texts of the header, arrays as (shape, values) by name, and the CRC-32 of all values."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    texts = header.pop("__metadata__", {})
    arrays = {}
    for name, entry in header.items():
        if entry["dtype"] != "F32":
            raise ValueError(f"{name} is {entry['dtype']}, expected F32")
        begin, end = entry["data_offsets"]
        values = array.array("f", data[begin:end])
        if sys.byteorder == "big":
            values.byteswap()
        arrays[name] = (entry["shape"], values)
    return texts, arrays, zlib.crc32(data)


def row(entry, modality):
    """A modality's row of (modalities, channels); the only one where the modalities share it."""
    (rows, channels), values = entry
    first = (modality if rows > 1 else 0) * channels
    return values[first : first + channels]


def scale_and_shift(arrays, layer, modality, epsilon):
    """What a layer of batch normalization does in prediction: x * scale + shift, by channel."""
    gamma, beta, mean, variance = (
        row(arrays[f"{layer}.{part}"], modality) for part in ("gamma", "beta", "running_mean", "running_variance")
    )
    scale = [g / (v + epsilon) ** 0.5 for g, v in zip(gamma, variance)]
    return scale, [b - m * s for b, m, s in zip(beta, mean, scale)]


def main():
    texts, arrays, checksum = load(sys.argv[1])
    for name, (shape, _) in arrays.items():
        print(f"{name:40} {tuple(shape)}")
    print(f"{texts['task']} by {texts['network']}, step {texts['step']}: {', '.join(json.loads(texts['classes']))}")
    if len(sys.argv) > 2:
        modality = json.loads(texts["modalities"]).index(sys.argv[2])
        epsilon = float(json.loads(texts["settings"])["norm.epsilon"])
        layers = [name[: -len(".running_mean")] for name in arrays if name.endswith(".running_mean")]
        if layers:
            scale, shift = scale_and_shift(arrays, layers[0], modality, epsilon)
            print(f"{layers[0]} of {sys.argv[2]}: first channel x * {scale[0]:.6f} + {shift[0]:.6f}")
    count = sum(len(values) for _, values in arrays.values())
    print(f"{len(arrays)} arrays, {count} numbers, crc32 {checksum:08x}")


if __name__ == "__main__":
    main()
