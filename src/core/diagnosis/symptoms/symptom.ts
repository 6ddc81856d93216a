/** What a message about a pull tells by itself: the attempts it holds, and of each how far it came and what stopped it. */
import type { Sign } from './rules.js';

/** How far a pull can come, in its order. */
export const STAGES = [
  'name',
  'dns',
  'connect',
  'tls',
  'challenge',
  'token',
  'manifest',
  'blob',
  'unpack',
  'run',
] as const;
export type Stage = (typeof STAGES)[number];

/**
 * What a host is to a pull. `login`: an Azure registry's login server; `data`: its dedicated data endpoint; `storage`: a
 * blob account or the network that serves its blobs; `microsoft`: Microsoft's own public registry; `hub`: Docker Hub; `azure`: Azure Resource Manager.
 */
export type HostKind = 'login' | 'data' | 'storage' | 'microsoft' | 'hub' | 'identity' | 'azure' | 'other';

export interface Host {
  name: string;
  kind: HostKind;
}

export interface Address {
  /** As it is written: an IP address, or what stands in for one in a document. */
  text: string;
  kind: 'private' | 'public' | 'unknown';
}

/** One try to pull, as far as its words tell. */
export interface Attempt {
  /** What stopped it; absent where no rule knows the words. */
  sign?: Sign;
  /** The furthest stage that it reached; absent for what isn't a pull, such as an error of Azure Resource Manager. */
  stage?: Stage;
  host?: Host;
  address?: Address;
  /** HTTP status that ended it. */
  status?: number;
  /** gRPC's word for it, or an Azure error code. */
  code?: string;
  /** Whether the node showed the registry a credential: containerd says "oauth token" with one, "anonymous token" without. */
  credential?: 'offered' | 'none';
  image?: string;
  /** The Azure resource that it speaks of, by its type. */
  about?: 'registry' | 'cluster';
  /** Its words without names, URLs and secrets: short enough to quote. */
  words: string;
}

export interface Symptom {
  /** In the order of the message. */
  attempts: readonly Attempt[];
  /** The attempt that got furthest; absent where no attempt's words are known. */
  speaks?: Attempt;
  /** The kubelet waits before it tries again, and this message doesn't say why. */
  backOffOnly: boolean;
}
