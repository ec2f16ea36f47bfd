# SPDX-License-Identifier: Apache-2.0
"""Charts: their points, their choices, and what is beside them."""

import itertools

import page_figures
import page_points
import page_text
from page_case import PageCase

CHARTS = """Object.fromEntries(Object.entries(gradstepCharts).map(([id, chart]) => [id, {
  isOnPage: document.getElementById(id) === chart.canvas,
  label: chart.canvas.getAttribute('aria-label'),
  series: chart.data.datasets.map((d) =>
    ({ name: d.label, isReference: d.isReference, points: d.data })) }]))"""
FIGURES = """[...document.querySelectorAll('figure')].map((figure) => {
  const { datasets } = gradstepCharts[figure.querySelector('canvas').id].data;
  const measured = datasets.filter((d) => !d.isReference);
  return { points: measured.reduce((sum, d) => sum + d.data.length, 0), series: datasets.length,
    rows: figure.querySelectorAll('details tbody tr').length,
    buttons: figure.querySelectorAll('.legend button').length }; })"""
TOOLTIPS = """Object.fromEntries(Object.entries(gradstepCharts).map(([id, chart]) => {
  chart.tooltip.setActiveElements([{ datasetIndex: 0, index: 0 }], { x: 0, y: 0 });
  chart.update();
  const { title, body } = chart.tooltip;
  const { step, value } = chart.data.datasets[0].data[0];
  return [id, [title.join(' '), body[0].lines.join(' '), step, value]]; }))"""
BARS = """Object.values(gradstepCharts).filter(({ config }) => config.type === 'bar').map((chart) =>
  chart.data.datasets.flatMap((_, i) => chart.getDatasetMeta(i).data.map((bar) =>
    [bar.y - bar.height / 2, bar.y + bar.height / 2])))"""
HIDE_FIRST = """[...document.querySelectorAll('figure')].map((figure) => {
  figure.querySelector('.legend button').click();
  return gradstepCharts[figure.querySelector('canvas').id].isDatasetVisible(0); })"""


class ChartTest(PageCase):
    def assert_charts(self, expected, shown):
        self.assertEqual(set(shown), set(expected))
        for chart, series in expected.items():
            with self.subTest(chart=chart):
                self.assertTrue(shown[chart]["isOnPage"] and shown[chart]["label"], chart)
                measured = [s for s in shown[chart]["series"] if not s["isReference"]]
                self.assertEqual(len({s["name"] for s in measured if s["name"]}), len(measured))
                self.assert_series(series, measured)

    def assert_series(self, expected, measured):
        left = list(expected)
        for series in measured:
            points = [page_points.point_of(p) for p in series["points"]]
            same = [wanted for wanted in left if page_points.same_points(wanted, points)]
            self.assertTrue(same, points)
            left.remove(same[0])
            names = [point[4] for point in points if isinstance(point[4], str)]
            self.assertEqual(len(set(names)), len(names), "points of one series have one place")
        self.assertEqual(left, [])

    def assert_references(self, shown):
        """The lines to compare with are those that they say."""
        for chart, line in (
            ("chart-roofline", lambda x: 100 * min(1, 1 / x)),
            ("chart-scaling", lambda x: x),
        ):
            for series in shown.get(chart, {"series": []})["series"]:
                if series["isReference"]:
                    points = series["points"]
                    self.assertGreater(len(points), 1)
                    self.assertTrue(
                        all(page_points.is_close(p["y"], line(p["x"])) for p in points), chart
                    )

    def test_charts_show_the_rows(self):
        self.show()
        shown = self.value(CHARTS)
        self.assert_charts(page_figures.charts(self.results), shown)
        self.assert_references(shown)

    def test_selects_change_the_charts(self):
        self.show()
        for select, options in page_figures.selects(self.results).items():
            count = self.value(f"document.getElementById('{select}')?.options.length ?? 0")
            self.assertEqual(count, len(options) if len(options) > 1 else 0, select)
            for i, charts in enumerate(options[:count]):
                self.value(f"""(() => {{ const select = document.getElementById('{select}');
                    select.selectedIndex = {i}; select.dispatchEvent(new Event('change')); }})()""")
                shown = self.value(CHARTS)
                self.assert_charts(charts, {chart: shown[chart] for chart in charts})
                self.assert_references(shown)
        self.assert_quiet()

    def test_each_chart_has_its_figures_as_a_table(self):
        self.show()
        figures = self.value(FIGURES)
        self.assertEqual(len(figures), len(page_figures.charts(self.results)))
        for figure in figures:
            self.assertEqual(figure["points"], figure["rows"])
            self.assertEqual(figure["series"], figure["buttons"])

    def test_bars_do_not_overlap(self):
        self.show()
        for bars in self.value(BARS):
            bars.sort()
            for (_, end), (start, _) in itertools.pairwise(bars):
                self.assertLessEqual(end, start + 0.5, bars)

    def test_a_point_says_its_step_and_its_figure(self):
        self.show()
        for chart, (title, line, step, value) in self.value(TOOLTIPS).items():
            self.assertEqual(page_text.solid(title), page_text.solid(step), chart)
            self.assertEqual(page_text.solid(line), page_text.solid(value), chart)
        self.assert_quiet()

    def test_a_legend_hides_its_series(self):
        self.show()
        count = len(page_figures.charts(self.results))
        self.assertEqual(self.value(HIDE_FIRST), [False] * count)
