/** Which repositories of a registry a run is about, and which a grant must hold. */
import { PROBE_REPOSITORY } from '../azure/import-image.js';
import type { Registry } from '../azure/registry.js';
import type { Request } from '../request.js';
import type { Telling } from '../telling.js';

/**
 * What the kubelet identity must be able to pull from; empty: the whole registry. `check` is about the images it is asked
 * about; whoever writes (or plans) a grant limited to repositories is about all of these, and its images are among them.
 */
export function askedRepositories(request: Request, registry: Pick<Registry, 'loginServer'>): string[] {
  const images = request.images
    .filter(({ host }) => host === undefined || host === registry.loginServer)
    .map(({ repository }) => repository);
  if (request.importProbeImage) images.push(PROBE_REPOSITORY);
  const asksFirst = request.mode === 'check' ? images : request.repositories;
  return [...new Set(asksFirst.length > 0 ? asksFirst : [...images, ...request.repositories])];
}

/**
 * What a grant is limited to; empty: the whole registry. What our own grant gives already stays given: other pipelines
 * may have asked for it.
 *
 * @param kept repositories of our own grant
 */
export function grantedRepositories(
  { repositories }: Pick<Request, 'repositories'>,
  kept: readonly string[] = [],
): string[] {
  return repositories.length === 0 ? [] : [...repositories, ...kept];
}

/** Only ABAC-enabled registries know grants for single repositories. @throws {StoryEnds} for any other */
export function checkRepositories(request: Request, registry: Registry, telling: Telling): void {
  // A registry that is to move gets the limit with the role that it will take.
  const mayBe = registry.mode !== 'LegacyRegistryPermissions' || request.transitionRoles;
  if (request.repositories.length === 0 || mayBe) return;
  telling.end('repositories', `grants at ${registry.loginServer} can be limited to repositories`, {
    status: 'fail',
    cause: 'repositories-need-abac',
    evidence: `input repositories names ${request.repositories.join(', ')}, and this registry takes AcrPull, which always holds for all of it`,
  });
}
