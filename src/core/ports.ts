/**
 * What a host must give the core. The core has no other way out: it imports no CI toolkit, reads no
 * environment and prints nothing.
 */
import type { Check, Finding, Pull } from './report.js';

/** One HTTP exchange: what is asked. The url is absolute; header names are lower-case. */
export interface HttpRequest {
  method: string;
  url: string;
  headers?: Record<string, string>;
  body?: string;
  /** http or https URL of the proxy to take, instead of the machine's own choice. */
  proxy?: string;
  /** For a server with a certificate authority of its own: PEM texts. */
  tls?: TlsIdentity;
  signal?: AbortSignal | undefined;
  /** Milliseconds until the response's head must be there. */
  timeoutMs?: number;
}

/** How to know an API server, and how it knows us. PEM. */
export interface TlsIdentity {
  ca?: string;
  cert?: string;
  key?: string;
}

/** One HTTP exchange: what came back, whatever the status. The body can be read once. */
export interface HttpResponse {
  status: number;
  /** Header names are lower-case; several values of one header are joined by ", ". */
  headers: Record<string, string>;
  body: AsyncIterable<Uint8Array>;
}

/** Why an exchange did not happen at all. */
export type HttpFaultKind = 'dns' | 'refused' | 'reset' | 'timeout' | 'tls' | 'proxy' | 'aborted' | 'other';

/** Thrown by {@link Http.send} when there is no HTTP answer. */
export class HttpFault extends Error {
  override readonly name = 'HttpFault';
  constructor(
    readonly kind: HttpFaultKind,
    /** Host (and port, if it is not 443) that was asked. */
    readonly host: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/**
 * Sends exactly one request and returns whatever came back. It never follows a redirect, never
 * retries, never adds a credential; it throws {@link HttpFault} when there is no answer.
 */
export interface Http {
  send(request: HttpRequest): Promise<HttpResponse>;
}

/** Time, so that tests need not wait. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** A token of the signed-in caller. */
export interface AccessToken {
  token: string;
  /** Milliseconds since the epoch. */
  expiresOn: number;
}

/** The signed-in caller. */
export interface Credential {
  /** How this login came to be, for people: "the Azure CLI's login", "GitHub's OIDC token". */
  readonly description: string;
  /** A token for one scope such as `https://management.azure.com/.default`; throws {@link SignInError}. */
  token(scope: string, signal?: AbortSignal): Promise<AccessToken>;
  /** The login's own subscription id, when it has one; used for whatever is given by name. */
  subscriptionId(signal?: AbortSignal): Promise<string | undefined>;
}

/** The login is missing or was refused. The message says what was attempted and what came back. */
export class SignInError extends Error {
  override readonly name = 'SignInError';
  constructor(
    message: string,
    /** What to do about it. */
    readonly fix: string,
    /** Id of a cause in the catalogue. */
    readonly causeId: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** What is being waited for, told every few seconds. */
export interface Waiting {
  what: string;
  elapsedMs: number;
  limitMs: number;
}

/** Where the story is told. Facts only: how they are shown is the host's business. */
export interface Log {
  /** A new part of the story begins, such as one cluster with one registry. */
  chapter(title: string): void;
  check(check: Check): void;
  pull(pull: Pull): void;
  finding(finding: Finding): void;
  waiting(waiting: Waiting): void;
  /** For whoever debugs; never holds a secret. */
  debug(line: string): void;
  /** Called before a secret can be printed by anyone: the host masks it. */
  secret(value: string): void;
}

/** A command of the machine, without a shell. */
export interface Exec {
  run(
    command: string,
    args: string[],
    options?: { signal?: AbortSignal; timeoutMs?: number },
  ): Promise<{ exitCode: number; stdout: string; stderr: string }>;
}

/** The command isn't on this machine, or not on its PATH. */
export class CommandMissing extends Error {
  override readonly name = 'CommandMissing';
  constructor(readonly command: string) {
    super(`${command} was not found on this machine's PATH`);
  }
}

/** A file that can't be read. The message says why, and quotes nothing of it. */
export class FileUnreadable extends Error {
  override readonly name = 'FileUnreadable';
}

/** Files of the machine that the user names. */
export interface Files {
  /**
   * Files that a pattern stands for, sorted, with forward slashes: `*`, `?`, `[…]`, `{a,b}` and `**` as shells know them.
   * No link is followed out of the folder that the pattern names.
   *
   * @throws {FileUnreadable}
   */
  matching(pattern: string): Promise<string[]>;
  /** A file's text, of at most 16 MiB. @throws {FileUnreadable} */
  read(path: string): Promise<string>;
  /** All of standard input; absent where a host has none to give. @throws {FileUnreadable} */
  standardInput?: () => Promise<string>;
  /** What lies below a folder and is a link out of it, or nothing. @throws {FileUnreadable} when there is no such folder */
  linkOutOf(folder: string): Promise<string | undefined>;
}

/** The checked-out repository that the run is for. Nothing in it is named by the user, so it is read within bounds. */
export interface Repository {
  /**
   * Regular files by their path from its root, sorted, with forward slashes. Links are not followed; version control's own
   * files and installed packages (`.git`, `node_modules`) are left out.
   *
   * @param most so many at most; what was wanted beyond them is counted in `left`
   */
  list(most: number, wanted: (path: string) => boolean): Promise<{ paths: string[]; left: number }>;
  /** A file's text; undefined for one that is larger, or can't be read. */
  read(path: string, mostBytes: number): Promise<string | undefined>;
}

/** How content that nobody vouched for is rendered. */
export interface Rendering {
  /** Whether it may reach the network. */
  network: boolean;
  signal: AbortSignal;
  /** Milliseconds. */
  timeoutMs: number;
  /** A file for the command alone: an argument that is just `@brought/` and its name becomes its path. */
  brought?: { name: string; bytes: Uint8Array };
}

/**
 * Runs helm and kubectl on content that a pull request may have written: with an environment from a list of what is allowed
 * and a home of its own, so without anything of the job's login; without plugins; within bounds of time and output.
 */
export interface Renderer {
  /** An exit code other than 0 is an answer. @throws {CommandMissing} @throws {Error} when a bound is passed */
  run(
    command: 'helm' | 'kubectl',
    args: readonly string[],
    rendering: Rendering,
  ): Promise<{ exitCode: number; stdout: string; stderr: string }>;
}

/** Where the login to a cluster that isn't AKS is read from. */
export interface KubeconfigRef {
  /** A file of the machine. */
  path: string;
  /** Default: the file's current context. */
  context?: string;
}

/** What must be removed again from a cluster if this process dies. Written down before it is made. */
export interface Leftover {
  /** Empty for a cluster that isn't AKS. */
  clusterId: string;
  /** How a cluster that isn't AKS is reached again. Holds no secret: only where it lies. */
  kubeconfig?: KubeconfigRef;
  namespace: string;
  /** Names of the probe Jobs; all else is owned by them. */
  jobs: string[];
}

/** All that the core is given. */
export interface Ports {
  /** Absent where a host can't read files: then there is nothing to read that was named. */
  files?: Files;
  renderer?: Renderer;
  /** Absent where there is none. */
  repository?: Repository;
  log: Log;
  clock: Clock;
  credential: Credential;
  http: Http;
  /** Called with all that this run may have left behind so far, before each new thing is made. */
  remember(leftovers: Leftover[]): void;
  /** Random ids, so that a run can be repeated. 8 lower-case hexadecimal digits. */
  runId: string;
  /** Aborted when the run must end now: cancelled, or out of time. */
  signal: AbortSignal;
}
