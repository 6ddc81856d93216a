/** Ports with files that are only here, for tests of what is read from them. */
import { FileUnreadable } from '../../../src/core/ports.js';
import type { Files, Ports, Renderer } from '../../../src/core/ports.js';
import { readDeployables } from '../../../src/core/deployables/read.js';
import type { Deployables } from '../../../src/core/deployables/model.js';

export function filesOf(files: Readonly<Record<string, string>>): Files {
  return {
    matching: async (pattern) => Object.keys(files).filter((path) => path === pattern || pattern === '**'),
    async read(path) {
      const text = files[path];
      if (text === undefined) throw new FileUnreadable('there is no such file');
      return text;
    },
    linkOutOf: async () => undefined,
  };
}

const none: Renderer = { run: () => Promise.reject(new Error('nothing is rendered here')) };

/** What these files hold. */
export function readFiles(files: Readonly<Record<string, string>>): Promise<Deployables> {
  const ports: Pick<Ports, 'files' | 'renderer' | 'signal'> = {
    files: filesOf(files),
    renderer: none,
    signal: new AbortController().signal,
  };
  const inputs = {
    manifests: Object.keys(files),
    charts: [],
    values: [],
    kustomizations: [],
    allowRemote: false,
  };
  return readDeployables(inputs, ports, () => Promise.reject(new Error('no chart is fetched here')));
}

/** `file:line container image` of every use, in the order found. */
export function usesOf({ images }: Deployables): string[] {
  return images.flatMap(({ reference, uses }) =>
    uses.map(({ place, container }) => `${place.file}:${place.line ?? '?'} ${container} ${reference.name}`),
  );
}
