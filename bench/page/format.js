// SPDX-License-Identifier: Apache-2.0
//
// Numbers and lists as text.

const KIBI = 1024;

/** Three significant digits; whole numbers from 1000 on. */
function digits(value) {
  if (Math.abs(value) >= 1000) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

/** The same, with zeros at the end: for columns of numbers. */
function fixedDigits(value) {
  return Math.abs(value) >= 999.5 ? String(Math.round(value)) : value.toPrecision(3);
}

/** 16384 as "16K", 1000 as "1000". */
function formatElements(count) {
  for (const [unit, size] of [
    ['G', KIBI ** 3],
    ['M', KIBI ** 2],
    ['K', KIBI],
  ]) {
    if (count >= size && count % size === 0) return `${count / size}${unit}`;
  }
  return count >= 1e6 ? `${digits(count / 1e6)} million` : String(count);
}

function formatBytes(bytes) {
  for (const [unit, size] of [
    ['GiB', KIBI ** 3],
    ['MiB', KIBI ** 2],
    ['KiB', KIBI],
  ]) {
    if (bytes >= size) return `${digits(bytes / size)} ${unit}`;
  }
  return `${bytes} bytes`;
}

function formatSeconds(seconds) {
  if (seconds >= 120) return `${digits(seconds / 60)} minutes`;
  if (seconds >= 1) return `${digits(seconds)} s`;
  return seconds >= 1e-3 ? `${digits(seconds * 1e3)} ms` : `${digits(seconds * 1e6)} µs`;
}

/** "94 %", "2.5 %": as many digits as a reader needs. */
function formatPercent(percent) {
  return `${shortPercent(percent)} %`;
}

function shortPercent(percent) {
  return percent >= 10 ? String(Math.round(percent)) : String(Number(percent.toPrecision(2)));
}

/** "1.6 CPUs" */
function formatCpus(cpus) {
  return `${cpus.toFixed(1)} CPUs`;
}

/** "0.51 to 0.53" */
function formatInterval({ low, high }) {
  return `${fixedDigits(low)} to ${fixedDigits(high)}`;
}

/** "0.52 (0.51 to 0.53)" */
function formatEstimate(estimate) {
  return `${fixedDigits(estimate.median)} (${formatInterval(estimate)})`;
}

/** "1 thread", "2 threads" */
function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** "a", "a and b", "a, b and c" */
function listed(words) {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words[words.length - 1]}`;
}

/** "3 to 5", or "3" where both ends look the same. */
function formatRange(values, format = digits) {
  const [low, high] = [format(Math.min(...values)), format(Math.max(...values))];
  return low === high ? low : `${low} to ${high}`;
}

/** Lines of at most `length` characters where spaces and underscores allow it. */
function wrapWords(text, length) {
  const lines = [''];
  for (const part of text.split(/(?<=[ _])/)) {
    const last = lines.length - 1;
    if (lines[last] && lines[last].length + part.trimEnd().length > length) lines.push(part);
    else lines[last] += part;
  }
  return lines.map((line) => line.trim());
}
