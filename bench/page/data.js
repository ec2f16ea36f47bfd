// SPDX-License-Identifier: Apache-2.0
//
// The results: machines with short names, and their rows as entries that know their machine.

const PROGRAM = 'gradstep';
const MAIN_RULE = 'adamw';
const LONGEST_LABEL = 32;

/** In words: "float32", "float32, bfloat16 grad and slots". */
function dtypesInWords(dtypes) {
  if (!dtypes) return '';
  const { param, grad, slots, copy } = dtypes;
  const others = [];
  if (grad !== param && grad === slots) others.push(`${grad} grad and slots`);
  else {
    if (grad !== param) others.push(`${grad} grad`);
    if (slots && slots !== param) others.push(`${slots} slots`);
  }
  if (copy) others.push(`${copy} copy`);
  return [param, ...others].join(', ');
}

/** Short names, no two alike: the microarchitecture or model, then what tells machines apart. */
function labelMachines(results) {
  const base = ({ machine: { cpu } }) => {
    const name = cpu.microarchitecture || cpu.model;
    return name.length > LONGEST_LABEL ? `${name.slice(0, LONGEST_LABEL - 1)}…` : name;
  };
  const additions = [
    (r) => `, ${counted(r.machine.cores.usable, 'CPU')}`,
    (r) => `, ${r.run.date}`,
    (r) => ` (${results.indexOf(r) + 1})`,
  ];
  let labels = results.map(base);
  for (const addition of additions) {
    const before = labels;
    labels = before.map((label, i) => {
      const same = results.filter((_, j) => before[j] === label);
      return distinct(same.map(addition)).length > 1 ? label + addition(results[i]) : label;
    });
  }
  return labels;
}

/** The highest of the CPU's instruction sets that the library's rows use; null: rows do not say. */
function bestIsa(result) {
  const used = new Set(result.rows.filter((r) => r.contender === PROGRAM).map((r) => r.isa));
  return [...result.software.isas].reverse().find((isa) => used.has(isa)) ?? null;
}

function entryOf(machine, row) {
  return {
    machine,
    row,
    dtypes: dtypesInWords(row.dtypes),
    variant: row.variant ?? '',
    placement: row.placement ?? '',
    isOurs: row.contender === PROGRAM,
    isBest: !row.isa || machine.bestIsa === null || row.isa === machine.bestIsa,
    isMatrix: /^\d+x\d+/.test(row.layout),
  };
}

/** From the page's JSON: each result as a machine {index, label, isAlone, result, bestIsa, entries}. */
function readMachines() {
  const results = JSON.parse(document.getElementById('results').textContent);
  const labels = labelMachines(results);
  return results.map((result, index) => {
    const isAlone = results.length === 1;
    const machine = { index, label: labels[index], isAlone, result, bestIsa: bestIsa(result) };
    machine.entries = result.rows.map((row) => entryOf(machine, row));
    return machine;
  });
}

function distinct(values) {
  return [...new Set(values)];
}

/** A map from each key to its entries, in the order of their first. */
function groupBy(entries, keyOf) {
  const groups = new Map();
  for (const entry of entries) {
    const key = keyOf(entry);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(entry);
  }
  return groups;
}

/** The value that most entries have; '' without entries. */
function mostCommon(entries, valueOf) {
  const groups = [...groupBy(entries, valueOf)];
  groups.sort((a, b) => b[1].length - a[1].length);
  return groups.length > 0 ? groups[0][0] : '';
}

/** Steps of the library itself as it runs by default: best instruction set, no variant. */
function isPlain(entry) {
  return entry.isOurs && entry.isBest && entry.variant === '';
}

/** The same, of one array. */
function isFlat(entry) {
  return isPlain(entry) && entry.row.tensors === 1 && !entry.isMatrix;
}

/** The rules of the entries, the main one first. */
function rulesOf(entries) {
  const rules = distinct(entries.map((e) => e.row.rule));
  return rules.sort((a, b) => (b === MAIN_RULE) - (a === MAIN_RULE));
}

/** The dtypes that most rules are measured with, on one machine or several. */
function usualDtypes(entries) {
  return mostCommon(entries.filter(isFlat), (e) => e.dtypes);
}

/** Of a machine's entries those of the largest array, with the most threads that rule has there. */
function atLargestSize(machine) {
  const ours = machine.entries.filter((e) => e.isOurs && e.isBest && e.row.tensors === 1);
  const elements = Math.max(...ours.map((e) => e.row.elements));
  const largest = ours.filter((e) => e.row.elements === elements);
  const groups = groupBy(largest, (e) => JSON.stringify([e.row.rule, e.variant, e.dtypes]));
  return [...groups.values()].map(firstChoice);
}

/**
 * Of one machine's entries of a single array those of the largest size at which at least half as many kinds of steps
 * were measured as at any size, with the most threads that each kind has there.
 */
function atSharedSize(entries) {
  const kindOf = (e) => JSON.stringify([e.row.rule, e.variant, e.dtypes]);
  const ours = entries.filter((e) => e.isOurs && e.isBest && e.row.tensors === 1);
  const sizes = [...groupBy(ours, (e) => e.row.elements)].map(([elements, group]) => {
    return { elements, group, kinds: new Set(group.map(kindOf)).size };
  });
  const most = Math.max(...sizes.map(({ kinds }) => kinds));
  const shared = sizes.filter(({ kinds }) => kinds >= most / 2);
  const largest = shared.sort((a, b) => b.elements - a.elements)[0];
  return largest ? [...groupBy(largest.group, kindOf).values()].map(firstChoice) : [];
}

/** Of entries that differ in threads, placement and layout: most threads, flat, the first. */
function firstChoice(entries) {
  const better = (a, b) =>
    b.row.threads - a.row.threads || Number(a.isMatrix) - Number(b.isMatrix) || 0;
  return [...entries].sort(better)[0];
}

/** The step that stands for a machine: the main rule at the largest size. undefined: no such row. */
function mainEntry(machine) {
  const dtypes = usualDtypes(machine.entries);
  const plain = atLargestSize(machine).filter((e) => isPlain(e) && e.dtypes === dtypes);
  return plain.find((e) => e.row.rule === MAIN_RULE) ?? plain[0];
}

/** The limit of a row in nanoseconds: the larger of two times. null: not measured. */
function limitOf({ limit }) {
  return limit ? Math.max(limit.bytes_ns, limit.arithmetic_ns ?? 0) : null;
}

/** The sizes of a step's arrays in words: "64M elements", "8192x8192", "gpt2-small (148 tensors)". */
function sizeInWords({ row, isMatrix }) {
  if (row.tensors > 1) return `${row.layout} (${counted(row.tensors, 'tensor')})`;
  return isMatrix ? row.layout : `${formatElements(row.elements)} elements`;
}

/** What a step does in words: "adamw, float32, 64M elements, 2 threads". */
function stepInWords(entry) {
  const { row, dtypes, variant } = entry;
  const rule = variant ? `${row.rule} + ${variant}` : row.rule;
  const words = [rule, dtypes, sizeInWords(entry), counted(row.threads, 'thread')];
  return words.filter(Boolean).join(', ');
}
