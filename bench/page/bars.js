// SPDX-License-Identifier: Apache-2.0
//
// Sections that set steps beside one another: forms, rules, instruction sets.

const BINDS_COLOURS = { bytes: 0, arithmetic: 1 };
const UNKNOWN_COLOUR = 5;
const MOST_BARS = 40;
const MARKS = [
  { name: 'time to move the bytes alone', of: 'bytes' },
  { name: 'time of the arithmetic alone', of: 'arithmetic', dash: '3 2' },
];

/** A bar of an entry's time, with its limits. */
function barOf(entry, name) {
  const { ns_per_element: time, limit, percent_of_limit: percent } = entry.row;
  return pointOf(entry, {
    x: time.median,
    y: name,
    low: time.low,
    high: time.high,
    bytes: limit?.bytes_ns,
    arithmetic: limit?.arithmetic_ns ?? undefined,
    number: fixedDigits(time.median) + (percent ? ` (${formatPercent(percent.median)})` : ''),
    value: timeInWords(entry.row) + limitInWords(entry.row),
  });
}

/** By machine and by what binds, in the order that the legend has. */
function bytesFirst(entries) {
  const place = ({ row }) => BINDS_COLOURS[row.limit?.binds] ?? UNKNOWN_COLOUR;
  return [...entries].sort((a, b) => a.machine.index - b.machine.index || place(a) - place(b));
}

/** The series of bars: one for each machine, or, of one machine, one for what binds. */
function barSeries(entries, nameOf) {
  const isAlone = entries[0].machine.isAlone;
  const key = (e) => (isAlone ? (e.row.limit?.binds ?? '') : e.machine.index);
  return [...groupBy(bytesFirst(entries), key)].map(([value, group]) => ({
    name: isAlone
      ? value === ''
        ? 'limit not measured'
        : bindsInWords(value)
      : group[0].machine.label,
    colour: isAlone ? (BINDS_COLOURS[value] ?? UNKNOWN_COLOUR) : value,
    isGrouped: !isAlone,
    points: group.map((entry) => barOf(entry, nameOf(entry))),
  }));
}

/** Bars of time with marks of the limits, the fastest first. */
function describeBars(entries, nameOf, label) {
  const series = barSeries(entries, nameOf);
  const sorted = [...entries].sort(
    (a, b) =>
      a.machine.index - b.machine.index ||
      a.row.ns_per_element.median - b.row.ns_per_element.median,
  );
  const names = distinct(sorted.map(nameOf));
  const limits = entries.map((e) => limitOf(e.row)).filter((limit) => limit !== null);
  return {
    kind: 'bar',
    label,
    labels: names,
    height: heightFor(names, entries[0].machine.isAlone ? 1 : series.length),
    series,
    x: barAxis('ns an element', series, limits),
    y: nameAxis(names),
    right: 100,
    more: { indexAxis: 'y' },
    plugins: [limitMarks, intervals('x', 'muted'), numbersBeside],
    marks: MARKS.filter(({ of }) => series.some((s) => s.points.some((p) => p[of]))),
  };
}

const HOW_TO_READ_BARS =
  "A bar is the step's time: shorter is faster. The thin line is its 95 % interval. The step cannot be faster than the " +
  'mark that is farther right, which is its limit. The number in brackets is the share of that limit that it reaches in ' +
  'the same rounds: higher is better. The limit is measured too, so that noise can show more than 100 %.';

/** "64M elements", and on which machine where they differ. */
function sizesInWords(entries) {
  const bySize = groupBy(entries, (e) => e.row.elements);
  const parts = [...bySize].map(([elements, group]) => {
    const labels = distinct(group.map((e) => e.machine.label));
    const on = bySize.size > 1 ? ` on ${listed(labels)}` : '';
    return `${formatElements(elements)} elements${on}`;
  });
  return listed(parts);
}

/** The main rule with all dtypes and variants, at the size that they share. */
function formEntries(machines) {
  return machines.flatMap(({ entries }) =>
    atSharedSize(entries.filter((e) => e.row.rule === MAIN_RULE)).slice(0, MOST_BARS),
  );
}

function formName({ dtypes, variant }) {
  return variant ? `${dtypes} + ${variant}` : dtypes;
}

function formsSection(machines) {
  const entries = formEntries(machines);
  if (new Set(entries.map(formName)).size < 2) return null;
  const label = `Bars: nanoseconds an element of ${MAIN_RULE} by dtypes and options, with the limits.`;
  return section(
    'forms',
    'Dtypes and options',
    `${MAIN_RULE} of ${sizesInWords(entries)} with all threads. ${HOW_TO_READ_BARS}`,
    addFigure('chart-forms', () => describeBars(entries, formName, label)),
  );
}

/** Every rule as it is by default, with the usual dtypes, at the size that they share. */
function ruleEntries(machines) {
  return machines.flatMap(({ entries }) => {
    const dtypes = usualDtypes(entries);
    return atSharedSize(entries.filter((e) => isPlain(e) && e.dtypes === dtypes));
  });
}

function rulesSection(machines) {
  const entries = ruleEntries(machines);
  if (new Set(entries.map((e) => e.row.rule)).size < 2) return null;
  const dtypes = distinct(entries.map((e) => e.dtypes));
  const label = 'Bars: nanoseconds an element of each rule, with the limits.';
  return section(
    'rules',
    'Rules',
    `Every rule at ${sizesInWords(entries)} of ${listed(dtypes)} with all threads. ${HOW_TO_READ_BARS}`,
    addFigure('chart-rules', () => describeBars(entries, (e) => e.row.rule, label)),
  );
}

/** One machine's steps in cache that several instruction sets did: of the layout and placement that most have. */
function isaEntries(machine) {
  const largest = Math.max(0, ...machine.result.machine.caches.map((cache) => cache.bytes));
  const inCache = machine.entries.filter(
    ({ isOurs, variant, row }) =>
      isOurs &&
      variant === '' &&
      row.isa &&
      row.threads === 1 &&
      row.tensors === 1 &&
      (row.bytes_per_element ?? Infinity) * row.elements <= largest,
  );
  const stepOf = (e) => JSON.stringify([e.row.rule, e.dtypes, e.row.layout, e.placement]);
  const compared = [...groupBy(inCache, stepOf).values()]
    .filter((group) => new Set(group.map((e) => e.row.isa)).size > 1)
    .flat();
  const placeOf = (e) => JSON.stringify([e.row.layout, e.placement]);
  const place = mostCommon(compared, placeOf);
  return compared.filter((e) => placeOf(e) === place);
}

function describeIsas(machine, dtypes) {
  const entries = isaEntries(machine).filter((e) => e.dtypes === dtypes);
  const order = machine.result.software.isas;
  const isas = [...groupBy(entries, (e) => e.row.isa)];
  isas.sort((a, b) => order.indexOf(a[0]) - order.indexOf(b[0]));
  const series = isas.map(([isa, group]) => ({
    name: isa,
    colour: order.indexOf(isa),
    points: group.map((e) => {
      const bar = barOf(e, e.row.rule);
      return { ...bar, number: fixedDigits(bar.x), value: `${isa}: ${timeInWords(e.row)}` };
    }),
  }));
  const rules = rulesOf(entries);
  return {
    kind: 'bar',
    label: `Bars: nanoseconds an element of each rule by instruction set on ${machine.label}.`,
    labels: rules,
    height: heightFor(rules, series.length),
    series,
    x: barAxis('ns an element', series, []),
    y: nameAxis(rules),
    right: 56,
    more: { indexAxis: 'y' },
    plugins: [intervals('x', 'muted'), numbersBeside],
  };
}

function isasSection(machines) {
  const shown = machines.filter((machine) => isaEntries(machine).length > 0);
  if (shown.length === 0) return null;
  const entries = shown.flatMap(isaEntries);
  const all = distinct(entries.map((e) => e.dtypes));
  const state = { dtypes: usualDtypes(entries) || all[0] };
  const parts = shown.flatMap((machine) => {
    const figure = addFigure(`chart-isas-${machine.index}`, () =>
      describeIsas(machine, state.dtypes),
    );
    return machine.isAlone ? [figure] : [element('h3', {}, machine.label), figure];
  });
  const select = selectOf('Dtypes: ', 'dtypes-of-isas', all, state.dtypes, (dtypes) => {
    state.dtypes = dtypes;
    for (const machine of shown) redraw(`chart-isas-${machine.index}`);
  });
  return section(
    'isas',
    'Instruction sets',
    `One thread, ${sizesInWords(entries)} in cache, so that arithmetic decides: the same step with each of the ` +
      "CPU's instruction sets. Shorter is faster.",
    ...(all.length > 1 ? [select] : []),
    ...parts,
  );
}
