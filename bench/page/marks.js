// SPDX-License-Identifier: Apache-2.0
//
// What charts draw beside Chart.js's own points and bars: intervals, limits, numbers, words.

function strokeLine(context, colour, width, dash, from, to) {
  context.save();
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(dash);
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
  context.restore();
}

/** Writes on what is there, or on a margin around the letters. */
function write(context, colour, text, at, align, margin) {
  context.save();
  context.fillStyle = colour;
  context.font = `12px ${Chart.defaults.font.family}`;
  context.textAlign = align;
  context.textBaseline = 'middle';
  if (margin) {
    context.strokeStyle = margin;
    context.lineWidth = 6;
    context.lineJoin = 'round';
    context.strokeText(text, ...at);
  }
  context.fillText(text, ...at);
  context.restore();
}

/** Calls `use(point, element)` for each point that is shown. */
function forEachPoint(chart, use) {
  chart.data.datasets.forEach((dataset, d) => {
    if (!chart.isDatasetVisible(d) || dataset.isReference) return;
    chart.getDatasetMeta(d).data.forEach((drawn, i) => {
      const { x, y, height } = drawn.getProps(['x', 'y', 'height'], true);
      use(dataset.data[i], { x, y, height: height ?? 0 }, dataset);
    });
  });
}

/** Says that a line goes on to the right of the chart. */
function arrow(context, colour, [x, y]) {
  for (const side of [-5, 5]) strokeLine(context, colour, 2, [], [x - 7, y + side], [x, y]);
}

/** The 95 % interval of each point as a line along the axis of its values, as far as the chart reaches. */
const intervals = (axis, colour) => (theme) => ({
  id: 'intervals',
  afterDatasetsDraw(chart) {
    forEachPoint(chart, (point, { x, y }, dataset) => {
      if (point.low === undefined) return;
      const scale = chart.scales[axis];
      const ends = [point.low, point.high].map((v) =>
        scale.getPixelForValue(Math.min(Math.max(v, scale.min), scale.max)),
      );
      const at = (end) => (axis === 'x' ? [end, y] : [x, end]);
      const drawn = colour ? theme[colour] : dataset.borderColor;
      strokeLine(chart.ctx, drawn, 2, [], at(ends[0]), at(ends[1]));
      if (axis === 'x' && point.high > scale.max) arrow(chart.ctx, drawn, at(ends[1]));
    });
  },
});

/** Two lines across each bar: the time of its bytes, and of its arithmetic, dashed. */
const limitMarks = (theme) => ({
  id: 'limitMarks',
  afterDatasetsDraw(chart) {
    forEachPoint(chart, (point, { y, height }) => {
      for (const [limit, dash] of [
        [point.bytes, []],
        [point.arithmetic, [3, 2]],
      ]) {
        if (limit === undefined) continue;
        const x = chart.scales.x.getPixelForValue(limit);
        const half = height / 2 + 2;
        strokeLine(chart.ctx, theme.surface, 5, [], [x, y - half], [x, y + half]);
        strokeLine(chart.ctx, theme.text, 2.5, dash, [x, y - half], [x, y + half]);
      }
    });
  },
});

/** Each bar's number in a column to the right of the chart. */
const numbersBeside = (theme) => ({
  id: 'numbersBeside',
  afterDatasetsDraw(chart) {
    const x = chart.width - 4;
    forEachPoint(chart, (point, { y }) =>
      write(chart.ctx, theme.text, point.number, [x, y], 'right'),
    );
  },
});

/** The captions of points, one below the other at the top of the chart, each with a line to its point. */
const captions = (theme) => ({
  id: 'captions',
  afterDatasetsDraw(chart) {
    let top = chart.chartArea.top + 10;
    forEachPoint(chart, (point, { x, y }) => {
      if (!point.caption) return;
      const isRight = x > (chart.chartArea.left + chart.chartArea.right) / 2;
      strokeLine(chart.ctx, theme.text, 1, [], [x, top], [x, y]);
      const at = [isRight ? x - 5 : x + 5, top];
      const align = isRight ? 'right' : 'left';
      write(chart.ctx, theme.text, point.caption, at, align, theme.surface);
      top += 15;
    });
  },
});

/** The words on both sides of x = 1, and a line between them. */
const sidesOfOne = (left, right) => (theme) => ({
  id: 'sidesOfOne',
  beforeDatasetsDraw(chart) {
    const { top, bottom, left: start, right: end } = chart.chartArea;
    const x = chart.scales.x.getPixelForValue(1);
    strokeLine(chart.ctx, theme.muted, 1, [3, 3], [x, top], [x, bottom]);
    write(chart.ctx, theme.muted, left, [(start + x) / 2, bottom - 12], 'center');
    write(chart.ctx, theme.muted, right, [(end + x) / 2, bottom - 12], 'center');
  },
});
