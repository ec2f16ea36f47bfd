// SPDX-License-Identifier: Apache-2.0
//
// Makes parts of the document. Every text from a result gets there as text, never as markup.

const SVG = 'http://www.w3.org/2000/svg';

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** An element of HTML. Children are elements or texts. */
function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An element of SVG. */
function drawing(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** A table that scrolls within itself. The first cell of a row is its heading. */
function scrollingTable(label, head, rows) {
  const cells = (row) =>
    row.map((text, i) =>
      i === 0 ? element('th', { scope: 'row' }, text) : element('td', {}, text),
    );
  const table = element(
    'table',
    {},
    element('thead', {}, element('tr', {}, ...head.map((h) => element('th', { scope: 'col' }, h)))),
    element('tbody', {}, ...rows.map((row) => element('tr', {}, ...cells(row)))),
  );
  return element(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label },
    table,
  );
}

/** A labelled select. Calls `changed` with the chosen text. */
function selectOf(label, id, options, chosen, changed) {
  const select = element('select', { id });
  for (const text of options) {
    const option = element('option', { value: text }, text);
    option.selected = text === chosen;
    select.append(option);
  }
  select.addEventListener('change', () => changed(select.value));
  return element('p', { class: 'control' }, element('label', { for: id }, label), select);
}

/** A section with a heading and the sentence that says how to read it. */
function section(id, heading, how, ...children) {
  const title = element('h2', { id: `${id}-heading` }, heading);
  return element(
    'section',
    { id, 'aria-labelledby': `${id}-heading` },
    title,
    element('p', { class: 'how' }, how),
    ...children,
  );
}
