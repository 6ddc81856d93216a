/** How the API server's printer writes values (kubernetes/kubernetes pkg/printers/internalversion/printers.go, apimachinery pkg/util/duration). */
import type { Container, KubeObject, LabelSelector, SelectorRequirement } from '../objects.js';

export const NONE = '<none>';

/** Kubernetes' short form of a duration: 45s, 3m12s, 2h5m. */
export function humanDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return `${minutes}m${seconds % 60 === 0 ? '' : `${seconds % 60}s`}`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return `${hours}h${minutes % 60 === 0 ? '' : `${minutes % 60}m`}`;
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return `${days}d${hours % 24 === 0 ? '' : `${hours % 24}h`}`;
  if (hours < 24 * 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  return hours < 24 * 365 * 8 && days % 365 !== 0 ? `${years}y${days % 365}d` : `${years}y`;
}

/** How long ago a time is. */
export function since(time: string | null | undefined, now: number): string {
  return time === undefined || time === null ? '<unknown>' : humanDuration(now - Date.parse(time));
}

export function ageOf({ metadata }: KubeObject, now: number): string {
  return since(metadata.creationTimestamp, now);
}

export function names(containers: Container[]): string {
  return containers.map(({ name }) => name).join(',');
}

export function images(containers: Container[]): string {
  return containers.map(({ image }) => image).join(',');
}

/** Labels as `a=b,c=d`. */
export function labelText(labels: Record<string, string> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? NONE : pairs.sort().join(',');
}

const OPERATORS: Record<string, (requirement: SelectorRequirement) => string> = {
  In: ({ key, values = [] }) => `${key} in (${values.join(',')})`,
  NotIn: ({ key, values = [] }) => `${key} notin (${values.join(',')})`,
  Exists: ({ key }) => key,
  DoesNotExist: ({ key }) => `!${key}`,
};

/** A selector as a query would have it. */
export function selectorText(selector: LabelSelector | undefined): string {
  const expressions = (selector?.matchExpressions ?? []).map(
    (requirement) => OPERATORS[requirement.operator]?.(requirement) ?? '',
  );
  const labels = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`);
  return [...labels, ...expressions].sort().join(',') || NONE;
}
