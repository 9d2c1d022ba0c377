#!/usr/bin/env python3
"""Times whole training steps of both networks in PyTorch: both modalities forward, losses, backward, Adam. --describe and --problems need no PyTorch."""
import argparse
import json
import math
import statistics
import sys
import time

from description import CLASSES, Sizes, describe, parameters_of, problems_of, step_flops

MODES = ["eager", "compile", "compile-graphs"]  # the last replays CUDA graphs (torch.compile's reduce-overhead)
PRECISIONS = ["fp32", "tf32", "bf16"]
L2, LEARNING_RATE = 1e-4, 1e-3
WARM_UP_STEPS = 10


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=["dilated2d", "unet3d"], default="dilated2d")
    parser.add_argument("--batch", type=int, help="images of each modality (8 in 2D, 2 in 3D)")
    parser.add_argument("--size", type=int, help="height and width (256)")
    parser.add_argument("--depth", type=int, default=8)
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--precisions", default=",".join(PRECISIONS))
    parser.add_argument("--steps", type=int, default=30, help="timed steps of each")
    parser.add_argument("--seconds", type=float, default=420, help="starts nothing new after this time")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--json")
    parser.add_argument("--problems", action="store_true", help="only print the convolutions of both modalities together: name, count and problem with tabs between them")
    parser.add_argument("--describe", action="store_true", help="only print layers, parameters and FLOPs")
    given = parser.parse_args()
    for name, known in (("modes", MODES), ("precisions", PRECISIONS)):
        setattr(given, name, getattr(given, name).split(","))
        for value in getattr(given, name):
            if value not in known:
                parser.error(f"--{name} does not know '{value}'; choose of {','.join(known)}")
    if given.depth % 8 or (given.size or 8) % 8:
        parser.error("--size and --depth must be multiples of 8")
    published = Sizes.published(given.network)
    given.sizes = Sizes(given.network, given.batch or published.batch, given.size or published.size, given.depth, given.channels)
    return given


def made_up_images(sizes, number, device, memory_format):
    """Images and one-hot labels of a modality by the engine's formulas, which count on from the first modality's images to the second's."""
    import torch

    count = 1
    for extent in sizes.image_shape:
        count *= extent
    index = torch.arange(number * count, (number + 1) * count, dtype=torch.float64)
    images = torch.sin(index * 0.37).float().reshape(sizes.image_shape).movedim(-1, 1).to(device).contiguous(memory_format=memory_format)
    positions = count // sizes.image_shape[-1]
    labels = (torch.arange(number * positions, (number + 1) * positions) // 11 % CLASSES).reshape(sizes.image_shape[:-1]).to(device)
    truth = torch.nn.functional.one_hot(labels, CLASSES).movedim(-1, 1).float().contiguous(memory_format=memory_format)
    return images, truth


def measure(sizes, mode, precision, steps, device):
    """One configuration as a dictionary of results."""
    import torch

    import losses
    from networks import network_of

    torch.manual_seed(1)
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    memory_format = torch.channels_last_3d if sizes.is_3d else torch.channels_last
    network = network_of(sizes).to(device=device, memory_format=memory_format).train()
    kernels = [p for p in network.parameters() if p.dim() > 1]
    others = [p for p in network.parameters() if p.dim() == 1]
    # L2 is on kernels only; Adam adds it to the gradient, as the method does.
    optimizer = torch.optim.Adam(
        [{"params": kernels, "weight_decay": L2}, {"params": others, "weight_decay": 0}], lr=LEARNING_RATE, betas=(0.9, 0.999), eps=1e-8, fused=device == "cuda" or None)
    (a, truth_a), (b, truth_b) = (made_up_images(sizes, number, device, memory_format) for number in (0, 1))

    def loss_of(a, truth_a, b, truth_b):
        with torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bf16"):
            logits_a, logits_b = network(a, 0), network(b, 1)
        return losses.total(logits_a.float(), truth_a, logits_b.float(), truth_b)

    if mode != "eager":
        torch.compiler.reset()
        loss_of = torch.compile(loss_of, mode="reduce-overhead" if mode == "compile-graphs" else "default")

    def step():
        if mode == "compile-graphs":
            torch.compiler.cudagraph_mark_step_begin()
        loss = loss_of(a, truth_a, b, truth_b)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return loss

    for _ in range(WARM_UP_STEPS):
        last = float(step())
    if not math.isfinite(last):
        raise RuntimeError(f"the loss is {last}")
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    times = timed(step, steps, device)
    result = {
        "implementation": "pytorch", "network": sizes.network, "mode": mode, "precision": precision, "batch": sizes.batch, "size": sizes.size, "depth": sizes.depth if sizes.is_3d else None,
        "channels": sizes.channels, "parameters": parameters_of(sizes), "gflop": round(step_flops(sizes) / 1e9, 1), "ms_min": round(min(times), 4), "ms_median": round(statistics.median(times), 4),
        "runs": len(times), "loss": round(last, 6)}
    if device == "cuda":
        result["peak_device_mb"] = round(torch.cuda.max_memory_reserved() / 2**20)
    return result


def timed(step, count, device):
    """Milliseconds of each step: between events on a GPU, which the host runs ahead of."""
    import torch

    if device != "cuda":
        times = []
        for _ in range(count):
            begun = time.perf_counter()
            step()
            times.append(1000 * (time.perf_counter() - begun))
        return times
    events = [torch.cuda.Event(enable_timing=True) for _ in range(count + 1)]
    events[0].record()
    for event in events[1:]:
        step()
        event.record()
    torch.cuda.synchronize()
    return [before.elapsed_time(after) for before, after in zip(events, events[1:])]


def save(path, results, device):
    import torch

    gpu = torch.cuda.get_device_name() if device == "cuda" else None
    with open(path, "w") as file:
        json.dump({"implementation": "pytorch", "torch": torch.__version__, "cudnn": torch.backends.cudnn.version(), "gpu": gpu, "results": results}, file, indent=2)


def main():
    given = options()
    if given.describe:
        print(describe(given.sizes))
        return 0
    if given.problems:
        print("\n".join(f"{name}\t{count}\t{problem}" for name, count, problem in problems_of(given.sizes)))
        return 0
    try:
        import torch
    except ImportError as error:
        print(f"pytorch_step: not run: {error}", file=sys.stderr)
        return 6
    if given.device == "cuda" and not torch.cuda.is_available():
        print("pytorch_step: not run: PyTorch sees no GPU", file=sys.stderr)
        return 6
    import losses
    import networks

    losses.check()
    networks.check()
    begun = time.perf_counter()
    results = []
    for mode in given.modes:
        for precision in given.precisions:
            wanted = {"implementation": "pytorch", "network": given.network, "mode": mode, "precision": precision}
            if time.perf_counter() - begun > given.seconds:
                results.append({**wanted, "not_run": f"out of time after {given.seconds:.0f} s (--seconds)"})
            else:
                try:
                    results.append(measure(given.sizes, mode, precision, given.steps, given.device))
                except Exception as error:  # a configuration that PyTorch cannot run must not cost the others
                    results.append({**wanted, "not_run": f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"})
            print(json.dumps(results[-1]), flush=True)
            if given.device == "cuda":
                torch.cuda.empty_cache()
            if given.json:  # after each: a compilation may outlast whoever started this
                save(given.json, results, given.device)
    return 0 if any("ms_median" in result for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
