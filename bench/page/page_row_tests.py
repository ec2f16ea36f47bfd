# SPDX-License-Identifier: Apache-2.0
"""The table of all rows."""

import collections
import json

import page_text
from page_case import PageCase

TABLE = """(() => { const table = document.querySelector('#rows-table');
  const texts = (row) => [...row.cells].map((cell) => cell.textContent);
  const rows = [...table.tBodies[0].rows].filter((row) => row.checkVisibility());
  return { head: texts(table.tHead.rows[0]), rows: rows.map(texts) }; })()"""
SORTED_BY = "[...document.querySelectorAll('#rows-table th')].map((th) => th.ariaSort)"


class RowTest(PageCase):
    def assert_cells(self, cells, row):
        for name, text in page_text.texts_of(row).items():
            self.assertEqual(cells.get(name, ""), text, name)
        for name, number in page_text.numbers_of(row).items():
            if number is None:
                self.assertEqual(cells.get(name, ""), "", name)
            else:
                self.assertTrue(page_text.shows(cells[name], number), (name, number, cells))
        self.assertTrue(
            page_text.shows_interval(cells["95 % interval"], row["ns_per_element"]), cells
        )
        self.assertTrue(page_text.shows_visits(cells["Visits"], row["visits"]), cells)

    def test_the_table_has_every_row(self):
        self.show()
        table = self.value(TABLE)
        self.assertEqual("Machine" in table["head"], len(self.results) > 1)
        rows = [row for result in self.results for row in result["rows"]]
        for row, cells in zip(rows, table["rows"], strict=True):
            self.assert_cells(dict(zip(table["head"], cells, strict=True)), row)

    def test_a_click_on_a_heading_sorts(self):
        self.show()
        before = self.value(TABLE)
        for name, key in (("ns an element", float), ("Rule", page_text.letters), ("Elements", int)):
            column = before["head"].index(name)
            button = f"document.querySelectorAll('#rows-table thead button')[{column}]"
            for is_down in (False, True):
                self.value(f"{button}.click()")
                rows = self.value(TABLE)["rows"]
                shown = [key(row[column]) for row in rows]
                self.assertEqual(shown, sorted(shown, reverse=is_down), name)
                self.assertEqual(
                    collections.Counter(map(tuple, rows)),
                    collections.Counter(map(tuple, before["rows"])),
                )
                state = self.value(SORTED_BY)
                self.assertEqual(state[column], "descending" if is_down else "ascending")
                self.assertEqual(len([s for s in state if s]), 1)

    def test_the_box_filters(self):
        self.show()
        before = self.value(TABLE)
        rows = before["rows"]
        first = rows[0][before["head"].index("Rule")]
        for text in (first, f"{first} gradstep", "no such row", ""):
            self.value(f"""(() => {{ const box = document.getElementById('filter');
                box.value = {json.dumps(text)}; box.dispatchEvent(new Event('input')); }})()""")
            words = text.lower().split()
            wanted = [row for row in rows if all(word in " ".join(row).lower() for word in words)]
            self.assertEqual(self.value(TABLE)["rows"], wanted)
            self.assertEqual(
                self.value("document.querySelector('#rows output').textContent"),
                f"{len(wanted)} of {len(rows)} rows",
            )
