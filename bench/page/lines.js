// SPDX-License-Identifier: Apache-2.0
//
// Sections whose charts have lines: time by size, and scaling with threads.

const SIZE_FIELDS = ['machine', 'dtypes', 'threads', 'placement'];
const PLACEMENT_DASHES = { pinned: 4, one_touch: 5 };
const SCALING_FIELDS = ['machine', 'dtypes', 'layout', 'placement'];

/** A section with one chart of a rule that the reader chooses. null: no rule has a series. */
function sectionByRule(machines, { id, heading, how, groupsFor, describe }) {
  const rules = rulesOf(machines.flatMap((m) => m.entries)).filter(
    (rule) => groupsFor(machines, rule).length > 0,
  );
  if (rules.length === 0) return null;
  const state = { rule: rules[0] };
  const figure = addFigure(`chart-${id}`, () => describe(machines, state.rule));
  const choose = (rule) => {
    state.rule = rule;
    redraw(`chart-${id}`);
  };
  const select = selectOf('Rule: ', `rule-of-${id}`, rules, state.rule, choose);
  return section(id, heading, how, ...(rules.length > 1 ? [select] : []), figure);
}

/** One array, the least and the most threads of each machine, at least two sizes. */
function sizeGroups(machines, rule) {
  const shown = machines.flatMap(({ entries }) => {
    const flat = entries.filter((e) => isFlat(e) && e.row.rule === rule);
    const threads = flat.map((e) => e.row.threads);
    const ends = [Math.min(...threads), Math.max(...threads)];
    return flat.filter((e) => ends.includes(e.row.threads));
  });
  return groupsBy(SIZE_FIELDS, shown).filter(
    (group) => new Set(group.map((e) => e.row.elements)).size > 1,
  );
}

function sizePoints(entries) {
  const points = entries.map((entry) => {
    const { elements, ns_per_element: time } = entry.row;
    const { median, low, high } = time;
    const value = timeInWords(entry.row) + limitInWords(entry.row);
    return pointOf(entry, { x: elements, y: median, low, high, value });
  });
  return points.sort((a, b) => a.x - b.x);
}

function describeSizes(machines, rule) {
  const series = seriesOf(sizeGroups(machines, rule), SIZE_FIELDS, ['dtypes', 'placement']).map(
    (s) => ({
      ...s,
      dash: s.entries[0].row.threads === 1 ? 1 : 0,
      hasLine: true,
      points: sizePoints(s.entries),
    }),
  );
  const sizes = series.flatMap((s) => s.points.map((p) => p.x));
  return {
    kind: 'scatter',
    label: `Lines: nanoseconds an element of ${rule} by the number of elements, on logarithmic axes.`,
    series,
    x: logAxisAt('elements', sizes, formatElements),
    y: logAxis('ns an element', drawnValues(series, 'y')),
    plugins: [intervals('y')],
  };
}

function sizesSection(machines) {
  return sectionByRule(machines, {
    id: 'sizes',
    heading: 'Time by size',
    how:
      'Lower is faster: each point is the time of one step of one array, for one element of it. Arrays on the left ' +
      'fit the caches; where a line rises, they no longer do. On the far left, what a call costs is shared by few ' +
      'elements. Lines are of the least and of the most threads; those of one thread are dashed. A bar through a ' +
      'point is the 95 % interval of its median.',
    groupsFor: sizeGroups,
    describe: describeSizes,
  });
}

/** The same step with one thread, however it is placed. undefined: not measured. */
function withOneThread({ machine, row, dtypes }) {
  return machine.entries.find(
    (e) =>
      isPlain(e) &&
      e.row.threads === 1 &&
      e.row.rule === row.rule &&
      e.row.layout === row.layout &&
      e.dtypes === dtypes,
  );
}

/** Steps with more threads than one, and with one. */
function scalingGroups(machines, rule) {
  const ours = machines.flatMap((m) => m.entries).filter((e) => isPlain(e) && e.row.rule === rule);
  return groupsBy(SCALING_FIELDS, ours).filter(
    (group) => group.some((e) => e.row.threads > 1) && withOneThread(group[0]),
  );
}

function scalingPoints(entries) {
  const one = withOneThread(entries[0]).row.ns_per_element.median;
  const points = entries.map((entry) => {
    const { threads, ns_per_element: time } = entry.row;
    const y = one / time.median;
    const value = `${digits(y)} times as fast as 1 thread: ${timeInWords(entry.row)}`;
    return pointOf(entry, { x: threads, y, value });
  });
  return points.sort((a, b) => a.x - b.x);
}

/** How the machine's bandwidth of memory grows with threads; undefined where it is not known. */
function bandwidthSeries(machine) {
  const measured = machine.result.machine.bandwidth.filter((b) => b.level === 'memory');
  const one = measured.find((b) => b.threads === 1);
  if (!one || measured.length < 2) return undefined;
  const named = machine.isAlone ? '' : `${machine.label}: `;
  const points = measured.map(({ threads, gb_per_second: speed }) => {
    const y = speed.median / one.gb_per_second.median;
    const value = `${digits(y)} times the bandwidth of 1 thread: ${formatEstimate(speed)} GB/s`;
    const step = `${named}bandwidth of memory, ${counted(threads, 'thread')}`;
    return { x: threads, y, step, value, result: machine.index, isBandwidth: true };
  });
  return {
    name: `${named}bandwidth of memory`,
    colour: machine.isAlone ? undefined : machine.index,
    dash: 2,
    shape: 4,
    hasLine: true,
    points: points.sort((a, b) => a.x - b.x),
  };
}

function describeScaling(machines, rule) {
  const groups = scalingGroups(machines, rule);
  const measured = seriesOf(groups, SCALING_FIELDS, ['dtypes', 'layout']).map((s) => ({
    ...s,
    dash: PLACEMENT_DASHES[s.entries[0].placement] ?? 0,
    hasLine: true,
    points: scalingPoints(s.entries),
  }));
  const shown = machines.filter((m) => groups.some(([first]) => first.machine === m));
  const series = [...measured, ...shown.map(bandwidthSeries).filter(Boolean)];
  const threads = distinct(series.flatMap((s) => s.points.map((p) => p.x))).sort((a, b) => a - b);
  const ideal = threads.map((count) => ({ x: count, y: count }));
  const line = { name: 'ideal', dash: 1, hasLine: true, isReference: true, points: ideal };
  return {
    kind: 'scatter',
    label: `Lines: how many times as fast as one thread a step of ${rule} is, by the number of threads.`,
    series: [...series, line],
    x: logAxisAt('threads', threads, String),
    y: logAxis('times as fast as 1 thread', [...drawnValues(series, 'y'), ...threads]),
  };
}

function pinnedInWords(machines) {
  const isPinned = machines.some(({ entries }) =>
    entries.some((e) => e.placement in PLACEMENT_DASHES),
  );
  return isPinned ? ' Steps with pinned threads have broken lines.' : '';
}

function scalingSection(machines) {
  return sectionByRule(machines, {
    id: 'scaling',
    heading: 'Scaling with threads',
    how:
      'Higher is better: a point at 4 says that the step takes a quarter of the time that one thread takes. No step ' +
      'of an array in memory scales better than the bandwidth of memory does, however many cores there are.' +
      pinnedInWords(machines),
    groupsFor: scalingGroups,
    describe: describeScaling,
  });
}
