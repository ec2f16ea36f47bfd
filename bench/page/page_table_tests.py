# SPDX-License-Identifier: Apache-2.0
"""Tables of the machines, of the claims and of other libraries, and the sentences about these."""

import copy
import re

import page_figures
import page_text
from page_case import PageCase
from page_rows import has_limit, peer_cases, rows_of, times_as_long


class TableTest(PageCase):
    def test_every_section_is_there_and_says_how_to_read_it(self):
        self.show()
        expected = page_figures.sections(self.results)
        sections = self.value("""[...document.querySelectorAll('section')].map((s) =>
            [s.id, s.querySelector('h2 + .how')?.textContent ?? ''])""")
        self.assertEqual([name for name, _ in sections], expected)
        self.assertTrue(all(how.rstrip().endswith(".") for _, how in sections))
        links = (
            "[...document.querySelectorAll('nav a')].map((a) => a.getAttribute('href').slice(1))"
        )
        self.assertEqual(self.value(links), expected)
        self.assert_quiet()

    def test_machines(self):
        self.show()
        rows = self.cells("#machines tr")
        properties = {row[0]: row[1:] for row in rows}
        for name, of in (
            ("CPU", lambda r: r["machine"]["cpu"]["model"]),
            ("gradstep", lambda r: r["software"]["gradstep"]),
            ("Date (UTC)", lambda r: r["run"]["date"]),
        ):
            self.assertEqual(properties[name], [of(result) for result in self.results])
        self.assertEqual(len(set(rows[0][1:])), len(self.results))
        cards = self.value("[...document.querySelectorAll('.card .how')].map((p) => p.textContent)")
        for card, result in zip(cards, self.results, strict=True):
            self.assertIn(result["machine"]["cpu"]["model"], card)

    def test_bandwidth(self):
        self.show()
        speeds = {row[0]: row[1:] for row in self.cells("#machines tr")}
        for i, result in enumerate(self.results):
            for speed in result["machine"]["bandwidth"]:
                threads = speed["threads"]
                name = f"{speed['level']}, {threads} thread{'s' if threads > 1 else ''}"
                numbers = re.findall(r"[\d.]+", speeds[name][i])
                estimate = [speed["gb_per_second"][key] for key in ("median", "low", "high")]
                self.assertEqual(len(numbers), 3)
                self.assertTrue(all(map(page_text.shows, numbers, estimate)))

    def test_claims(self):
        self.show()
        claims = [claim for result in self.results for claim in result.get("claims", [])]
        for shown, claim in zip(self.cells("#claims tbody tr"), claims, strict=True):
            self.assertTrue(page_text.shows_claim(shown, claim), (shown, claim))

    def test_other_libraries_have_a_table(self):
        self.show()
        rows = rows_of(self.results)
        cases = [case for i in range(len(self.results)) for case in peer_cases(rows, i)]
        shown = self.cells("#peers > .scroll tbody tr")
        for (ours, others), (_, time, *ratios) in zip(cases, shown, strict=True):
            if ours is None:
                self.assertEqual((time, set(ratios)), ("not measured", {""}))
                continue
            self.assertTrue(page_text.shows(time, ours.ns["median"]))
            numbers = sorted((ratio[2:] for ratio in ratios if ratio), key=float)
            wanted = sorted(times_as_long(ours, other) for other in others)
            self.assertEqual(len(numbers), len(wanted))
            self.assertTrue(all(map(page_text.shows, numbers, wanted)), (numbers, wanted))

    def test_a_sentence_has_the_ranges_of_other_libraries(self):
        """Of the steps that have a limit."""
        self.show()
        cards = self.value("[...document.querySelectorAll('.card')].map((c) => c.textContent)")
        rows = rows_of(self.results)
        for i, card in enumerate(cards):
            found = {}
            for ours, others in filter(has_limit, peer_cases(rows, i)):
                for other in others if ours else ():
                    ratios = found.setdefault(other.row["contender"], [])
                    ratios.append(times_as_long(ours, other))
            self.assertEqual(len(re.findall(r"[\d.]+ times\b", card)), len(found))
            for contender, ratios in found.items():
                words = re.escape(contender) + r"(?: takes)? ([\d.]+)(?: to ([\d.]+))? times"
                low, high = re.search(words, card).groups()
                self.assertTrue(page_text.is_rounded(low, min(ratios)), (low, ratios))
                self.assertTrue(page_text.is_rounded(high or low, max(ratios)), (high, ratios))

    def test_a_busy_machine_has_a_warning(self):
        count = "document.querySelectorAll('.warning').length"
        busy = [r for r in self.results if r["noise"]["verdict"] == "too busy"]
        self.show()
        self.assertEqual(self.value(count), len(busy))
        changed = copy.deepcopy(self.results)
        for result in changed:
            was_busy = result["noise"]["verdict"] == "too busy"
            result["noise"]["verdict"] = "quiet" if was_busy else "too busy"
        self.show_results(changed)
        self.assertEqual(self.value(count), len(changed) - len(busy))
