#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails if a link leads to a file or a heading that is not there. Links to other hosts are counted,
and not followed.

Usage: check_links.py         the pages of Markdown
       check_links.py FOLDER  the pages of HTML in the folder
"""
import html.parser
import pathlib
import re
import sys
import urllib.parse

from markdown_pages import LINK, TREE, pages, slugs, without_code


class HtmlPage(html.parser.HTMLParser):
    """The links and anchors of a page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.anchors = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        for name, value in attributes:
            if name in ("id", "name"):
                self.anchors.add(value)
            if name in ("href", "src") and value:
                self.links.append(urllib.parse.unquote(value))


class MarkdownPage:
    def __init__(self, path):
        text = path.read_text(encoding="utf-8")
        self.anchors = set(slugs(text))
        self.links = [target for _, target in LINK.findall(without_code(text))]


class Checker:
    def __init__(self, read):
        self.read = read  # makes a page of a file
        self.cache, self.errors = {}, []
        self.checked = self.outside = 0

    def page(self, path):
        if path not in self.cache:
            self.cache[path] = self.read(path)
        return self.cache[path]

    def check(self, path, link):
        if re.match(r"(https?|mailto|javascript):", link):
            self.outside += 1
            return
        self.checked += 1
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists():
            self.errors.append(f"{path}: there is no file for the link {link}")
        elif anchor and target.suffix == path.suffix:
            if anchor not in self.page(target).anchors:
                self.errors.append(f"{path}: there is no heading for the link {link}")

    def check_all(self, paths):
        for path in paths:
            for link in self.page(path).links:
                self.check(path, link)


def main():
    if len(sys.argv) > 1:
        paths = sorted(pathlib.Path(sys.argv[1]).resolve().rglob("*.html"))
        checker = Checker(HtmlPage)
    else:
        paths = sorted(TREE / page for page in pages(TREE))
        checker = Checker(MarkdownPage)
    checker.check_all(paths)
    print("\n".join(checker.errors), end="\n" if checker.errors else "")
    counts = (f"{len(paths)} pages, {checker.checked} links checked, {checker.outside} to other "
              "hosts not followed")
    if checker.errors or not checker.checked:
        sys.exit(f"{len(checker.errors)} links lead nowhere: {counts}")
    print(f"every link leads somewhere: {counts}")


if __name__ == "__main__":
    main()
