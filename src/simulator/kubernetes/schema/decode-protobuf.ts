/**
 * Reads objects out of Kubernetes' protobuf, which kubectl's typed clients send: four bytes of magic, a
 * runtime.Unknown with the kind, and in it the object
 * (kubernetes/kubernetes staging apimachinery pkg/runtime/serializer/protobuf, pkg/runtime/types.go).
 */
import { NotModelled } from '../../net/exchange.js';
import { DecodeError } from './decode-json.js';
import { isMessage } from './schema.js';
import type { Field, Message } from './schema.js';
import { readFields } from './wire.js';
import type { WireValue } from './wire.js';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const MAGIC = Buffer.from('k8s\0', 'latin1');

/** An object of the message, with its kind and apiVersion. Throws DecodeError for what isn't one. */
export function decodeProtobuf(message: Message, body: Buffer): Record<string, unknown> {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC))
    throw new DecodeError(
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    );
  try {
    const envelope = split(body.subarray(MAGIC.length));
    const type = split(envelope.get(1) ?? Buffer.alloc(0));
    return {
      ...text('apiVersion', type.get(1)),
      ...text('kind', type.get(2)),
      ...decode(message, envelope.get(2) ?? Buffer.alloc(0)),
    };
  } catch (error) {
    if (error instanceof RangeError) throw new DecodeError(`proto: ${error.message}`);
    throw error;
  }
}

function text(name: string, bytes: Buffer | undefined): Record<string, string> {
  return bytes === undefined || bytes.length === 0 ? {} : { [name]: bytes.toString() };
}

/** The fields of a message that are bytes, by number. */
function split(bytes: Buffer): Map<number, Buffer> {
  return new Map(readFields(bytes).map(({ number, value }) => [number, bytesOf(value)]));
}

function decode(message: Message, bytes: Buffer): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const { number, value } of readFields(bytes)) {
    const field = message.own.find((one) => one.number === number);
    if (field === undefined) throw new NotModelled(`protobuf field ${number} of ${message.name}`);
    const { name, form } = field;
    if (form === 'map') {
      object[name] = { ...(object[name] as object | undefined), ...mapEntry(field, bytesOf(value)) };
      continue;
    }
    const one = decodeItem(field, value);
    if (form === 'list') object[name] = [...((object[name] as unknown[] | undefined) ?? []), one];
    else if (field.inline) Object.assign(object, one);
    else if (field.optional || !isZero(one)) object[name] = one;
  }
  return object;
}

function mapEntry(field: Field, bytes: Buffer): Record<string, unknown> {
  const parts = readFields(bytes);
  const key = parts.find(({ number }) => number === 1)?.value;
  const value = parts.find(({ number }) => number === 2)?.value ?? { bytes: Buffer.alloc(0) };
  return { [key === undefined ? '' : bytesOf(key).toString()]: decodeItem(field, value) };
}

/** Go writes every field that isn't a pointer, also with its zero value: that is how absence looks. */
function isZero(value: unknown): boolean {
  return value === undefined || value === '' || value === 0 || value === false;
}

function decodeItem({ type, name }: Field, value: WireValue): unknown {
  if (isMessage(type)) return decode(type, bytesOf(value));
  switch (type) {
    case 'string':
      return bytesOf(value).toString();
    case 'bool':
      return numberOf(value) !== 0;
    case 'int':
    case 'long':
      return numberOf(value);
    case 'bytes':
      return bytesOf(value).toString('base64');
    case 'quantity':
      return split(bytesOf(value)).get(1)?.toString() ?? '0';
    case 'time':
    case 'microtime':
      return time(bytesOf(value), type === 'microtime');
    case 'intOrString':
      return intOrString(bytesOf(value));
    case 'any':
      throw new NotModelled(`${name} in protobuf`);
  }
}

function bytesOf(value: WireValue): Buffer {
  if ('bytes' in value) return value.bytes;
  throw new RangeError('wrong wireType = 0');
}

/** Negative numbers stand as their two's complement of 64 bits. */
function numberOf(value: WireValue): number {
  if ('varint' in value) return Number(BigInt.asIntN(64, value.varint));
  throw new RangeError('wrong wireType = 2');
}

function numbersOf(bytes: Buffer): Map<number, WireValue> {
  return new Map(readFields(bytes).map(({ number, value }) => [number, value]));
}

/** google.protobuf.Timestamp; one without seconds is no time at all. */
function time(bytes: Buffer, micro: boolean): string | undefined {
  const parts = numbersOf(bytes);
  const seconds = parts.get(1);
  if (seconds === undefined) return undefined;
  const whole = new Date(numberOf(seconds) * 1000).toISOString().slice(0, 19);
  const nanos = parts.get(2);
  const micros = Math.floor((nanos === undefined ? 0 : numberOf(nanos)) / 1000);
  return micro ? `${whole}.${String(micros).padStart(6, '0')}Z` : `${whole}Z`;
}

/** k8s.io.apimachinery.pkg.util.intstr: a type, 0 for a number, and both values. */
function intOrString(bytes: Buffer): number | string {
  const parts = numbersOf(bytes);
  const [type, number, words] = [parts.get(1), parts.get(2), parts.get(3)];
  if (type === undefined || numberOf(type) === 0) return number === undefined ? 0 : numberOf(number);
  return words === undefined ? '' : bytesOf(words).toString();
}
