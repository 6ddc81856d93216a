/** The data planes of the simulated registries: login servers and the hosts their blobs come from. */
import type { SimulatorContext } from '../context.js';
import type { Registry } from '../cloud/model.js';
import type { Service } from '../net/exchange.js';
import { NotModelled } from '../net/exchange.js';
import { denied } from './answers.js';
import { createBlobStore } from './blob-store.js';
import { answerDistribution } from './distribution.js';
import { exchangeToken, grantToken } from './oauth.js';
import { createRegistryTokens } from './tokens.js';

/**
 * One service for every registry of the cloud: challenge, token exchange, tokens by role assignment mode, manifests,
 * tags, catalog, blobs by redirect. Looks registries up on each request, so a changed cloud counts at once.
 */
export function createRegistries(context: SimulatorContext): Service {
  const signing = createRegistryTokens(() => context.now());
  const blobs = createBlobStore(() => context.now());
  const byLoginServer = (host: string): Registry | undefined =>
    context.state.registries.find((registry) => registry.loginServer.toLowerCase() === host);
  const byBlobHost = (host: string): boolean =>
    context.state.registries.some((registry) => registry.blobHost.toLowerCase() === host);

  return {
    name: 'acr',
    serves: (host) => byLoginServer(host) !== undefined || byBlobHost(host),
    async answer(exchange) {
      const { url, method } = exchange;
      exchange.note.service = 'acr';
      const registry = byLoginServer(url.hostname);
      if (registry === undefined) return blobs.answer(context.state.registries, exchange);

      const closed = registry.publicNetworkAccess === 'Disabled' || registry.networkDefaultAction === 'Deny';
      if (closed) {
        exchange.note.verdict = 'refused by the registry firewall';
        return denied();
      }
      const tokens = await signing;
      if (url.pathname === '/oauth2/exchange') {
        exchange.note.route = `${method} /oauth2/exchange`;
        // Only POST is there: github.com/Azure/acr/issues/166.
        return method === 'POST'
          ? exchangeToken(context, tokens, registry, exchange)
          : { status: 404, body: '' };
      }
      if (url.pathname === '/oauth2/token' && (method === 'GET' || method === 'POST')) {
        exchange.note.route = `${method} /oauth2/token`;
        return grantToken(context, tokens, registry, exchange);
      }
      if (url.pathname.startsWith('/v2/'))
        return answerDistribution({ context, tokens, blobs, registry, exchange });
      throw new NotModelled(`${method} ${url.pathname} at ${registry.loginServer}`);
    },
  };
}
