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
    text = (ROOT / path).read_text(encoding="utf-8")
    found = re.search(rf"^(#+) {re.escape(heading)}\n(.*?)(?=^#{{1,2}} |\Z)", text, re.DOTALL | re.MULTILINE)
    if found is None:
        sys.exit(f"readme-tables: {path} has no heading '{heading}'")
    return found[2].strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only say whether README.md is what the results give")
    options = parser.parse_args()
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    written = BLOCK.sub(lambda block: f"{block[1]}{section(block['file'], block['heading'])}\n{block[4]}", text)
    if options.check:
        if written != text:
            sys.exit("readme-tables: README.md differs from the results it quotes; run tools/readme-tables.py")
    else:
        readme.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    main()
