/** What a simulated cloud tells programs once it runs. */
import type { Simulator } from '../../simulator/index.js';
import type { Login } from './logins.js';
import type { Variable } from './shells.js';

/** One object: where the cloud is, what leads to it, who can sign in. Secrets of logins are told by their file alone. */
export function announcement(
  simulator: Simulator,
  variables: readonly Variable[],
  logins: readonly Login[],
): object {
  const { state } = simulator;
  return {
    event: 'started',
    scenario: simulator.name,
    proxy: simulator.proxyUrl,
    caFile: simulator.caFile,
    environment: valuesOf(variables),
    clusters: state.clusters.map(({ name, resourceGroup, subscriptionId }) => ({
      name,
      resourceGroup,
      subscriptionId,
    })),
    registries: state.registries.map(({ name, resourceGroup, loginServer }) => ({
      name,
      resourceGroup,
      loginServer,
    })),
    logins: logins.map(({ name, clientId, proof, file, variables: own }) => ({
      name,
      clientId,
      tenantId: state.tenantId,
      proof,
      ...(file === undefined ? {} : { file }),
      environment: valuesOf(own),
    })),
  };
}

function valuesOf(variables: readonly Variable[]): Record<string, string> {
  return Object.fromEntries(
    variables.flatMap((variable) => ('value' in variable ? [[variable.name, variable.value]] : [])),
  );
}
