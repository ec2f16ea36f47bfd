#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails if Doxygen found a declaration of gradstep.h without a text, or did not find a page.

Usage: check_reference.py FOLDER, with Doxygen's XML
"""
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

from markdown_pages import TREE, page_name, pages

KINDS = {"define": "constants", "function": "functions", "typedef": "types", "variable": "fields"}


def has_text(element):
    parts = (element.find(name) for name in ("briefdescription", "detaileddescription"))
    return any("".join(part.itertext()).strip() for part in parts)


def declarations(folder):
    """Kind, name and element of each declaration of gradstep.h."""
    for path in sorted(folder.glob("*.xml")):
        if path.name == "index.xml" or not path.name.startswith(("struct", "group_")):
            continue
        compound = ElementTree.parse(path).getroot().find("compounddef")
        if not compound.find(".//location[@file='include/gradstep/gradstep.h']") is None:
            name = compound.findtext("compoundname")
            if compound.get("kind") == "struct":
                yield "structs", name, compound
            for member in compound.iter("memberdef"):
                full = name + "." if compound.get("kind") == "struct" else ""
                yield KINDS[member.get("kind")], full + member.findtext("name"), member


def missing_pages(folder):
    """The tree's pages that the index has no page for."""
    index = ElementTree.parse(folder / "index.xml").getroot()
    found = {c.findtext("name") for c in index.findall("compound[@kind='page']")}
    return sorted(p for p in pages(TREE) if page_name(p) not in found)


def main():
    folder, counts, silent = pathlib.Path(sys.argv[1]), {}, []
    for page in missing_pages(folder):
        sys.exit(f"{page}: the reference lacks it")
    for kind, name, element in declarations(folder):
        counts[kind] = counts.get(kind, 0) + 1
        if not has_text(element):
            silent.append(name)
    for name in silent:
        print(f"{name}: gradstep.h says nothing about it")
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    if silent or not counts:
        sys.exit(f"{len(silent)} declarations without a text, of {counted}")
    print(f"every declaration has a text: {counted}; {len(pages(TREE))} pages")


if __name__ == "__main__":
    main()
