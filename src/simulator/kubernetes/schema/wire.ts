/** Protobuf on the wire, as far as Kubernetes uses it (protobuf.dev/programming-guides/encoding). */

/** A field as it stands in a message: a number, or bytes. */
export type WireValue = { varint: bigint } | { bytes: Buffer };

/** The fields of a message in order, each with its number. Throws RangeError for what isn't a message. */
export function readFields(message: Buffer): { number: number; value: WireValue }[] {
  const fields: { number: number; value: WireValue }[] = [];
  let position = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[position++];
      if (byte === undefined) throw new RangeError('unexpected EOF');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (position < message.length) {
    const tag = Number(varint());
    const number = tag >>> 3;
    const wire = tag & 7;
    if (wire === 0) fields.push({ number, value: { varint: varint() } });
    else if (wire === 2) {
      const end = Number(varint()) + position;
      if (end > message.length) throw new RangeError('unexpected EOF');
      fields.push({ number, value: { bytes: message.subarray(position, end) } });
      position = end;
    } else throw new RangeError(`unexpected wire type ${wire}`);
  }
  return fields;
}

/** A field of bytes. */
export function writeBytes(number: number, bytes: Buffer | string): Buffer {
  const content = Buffer.from(bytes);
  return Buffer.concat([writeVarint((number << 3) | 2), writeVarint(content.length), content]);
}

function writeVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}
