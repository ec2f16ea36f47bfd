// SPDX-License-Identifier: Apache-2.0
//
// The top of the page: what it is about, whether it can be relied on, and the main figures in sentences.

const BILLION = 1e9;

function warningOf({ label, result }) {
  const { verdict, other_cpus: cpus, wide_rows: wide } = result.noise;
  if (verdict !== 'too busy') return null;
  const used = cpus === null ? '' : `; other programs used ${formatCpus(cpus)} meanwhile`;
  return element(
    'p',
    { class: 'warning' },
    element('strong', {}, `${label} was too busy.`),
    ` Do not rely on its times: of ${counted(result.rows.length, 'row')}, ${wide} ` +
      `${wide === 1 ? 'has' : 'have'} an interval wider than a tenth of the median${used}.`,
  );
}

function mainSentence(machine) {
  const entry = mainEntry(machine);
  if (!entry) return null;
  const { row } = entry;
  const time = row.ns_per_element;
  const model = formatSeconds((time.median * BILLION) / 1e9);
  const busy = row.verdict === 'ok' ? '' : ' This row was too busy.';
  return element(
    'li',
    {},
    element('strong', {}, `${fixedDigits(time.median)} ns an element`),
    ` for ${stepInWords(entry)} (95 % interval ${formatInterval(time)}): ${model} for a step of a model of a billion ` +
      `parameters.${mainLimit(row)}${busy}`,
  );
}

function mainLimit({ limit, percent_of_limit: percent }) {
  if (!limit || !percent) return '';
  const place = limit.level && limit.level !== 'memory' ? `${limit.level} cache` : 'memory';
  const remedy = limit.binds === 'bytes' ? `faster ${place}` : 'more or faster cores';
  const share = formatPercent(percent.median);
  return ` That is ${share} of the limit of this machine. It is ${bindsInWords(limit.binds)}: ${remedy} would help.`;
}

function shareSentence(machine) {
  const entries = ruleEntries([machine]).filter((e) => e.row.percent_of_limit && e.row.limit);
  if (entries.length < 2) return null;
  const bytes = entries.filter((e) => e.row.limit.binds === 'bytes').length;
  const shares = entries.map((e) => e.row.percent_of_limit.median);
  const range = formatRange(shares, shortPercent);
  const binding =
    bytes === entries.length
      ? 'bytes limit all'
      : `bytes limit ${bytes}, arithmetic ${entries.length - bytes}`;
  return element(
    'li',
    {},
    element('strong', {}, `${range} % of the limit`),
    ` in the ${entries.length} rules at ${sizesInWords(entries)}; ${binding}.`,
  );
}

function mostThreads(measured) {
  return [...measured].sort((a, b) => b.threads - a.threads)[0];
}

function memorySentence({ result }) {
  const measured = result.machine.bandwidth.filter((b) => b.level === 'memory');
  if (measured.length === 0) return null;
  const speeds = [...measured].sort((a, b) => a.gb_per_second.median - b.gb_per_second.median);
  const fastest = speeds[speeds.length - 1];
  const ends = [measured.find((b) => b.threads === 1), mostThreads(measured)];
  const others = distinct(ends)
    .filter((b) => b && b !== fastest)
    .map((b) => `; ${digits(b.gb_per_second.median)} with ${counted(b.threads, 'thread')}`);
  return element(
    'li',
    {},
    element('strong', {}, `${digits(fastest.gb_per_second.median)} GB/s`),
    ` from and to memory with ${counted(fastest.threads, 'thread')}${others.join('')}.`,
  );
}

/** Of the cases with a limit: in the others, it is what a call costs that counts. */
function peersSentence(machine) {
  const cases = peerCases(machine).filter(({ ours, hasLimit }) => ours && hasLimit);
  const pairs = cases.flatMap(({ ours, others }) =>
    others.map((other) => [other.row.contender, timesAsLong(ours, other)]),
  );
  if (pairs.length === 0) return null;
  const [first, ...others] = [...groupBy(pairs, ([contender]) => contender)].map(
    ([contender, group]) => [contender, formatRange(group.map(([, ratio]) => ratio))],
  );
  const rest = others.map(([contender, range]) => `; ${contender} ${range} times`).join('');
  return element(
    'li',
    {},
    element('strong', {}, `${first[0]} takes ${first[1]} times as long`),
    ` as ${PROGRAM}${rest} (${counted(cases.length, 'step')}).`,
  );
}

/** The machines by the time of the same main step; null: it is not the same, or there is one machine. */
function comparison(machines) {
  const mains = machines.map(mainEntry);
  const same = (e) => e && JSON.stringify([e.row.rule, e.dtypes, e.row.layout]);
  if (machines.length < 2 || !mains[0] || new Set(mains.map(same)).size > 1) return null;
  const time = (e) => e.row.ns_per_element.median;
  const [best, ...others] = [...mains].sort((a, b) => time(a) - time(b));
  const threads = (e) => counted(e.row.threads, 'thread');
  const rest = others.map(
    (e) => `${e.machine.label} (${threads(e)}) takes ${digits(time(e) / time(best))} times as long`,
  );
  const isBusy = machines.some((m) => m.result.noise.verdict === 'too busy');
  const { row, dtypes } = best;
  const step = [row.rule, dtypes, sizeInWords(best)].filter(Boolean).join(', ');
  return element(
    'p',
    { class: 'comparison' },
    `${step}: ${best.machine.label} (${threads(best)}) is the fastest, ${fixedDigits(time(best))} ns an element; ` +
      `${listed(rest)}.${isBusy ? ' Do not rely on it: a machine was too busy.' : ''}`,
  );
}

/** A busy machine has a warning instead. */
function noiseSentence({ result }) {
  const { verdict, other_cpus: cpus } = result.noise;
  if (verdict !== 'quiet') return null;
  const used = cpus === null ? '' : `: other programs used ${formatCpus(cpus)}`;
  return element('li', {}, element('strong', {}, 'The machine was quiet'), `${used}.`);
}

function claimsSentence({ result }) {
  const claims = result.claims ?? [];
  if (claims.length === 0) return null;
  const verdicts = [...groupBy(claims, (claim) => claim.verdict)];
  const counts = verdicts.map(
    ([verdict, group]) =>
      `${group.length} ${verdict === 'too busy' ? 'too busy to judge' : verdict}`,
  );
  const strong = element('strong', {}, `${counted(claims.length, 'claim')}`);
  return element('li', {}, strong, ` of ${PROGRAM}'s speed: ${listed(counts)}.`);
}

const HEADLINES = [
  mainSentence,
  shareSentence,
  memorySentence,
  peersSentence,
  claimsSentence,
  noiseSentence,
];

function headlinesOf(machine) {
  const sentences = HEADLINES.map((of) => of(machine));
  const title = element('h3', {}, ...(machine.isAlone ? [] : [dotOf(machine)]), machine.label);
  const about = element('p', { class: 'how' }, machineInWords(machine.result));
  const list = element('ul', {}, ...sentences.filter(Boolean));
  return element('div', { class: 'card' }, title, about, list);
}

/** The machine's colour in the charts. */
function dotOf({ index }) {
  return element('span', { class: `dot dot-${(index % COLOURS) + 1}`, 'aria-hidden': 'true' });
}

function pageHeader(machines) {
  const title = `Optimizer steps on ${listed(machines.map((m) => m.label))}`;
  document.title = title;
  const { program } = machines[0].result;
  const introduction =
    `In training, an optimizer's step updates every parameter of a model once. ${program.name} measures how long that ` +
    'takes, and how long it would take at least on the same machine. Times are in nanoseconds for one element, that ' +
    'is, one parameter. Of numbers of elements, K is 1024 and M is 1024 K.';
  return element(
    'header',
    {},
    element('h1', {}, title),
    element('p', { class: 'how' }, introduction),
    ...machines.map(warningOf).filter(Boolean),
    ...[comparison(machines)].filter(Boolean),
    element('div', { class: 'cards' }, ...machines.map(headlinesOf)),
  );
}
