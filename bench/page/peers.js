// SPDX-License-Identifier: Apache-2.0
//
// The section that sets the library beside other programs which do the same step.

function caseKey({ row, variant, dtypes }) {
  return JSON.stringify([row.rule, variant, dtypes, row.layout, row.threads]);
}

/** The cases that other programs measured on a machine: {name, ours, others, hasLimit}; ours may be undefined. */
function peerCases(machine) {
  const usual = usualDtypes(machine.entries);
  return [...groupBy(machine.entries, caseKey).values()]
    .map((group) => {
      const words = stepInWords(group[0]);
      return {
        name: group[0].dtypes === usual ? words.replace(`, ${usual}`, '') : words,
        ours: group.find((e) => e.isOurs && e.isBest),
        others: group.filter((e) => !e.isOurs),
        hasLimit: group.some((e) => e.row.limit),
      };
    })
    .filter(({ others }) => others.length > 0);
}

function peerPoint(entry, y) {
  const { median, low, high } = entry.row.ns_per_element;
  const value = `${entry.row.contender}: ${timeInWords(entry.row)}`;
  return pointOf(entry, { x: median, y, low, high, value });
}

function describePeers(machine) {
  const cases = peerCases(machine).filter(({ hasLimit }) => hasLimit);
  const pairs = cases.flatMap(({ name, ours, others }) =>
    [...(ours ? [ours] : []), ...others].map((entry) => ({ entry, name })),
  );
  const groups = [...groupBy(pairs, ({ entry }) => entry.row.contender)];
  groups.sort((a, b) => (b[0] === PROGRAM) - (a[0] === PROGRAM));
  const series = groups.map(([contender, group], i) => ({
    name: contender,
    colour: i,
    shape: i,
    points: group.map(({ entry, name }) => peerPoint(entry, name)),
  }));
  const names = cases.map(({ name }) => name);
  return {
    kind: 'scatter',
    label: `Points: nanoseconds an element of each program on ${machine.label}, on a logarithmic axis.`,
    height: heightFor(names, 2),
    series,
    x: logAxis('ns an element', drawnValues(series, 'x')),
    y: nameAxis(names),
    plugins: [intervals('x')],
  };
}

/** How many times as long another program takes: in the same rounds where it says so. */
function timesAsLong(ours, other) {
  const quotient = other.row.ns_per_element.median / ours.row.ns_per_element.median;
  return other.row.ratios?.[PROGRAM]?.median ?? quotient;
}

/** A row for each case: ours in nanoseconds, then how many times as long each other program takes. */
function tableOfPeers(machine) {
  const cases = peerCases(machine);
  const contenders = distinct(cases.flatMap(({ others }) => others.map((e) => e.row.contender)));
  const rows = cases.map(({ name, ours, others }) => {
    const time = ours ? fixedDigits(ours.row.ns_per_element.median) : 'not measured';
    const ratios = contenders.map((contender) => {
      const other = others.find((e) => e.row.contender === contender);
      return ours && other ? `×\u00a0${fixedDigits(timesAsLong(ours, other))}` : '';
    });
    return [name, time, ...ratios];
  });
  const head = ['Step', `${PROGRAM}, ns an element`, ...contenders];
  return scrollingTable(`Other libraries on ${machine.label}`, head, rows);
}

function partsOfPeers(machine) {
  const hasChart = peerCases(machine).some(({ hasLimit }) => hasLimit);
  const figure = () => addFigure(`chart-peers-${machine.index}`, () => describePeers(machine));
  return [
    ...(machine.isAlone ? [] : [element('h3', {}, machine.label)]),
    ...(hasChart ? [figure()] : []),
    tableOfPeers(machine),
  ];
}

function peersSection(machines) {
  const shown = machines.filter((machine) => peerCases(machine).length > 0);
  if (shown.length === 0) return null;
  return section(
    'peers',
    'Other libraries',
    'The same step by each program on the same arrays: farther left is faster. The axis is logarithmic, so ' +
      `that equal distances are equal ratios. The table says how many times as long as ${PROGRAM} each program takes, ` +
      'in the same rounds. Steps of tiny arrays have no limit and are in the table alone: there, what a call costs ' +
      'decides.',
    ...shown.flatMap(partsOfPeers),
  );
}
