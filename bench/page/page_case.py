# SPDX-License-Identifier: Apache-2.0
"""What tests of the report share: the page in a browser, and the results that it was made of."""

import pathlib
import tempfile
import unittest

import page_text
from page_browser import Browser

WIDTHS = (390, 1280)
BAD_EVENTS = (
    "Runtime.consoleAPICalled",
    "Runtime.exceptionThrown",
    "Log.entryAdded",
    "Page.javascriptDialogOpening",
)


class PageCase(unittest.TestCase):
    """Whoever runs the tests sets these."""

    page: pathlib.Path
    results: list
    screenshots: str | None

    @classmethod
    def setUpClass(cls):
        cls.browser = cls.enterClassContext(Browser())
        cls.text = cls.page.read_text(encoding="utf-8")

    def show(self, width=1280, is_dark=False, path=None):
        self.browser.show((path or self.page).as_uri(), width, is_dark)

    def show_results(self, results, width=1280):
        """The same page with other results."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "page.html"
            path.write_text(page_text.with_results(self.text, results), encoding="utf-8")
            self.show(width, path=path)

    def value(self, expression):
        return self.browser.value(expression)

    def cells(self, rows):
        """The texts of the cells of the rows of tables that a selector gives."""
        return self.value(f"""[...document.querySelectorAll('{rows}')].map((row) =>
            [...row.cells].map((cell) => cell.textContent))""")

    def assert_quiet(self):
        """No message, no error, no dialog, no request but the page's own."""
        self.assertEqual([event for event in self.browser.events if event[0] in BAD_EVENTS], [])
        urls = [
            parameters["request"]["url"]
            for method, parameters in self.browser.events
            if method == "Network.requestWillBeSent"
        ]
        self.assertEqual([url for url in urls if not url.startswith("data:")][1:], [])

    def assert_fits(self, width):
        self.assertEqual(
            self.value("""(({ scrollWidth: s, clientWidth: c }) => [innerWidth, s - c])(
                document.documentElement)"""),
            [width, 0],
        )
        wide = self.value("""[...document.querySelectorAll('main *')].filter((e) =>
            !e.closest('.scroll *') && e.checkVisibility() &&
            e.getBoundingClientRect().right > document.documentElement.clientWidth)
            .map((e) => e.outerHTML)""")
        self.assertEqual(wide, [])
