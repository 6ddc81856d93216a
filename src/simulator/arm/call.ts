/** One call of ARM, and what answers it. */
import type { Principal } from '../cloud/model.js';
import type { Answer } from '../net/exchange.js';
import type { RouteRow } from '../routes.js';

/** Who calls. */
export interface Caller {
  objectId: string;
  /** What ARM calls them in an error: a user's name, an application's client id. */
  client: string;
  principal: Principal | undefined;
}

export interface Call {
  method: string;
  /** Decoded, with doubled slashes made single and no slash at the end. */
  path: string;
  /** The parameters of the route's path. */
  parameters: Readonly<Record<string, string>>;
  query: URLSearchParams;
  apiVersion: string;
  body: Buffer;
  caller: Caller;
}

/** What a caller must be allowed, and over which scope. */
export interface Demand {
  action: string;
  scope: string;
  attributes?: Readonly<Record<string, string>>;
}

/** A row of the table of routes (`routes.ts`), with what answers it. */
export interface Route extends RouteRow {
  since: string;
  /** Asked before anything else is looked up; without it the answer itself holds only what the caller may see. */
  demand?(call: Call): Demand;
  answer(call: Call): Promise<Answer> | Answer;
}

/** The value of a parameter. Routes only ask for those that their path names. */
export function parameter(call: Call, name: string): string {
  const value = call.parameters[name];
  if (value === undefined) throw new Error(`The route has no parameter ${name}.`);
  return value;
}

/** The id of the resource in a resource group that a path begins with, as the caller wrote it. */
export function resourceId({ path }: Call): string {
  return path.split('/').slice(0, 9).join('/');
}

/** The subscription or resource group that a path asks for a list of. */
export function listScope({ path }: Call): string {
  return path.replace(/\/(providers\/[^/]+\/[^/]+|resources)$/i, '');
}

/** An answer in ARM's compact JSON. */
export function ok(body: unknown, headers: Record<string, string> = {}): Answer {
  return { status: 200, headers, body: JSON.stringify(body) };
}

/** Whether an api-version is at or after a stable one, or (previews) at or after a preview's date. */
export function isSince(apiVersion: string, stable: string, preview?: string): boolean {
  const date = apiVersion.slice(0, 10);
  const isPreview = apiVersion.length > 10;
  return date >= (isPreview ? (preview ?? stable) : stable);
}
