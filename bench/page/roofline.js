// SPDX-License-Identifier: Apache-2.0
//
// The roofline: every step against the larger of two times, that of its bytes and that of its arithmetic.
//
// x is the arithmetic's time over the bytes' time. The limit is the larger of them, so that the fastest that a step
// can move its bytes is 100 % of the speed of moving them alone where x is below 1, and 100 % / x above. y is that
// limit times the step's measured share of it, so that a point's distance from the roof is the share, whatever the
// machine, the dtypes and the size.

const ROOF = 100;

function roofAt(x) {
  return ROOF * Math.min(1, 1 / x);
}

/** Plain steps of which both times are known. */
function rooflineEntries(machines) {
  return machines
    .flatMap((m) => m.entries)
    .filter((e) => e.isOurs && e.isBest && e.row.limit?.arithmetic_ns && e.row.percent_of_limit);
}

function captionOf({ machine, row }) {
  const step = `${row.rule} ${formatElements(row.elements)}`;
  return machine.isAlone ? step : `${machine.label}: ${step}`;
}

function rooflinePoint(entry) {
  const { limit, percent_of_limit: percent } = entry.row;
  const x = limit.arithmetic_ns / limit.bytes_ns;
  const scale = roofAt(x) / ROOF;
  const isMain = entry === mainEntry(entry.machine);
  return pointOf(entry, {
    x,
    y: percent.median * scale,
    low: percent.low * scale,
    high: percent.high * scale,
    caption: isMain ? captionOf(entry) : undefined,
    value:
      `bytes ${fixedDigits(limit.bytes_ns)} ns, arithmetic ${fixedDigits(limit.arithmetic_ns)} ns, step ` +
      `${fixedDigits(entry.row.ns_per_element.median)} ns an element: ${formatEstimate(percent)} % of the limit; ` +
      bindsInWords(limit.binds),
  });
}

/** One machine: a colour for what binds. Several: a colour for each machine, and a shape for what binds. */
function rooflineSeries(entries) {
  const key = (e) => JSON.stringify([e.machine.index, e.row.limit.binds]);
  return [...groupBy(bytesFirst(entries), key).values()].map((group) => {
    const { machine, row } = group[0];
    const binds = bindsInWords(row.limit.binds);
    const shape = row.limit.binds === 'bytes' ? 0 : 2;
    return {
      name: machine.isAlone ? binds : `${machine.label}: ${binds}`,
      colour: machine.isAlone ? BINDS_COLOURS[row.limit.binds] : machine.index,
      shape,
      points: group.map(rooflinePoint),
    };
  });
}

function describeRoofline(machines) {
  const series = rooflineSeries(rooflineEntries(machines));
  const ratios = series.flatMap((s) => s.points.map((p) => p.x));
  const x = logAxis("arithmetic's time / bytes' time", [...ratios, 0.5, 2]);
  const roof = [x.min, 1, x.max].map((at) => ({ x: at, y: roofAt(at) }));
  const line = { name: 'the limit (100 %)', hasLine: true, isReference: true, points: roof };
  const speeds = [...drawnValues(series, 'y'), 100, 125];
  return {
    kind: 'scatter',
    label:
      "Points: each step's speed in per cent of the speed of moving its bytes, by its arithmetic's time over its " +
      "bytes' time, and the limit as a line.",
    series: [...series, line],
    x,
    y: {
      ...logAxis("speed, in % of moving the step's bytes alone", speeds),
      formatTick: (value) => `${digits(value)} %`,
    },
    plugins: [sidesOfOne('limited by bytes', 'limited by arithmetic'), intervals('y'), captions],
  };
}

function rooflineSection(machines) {
  const entries = rooflineEntries(machines);
  if (entries.length === 0) return null;
  return section(
    'roofline',
    'What limits a step',
    'A step cannot be faster than its bytes move, nor faster than its arithmetic runs: the slower of the two is its ' +
      'limit, the line. A point on the line is at its limit; the farther below, the more time the step loses. ' +
      'Left of 1 the bytes take longer, so that faster memory or narrower dtypes help; right of 1 the arithmetic ' +
      'does, so that more or faster cores help.',
    addFigure('chart-roofline', () => describeRoofline(machines)),
  );
}
