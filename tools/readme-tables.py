#!/usr/bin/env python3
"""Copies measured tables into README.md.

Between <!-- from FILE#Heading --> and <!-- end --> stands what FILE, a Markdown report below the repository's root, has under that heading.
With --check nothing is written, and the exit code is 1 where README.md differs.
"""
import argparse
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(<!-- from (?P<file>\S+?)#(?P<heading>[^>]+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def section(path, heading):
    """The lines below a heading, up to the next one of the same or a higher level."""
    try:
        text = (ROOT / path).read_text(encoding="utf-8")
    except FileNotFoundError:
        sys.exit(f"readme-tables: README.md quotes {path}, which is not there; tools/measure.py and tools/bench-peers.py write such reports")
    found = re.search(rf"^(#+) {re.escape(heading)}$", text, re.MULTILINE)
    if found is None:
        sys.exit(f"readme-tables: {path} has no heading '{heading}'")
    below = text[found.end():]
    following = re.search(rf"^#{{1,{len(found[1])}}} ", below, re.MULTILINE)
    return below[:following.start() if following else None].strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only say whether README.md is what the results give")
    options = parser.parse_args()
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    blocks = len(BLOCK.findall(text))
    # A lost end would let a block swallow what follows it, and without blocks nothing would be compared.
    if blocks == 0 or not blocks == text.count("<!-- from ") == text.count("<!-- end -->"):
        sys.exit("readme-tables: README.md should have blocks that begin with <!-- from FILE#Heading --> and end with <!-- end -->, in turns")
    written = BLOCK.sub(lambda block: f"{block[1]}{section(block['file'], block['heading'])}\n{block[4]}", text)
    if options.check:
        if written != text:
            sys.exit("readme-tables: README.md differs from the results it quotes; run tools/readme-tables.py")
    else:
        readme.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
