/** What the benchmark found, as tables: `{ title, note, rows }`, a row being what stands under each heading. */
import { cpus } from 'node:os';

const milliseconds = (value) => `${value.toFixed(0)} ms`;
const seconds = (value) => `${(value / 1000).toFixed(1)} s`;
const mebibytes = (bytes) => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
const times = (one, other) => `${(one / other).toFixed(1)}×`;

/** The machine that times belong to. */
export function machine() {
  const { length } = cpus();
  return `${length} ${length === 1 ? 'core' : 'cores'}, ${process.platform} ${process.arch}, Node ${process.version}`;
}

export function tables({ delayMs, repeat, files, runs, access, az }) {
  const bundles = [...new Set(files.map(({ bundle }) => bundle))];
  const bytes = (bundle) => files.reduce((sum, file) => sum + (file.bundle === bundle ? file.bytes : 0), 0);
  const conditions = `Each service answers ${delayMs} ms late; median of ${repeat}.`;
  return [
    {
      title: 'Requests, by mode',
      note:
        'Counts, the same on every machine. Requests: all of them, to the CI system, Entra ID, Azure Resource Manager (ARM), ' +
        'the registry and the API server; connect and check prove a pull on two node pools. API servers are polled, so their ' +
        'sum may differ by a few. Round trips: those to ARM that wait for one another; what is asked side by side counts once.',
      rows: runs
        .filter(({ bundle }) => bundle === 'github')
        .map((one) => ({
          run: one.run,
          requests: one.requests,
          'to ARM': one.armRequests,
          'ARM round trips until access is judged': one.armTripsToAccess,
          'ARM round trips in all': one.armTrips,
        })),
    },
    {
      title: 'Beside the Azure CLI',
      note:
        typeof az === 'string'
          ? `SKIPPED: ${az}.`
          : 'The same questions on the same simulated cloud, the grant missing: `aks-acr-pull check` and `connect`, with ' +
            '`--verify access`, beside `az login`, `az aks show`, `az acr show`, `az role assignment list`, and for the grant ' +
            `\`az role assignment create\` (${az[2].run.split(',')[0]}). Times are those of one machine (${machine()}). ${conditions}`,
      rows: typeof az === 'string' ? [] : beside(az),
    },
    {
      title: 'JavaScript shipped',
      note: 'Bytes on disk, dependencies included. Nothing else is installed.',
      rows: bundles.map((bundle) => ({
        bundle: `dist/${bundle}`,
        files: files.filter((file) => file.bundle === bundle).length,
        'loaded at start': files
          .find((file) => file.bundle === bundle && file.file === 'index.js')
          .bytes.toLocaleString('en'),
        'bytes in all': bytes(bundle).toLocaleString('en'),
      })),
    },
    {
      title: 'Processor time and memory',
      note: `Times are those of one machine (${machine()}). ${conditions}`,
      rows: runs.map((one) => ({
        run: `${one.bundle}: ${one.run}`,
        'CPU to first request': one.requests === 0 ? '-' : milliseconds(one.cpuToFirstRequestMs),
        'CPU in all': milliseconds(one.cpuMs),
        'memory at end': mebibytes(one.residentBytes),
        took: seconds(one.durationMs),
      })),
    },
    {
      title: 'Access over 4,000 role assignments',
      note: `Processor time for deciding whether the identity may pull and what else it may do, beside parsing the JSON that they come as (${machine()}).`,
      rows: access.map(({ what, parsingMs, decidingMs }) => ({
        'the assignments are': what,
        parsing: `${parsingMs.toFixed(1)} ms`,
        deciding: milliseconds(decidingMs),
        'of parsing': times(decidingMs, parsingMs),
      })),
    },
  ];
}

/** Ours and theirs for the same end, next to each other. */
function beside([check, connect, asked, granted]) {
  const row = (what, ours, theirs) => ({
    what,
    'requests (az)': `${ours.requests} (${theirs.requests})`,
    'round trips (az)': `${ours.trips} (${theirs.trips})`,
    'of these to ARM (az)': `${ours.armTrips} (${theirs.armTrips})`,
    'az takes': times(theirs.durationMs, ours.durationMs),
    'took (az)': `${seconds(ours.durationMs)} (${seconds(theirs.durationMs)})`,
  });
  return [row('may the nodes pull?', check, asked), row('the same, and the grant', connect, granted)];
}

export function asMarkdown(sections) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const parts = sections.map(({ title, note, rows }) => {
    const heads = Object.keys(rows[0] ?? {});
    const table = [line(heads), line(heads.map(() => '---')), ...rows.map((row) => line(Object.values(row)))];
    return [`## ${title}`, note, ...(rows.length === 0 ? [] : [table.join('\n')])].join('\n\n');
  });
  const head =
    '# What it costs\n\nWritten by `npm run bench -- --write`: the shipped bundles, run against the simulated Azure.';
  return `${[head, ...parts].join('\n\n')}\n`;
}

export function asText(sections) {
  for (const { title, note, rows } of sections) {
    console.log(`\n${title}\n${note}`);
    const [first = '', ...others] = Object.keys(rows[0] ?? {});
    if (first !== '')
      console.table(
        Object.fromEntries(
          rows.map((row) => [row[first], Object.fromEntries(others.map((key) => [key, row[key]]))]),
        ),
      );
  }
}
