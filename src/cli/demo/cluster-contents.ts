/** What stands in a simulated cluster, asked of its API server as an administrator of its own, not as the action under test. */
import { ProxyAgent, request } from 'undici';
import type { Simulator } from '../../simulator/index.js';

/** All that a probe may consist of. */
const KINDS = {
  job: '/apis/batch/v1/jobs',
  pod: '/api/v1/pods',
  'service account': '/api/v1/serviceaccounts',
} as const;

interface List {
  items: { metadata: { namespace?: string; name: string; deletionTimestamp?: string } }[];
}

/** Names such as `job default/probe-1`, of all clusters. */
export async function clusterContents({ state, context, proxyUrl }: Simulator): Promise<string[]> {
  const found = await Promise.all(
    state.clusters
      .filter(({ powerState }) => powerState === 'Running')
      .map(async (cluster) => {
        const authority = await context.clusterAuthority(cluster);
        const { certificate, key } = await authority.client('demo', ['system:masters']);
        const agent = new ProxyAgent({
          uri: proxyUrl,
          requestTls: { ca: authority.certificate, cert: certificate, key },
        });
        try {
          const lists = await Promise.all(
            Object.entries(KINDS).map(async ([kind, path]) => {
              const { statusCode, body } = await request(`https://${cluster.fqdn}${path}`, {
                dispatcher: agent,
              });
              if (statusCode !== 200)
                throw new Error(`cluster ${cluster.name} answered ${statusCode} for ${path}`);
              const { items } = (await body.json()) as List;
              return items.map(({ metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
            }),
          );
          return lists.flat();
        } finally {
          await agent.close();
        }
      }),
  );
  return found.flat();
}
