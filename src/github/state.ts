/** What the main step hands to its post step: GitHub's runner gives it back as STATE_*. Holds no secret. */
import { getState, saveState } from '@actions/core';
import { asList, asText, at, optional, parseJson } from '../core/json.js';
import type { Leftover } from '../core/ports.js';

const MAIN_RAN = 'mainRan';
const LEFTOVERS = 'leftovers';

/** Main and post are one bundle: this tells which one runs. */
export function isPost(): boolean {
  return getState(MAIN_RAN) === 'true';
}

export function markMainRan(): void {
  saveState(MAIN_RAN, 'true');
}

/** The last one written counts. */
export function saveLeftovers(leftovers: readonly Leftover[]): void {
  saveState(LEFTOVERS, JSON.stringify(leftovers));
}

/** What the main step left; entries that aren't whole are left out. */
export function readLeftovers(): Leftover[] {
  return asList(parseJson(getState(LEFTOVERS))).flatMap((entry) => {
    const clusterId = asText(at(entry, 'clusterId'));
    const namespace = asText(at(entry, 'namespace'));
    const jobs = asList(at(entry, 'jobs')).flatMap((job) => asText(job) ?? []);
    const path = asText(at(entry, 'kubeconfig', 'path'));
    const context = asText(at(entry, 'kubeconfig', 'context'));
    const kubeconfig = path === undefined ? undefined : { path, ...optional('context', context) };
    return clusterId === undefined || namespace === undefined || jobs.length === 0
      ? []
      : [{ clusterId, ...optional('kubeconfig', kubeconfig), namespace, jobs }];
  });
}
