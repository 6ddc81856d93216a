/** Thrown where a request gets no answer: the front door ends its connection. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}
