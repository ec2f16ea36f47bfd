#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints a page of Markdown as Doxygen reads it; Doxygen's input filter.

Usage: doxygen_page.py PAGE

Headings get names, by which links from other pages find them. Links to pages and headings become
Doxygen's. Links to files that are no pages, which the HTML does not contain, become plain text.
"""
import pathlib
import posixpath
import re
import sys

from markdown_pages import LINK, TREE, heading_of, page_name, pages, slugs


def converted_link(match, page, known):
    text, target = match[1], match[2]
    if re.match(r"[a-z]+:", target):
        return match[0]
    path, _, anchor = target.partition("#")
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page
    if path not in known:
        return text
    return f"[{' '.join(text.split())}](@ref {page_name(path, anchor)})"


def converted_code(match):
    """Doxygen loses the end of code with an odd number of quotation marks."""
    code = match[0]
    if code.count('"') % 2 == 0:
        return code
    escaped = code.strip("`").replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return f"<code>{re.sub('([_*])', lambda m: chr(92) + m[1], escaped)}</code>"


class Page:
    def __init__(self, path):
        self.path, self.known = path.relative_to(TREE).as_posix(), pages(TREE)
        self.text = path.read_text(encoding="utf-8")
        self.output, self.paragraph = [], []

    def end_paragraph(self):
        """Links are converted by paragraph, because their texts may continue on the next line."""
        if self.paragraph:
            text = LINK.sub(lambda m: converted_link(m, self.path, self.known),
                            "\n".join(self.paragraph))
            self.output.append(re.sub(r"`[^`\n]+`", converted_code, text))
            self.paragraph.clear()

    def converted(self):
        in_code, names = False, iter(["", *slugs(self.text)[1:]])  # the title's name is the page's
        for line in self.text.split("\n"):
            is_fence = line.lstrip().startswith("```")
            in_code ^= is_fence
            is_heading = not in_code and heading_of(line) is not None
            if not (is_heading or is_fence or in_code or not line.strip() or line[:4] == "    "):
                self.paragraph.append(line)
                continue
            self.end_paragraph()
            if is_heading:
                name = page_name(self.path, next(names))
                line += f" {{#{'mainpage' if name == 'index' else name}}}"
            self.output.append(line)
        self.end_paragraph()
        return "\n".join(self.output)


def main():
    print(Page(pathlib.Path(sys.argv[1]).resolve()).converted())


if __name__ == "__main__":
    main()
