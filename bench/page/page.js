// SPDX-License-Identifier: Apache-2.0
//
// Puts the page together.

const SECTIONS = [
  machinesSection,
  sizesSection,
  rooflineSection,
  formsSection,
  scalingSection,
  isasSection,
  rulesSection,
  peersSection,
  claimsSection,
  rowsSection,
];

function contentsOf(sections) {
  const links = sections.map((made) =>
    element('li', {}, element('a', { href: `#${made.id}` }, made.querySelector('h2').textContent)),
  );
  return element('nav', { 'aria-label': 'Sections' }, element('ul', {}, ...links));
}

function showPage() {
  const machines = readMachines();
  const sections = SECTIONS.map((make) => make(machines)).filter(Boolean);
  document
    .getElementById('page')
    .replaceChildren(pageHeader(machines), contentsOf(sections), ...sections);
  drawAll();
  drawForPrint();
  for (const query of ['(prefers-color-scheme: dark)', NARROW]) {
    window.matchMedia(query).addEventListener('change', drawAll);
  }
}

document.addEventListener('DOMContentLoaded', showPage);
