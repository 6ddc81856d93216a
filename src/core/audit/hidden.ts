/** A text that must never be seen: it leaves this object only where somebody asks for it by name. */
import { inspect } from 'node:util';

const SHOWN = '***';

/** Shown as `***` however it is printed, joined to a text or written as JSON. */
export class Hidden {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself, for the one place that it is meant for. */
  reveal(): string {
    return this.#text;
  }

  /** Whether another text holds it. An empty one is in nothing. */
  isIn(text: string): boolean {
    return this.#text !== '' && text.includes(this.#text);
  }

  toString(): string {
    return SHOWN;
  }

  toJSON(): string {
    return SHOWN;
  }

  [inspect.custom](): string {
    return SHOWN;
  }
}
