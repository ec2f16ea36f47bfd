# SPDX-License-Identifier: Apache-2.0
"""The tree's pages of Markdown: which there are, their headings, and their links."""
import pathlib
import re

TREE = pathlib.Path(__file__).resolve().parents[2]
FRONT_PAGE = "README.md"
# [text](target); the text may contain brackets of code: [`a[i]`](page.md).
LINK = re.compile(r"(?<![!\w`\]])\[((?:[^\[\]`]|`[^`]*`|\n)+)\]\(([^()\s]+)\)")
PAGE_PATTERNS = ["*.md", "docs/*.md", "bindings/README.md", "bindings/*/README.md",
                 "bindings/*/*/README.md", "examples/*/README.md"]


def pages(tree):
    """The pages, as paths relative to the tree."""
    return {p.relative_to(tree).as_posix() for pattern in PAGE_PATTERNS for p in tree.glob(pattern)}


def page_name(page, anchor=""):
    """Doxygen's name of a page, or of the heading with this anchor."""
    if page == FRONT_PAGE and not anchor:
        return "index"
    name = re.sub(r"\W", "_", page.removesuffix(".md").lower())
    return f"{name}_{re.sub(r'[^a-z0-9]', '_', anchor)}" if anchor else name


def without_code(text):
    """The text without fenced and indented blocks of code, whose lines become empty."""
    lines, in_fence, before = [], False, ""
    for line in text.split("\n"):
        is_fence = line.lstrip().startswith("```")
        is_indented = line.startswith("    ") and not before.strip()
        lines.append("" if in_fence or is_fence or is_indented else line)
        in_fence ^= is_fence
        before = "" if is_indented else line
    return "\n".join(lines)


def heading_of(line):
    """The text of a heading; None: the line is none."""
    match = re.fullmatch(r"#{1,6} (.*?)\s*#*", line)
    return match[1] if match else None


def slugs(text):
    """The anchors of a page's headings, in order, as repository hosts name them."""
    seen, result = {}, []
    for heading in filter(None, map(heading_of, without_code(text).split("\n"))):
        plain = LINK.sub(lambda m: m[1], heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        result.append(f"{slug}-{count}" if count else slug)
    return result
