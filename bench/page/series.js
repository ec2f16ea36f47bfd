// SPDX-License-Identifier: Apache-2.0
//
// Entries as the series and points of a chart.

const PLACEMENTS = {
  free: 'threads unpinned',
  pinned: 'threads pinned',
  one_touch: 'threads pinned, memory in one node',
};

const FIELDS = {
  machine: (entry) => entry.machine.label,
  dtypes: (entry) => entry.dtypes,
  layout: sizeInWords,
  threads: (entry) => counted(entry.row.threads, 'thread'),
  placement: (entry) => PLACEMENTS[entry.placement] ?? entry.placement,
};

function valuesOf(fields, entry) {
  return JSON.stringify(fields.map((field) => FIELDS[field](entry)));
}

/** Groups of entries that agree in all fields. */
function groupsBy(fields, entries) {
  return [...groupBy(entries, (entry) => valuesOf(fields, entry)).values()];
}

/** For each group the number of its value of some fields, in the order in which the values come. */
function ranks(groups, fields) {
  const values = groups.map(([first]) => valuesOf(fields, first));
  const order = distinct(values);
  return values.map((value) => order.indexOf(value));
}

/**
 * A series for each group of entries, named by the fields in which the groups differ. Its shape is that of the fields
 * of `kinds`. So is its colour, but with several machines that is the machine's.
 */
function seriesOf(groups, fields, kinds) {
  const varying = fields.filter((field) => new Set(ranks(groups, [field])).size > 1);
  const shapes = ranks(groups, kinds);
  return groups.map((group, i) => {
    const { machine } = group[0];
    const named = (varying.length > 0 ? varying : ['dtypes']).map((field) =>
      FIELDS[field](group[0]),
    );
    return {
      name: named.filter(Boolean).join(', ') || machine.label,
      colour: machine.isAlone ? shapes[i] : machine.index,
      shape: shapes[i],
      entries: group,
    };
  });
}

/** A point of a chart, which names its row. */
function pointOf(entry, point) {
  const { machine, row } = entry;
  const step = stepInWords(entry);
  return {
    ...point,
    step: machine.isAlone ? step : `${machine.label}: ${step}`,
    result: machine.index,
    contender: row.contender,
    name: row.name,
  };
}

/** A step's time, with its interval, in words. */
function timeInWords({ ns_per_element: time }) {
  return `${fixedDigits(time.median)} ns an element, 95 % interval ${formatInterval(time)}`;
}

/** How much of its limit a step reaches and what the limit is, in words; '' where it is not known. */
function limitInWords({ limit, percent_of_limit: percent }) {
  if (!limit) return '';
  const share = percent ? `${formatPercent(percent.median)} of the limit` : 'limit';
  return `; ${share}, ${fixedDigits(limitOf({ limit }))} ns: ${bindsInWords(limit.binds)}`;
}

function bindsInWords(binds) {
  return binds === 'bytes' ? 'limited by bytes' : 'limited by arithmetic';
}
