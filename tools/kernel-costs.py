#!/usr/bin/env python3
"""States what the loops of every kernel cost, by the machine code of sm_90a, in kernels/costs.md; with --check compares.

usage: kernel-costs.py IMAGES [--check] [--only TEXT]

IMAGES is a folder of 'unpairedseg kernels --compile sm_90a --out IMAGES'. Needs nvdisasm (tools/fetch-nvdisasm.sh; UNPAIREDSEG_NVDISASM names the
program). Python's standard library only.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
from collections import Counter

ROOT = pathlib.Path(__file__).resolve().parent.parent
COSTS = ROOT / "kernels/costs.md"
HEADER = """# What the inner loops of the kernels cost

Written by `tools/kernel-costs.py`, from the disassembly of the images of sm_90a; `unpairedseg profile --model` predicts times from it. A kernel has up to four rows:

- *products*: the loop with the most products of tensor cores, or else the one that multiplies what lies in shared memory, without the loops inside that work.
- *memory*: the loop that moves the most bytes of global memory (of shared memory where none moves global memory).
- *around*: what surrounds the products, or else the memory loop: the smallest loop that stores in global memory, or the whole kernel, without the innermost loops inside. There is none where the memory loop itself stores.
- *other*: all other loops that load global memory, each once.

Loops are innermost ones, but for those inside that neither multiply nor touch memory.

- *Instructions* are of one round, with called subroutines. *Per element*: by the floats that a round stores in global memory, or loads where it stores none.
- *Divisions* are of integers: none belongs into a loop. *Fences* are MEMBARs.
- *Global* and *shared* are the bytes that a thread loads and stores in a round. Asynchronous copies count as stores in shared memory.
- *Special* are MUFU: exponentials, logarithms, roots, reciprocals.

| kernel | code, bytes | loop | instructions | per element | divisions | fences | global load / store | shared load / store | products | special |
|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|
"""

# Bytes that an instruction moves, by what it is.
MEMORY = {"LDG": "load", "STG": "store", "RED": "store", "ATOMG": "store", "LDS": "shared_load", "LDSM": "shared_load", "STS": "shared_store", "ATOMS": "shared_store",
          "LDGSTS": "shared_store", "UBLKCP": "shared_store"}
WORK = ["products", *dict.fromkeys(MEMORY.values())]

# A loop without tensor cores that multiplies has at least so many multiply-adds, of at least so many bytes of shared memory.
FEWEST_MULTIPLY_ADDS, FEWEST_SHARED_BYTES = 16, 16


class Kernel:
    """The instructions of a function and where its labels stand among them."""

    def __init__(self):
        self.instructions = []
        self.labels = {}

    def loops(self):
        """First and last instruction of every backward branch."""
        for at, text in enumerate(self.instructions):
            target = re.search(r"\bBRA(?:\.\w+)* .*?(\.L_x_\d+)", text)
            if target and self.labels.get(target[1], at + 1) <= at:
                yield self.labels[target[1]], at

    def called(self, text):
        """The instructions of a subroutine that is called, up to its return."""
        target = re.search(r"CALL\S* `\((\S+)\)", text)
        if target is None or target[1] not in self.labels:
            return []
        body = self.instructions[self.labels[target[1]]:]
        end = next((i for i, line in enumerate(body) if re.search(r"\bRET\b", line)), len(body) - 1)
        return body[:end + 1]


def kernels_of(nvdisasm, image):
    found, current = {}, None
    for line in subprocess.run([nvdisasm, "-c", str(image)], check=True, capture_output=True, text=True).stdout.splitlines():
        if section := re.match(r"^\.text\.(\S+):", line):
            current = found.setdefault(section[1], Kernel())
        elif current is None:
            continue
        elif label := re.match(r"^\s*([.$][\w$.]+):", line):
            current.labels[label[1]] = len(current.instructions)
        elif instruction := re.match(r"^\s+/\*[0-9a-f]{4,}\*/\s+(.*?)\s*;", line):
            current.instructions.append(instruction[1])
    return found


def width(name):
    """Bytes per thread of a load, store or asynchronous copy."""
    if name.startswith("LDSM"):
        return 4 * int(name[-1])
    sizes = {".128": 16, ".64": 8, ".U8": 1, ".S8": 1, ".U16": 2, ".S16": 2}
    return next((size for part, size in sizes.items() if part in name), 4)


def cost(kernel, places):
    """Of the instructions at some places, with the subroutines that they call."""
    body = [kernel.instructions[place] for place in places]
    body += [line for text in body for line in kernel.called(text)]
    count = Counter(instructions=len(body))
    for text in body:
        name = re.sub(r"^@!?U?P\w+ ", "", text).split(" ")[0]
        stem = name.split(".")[0]
        if stem in MEMORY:
            count[MEMORY[stem]] += width(name)
        count["products"] += stem in ("HMMA", "HGMMA")
        count["multiply_adds"] += stem == "FFMA"
        count["special"] += stem == "MUFU"
        count["fences"] += stem == "MEMBAR"
        # The reciprocal that an integer division begins with; subroutines of 64 bits have it, too.
        count["divisions"] += stem == "I2F" and ".RP" in name
    return count


def within(loop, other):
    """Whether a loop lies in another one."""
    return other != loop and other[0] <= loop[0] and loop[1] <= other[1]


def chosen_loops(kernel):
    """What a row is about, and its costs."""
    places = {loop: range(loop[0], loop[1] + 1) for loop in kernel.loops()}
    working = {loop: count for loop in places if any((count := cost(kernel, places[loop]))[what] for what in WORK)}
    inner = {loop: count for loop, count in working.items() if not any(within(other, loop) for other in working)}
    innermost = {place for loop in inner for place in places[loop]}
    own = {loop: inner.get(loop) or cost(kernel, set(places[loop]) - innermost) for loop in working}

    def length(loop):
        return loop[1] - loop[0]

    def multiplies(count):
        return (count["multiply_adds"] >= FEWEST_MULTIPLY_ADDS and count["shared_load"] >= FEWEST_SHARED_BYTES
                and not count["load"] + count["store"])

    products = max((loop for loop in own if own[loop]["products"]), default=None, key=lambda loop: (own[loop]["products"], -length(loop)))
    if products is None:
        products = max((loop for loop in own if multiplies(own[loop])), default=None,
                       key=lambda loop: (own[loop]["multiply_adds"], -length(loop)))
    memory = max((loop for loop in inner if loop != products), default=None,
                 key=lambda loop: (inner[loop]["load"] + inner[loop]["store"], inner[loop]["shared_load"] + inner[loop]["shared_store"]))
    if products is not None:
        yield "products", own[products]
    if memory is not None:
        yield "memory", inner[memory]
    centre = products or memory
    if centre is not None and not working[centre]["store"]:
        storing = min((loop for loop in working if within(centre, loop) and working[loop]["store"]), default=None, key=length)
        surroundings = set(places[storing] if storing else range(len(kernel.instructions)))
        yield "around", cost(kernel, surroundings - innermost - set(places[centre]))
    others = [count for loop, count in inner.items() if loop not in (products, memory) and count["load"]]
    if others:
        yield "other", sum(others, Counter())


def rows_of(name, kernel):
    chosen = list(chosen_loops(kernel))
    code = 16 * len(kernel.instructions)
    for what, count in chosen:
        elements = (count["store"] or count["load"]) // 4
        per_element = f"{count['instructions'] / elements:.1f}" if elements and what == "memory" else ""
        yield (f"| {name} | {code} | {what} | {count['instructions']} | {per_element} | {count['divisions']} | {count['fences']} "
               f"| {count['load']} / {count['store']} | {count['shared_load']} / {count['shared_store']} | {count['products']} | {count['special']} |")
    if not chosen:
        yield f"| {name} | {code} | none | | | | | | | | |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=pathlib.Path)
    parser.add_argument("--check", action="store_true", help="only say whether kernels/costs.md is what the images give")
    parser.add_argument("--only", default="", help="print the rows of kernels whose name has this text, and write nothing")
    options = parser.parse_args()
    nvdisasm = os.environ.get("UNPAIREDSEG_NVDISASM", "nvdisasm")
    images = sorted(options.images.glob("*sm_90a*"))
    if not images:
        sys.exit(f"kernel-costs: '{options.images}' has no images of sm_90a; make them with: unpairedseg kernels --compile sm_90a --out {options.images}")
    kernels = {}
    try:
        for image in images:
            kernels |= kernels_of(nvdisasm, image)
    except FileNotFoundError:
        sys.exit(f"kernel-costs: '{nvdisasm}' is not there; export UNPAIREDSEG_NVDISASM=\"$(tools/fetch-nvdisasm.sh)\" downloads it")
    rows = [line for name in sorted(kernels) if options.only in name for line in rows_of(name, kernels[name])]
    if options.only:
        print("\n".join(rows))
    elif not options.check:
        COSTS.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    elif COSTS.read_text(encoding="utf-8") != HEADER + "\n".join(rows) + "\n":
        before = set(COSTS.read_text(encoding="utf-8").splitlines())
        print("\n".join(f"+ {line}" for line in rows if line not in before))
        sys.exit("kernel-costs: the kernels differ from kernels/costs.md; if the change is meant, run tools/kernel-costs.py anew")


if __name__ == "__main__":
    main()
