/** What `promtool check metrics` looks for in the text format; returns what is wrong, line by line. */

const UNITS_NOT_BASE = /_(ms|milliseconds|minutes|hours|kilobytes|kb|mb|percent|celsius_millis)(_|$)/;

export function lintMetrics(text: string): string[] {
  const problems: string[] = [];
  const help = new Map<string, string>();
  const types = new Map<string, string>();
  const samples = new Set<string>();
  if (!text.endsWith('\n')) problems.push('the last line has no end');
  for (const line of text.split('\n').filter(Boolean)) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment) {
      const [, what, name, rest] = comment;
      const known = what === 'HELP' ? help : types;
      if (known.has(name)) problems.push(`${name}: second ${what}`);
      known.set(name, rest);
      continue;
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (-?[0-9.e+-]+|NaN|[+-]Inf)$/.exec(line);
    if (!sample) problems.push(`not a sample: ${line}`);
    else if (samples.has(`${sample[1]}${sample[2]}`)) problems.push(`twice: ${line}`);
    else {
      samples.add(`${sample[1]}${sample[2]}`);
      problems.push(...lintSample(sample[1], sample[2] ?? '', Number(sample[3]), types, help));
    }
  }
  return problems;
}

function lintSample(
  name: string,
  labels: string,
  value: number,
  types: ReadonlyMap<string, string>,
  help: ReadonlyMap<string, string>,
): string[] {
  const type = types.get(name);
  const faults: readonly (readonly [boolean, string])[] = [
    [type === undefined, 'no TYPE before it'],
    [!help.get(name)?.endsWith('.'), 'no HELP, or no sentence'],
    [!/^[a-z][a-z0-9_]*$/.test(name), 'not in snake case'],
    [(type === 'counter') !== name.endsWith('_total'), `a ${type} whose name says another kind`],
    [type === 'counter' && value < 0, 'a counter below zero'],
    [UNITS_NOT_BASE.test(name), 'not in a base unit'],
    [/_ratio$/.test(name) && (value < 0 || value > 1), 'a ratio outside of 0 to 1'],
    [labels !== '' && !/^\{([a-z_]+="(?:[^"\\]|\\["\\n])*",?)+\}$/.test(labels), 'broken labels'],
    [/(^|[{,])(le|quantile|job|instance)=/.test(labels), 'a label that belongs to Prometheus'],
  ];
  return faults.filter(([isFault]) => isFault).map(([, fault]) => `${name}${labels}: ${fault}`);
}
