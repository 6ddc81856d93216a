/** kubectl's command line, as far as it is modelled (github.com/spf13/pflag). */
import { NotModelled } from '../../../net/exchange.js';

/** A flag: its kind, and its one-letter name. The value of an `inline` one only ever follows an equals sign. */
export interface FlagSpec {
  kind: 'text' | 'inline' | 'switch';
  short?: string;
}

export type FlagSpecs = Readonly<Record<string, FlagSpec>>;

export class Arguments {
  private constructor(
    readonly words: readonly string[],
    private readonly flags: ReadonlyMap<string, string[]>,
  ) {}

  /** @throws {NotModelled} for a flag that isn't in the specs */
  static read(args: readonly string[], specs: FlagSpecs): Arguments {
    const words: string[] = [];
    const flags = new Map<string, string[]>();
    const rest = [...args];
    const add = (name: string, value: string): void =>
      void flags.set(name, [...(flags.get(name) ?? []), value]);
    for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
      if (arg === '--') {
        words.push(...rest.splice(0));
        continue;
      }
      const [, dashes = '', body = ''] = /^(--?)(.+)$/s.exec(arg) ?? [];
      if (dashes === '') {
        words.push(arg);
        continue;
      }
      const long = /^([^=]+)(?:=(.*))?$/s.exec(body);
      const [name, given] =
        dashes === '--'
          ? [long?.[1] ?? '', long?.[2]]
          : [nameOf(body.charAt(0), specs), body.length > 1 ? body.slice(1).replace(/^=/, '') : undefined];
      const spec = Object.hasOwn(specs, name) ? specs[name] : undefined;
      if (spec === undefined) throw new NotModelled(`kubectl's flag ${arg}`);
      if (spec.kind === 'switch') {
        if (given !== undefined && given !== 'true' && given !== 'false')
          throw new NotModelled(`kubectl's flag ${arg}`);
        add(name, given ?? 'true');
        continue;
      }
      const value = given ?? (spec.kind === 'inline' ? undefined : rest.shift());
      if (value === undefined) throw new NotModelled(`kubectl's flag ${arg} without a value`);
      add(name, value);
    }
    return new Arguments(words, flags);
  }

  text(name: string): string | undefined {
    return this.flags.get(name)?.at(-1);
  }

  /** Every value given, those with commas apart. */
  texts(name: string): string[] {
    return (this.flags.get(name) ?? []).flatMap((value) => value.split(','));
  }

  has(name: string, otherwise = false): boolean {
    const value = this.text(name);
    return value === undefined ? otherwise : value === 'true';
  }

  /** Milliseconds of a duration as Go writes it: 1m30s, 500ms, or seconds without a unit. */
  milliseconds(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    if (/^\d+$/.test(text)) return Number(text) * 1000;
    if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) throw new NotModelled(`the duration ${text}`);
    const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
    return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)].reduce(
      (sum, [, number = '0', unit = 's']) => sum + Number(number) * units[unit as keyof typeof units],
      0,
    );
  }
}

function nameOf(letter: string, specs: FlagSpecs): string {
  return Object.entries(specs).find(([, { short }]) => short === letter)?.[0] ?? `-${letter}`;
}
