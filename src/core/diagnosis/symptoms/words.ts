/** A message's own words, apart from what others chose: image names, hosts and URLs may hold any word. */

/** Longest message that is read; what lies between its beginning and its end is left out. Kubelets cut theirs at 1 to 4 KiB. */
const LONGEST = 8_000;
const KEPT_AT_THE_END = 3_000;

/** One line, with the escapes of logs and JSON undone. */
export function oneLine(message: string): string {
  const short =
    message.length <= LONGEST
      ? message
      : `${message.slice(0, LONGEST - KEPT_AT_THE_END)} … ${message.slice(-KEPT_AT_THE_END)}`;
  return (
    short
      .replace(/\\u0027/g, "'")
      // From the first of several on: else nothing but backslashes would be read anew from each of them.
      .replace(/(?<!\\)\\+"/g, '"')
      .replace(/(?<!\\)\\+\//g, '/')
      .replace(/(?<!\\)(?:\\+[nrt])+/g, ' ')
      // A log viewer's link in the midst of a word: 700[21](https://…)3
      .replace(/\[([^\][\n]{1,40})\]\(https?:[^)\s]{1,500}\)/g, '$1')
      .replace(/\p{Cc}\[[0-9;]*m|[\p{Cc}\s]+/gu, ' ')
      .trim()
  );
}

/** What was taken out of a message. */
export interface Names {
  /** As they stand in it, in its order. */
  urls: string[];
  references: string[];
  hosts: string[];
}

/** Slashes that are no part of a name that others chose: Go's "i/o timeout", its package net/http, media types, canipull. */
const NO_NAME =
  /^(i\/o|\/canipull|net\/http|n\/a|and\/or|[a-z]+\/(vnd\.\S*|json|xml|html|plain|octet-stream))$/i;
const HOST =
  /^[\w<>*-]+(\.[\w<>*-]+)*\.(io|com|net|org|cn|us|de|test|invalid|example|local|internal|ms|dev)(:\d+)?$/i;
/** Between these stands a word: quotes, brackets, spaces. */
const BETWEEN = /([\s"'{}=,()]+)/;
const TRAILING = /[:;.\]]+$/;

/** The words without names, and the names. URLs become `URL`, images and paths `REF`, hosts `HOST`. */
export function withoutNames(line: string): { words: string; names: Names } {
  const names: Names = { urls: [], references: [], hosts: [] };
  const noUrls = line.replace(/https?:\/\/(?:[^\s"'\],]|,(?! ))+/gi, (match) => {
    const tail = TRAILING.exec(match)?.[0] ?? '';
    names.urls.push(match.slice(0, match.length - tail.length));
    return `URL${tail}`;
  });
  const noQuoted = noUrls.replace(/"([^"\s]{1,600})"/g, (match, inner: string) => {
    if (!/[/:@]/.test(inner) || /[{}=,]|^URL/.test(inner) || NO_NAME.test(inner)) return match;
    names.references.push(inner);
    return '"REF"';
  });
  const words = noQuoted
    .split(BETWEEN)
    .map((part) => {
      const lead = /^\[+/.exec(part)?.[0] ?? '';
      const tail = TRAILING.exec(part.slice(lead.length))?.[0] ?? '';
      const word = part.slice(lead.length, part.length - tail.length);
      if (word.includes('/') && !NO_NAME.test(word)) {
        names.references.push(word);
        return `${lead}REF${tail}`;
      }
      if (HOST.test(word)) {
        names.hosts.push(word);
        return `${lead}HOST${tail}`;
      }
      return part;
    })
    .join('');
  return { words, names };
}

/** Long enough to recognise a message by. */
const QUOTED = 240;

/** Words that may be shown: no token, no signature, not too long. */
export function quotable(words: string): string {
  // What is masked is looked for in a little more than what is shown.
  const near =
    words.length <= 4 * QUOTED ? words : `${words.slice(0, 2 * QUOTED)}${words.slice(-2 * QUOTED)}`;
  const safe = near
    .replace(/\bey[\w-]{10,}(\.[\w-]*)*/g, '***')
    .replace(/\b(sig|token|password|secret|assertion)=[^\s&"']+/gi, '$1=***')
    .replace(/\b[\w+/-]{60,}={0,2}/g, '***');
  return safe.length <= QUOTED ? safe : `${safe.slice(0, 40)} … ${safe.slice(43 - QUOTED)}`;
}
