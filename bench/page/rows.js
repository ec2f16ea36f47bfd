// SPDX-License-Identifier: Apache-2.0
//
// The table of all rows, which can be sorted and filtered.

/** An estimate's or number's text in columns; '' where there is none. */
function cellOf(number) {
  return number === null || number === undefined ? '' : fixedDigits(number);
}

function ratiosInWords(ratios) {
  return Object.entries(ratios ?? {})
    .map(([name, { median }]) => `${name} ${fixedDigits(median)}`)
    .join(', ');
}

/** GB/s: bytes of one element over its time in nanoseconds. */
function speedOf({ bytes_per_element: bytes, ns_per_element: time }) {
  return bytes === undefined ? undefined : bytes / time.median;
}

/** A column of text: its heading, and its value for an entry. */
const text = (heading, value, style) => ({ heading, value, show: (shown) => shown ?? '', style });
/** A column of numbers, shown by `show`. */
const number = (heading, value, show = cellOf) => ({ heading, value, show, style: 'number' });

const ROW_COLUMNS = [
  text('Machine', (e) => e.machine.label),
  text('Rule', (e) => e.row.rule),
  text('Variant', (e) => e.variant),
  text('Dtypes', (e) => e.dtypes, 'wraps'),
  text('Layout', (e) => e.row.layout),
  number('Threads', (e) => e.row.threads, String),
  text('ISA', (e) => e.row.isa),
  text('Program', (e) => e.row.contender),
  number('ns an element', (e) => e.row.ns_per_element.median),
  {
    ...number('95 % interval', (e) => e.row.ns_per_element.low),
    showEntry: (e) => formatInterval(e.row.ns_per_element),
  },
  number('% of the limit', (e) => e.row.percent_of_limit?.median),
  text('Binds', (e) => e.row.limit?.binds),
  text('Level', (e) => e.row.limit?.level),
  text('Verdict', (e) => e.row.verdict),
  number("Bytes' time", (e) => e.row.limit?.bytes_ns),
  number("Arithmetic's time", (e) => e.row.limit?.arithmetic_ns),
  number('Bytes an element', (e) => e.row.bytes_per_element),
  number('GB/s', (e) => speedOf(e.row)),
  number('Elements', (e) => e.row.elements, String),
  number('Tensors', (e) => e.row.tensors, String),
  text('Placement', (e) => e.placement, 'detail'),
  text('Ratios', (e) => ratiosInWords(e.row.ratios), 'wraps'),
  text('Visits', (e) => e.row.visits.map((v) => fixedDigits(v.ns_per_element)).join(' '), 'detail'),
  text('Name', (e) => e.row.name, 'detail'),
];

/** Columns that say something: those in which some entry has a value. */
function columnsFor(machines, entries) {
  const hasValue = ({ value }) => entries.some((e) => ![undefined, null, ''].includes(value(e)));
  return ROW_COLUMNS.filter((column) => hasValue(column)).slice(machines.length === 1 ? 1 : 0);
}

/** By value, those without one last in both directions. */
function compareBy(value, direction) {
  const isMissing = (v) => v === undefined || v === null || v === '';
  return (a, b) => {
    const [left, right] = [value(a.entry), value(b.entry)];
    if (isMissing(left) || isMissing(right)) return isMissing(left) - isMissing(right);
    if (typeof left === 'number') return direction * (left - right);
    return direction * left.localeCompare(right, 'en', { numeric: true });
  };
}

function rowOf(entry, columns) {
  const cells = columns.map(({ value, show, showEntry, style }) =>
    element('td', { class: style }, showEntry ? showEntry(entry) : show(value(entry))),
  );
  const isBusy = entry.row.verdict !== 'ok';
  return element('tr', { class: isBusy ? 'busy' : undefined }, ...cells);
}

/** Headings that sort: a click sorts upwards, the next one downwards. */
function headOf(columns, items, body) {
  const headings = columns.map(({ heading, style }) =>
    element('th', { scope: 'col', class: style }, element('button', { type: 'button' }, heading)),
  );
  headings.forEach((heading, i) => {
    heading.firstChild.addEventListener('click', () => {
      const isUp = heading.getAttribute('aria-sort') !== 'ascending';
      for (const other of headings) other.removeAttribute('aria-sort');
      heading.setAttribute('aria-sort', isUp ? 'ascending' : 'descending');
      items.sort(compareBy(columns[i].value, isUp ? 1 : -1));
      body.append(...items.map((item) => item.row));
    });
  });
  return element('thead', {}, element('tr', {}, ...headings));
}

/** A box that leaves the rows which have all its words. */
function filterOf(items) {
  const count = element('output', { for: 'filter' });
  const input = element('input', { id: 'filter', type: 'search', placeholder: 'adamw avx512' });
  const apply = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { row, words: has } of items) {
      row.hidden = !words.every((word) => has.includes(word));
      if (!row.hidden) ++shown;
    }
    count.textContent = `${shown} of ${items.length} rows`;
  };
  input.addEventListener('input', apply);
  apply();
  const label = element('label', { for: 'filter' }, 'Rows with the words: ');
  return element('p', { class: 'control' }, label, input, ' ', count);
}

function rowsSection(machines) {
  const entries = machines.flatMap((m) => m.entries);
  const columns = columnsFor(machines, entries);
  const items = entries.map((entry) => {
    const row = rowOf(entry, columns);
    const words = [...row.cells].map((cell) => cell.textContent).join(' ');
    return { entry, row, words: words.toLowerCase() };
  });
  const body = element('tbody', {}, ...items.map((item) => item.row));
  const table = element('table', { id: 'rows-table' }, headOf(columns, items, body), body);
  return section(
    'rows',
    'All rows',
    'Every step that was measured. Times are in ns an element. The limit is the larger of the time that the same bytes ' +
      'take to move and the time of the arithmetic. A row is too busy, and coloured, if the intervals of its time and of ' +
      'its share of the limit are wider than a tenth of their medians. A click on a heading sorts.',
    filterOf(items),
    element(
      'div',
      { class: 'scroll tall', tabindex: '0', role: 'region', 'aria-label': 'All rows' },
      table,
    ),
  );
}
