/**
 * Makes pictures of the summary page as GitHub and Azure Pipelines show it, from real runs against simulated clouds: to be
 * looked at, and those of the README.
 *
 *   npm run pictures -- --into DIR                 every page, its first screen and the whole of it
 *   npm run pictures -- --into DIR passed failed   these alone
 *   npm run pictures -- --readme                   docs/images, and the text of what they show, which a test holds
 *
 * Wants Chromium (or CHROMIUM, its path), and the packages marked, mermaid and github-markdown-css, which the project
 * itself doesn't need: npm install --prefix DIR marked mermaid github-markdown-css, and --packages DIR.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import ncc from '@vercel/ncc';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    into: { type: 'string' },
    packages: { type: 'string', default: ROOT },
    readme: { type: 'boolean', default: false },
  },
});
/** The README's pictures, by the run that they are of; heights at which nothing is cut. */
const README = { passed: { name: 'passed', height: 548 }, 'role-missing': { name: 'failed', height: 620 } };
/** What a laptop's browser shows of the page before anybody scrolls. */
const SCREEN = { width: 1100, height: 800 };
/** The texts that the README's pictures were made of; tests hold them against what runs say today. */
const SHOWN = join(ROOT, 'scripts', 'pictures', 'shown');
const into = values.readme ? join(ROOT, 'docs', 'images') : values.into;
if (into === undefined) throw new Error('--into DIR, or --readme');

/** The pages' source is TypeScript: it is bundled first, two folders below the project's as it is itself. */
async function bundled() {
  await mkdir(join(ROOT, '.tmp'), { recursive: true });
  const folder = await mkdtemp(join(ROOT, '.tmp', 'pictures-'));
  try {
    const { code, assets } = await ncc(join(ROOT, 'scripts', 'pictures', 'pages.ts'), {
      cache: false,
      quiet: true,
      transpileOnly: true,
      target: 'es2022',
    });
    const files = {
      ...assets,
      'index.js': { source: code },
      'package.json': { source: '{"type":"module"}' },
    };
    for (const [name, { source }] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), source);
    }
    return await import(pathToFileURL(join(folder, 'index.js')).href);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Azure Pipelines shows no HTML and draws nothing: its page is the same Markdown without either. */
async function html(markdown, packages) {
  const body = await packages.marked.parse(
    markdown.replace(/^```mermaid\n([^]*?)\n```$/gm, '<pre class="mermaid">$1</pre>'),
    {
      gfm: true,
    },
  );
  return `<!doctype html><meta charset="utf-8"><style>${packages.css}
body{box-sizing:border-box;max-width:1012px;margin:0 auto;padding:24px}.mermaid{background:none!important;text-align:center}</style>
<article class="markdown-body">${body}</article><script src="${packages.mermaid}"></script>
<script>mermaid.initialize({startOnLoad:true,theme:'default',securityLevel:'strict'})</script>`;
}

async function photograph(page, picture, { width, height }) {
  const { stderr } = await promisify(execFile)(process.env.CHROMIUM ?? 'chromium', [
    ...['--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--force-color-profile=srgb'],
    ...[`--window-size=${width},${height}`, '--virtual-time-budget=20000', `--screenshot=${picture}`],
    pathToFileURL(page).href,
  ]);
  if (!/bytes written/.test(stderr)) throw new Error(stderr);
}

async function loadPackages() {
  const require = createRequire(join(values.packages, 'package.json'));
  const { marked } = require('marked');
  const css = await readFile(require.resolve('github-markdown-css/github-markdown-light.css'), 'utf8');
  const mermaid = join(dirname(require.resolve('mermaid')), 'mermaid.min.js');
  return { marked, css, mermaid: pathToFileURL(mermaid).href };
}

const packages = await loadPackages();
const { pages, firstRunOf } = await bundled();
await mkdir(into, { recursive: true });
const work = await mkdtemp(join(tmpdir(), 'pictures-'));
try {
  for (const { name, gitHub, azurePipelines, told } of await pages(
    values.readme ? Object.keys(README) : positionals,
  )) {
    const page = join(work, 'page.html');
    await writeFile(page, await html(gitHub, packages));
    if (values.readme) {
      const picture = README[name];
      await photograph(page, join(into, `${picture.name}.png`), { ...SCREEN, height: picture.height });
      await writeFile(join(SHOWN, `${picture.name}.md`), gitHub);
      continue;
    }
    await photograph(page, join(into, `${name}.png`), SCREEN);
    await photograph(page, join(into, `${name}-whole.png`), { ...SCREEN, height: 2200 });
    await writeFile(page, await html(azurePipelines, packages));
    await photograph(page, join(into, `${name}-azure.png`), SCREEN);
    await writeFile(join(into, `${name}.md`), gitHub);
    await writeFile(join(into, `${name}.txt`), told);
  }
  if (values.readme) {
    const page = join(work, 'log.html');
    const log = await demoLog();
    await writeFile(join(SHOWN, 'log.txt'), log);
    await writeFile(page, logHtml(log));
    await photograph(page, join(into, 'log.png'), { ...SCREEN, height: logHeight(log) });
  }
} finally {
  await rm(work, { recursive: true, force: true });
}

/** What a run says while it goes: the first of the demo's, from the shipped command. */
async function demoLog() {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(ROOT, 'dist', 'cli', 'index.js'),
    'demo',
  ]);
  return firstRunOf(stdout);
}

/** A height at which all of a log is on its picture: lines are 20 high, and the narrowest holds this many characters. */
function logHeight(text) {
  const rows = text.split('\n').map((line) => Math.max(1, Math.ceil(line.length / 125)));
  return 32 + 20 * rows.reduce((sum, one) => sum + one, 0);
}

/** A log as a dark page; each line's mark in its colour. */
function logHtml(text) {
  const colours = { '✓': '#3fb950', '✗': '#f85149', '!': '#d29922', '…': '#8b949e' };
  const lines = text.split('\n').map((line) => {
    const [, space = '', mark = '', words = ''] = /^(\s*)([✓✗!…] )?(.*)$/.exec(line) ?? [];
    const safe = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
    const left = space.length + mark.length;
    const marked = mark === '' ? '' : `<b style="color:${colours[mark.trim()]}">${mark}</b>`;
    return `<div style="padding-left:${left}ch;text-indent:-${mark.length}ch">${marked}${safe}</div>`;
  });
  return `<!doctype html><meta charset="utf-8"><body style="margin:0;background:#0d1117;color:#e6edf3">
<div style="padding:16px 24px;font:13px/1.55 monospace;white-space:pre-wrap">${lines.join('')}</div>`;
}
