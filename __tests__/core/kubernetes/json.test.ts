import { describe, expect, it } from '@jest/globals';
import { statusMessage } from '../../../src/core/kubernetes/answers.js';
import { pullOutcome } from '../../../src/core/kubernetes/outcome.js';

const SIGNATURE = 'Zm9v%2BYmFy%2Fc2ln';
const MESSAGE = `failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://weu.blob.core.windows.net/a//docker/registry/v2/blobs/sha256/ab/abc/data?se=2026-01-01T00%3A00%3A00Z&sig=${SIGNATURE}&sp=r&sr=b": dial tcp 10.0.0.1:443: i/o timeout`;

describe('a signed address in a message of a node', () => {
  it('loses its signature and nothing else', () => {
    const pod = {
      metadata: { name: 'p', uid: 'u' },
      spec: { containers: [{ name: 'pull', image: 'a.azurecr.io/x:1', imagePullPolicy: 'Always' }] },
      status: {
        containerStatuses: [
          { name: 'pull', state: { waiting: { reason: 'ErrImagePull', message: MESSAGE } } },
        ],
      },
    };
    expect(pullOutcome(pod, [], 'pull').message).toBe(MESSAGE.replace(SIGNATURE, '***'));
  });

  it('loses it in an answer that is no object, too', () => {
    expect(statusMessage(`<p>GET /data?sig=${SIGNATURE}</p>`)).toBe('<p>GET /data?sig=***</p>');
  });
});
