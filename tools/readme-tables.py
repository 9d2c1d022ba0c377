#!/usr/bin/env python3
"""Copies measured tables and samples into README.md and bench/README.md.

Between <!-- from FILE#Heading --> and <!-- end --> stands what FILE, a Markdown report below the repository's root, has under that heading; between
<!-- code from FILE --> and <!-- end --> a program, without the lines that only the runner of files needs.
With --check nothing is written, and the exit code is 1 where a page differs.
"""
import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = ["README.md", "bench/README.md"]
BLOCK = re.compile(r"(^<!-- (?:from (?P<report>\S+?)#(?P<heading>[^>]+?)|code from (?P<code>\S+)) -->\n).*?(^<!-- end -->$)", re.DOTALL | re.MULTILINE)


def read(path):
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except FileNotFoundError:
        sys.exit(f"readme-tables: {path}, which a page quotes, is not there; tools/measure.py and tools/bench-peers.py write reports")


def section(path, heading):
    """The lines below a heading, up to the next one of the same or a higher level."""
    text = read(path)
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    if found is None:
        sys.exit(f"readme-tables: {path} has no heading '{heading}'")
    below = text[found.end():]
    following = re.search(rf"^#{{1,{len(found[1])}}} ", below, re.MULTILINE)
    return below[:following.start() if following else None].strip()


def program(path):
    lines = [line for line in read(path).splitlines() if not line.startswith("#:")]
    return "\n".join(["```csharp", *lines, "```"])


def quoted(block):
    content = program(block["code"]) if block["code"] else section(block["report"], block["heading"])
    return f"{block[1]}{content}\n{block[5]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only say whether the pages are what their sources give")
    options = parser.parse_args()
    for page in PAGES:
        text = read(page)
        blocks = len(BLOCK.findall(text))
        # A lost end would let a block swallow what follows it, and without blocks nothing would be compared.
        if blocks == 0 or not blocks == len(re.findall("^<!-- (?:code )?from ", text, re.MULTILINE)) == len(re.findall("^<!-- end -->$", text, re.MULTILINE)):
            sys.exit(f"readme-tables: {page} should have blocks that begin with <!-- from FILE#Heading --> or <!-- code from FILE --> and end with <!-- end -->, in turns")
        written = BLOCK.sub(quoted, text)
        if not options.check:
            (ROOT / page).write_text(written, encoding="utf-8")
        elif written != text:
            sys.exit(f"readme-tables: {page} differs from what it quotes; run tools/readme-tables.py")


if __name__ == "__main__":
    main()
