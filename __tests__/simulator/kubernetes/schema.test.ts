import { describe, expect, it } from '@jest/globals';
import { NotModelled } from '../../../src/simulator/net/exchange.js';
import { decodeJson, DecodeError, decodeYaml } from '../../../src/simulator/kubernetes/schema/decode-json.js';
import { decodeProtobuf } from '../../../src/simulator/kubernetes/schema/decode-protobuf.js';
import { message } from '../../../src/simulator/kubernetes/schema/schema.js';
import { readFields, writeBytes } from '../../../src/simulator/kubernetes/schema/wire.js';

const pod = (spec: object): string => JSON.stringify({ metadata: { name: 'p' }, spec });

describe('JSON', () => {
  it('names what it does not know and what is there twice, and keeps the rest', () => {
    const text =
      '{"kind":"Pod","metadata":{"name":"p","lables":{}},"spec":{"containers":[{"name":"a","name":"b","tty":true,"x":1}],"nodeSelector":null}}';
    expect(decodeJson(message('Pod'), text)).toEqual({
      object: { kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [{ name: 'b', tty: true }] } },
      complaints: [
        'unknown field "metadata.lables"',
        'unknown field "spec.containers[0].x"',
        'duplicate field "spec.containers[0].name"',
      ],
    });
  });

  it('leaves out what Go would not write again, and keeps what is empty on purpose', () => {
    const { object } = decodeJson(
      message('Pod'),
      pod({ containers: [], nodeSelector: {}, securityContext: {}, volumes: [{ name: 'v', emptyDir: {} }] }),
    );
    expect(object['spec']).toEqual({ securityContext: {}, volumes: [{ name: 'v', emptyDir: {} }] });
  });

  it.each([
    [
      pod({ containers: [{ image: 7 }] }),
      'cannot unmarshal number into Go struct field Container.spec.containers.image of type string',
    ],
    [
      pod({ containers: {} }),
      'cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [
      pod({ hostNetwork: 'yes' }),
      'cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool',
    ],
    [
      pod({ priority: 1.5 }),
      'cannot unmarshal number 1.5 into Go struct field PodSpec.spec.priority of type int32',
    ],
    [
      pod({ nodeSelector: ['a'] }),
      'cannot unmarshal array into Go struct field PodSpec.spec.nodeSelector of type map[string]string',
    ],
    [
      pod({ overhead: { cpu: 'much' } }),
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    ['[]', 'cannot unmarshal array into Go value of type v1.Pod'],
  ])('%s is refused', (text, words) => {
    expect(() => decodeJson(message('Pod'), text)).toThrow(words);
    expect(() => decodeJson(message('Pod'), text)).toThrow(DecodeError);
  });

  it('refuses bytes that are not base64', () => {
    expect(() => decodeJson(message('Secret'), '{"data":{"a":"b!=="}}')).toThrow(
      'illegal base64 data at input byte 1',
    );
  });

  it('reads YAML too', () => {
    expect(decodeYaml(message('ConfigMap'), 'data: {a: "1"}\ndata: {b: "2"}\n')).toEqual({
      object: { data: { b: '2' } },
      complaints: ['duplicate field "data"'],
    });
  });
});

describe('protobuf', () => {
  const varint = (number: number, value: number): Buffer => Buffer.from([number << 3, value]);
  const envelope = (kind: string, object: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from('k8s\0'),
      writeBytes(1, Buffer.concat([writeBytes(1, 'v1'), writeBytes(2, kind)])),
      writeBytes(2, object),
    ]);

  it('reads fields, lists, maps, times, quantities, and tells absent from zero', () => {
    const entry = (key: string, value: Buffer | string): Buffer =>
      Buffer.concat([writeBytes(1, key), writeBytes(2, value)]);
    const probe = writeBytes(
      1,
      writeBytes(2, writeBytes(2, Buffer.concat([varint(1, 1), writeBytes(3, 'web')]))),
    );
    const container = Buffer.concat([
      writeBytes(1, 'web'),
      writeBytes(2, ''),
      writeBytes(8, writeBytes(1, entry('cpu', writeBytes(1, '100m')))),
      writeBytes(10, probe),
      varint(16, 0).subarray(0, 0),
    ]);
    const metadata = Buffer.concat([
      writeBytes(1, 'p'),
      writeBytes(8, varint(1, 60)),
      writeBytes(9, ''),
      writeBytes(11, entry('a', '1')),
      writeBytes(11, entry('b', '2')),
    ]);
    // automountServiceAccountToken (21) false, hostNetwork (11) false.
    const spec = Buffer.concat([writeBytes(2, container), Buffer.from([0xa8, 0x01, 0]), varint(11, 0)]);
    const body = envelope('Pod', Buffer.concat([writeBytes(1, metadata), writeBytes(2, spec)]));
    expect(decodeProtobuf(message('Pod'), body)).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', creationTimestamp: '1970-01-01T00:01:00Z', labels: { a: '1', b: '2' } },
      spec: {
        automountServiceAccountToken: false,
        containers: [
          {
            name: 'web',
            resources: { limits: { cpu: '100m' } },
            livenessProbe: { httpGet: { port: 'web' } },
          },
        ],
      },
    });
  });

  it('does not guess a field, and refuses what is no message', () => {
    expect(() => decodeProtobuf(message('Pod'), envelope('Pod', varint(15, 1)))).toThrow(NotModelled);
    expect(() => decodeProtobuf(message('Pod'), Buffer.from('{}'))).toThrow('expected prefix [107 56 115 0]');
    expect(() => decodeProtobuf(message('Pod'), Buffer.from('k8s\0\x0a\xff', 'latin1'))).toThrow(DecodeError);
  });

  it('reads numbers of any length', () => {
    const [first] = readFields(
      Buffer.from([0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
    );
    expect(first).toEqual({ number: 1, value: { varint: 2n ** 64n - 1n } });
  });
});
