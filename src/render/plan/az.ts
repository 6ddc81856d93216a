/** A plan as commands of the Azure CLI. */
import { inSameSubscription } from '../../core/azure/arm-id.js';
import { assignGrant, kubeletObjectId, registryScope } from '../../core/diagnosis/commands.js';
import type { Command } from '../../core/diagnosis/commands.js';
import type { Planned } from './index.js';

/** One command a grant; `pasteable` asks for its ids, `literal` holds them. */
export function azCommands(planned: readonly Planned[]): Command[] {
  const [first, ...others] = planned.flatMap(({ grant, cluster }) => [
    grant.scope,
    ...(cluster === undefined ? [] : [cluster.id]),
  ]);
  const apart = others.some((id) => !inSameSubscription(id, first ?? ''));
  return planned.map(({ grant, cluster }) =>
    assignGrant(
      grant,
      cluster === undefined ? grant.principalId : kubeletObjectId({ ...cluster, apart }, grant.principalId),
      registryScope({ id: grant.scope, name: grant.registryName, apart }),
    ),
  );
}

/** A script with literal ids, so that it does the same for whoever runs it, whatever subscription they are in. */
export function azScript(planned: readonly Planned[]): string {
  return [
    '#!/bin/sh',
    '# What aks-acr-pull connect would write. For a login that may write role assignments at the registry.',
    'set -eu',
    ...azCommands(planned).map(({ literal }) => literal),
    '',
  ].join('\n');
}
