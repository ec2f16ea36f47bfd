# SPDX-License-Identifier: Apache-2.0
"""The page as a whole: what it has of the results, its widths, its colours, and on paper."""

import pathlib
import re

import page_text
from hostile_result import hostile
from page_case import WIDTHS, PageCase

COLOURS = "Object.values(gradstepCharts).map((c) => c.data.datasets[0].borderColor)"
KEEP_WHAT_IS_PRINTED = """addEventListener('beforeprint', () => {
  window.printed = Object.values(gradstepCharts).map((c) =>
    [c.data.datasets[0].borderColor, c.width]); })"""


class LookTest(PageCase):
    def test_the_page_has_the_results(self):
        self.assertEqual(page_text.results_in(self.text), self.results)
        self.assertNotIn("/* gradstep:", page_text.without_results(self.text))
        self.assertIn("default-src 'none'", self.text)

    def test_hostile_texts_are_text(self):
        results = [hostile(result) for result in self.results]
        models = [result["machine"]["cpu"]["model"] for result in results]
        rules = [row["rule"] for result in results for row in result["rows"]]
        for width in WIDTHS:
            self.show_results(results, width)
            self.assert_quiet()
            self.assertEqual(
                self.value("[document.images.length, document.scripts.length]"), [0, 3]
            )
            self.assertEqual(self.cells("#machines tbody tr")[0][1:], models)
            column = self.cells("#rows-table thead tr")[0].index("Rule")
            self.assertEqual([row[column] for row in self.cells("#rows-table tbody tr")], rules)
            self.assert_fits(width)

    def test_the_page_fits_its_window(self):
        for width in WIDTHS:
            for is_dark in (False, True):
                self.show(width, is_dark)
                self.assert_fits(width)
                self.assert_quiet()
                self.keep_picture(f"{width}_{'dark' if is_dark else 'light'}.png")
        for width in reversed(WIDTHS):
            self.browser.set_width(width)
            self.browser.settle()
            self.assert_fits(width)

    def keep_picture(self, name):
        if self.screenshots:
            self.browser.screenshot(pathlib.Path(self.screenshots, name))

    def test_dark_and_light(self):
        colours = {}
        for is_dark in (False, True):
            self.show(is_dark=is_dark)
            background = self.value("getComputedStyle(document.body).backgroundColor")
            colours[is_dark] = [background, *self.value(COLOURS)]
        self.assertTrue(all(a != b for a, b in zip(*colours.values(), strict=True)))

    def test_the_page_prints(self):
        """In light colours and the width of a page; afterwards it is as before."""
        self.show(is_dark=True)
        before = self.value(COLOURS)
        self.value(KEEP_WHAT_IS_PRINTED)
        pdf = self.browser.pdf()
        self.assertTrue(pdf.startswith(b"%PDF-") and len(re.findall(rb"/Type\s*/Page\b", pdf)) > 1)
        for (colour, width), dark in zip(self.value("window.printed"), before, strict=True):
            self.assertNotEqual(colour, dark)
            self.assertLessEqual(width, 680)
        self.assertEqual(self.value(COLOURS), before)
        self.assert_quiet()
        if self.screenshots:
            pathlib.Path(self.screenshots, "page.pdf").write_bytes(pdf)
