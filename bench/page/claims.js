// SPDX-License-Identifier: Apache-2.0
//
// What the library claims of its speed, and what each machine found.

const VERDICT_STYLES = { met: 'met', missed: 'missed', 'too busy': 'busy' };
const CLAIM_COLUMNS = ['Claim', 'Required', 'Measured', 'Verdict'];

function claimCells({ text, figure, limit, is_minimum: isMinimum, verdict }) {
  const required = `${isMinimum ? 'at least' : 'at most'} ${digits(limit)}`;
  return [text, required, formatEstimate(figure), verdict];
}

function claimsSection(machines) {
  const shown = machines.filter(({ result }) => (result.claims ?? []).length > 0);
  if (shown.length === 0) return null;
  const parts = shown.flatMap((machine) => {
    const rows = machine.result.claims.map(claimCells);
    const table = scrollingTable(`Claims on ${machine.label}`, CLAIM_COLUMNS, rows);
    [...table.querySelectorAll('tbody tr')].forEach((row, i) => {
      row.classList.add(VERDICT_STYLES[machine.result.claims[i].verdict]);
    });
    return machine.isAlone ? [table] : [element('h3', {}, machine.label), table];
  });
  return section(
    'claims',
    'Claims',
    `What ${PROGRAM} claims of its speed, and what this run found, with the 95 % interval. The run was ` +
      'too busy to judge a claim where that interval is wider than a tenth and not all of it is within what is required.',
    ...parts,
  );
}
