// SPDX-License-Identifier: Apache-2.0
//
// The table of machines: a column for each result.

const NOT_KNOWN = 'not known';

function known(value) {
  return value === null || value === undefined || value === '' ? NOT_KNOWN : String(value);
}

function coresInWords({ sockets, physical, logical, usable, smt }) {
  const threads = smt === 'unknown' ? '' : `, SMT ${smt}`;
  const used = usable === logical ? '' : `; ${usable} usable`;
  return `${counted(sockets, 'socket')}, ${counted(physical, 'core')}, ${counted(logical, 'logical CPU')}${threads}${used}`;
}

function cachesInWords(caches) {
  const parts = caches.map(({ level, kind, bytes, shared_by: by }) => {
    const data = kind === 'data' ? ' data' : '';
    const sharers = by === 1 ? 'logical CPU' : counted(by, 'logical CPU');
    return `L${level}${data} ${formatBytes(bytes)} per ${sharers}`;
  });
  return known(parts.join('; '));
}

function frequencyInWords(frequency) {
  if (!frequency) return NOT_KNOWN;
  const { governor, driver, max_mhz: mhz } = frequency;
  const most = mhz ? `at most ${digits(mhz / 1000)} GHz` : '';
  return known([most, governor, driver].filter(Boolean).join(', '));
}

function noiseInWords({ verdict, other_cpus: cpus, stolen_cpus: stolen, wide_rows: wide }) {
  const used = cpus === null ? '' : `, ${formatCpus(cpus)} used by others`;
  const lost = typeof stolen === 'number' ? `, ${formatCpus(stolen)} taken by the host` : '';
  return `${verdict}${used}${lost}, ${counted(wide, 'row')} too busy`;
}

/** Which machine it is, in a sentence. */
function machineInWords({ machine, software }) {
  const { cpu, cores, memory_bytes: bytes, virtualised } = machine;
  const isVirtual = virtualised && virtualised !== 'no';
  const parts = [
    cpu.microarchitecture ? `${cpu.model} (${cpu.microarchitecture})` : cpu.model,
    coresInWords(cores),
    software.isas[software.isas.length - 1],
    bytes ? `${formatBytes(bytes)} of memory` : '',
    isVirtual ? 'a virtual machine' : '',
  ];
  return `${parts.filter(Boolean).join('; ')}.`;
}

/** What a run was bound to; '' if it used all CPUs. */
function boundInWords(cpus) {
  if (!cpus || cpus === 'all') return '';
  return `${cpus === 'cores' ? 'one CPU of each core' : `the CPUs of ${cpus.replace(':', ' ')}`}, `;
}

const PROPERTIES = [
  ['CPU', (r) => r.machine.cpu.model],
  ['Microarchitecture', (r) => known(r.machine.cpu.microarchitecture)],
  ['Architecture', (r) => r.machine.cpu.architecture],
  ['Cores', (r) => coresInWords(r.machine.cores)],
  ['Caches', (r) => cachesInWords(r.machine.caches)],
  ['NUMA nodes', (r) => String(r.machine.numa_nodes)],
  ['Memory', (r) => (r.machine.memory_bytes ? formatBytes(r.machine.memory_bytes) : NOT_KNOWN)],
  ['Virtualised', (r) => known(r.machine.virtualised)],
  ['Frequency', (r) => frequencyInWords(r.machine.frequency)],
  ['Huge pages', (r) => known(r.machine.huge_pages)],
  ['System', (r) => known(r.machine.system)],
  ['Instruction sets', (r) => r.software.isas.join(', ')],
  ['Compiler', (r) => [r.software.compiler, r.software.build_type].filter(Boolean).join(', ')],
  ['gradstep', (r) => r.software.gradstep],
  ['xsimd', (r) => known(r.software.xsimd)],
  ['oneTBB', (r) => known(r.software.tbb)],
  ['PyTorch', (r) => r.software.pytorch ?? 'not measured'],
  ['Program', (r) => `${r.program.name} ${r.program.version}`],
  [
    'Run',
    (r) =>
      `${r.run.mode}, ${boundInWords(r.run.cpus)}${formatSeconds(r.run.seconds)}, each row measured ${counted(r.run.visits, 'time')}`,
  ],
  ['Date (UTC)', (r) => r.run.date],
  ['Noise', (r) => noiseInWords(r.noise)],
];

/** A row for each level and number of threads that any machine has. */
function bandwidthRows(machines) {
  const keyOf = (b) => JSON.stringify([b.level, b.threads]);
  const all = machines.flatMap((m) => m.result.machine.bandwidth);
  const levels = ['L1', 'L2', 'L3', 'memory'];
  const kinds = [...groupBy(all, keyOf).values()].map(([first]) => first);
  kinds.sort((a, b) => levels.indexOf(a.level) - levels.indexOf(b.level) || a.threads - b.threads);
  return kinds.map((kind) => {
    const cells = machines.map(({ result }) => {
      const found = result.machine.bandwidth.find((b) => keyOf(b) === keyOf(kind));
      return found ? `${formatEstimate(found.gb_per_second)} GB/s` : 'not measured';
    });
    return [`${kind.level}, ${counted(kind.threads, 'thread')}`, ...cells];
  });
}

function machinesSection(machines) {
  const head = ['', ...machines.map((m) => m.label)];
  const rows = PROPERTIES.map(([name, of]) => [name, ...machines.map((m) => of(m.result))]);
  const bandwidth = bandwidthRows(machines);
  const parts = [scrollingTable('Machines and software', head, rows)];
  if (bandwidth.length > 0) {
    parts.push(
      element('h3', {}, 'Bandwidth'),
      element(
        'p',
        { class: 'how' },
        'The fastest that this run has seen bytes move in place, half of them read and half written, with the 95 % ' +
          'interval. 1 GB/s is one byte a nanosecond.',
      ),
      scrollingTable('Bandwidth', head, bandwidth),
    );
  }
  return section(
    'machines',
    machines.length === 1 ? 'The machine' : 'The machines',
    'What was measured, on what, and with which software; each column is one result.',
    ...parts,
  );
}
