/** The data planes of the simulated registries: login servers and the hosts their blobs come from. */
import type { SimulatorContext } from '../context.js';
import type { Registry, RegistryHost } from '../cloud/model.js';
import type { Answer, Service } from '../net/exchange.js';
import { findRoute, modelledRoutes } from '../routes.js';
import type { RouteRow } from '../routes.js';
import { CLIENT_ADDRESS, denied } from './answers.js';
import { letsIn } from './firewall.js';
import { BLOB_ROUTES, createBlobStore } from './blob-store.js';
import { CATALOG_ROUTES } from './catalog.js';
import { answerDistribution, DISTRIBUTION_ROUTES } from './distribution.js';
import type { Desk } from './distribution.js';
import { exchangeToken, grantToken } from './oauth.js';
import { createRegistryTokens } from './tokens.js';
import { UPLOAD_ROUTES } from './uploads.js';

interface TokenRoute extends RouteRow {
  answer(desk: Desk & { registry: Registry }): Answer;
}

const DATA_ROUTES = [...DISTRIBUTION_ROUTES, ...UPLOAD_ROUTES, ...CATALOG_ROUTES];

const RECORDED = 'recordings: acr.dataplane.json, acr.abac.recording.json';

const TOKEN_ROUTES: readonly TokenRoute[] = [
  {
    name: 'POST /oauth2/exchange',
    method: 'POST',
    path: '/oauth2/exchange',
    source: RECORDED,
    answer: ({ context, tokens, registry, exchange }) => exchangeToken(context, tokens, registry, exchange),
  },
  {
    // Only POST is there.
    name: 'GET /oauth2/exchange',
    method: 'GET',
    path: '/oauth2/exchange',
    source: 'https://github.com/Azure/acr/issues/166',
    answer: () => ({ status: 404, body: '' }),
  },
  ...['POST', 'GET'].map((method) => ({
    name: `${method} /oauth2/token`,
    method,
    path: '/oauth2/token',
    source: RECORDED,
    answer: ({ context, tokens, registry, exchange }: Desk & { registry: Registry }) =>
      grantToken(context, tokens, registry, exchange),
  })),
];

/**
 * One service for every registry of the cloud: challenge, token exchange, tokens by role assignment mode, manifests,
 * tags, catalog, blobs by redirect, pushes. Looks registries up on each request, so a changed cloud counts at once.
 */
export function createRegistries(context: SimulatorContext): Service {
  const signing = createRegistryTokens(() => context.now());
  const blobs = createBlobStore(() => context.now());
  const byLoginServer = (host: string): Registry | undefined =>
    context.state.registries.find((registry) => registry.loginServer.toLowerCase() === host);
  const open = (host: string): RegistryHost | undefined =>
    context.state.publicRegistries.find((registry) => registry.loginServer === host);
  const all = (): RegistryHost[] => [...context.state.registries, ...context.state.publicRegistries];
  const byBlobHost = (host: string): boolean =>
    all().some((registry) => registry.blobHost.toLowerCase() === host);

  return {
    name: 'acr',
    routes: modelledRoutes('acr', [...TOKEN_ROUTES, ...DATA_ROUTES, ...BLOB_ROUTES]),
    serves: (host) => byLoginServer(host) !== undefined || open(host) !== undefined || byBlobHost(host),
    async answer(exchange) {
      const { url, method } = exchange;
      exchange.note.service = 'acr';
      const registry = byLoginServer(url.hostname);
      const publicRegistry = open(url.hostname);
      if (publicRegistry !== undefined) {
        const desk = {
          context,
          tokens: await signing,
          blobs,
          registry: publicRegistry,
          exchange,
          open: true,
        };
        exchange.note.caller = 'anonymous';
        return answerDistribution(desk, DISTRIBUTION_ROUTES);
      }
      if (registry === undefined) return blobs.answer(all(), exchange);

      if (exchange.byPrivateEndpoint !== true && !letsIn(registry, CLIENT_ADDRESS)) {
        exchange.note.verdict = 'refused by the registry firewall';
        return denied();
      }
      const tokens = await signing;
      const found = findRoute(TOKEN_ROUTES, method, url.pathname);
      if (found !== undefined) {
        exchange.note.route = found.row.name;
        return found.row.answer({ context, tokens, blobs, registry, exchange });
      }
      return answerDistribution({ context, tokens, blobs, registry, exchange }, DATA_ROUTES);
    },
  };
}
