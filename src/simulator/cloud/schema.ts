/**
 * Small pieces that a description of a YAML document is made of. Reading never stops at an error: each is noted with its
 * path, and a blank stands in for what couldn't be read, so that everything wrong is told at once. The same pieces tell
 * their form as JSON Schema, for editors and for the documents.
 */
import { nearest } from './nearest.js';

/** One thing wrong with a document. */
export interface Problem {
  /** Where, such as `clusters[0].pools[1].os`; empty for the document itself. */
  path: string;
  message: string;
  /** Where in the text, both from 1; absent when it can't be told. */
  at?: { line: number; column: number };
}

/** As much of JSON Schema (draft 2020-12) as is needed here. */
export interface JsonSchema {
  /** The form in words. */
  title?: string;
  description?: string;
  type?: 'array' | 'boolean' | 'integer' | 'object' | 'string';
  enum?: readonly string[];
  pattern?: string;
  minimum?: number;
  items?: JsonSchema;
  properties?: Readonly<Record<string, JsonSchema>>;
  required?: readonly string[];
  additionalProperties?: false | JsonSchema;
  anyOf?: readonly JsonSchema[];
  default?: unknown;
}

/** Reads one kind of value. */
export interface Field<T> {
  /** Stands in for a value that couldn't be read. */
  readonly blank: T;
  /** The value when the key is left out; without it the key is required. */
  readonly absent?: () => T;
  read(value: unknown, path: string, problems: Problem[]): T;
  /** A value as a document would hold it. */
  write(value: T): unknown;
  /** Takes what `read` takes without a problem; except that a key without a value is as good as none to `read`. */
  jsonSchema(): JsonSchema;
}

/** What a value means, in a sentence or a few, for whoever writes a document. */
export function described<T>(description: string, field: Field<T>): Field<T> {
  return { ...field, jsonSchema: () => ({ description, ...field.jsonSchema() }) };
}

type Fields = Readonly<Record<string, Field<unknown>>>;
type Read<F extends Fields> = { [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** What a field reads. */
export type Value<F> = F extends Field<infer T> ? T : never;

/** A text; with a pattern, one of that form. */
export function text(rule?: { pattern: RegExp; form: string }): Field<string> {
  return {
    blank: '',
    read(value, path, problems) {
      if (typeof value !== 'string') return note(problems, path, `must be a text, not ${named(value)}`, '');
      if (rule !== undefined && !rule.pattern.test(value))
        return note(problems, path, `must be ${rule.form}, not "${value}"`, '');
      return value;
    },
    write: same,
    jsonSchema: () => ({
      type: 'string',
      ...(rule === undefined ? {} : { title: rule.form, pattern: patternOf(rule.pattern) }),
    }),
  };
}

/** One of several words. */
export function choice<const T extends string>(...words: readonly [T, ...T[]]): Field<T> {
  return {
    blank: words[0],
    read(value, path, problems) {
      const found = words.find((word) => word === value);
      return found ?? note(problems, path, `must be ${listed(words)}, not ${named(value)}`, words[0]);
    },
    write: same,
    jsonSchema: () => ({ type: 'string', enum: words }),
  };
}

export function flag(): Field<boolean> {
  return {
    blank: false,
    read: (value, path, problems) =>
      typeof value === 'boolean'
        ? value
        : note(problems, path, `must be true or false, not ${named(value)}`, false),
    write: same,
    jsonSchema: () => ({ type: 'boolean' }),
  };
}

/** A whole number, zero or more. */
export function count(): Field<number> {
  return {
    blank: 0,
    read: (value, path, problems) =>
      typeof value === 'number' && Number.isInteger(value) && value >= 0
        ? value
        : note(problems, path, `must be a whole number, zero or more, not ${named(value)}`, 0),
    write: same,
    jsonSchema: () => ({ type: 'integer', minimum: 0 }),
  };
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** A length of time such as `250ms`, `8s`, `5m`, `2h` or `30d`, in milliseconds. */
export function duration(): Field<number> {
  return {
    blank: 0,
    read(value, path, problems) {
      const match = typeof value === 'string' ? DURATION.exec(value) : null;
      const unit = UNITS_MS[match?.[2] ?? ''];
      if (match === null || unit === undefined)
        return note(problems, path, `must be a duration such as 8s, 5m or 2h, not ${named(value)}`, 0);
      return Number(match[1]) * unit;
    },
    write(value) {
      const [unit, ms] =
        Object.entries(UNITS_MS)
          .filter(([name, length]) => value % length === 0 && (value > 0 || name === 's'))
          .at(-1) ?? [];
      return `${value / (ms ?? 1)}${unit ?? 'ms'}`;
    },
    jsonSchema: () => ({
      type: 'string',
      title: 'a duration such as 8s, 5m or 2h',
      pattern: patternOf(DURATION),
    }),
  };
}

export function list<T>(item: Field<T>): Field<T[]> {
  return {
    blank: [],
    read(value, path, problems) {
      if (!Array.isArray(value)) return note(problems, path, `must be a list, not ${named(value)}`, []);
      return value.map((one: unknown, index) => item.read(one, `${path}[${index}]`, problems));
    },
    write: (values) => values.map((value) => item.write(value)),
    jsonSchema: () => ({ type: 'array', items: item.jsonSchema() }),
  };
}

/** Keys with values; a key that isn't described is an error. */
export function object<F extends Fields>(fields: F): Field<Read<F>> {
  const reader = (value: unknown, path: string, problems: Problem[]): Read<F> => {
    const given = isRecord(value) ? value : {};
    if (!isRecord(value)) note(problems, path, `must be an object, not ${named(value)}`, undefined);
    for (const key of Object.keys(given)) {
      if (!Object.hasOwn(fields, key))
        note(problems, join(path, key), `is not known here; ${whatIs(key, Object.keys(fields))}`, undefined);
    }
    const read: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(fields)) {
      const one = given[key];
      if (one !== undefined && one !== null) read[key] = field.read(one, join(path, key), problems);
      else if (field.absent !== undefined) read[key] = field.absent();
      else
        read[key] = isRecord(value)
          ? note(problems, join(path, key), 'is missing', field.blank)
          : field.blank;
    }
    return read as Read<F>;
  };
  // The blank reads nothing and notes its problems nowhere.
  const entries = Object.entries(fields);
  return {
    blank: reader({}, '', []),
    read: reader,
    write: (value) =>
      Object.fromEntries(
        entries.flatMap(([key, field]) => (value[key] === undefined ? [] : [[key, field.write(value[key])]])),
      ),
    jsonSchema: () => ({
      type: 'object',
      properties: Object.fromEntries(entries.map(([key, field]) => [key, field.jsonSchema()])),
      required: entries.filter(([, { absent }]) => absent === undefined).map(([key]) => key),
      additionalProperties: false,
    }),
  };
}

/** Any keys, with values of one kind. */
export function record<T>(item: Field<T>): Field<Record<string, T>> {
  const each = <U, V>(values: Readonly<Record<string, U>>, change: (value: U, key: string) => V) =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value, key)]));
  return {
    blank: {},
    read(value, path, problems) {
      if (!isRecord(value)) return note(problems, path, `must be an object, not ${named(value)}`, {});
      return each(value, (one, key) => item.read(one, join(path, key), problems));
    },
    write: (values) => each(values, (value) => item.write(value)),
    jsonSchema: () => ({ type: 'object', additionalProperties: item.jsonSchema() }),
  };
}

/** One of two forms: the second when the first doesn't fit by its type. */
export function either<A, B>(
  first: Field<A>,
  fits: (value: unknown) => boolean,
  second: Field<B>,
): Field<A | B> {
  return {
    blank: second.blank,
    read: (value, path, problems) =>
      fits(value) ? first.read(value, path, problems) : second.read(value, path, problems),
    write: same,
    jsonSchema: () => ({ anyOf: [first.jsonSchema(), second.jsonSchema()] }),
  };
}

/** A key that may be left out. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return {
    blank: undefined,
    absent: () => undefined,
    read: (...asked) => field.read(...asked),
    write: (value) => (value === undefined ? undefined : field.write(value)),
    jsonSchema: () => field.jsonSchema(),
  };
}

/** A key that has a value when it is left out. */
export function withDefault<T>(field: Field<T>, value: T): Field<T> {
  return {
    blank: value,
    // One of its own each time: whoever builds on it must not change the next one's.
    absent: () => structuredClone(value),
    read: (...asked) => field.read(...asked),
    write: (given) => field.write(given),
    jsonSchema: () => ({ ...field.jsonSchema(), default: field.write(value) }),
  };
}

function note<T>(problems: Problem[], path: string, message: string, stand: T): T {
  problems.push({ path, message });
  return stand;
}

function same<T>(value: T): T {
  return value;
}

/** JSON Schema knows no flags of patterns. */
function patternOf({ source, flags }: RegExp): string {
  if (flags !== '') throw new Error(`a pattern with flags can't be told as JSON Schema: /${source}/${flags}`);
  return source;
}

function whatIs(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  return meant === undefined ? `known are ${known.join(', ')}` : `did you mean ${meant}?`;
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function named(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}

function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}
