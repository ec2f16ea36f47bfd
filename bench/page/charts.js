// SPDX-License-Identifier: Apache-2.0
//
// Figures: a chart with its legend and the same figures as a table. A figure's description is
//
//   {kind: 'scatter' or 'bar', label, height, series, x, y, right, plugins, more}
//
// The label says in a sentence what the chart shows. A series is {name, colour, dash, shape, hasLine, isReference,
// points}; colour, dash and shape are numbers, and a series without a colour is drawn as text is. A reference is a line
// to compare with, not a measurement. A point is {x, y, low, high, step, value, result, contender, name}: step and
// value say it in words, the last three name the row that it is of.

const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3], [14, 4], [1, 6]];
const SHAPES = ['circle', 'rect', 'triangle', 'rectRot', 'crossRot', 'star'];
const COLOURS = 6;
const NARROW = '(max-width: 600px)';

const figures = [];
window.gradstepCharts = {};

function isNarrow() {
  return window.matchMedia(NARROW).matches;
}

/** The colours of the page as it is now. */
function currentTheme() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: colour('text'),
    muted: colour('muted'),
    grid: colour('grid'),
    surface: colour('surface'),
    series: Array.from({ length: COLOURS }, (_, i) => colour(`series-${i + 1}`)),
  };
}

function colourOf(series, theme) {
  return series.colour === undefined ? theme.text : theme.series[series.colour % COLOURS];
}

function dashOf(series) {
  return DASHES[(series.dash ?? 0) % DASHES.length];
}

function shapeOf(series) {
  return SHAPES[(series.shape ?? 0) % SHAPES.length];
}

function datasetOf(series, kind, theme) {
  const colour = colourOf(series, theme);
  return {
    label: series.name,
    data: series.points,
    isReference: Boolean(series.isReference),
    borderColor: colour,
    backgroundColor: colour,
    borderDash: dashOf(series),
    borderWidth: kind === 'bar' ? 0 : series.isReference ? 1.5 : 2,
    clip: 10,
    pointStyle: shapeOf(series),
    pointRadius: series.isReference ? 0 : 4,
    pointHitRadius: series.isReference ? 0 : 6,
    pointHoverRadius: series.isReference ? 0 : 6,
    pointBorderWidth: 1.5,
    showLine: Boolean(series.hasLine),
    grouped: series.isGrouped ?? true,
    maxBarThickness: 22,
  };
}

function axisOptions(axis, theme) {
  const { title, ticks, formatTick, ...others } = axis;
  const options = {
    ...others,
    title: { display: Boolean(title), text: title, color: theme.text },
    grid: { color: theme.grid },
    ticks: { color: theme.muted, autoSkip: axis.type !== 'category', maxRotation: 0 },
  };
  if (formatTick) options.ticks.callback = formatTick;
  if (ticks) {
    options.afterBuildTicks = (scale) => {
      scale.ticks = ticks.map((value) => ({ value }));
    };
  }
  return options;
}

function chartOptions(description, theme) {
  return {
    ...description.more,
    maintainAspectRatio: false,
    animation: false,
    layout: { padding: { top: 8, right: description.right ?? 12 } },
    interaction: { mode: 'nearest', intersect: true },
    plugins: {
      legend: { display: false },
      tooltip: {
        displayColors: false,
        filter: (item) => !item.dataset.isReference,
        callbacks: {
          title: (items) => (items.length > 0 ? wrapWords(items[0].raw.step, 44) : ''),
          label: (item) => wrapWords(item.raw.value, 50),
        },
      },
    },
    scales: { x: axisOptions(description.x, theme), y: axisOptions(description.y, theme) },
  };
}

function drawFigure(figure, theme) {
  const description = figure.describe();
  const { id } = figure.canvas;
  window.gradstepCharts[id]?.destroy();
  figure.canvas.setAttribute('aria-label', description.label);
  figure.box.style.height = `${description.height ?? 420}px`;
  window.gradstepCharts[id] = new Chart(figure.canvas, {
    type: description.kind,
    data: {
      labels: description.labels,
      datasets: description.series.map((series) => datasetOf(series, description.kind, theme)),
    },
    options: chartOptions(description, theme),
    plugins: (description.plugins ?? []).map((makePlugin) => makePlugin(theme)),
  });
  figure.legend.replaceChildren(...legendItems(id, description, theme));
  figure.figures.replaceChildren(tableOfFigures(description));
}

function drawAll() {
  const theme = currentTheme();
  Chart.defaults.color = theme.muted;
  Chart.defaults.borderColor = theme.grid;
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  for (const figure of figures) drawFigure(figure, theme);
}

/** Draws one figure again, whose description has changed. */
function redraw(id) {
  drawFigure(
    figures.find((figure) => figure.canvas.id === id),
    currentTheme(),
  );
}

function tableOfFigures({ label, series }) {
  const rows = series
    .filter((s) => !s.isReference)
    .flatMap((s) => s.points.map((point) => [point.step, point.value]));
  return scrollingTable(`As a table: ${label}`, ['step', 'figure'], rows);
}

/** A figure that `describe` describes each time that it is drawn. It is drawn once it is in the document. */
function addFigure(id, describe) {
  const canvas = element('canvas', { id, role: 'img' });
  const box = element('div', { class: 'chart' }, canvas);
  const legend = element('ul', { class: 'legend' });
  const table = element('div');
  const details = element(
    'details',
    {},
    element('summary', {}, 'The figures of this chart as a table'),
    table,
  );
  figures.push({ canvas, box, legend, figures: table, describe });
  return element('figure', {}, box, legend, details);
}

/** Draws the charts on white paper in the width of a page, and afterwards as before. */
function drawForPrint() {
  const setPrinting = (isPrinting) => {
    document.documentElement.classList.toggle('printing', isPrinting);
    drawAll();
    for (const chart of Object.values(window.gradstepCharts)) chart.resize();
  };
  window.addEventListener('beforeprint', () => setPrinting(true));
  window.addEventListener('afterprint', () => setPrinting(false));
}
