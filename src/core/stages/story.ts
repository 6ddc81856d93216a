/** What one connection's story is about, and what it is told with. */
import type { AzureSession } from '../azure/session.js';
import type { Ports } from '../ports.js';
import type { ClusterRef, RegistryRef, Request } from '../request.js';
import type { Telling } from '../telling.js';
import type { Resolver } from './resolve.js';

export interface Story {
  request: Request;
  clusterRef: ClusterRef;
  registryRef: RegistryRef;
  azure: AzureSession;
  resolver: Resolver;
  ports: Ports;
  telling: Telling;
}
