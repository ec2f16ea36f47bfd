// SPDX-License-Identifier: Apache-2.0
//
// Axes of charts, with ticks that do not depend on Chart.js's version.

const COARSE = [1, 2, 5];
const FINE = [1, 1.5, 2, 3, 4, 5, 6, 8];

/** Steps from the last one below `low` to the first one above `high`. */
function stepsBetween(low, high, multiples) {
  const steps = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); ++e) {
    for (const multiple of multiples) steps.push(Number(`${multiple}e${e}`));
  }
  const first = steps.filter((step) => step <= low).length - 1;
  const last = steps.findIndex((step) => step >= high);
  return steps.slice(Math.max(first, 0), last < 0 ? steps.length : last + 1);
}

function logTicks(low, high) {
  const coarse = stepsBetween(low, high, COARSE);
  return coarse.length < 5 ? stepsBetween(low, high, FINE) : coarse;
}

/** A logarithmic axis that the values fit. */
function logAxis(title, values) {
  const ticks = logTicks(Math.min(...values), Math.max(...values));
  return {
    type: 'logarithmic',
    title,
    min: ticks[0],
    max: ticks[ticks.length - 1],
    ticks,
    formatTick: digits,
  };
}

/** A logarithmic axis with a tick at each of the values. */
function logAxisAt(title, values, formatTick) {
  const ticks = distinct(values).sort((a, b) => a - b);
  const margin = 1.15;
  return {
    type: 'logarithmic',
    title,
    min: ticks[0] / margin,
    max: ticks[ticks.length - 1] * margin,
    ticks,
    formatTick,
  };
}

/** From 0 on. It has all bars and limits, and of their intervals at most as much again. */
function barAxis(title, series, limits) {
  const bars = series.flatMap((s) => s.points.map((p) => p.x));
  const most = 2 * Math.max(0, ...bars, ...limits);
  const ends = [...drawnValues(series, 'x'), ...limits];
  return { type: 'linear', title, min: 0, max: roundAbove(Math.min(most, Math.max(...ends))) };
}

/** The next number that ends an axis well. */
function roundAbove(value) {
  return stepsBetween(value, value, FINE).find((step) => step >= value);
}

/** A name beside a chart, in lines that leave room for the chart. */
function linesOfName(name) {
  return wrapWords(name, isNarrow() ? 17 : 34);
}

/** The height of a chart that has a place for each of the names, which bars share. */
function heightFor(names, barsOfName) {
  const lines = Math.max(1, ...names.map((name) => linesOfName(name).length));
  return 70 + names.length * Math.max(12 + 19 * barsOfName, 10 + 15 * lines);
}

/** Names below one another. */
function nameAxis(labels) {
  return {
    type: 'category',
    labels,
    offset: true,
    formatTick(value) {
      return linesOfName(this.getLabelForValue(value));
    },
  };
}

/** All numbers that the points of the series draw on y, with their intervals. */
function drawnValues(series, axis) {
  return series.flatMap((s) =>
    s.points.flatMap((p) => [p[axis], p.low, p.high].filter((value) => value !== undefined)),
  );
}
