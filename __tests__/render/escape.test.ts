import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  forAnnotation,
  forLog,
  forMarkdown,
  forMarkdownBlock,
  forMarkdownCode,
  forMermaid,
  forShell,
} from '../../src/render/escape.js';
import { isCommand } from './command-readers.js';
import { nasty } from './hostile.js';

/** Numeric character references back into characters, as a Markdown or HTML reader does it; without the zero-width spaces. */
const decoded = (text: string): string =>
  text.replace(/&#8203;/g, '').replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));

/** A text with its control characters shown: the log's form, character by character, where no command can begin. */
const shown = (line: string): string => [...line].map(forLog).join('');

describe('forLog', () => {
  it('lets no CI system read a command, wherever in a line the text stands', () => {
    fc.assert(
      fc.property(nasty, fc.constantFrom('', '  ', '✗ seen '), (text, prefix) => {
        expect(isCommand(prefix + forLog(text))).toBe(false);
      }),
    );
  });
  it('is one line that hides nothing', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        expect(forLog(text)).not.toMatch(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/u);
      }),
    );
    expect(forLog('a\nb\t\u001b[31m\u202e\u0007')).toBe('a\\nb\\t\\e[31m\\u202e\\x07');
  });
  it('leaves what is harmless as it is', () => {
    const plain = 'HTTP 403 AuthorizationFailed: "a:b" [x] # (contoso.azurecr.io/app:1) — ✓ é';
    expect(forLog(plain)).toBe(plain);
  });
  it('shows a command as text', () => {
    expect(forLog('::error::x ##vso[task.complete] ##[error]y')).toBe(
      ':\\:error:\\:x #\\#vso[task.complete] #\\#[error]y',
    );
  });
});

describe('forMarkdown', () => {
  it('holds nothing that Markdown, tables or HTML give a meaning', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const out = forMarkdown(text);
        const bare = out.replaceAll('<br>', '').replace(/&#\d+;/g, '§');
        expect(bare).not.toMatch(/[&<>|`*_~\\[\](){}#!$^\n\r]/);
        expect(bare).not.toMatch(/:\/\/|\bwww\.|@/i);
        for (const line of out.split('<br>')) expect(line).not.toMatch(/^\s*([-+=]|\d+\.)/);
      }),
    );
  });
  it('can be broken anywhere within a long word, which would widen a table beyond what is shown', () => {
    const scope = `'/subscriptions/3772a36b…/resourceGroups/MC_apps_shop_westeurope/providers/${'x'.repeat(90)}'`;
    const out = forMarkdown(`over ${scope} or`);
    expect(decoded(out)).toBe(`over ${scope} or`);
    for (const part of out.split(/&#8203;|\s/)) expect([...decoded(part)].length).toBeLessThanOrEqual(30);
    expect(forMarkdown('contoso.azurecr.io/shop/web:1.4')).not.toMatch(/web.*&#8203;/);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 31 }), (text) => {
        for (const part of forMarkdown(text).split(/&#8203;|\s|<br>/))
          expect([...decoded(part)].length).toBeLessThanOrEqual(30);
      }),
    );
  });
  it('reads as what was said', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const said = text
          .trim()
          .split(/[\r\n]+/)
          .map((line) => shown(line.trim()));
        expect(forMarkdown(text).split('<br>').map(decoded)).toEqual(said);
      }),
    );
  });
  it('keeps ordinary sentences readable in the source', () => {
    expect(forMarkdown("provisioning state Succeeded, it's there: contoso.azurecr.io/app:1")).toBe(
      "provisioning state Succeeded, it's there: contoso.azurecr.io/app:1",
    );
  });
});

describe('forMarkdownCode', () => {
  it('is one code span, or one code element whose content means nothing', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const out = forMarkdownCode(text);
        if (out === '') return;
        const span = /^`([^`|\n]*)`$/.exec(out);
        const element = /^<code>([^<>|`\n]*)<\/code>$/.exec(out);
        expect(span ?? element).not.toBeNull();
      }),
    );
  });
  it('keeps a pipe inside one table cell', () => {
    expect(forMarkdownCode('a|b')).toBe('<code>a&#124;b</code>');
    expect(forMarkdownCode('team/app:1')).toBe('`team/app:1`');
  });
});

describe('forMarkdownBlock', () => {
  it('can only be ended by its own fence', () => {
    fc.assert(
      fc.property(fc.array(nasty, { minLength: 1, maxLength: 4 }), (lines) => {
        const out = forMarkdownBlock(lines, 'sh').split('\n');
        const fence = (out[0] ?? '').replace('sh', '');
        expect(fence).toMatch(/^`{3,}$/);
        expect(out.at(-1)).toBe(fence);
        for (const line of out.slice(1, -1)) expect(line).not.toContain(fence);
      }),
    );
  });
});

describe('forMermaid', () => {
  it('cannot end its label, and holds no HTML, Markdown or directive', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const out = forMermaid(text);
        expect(out).toMatch(/^(?:[\p{L}\p{N} ._,/-]|#\d+;)*$/u);
        expect(out).not.toMatch(/^-|^\d+\. /);
      }),
    );
  });
  it('reads as what was said', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const read = forMermaid(text).replace(/#(\d+);/g, (_, code: string) =>
          String.fromCodePoint(Number(code)),
        );
        expect(read).toBe(shown(text.trim().replace(/\s+/g, ' ')));
      }),
    );
  });
});

describe('forShell', () => {
  it('is read by a shell as exactly the one word', () => {
    const words = fc.sample(
      nasty.filter((text) => !text.includes('\0') && Buffer.from(text, 'utf8').toString('utf8') === text),
      300,
    );
    const script = `printf '%s\\0' ${words.map(forShell).join(' ')}`;
    expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(
      words.map((word) => `${word}\0`).join(''),
    );
  });
  it('quotes only what needs it', () => {
    expect(forShell('contoso.azurecr.io/app:1')).toBe('contoso.azurecr.io/app:1');
    expect(forShell("it's")).toBe(`'it'\\''s'`);
    expect(forShell('')).toBe("''");
  });
});

describe('forAnnotation', () => {
  it('is one annotation when the toolkit has written it, and says what was said', () => {
    // As @actions/core 3 writes a command: lib/command.js, escapeData.
    const escapeData = (text: string): string =>
      text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
    fc.assert(
      fc.property(nasty, (text) => {
        const out = forAnnotation(text);
        expect(escapeData(out)).not.toMatch(/[\r\n]/);
        // What the runner prints of it can't be read as another command.
        for (const line of out.split('\n')) expect(isCommand(line)).toBe(false);
      }),
    );
    expect(forAnnotation('100 % of it\nsecond line')).toBe('100 % of it\nsecond line');
  });
  it('is no longer than an annotation may be', () => {
    expect([...forAnnotation('😀'.repeat(10_000))]).toHaveLength(4000);
  });
});
