/**
 * The metadata service of the machine that runs what is tested: tokens of its managed identities, over plain http, as
 * nothing else of the simulated cloud is. Real machines have it at 169.254.169.254; clients of Azure's SDKs are led here by
 * AZURE_POD_IDENTITY_AUTHORITY_HOST.
 *
 * https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
 */
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { principalByObjectId } from '../cloud/directory.js';
import type { CloudState, Principal } from '../cloud/model.js';
import type { TokenIssuer } from '../context.js';
import type { RequestLog } from '../net/request-log.js';

const LOOPBACK = '127.0.0.1';
const PATH = '/metadata/identity/oauth2/token';
/** Name of the service in the request log. */
const SERVICE = 'imds';
/** Managed identities' tokens live a day (learn.microsoft.com, managed-identities-faq). */
const LIFETIME_S = 86_400;

export interface MetadataService {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Ends every connection. */
  stop(): Promise<void>;
}

interface Parts {
  state: CloudState;
  tokens: TokenIssuer;
  log: RequestLog;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Opens the service on a port of the machine's choice, on loopback. */
export async function openMetadataService(parts: Parts): Promise<MetadataService> {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const record = parts.log.begin(request.method ?? 'GET', '169.254.169.254', path);
    record.service = SERVICE;
    request.resume();
    const { status, body, caller, modelled } = answer(
      parts,
      request,
      new URL(path, 'http://169.254.169.254'),
    );
    record.modelled = modelled ?? true;
    record.route = `${request.method ?? 'GET'} ${PATH}`;
    if (caller !== undefined) record.caller = caller;
    response.on('close', () => parts.log.end(record));
    parts.log.answered(record, status);
    const text = JSON.stringify(body);
    response.writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(text)),
    });
    response.end(text);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, LOOPBACK, resolve);
  });
  return {
    url: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`,
    async stop() {
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

interface MetadataAnswer {
  status: number;
  body: object;
  caller?: string;
  modelled?: boolean;
}

function answer({ state, tokens, now }: Parts, request: IncomingMessage, url: URL): MetadataAnswer {
  // capture: @azure/msal-node ends the path in a slash when the address comes from a variable.
  if (url.pathname.replace(/\/$/, '') !== PATH || request.method !== 'GET')
    return {
      status: 501,
      body: { error: { code: 'NotModelled', message: 'Of the metadata service, only its tokens are.' } },
      modelled: false,
    };
  // The page above: without the header it refuses, so that a mere redirect can't reach it.
  if (request.headers.metadata?.toString().toLowerCase() !== 'true')
    return invalid('bad_request_102', 'Required metadata header not specified');
  const resource = url.searchParams.get('resource') ?? '';
  if (url.searchParams.get('api-version') === null || resource === '')
    return invalid('invalid_request', 'Required query variable is missing');
  const identity = identityOf(state, url.searchParams.get('client_id'));
  if (identity === 'several')
    return invalid(
      'invalid_request',
      'Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request',
    );
  // As Azure/azure-sdk-for-go has it in managed_identity_client_test.go.
  if (identity === undefined) return invalid('invalid_request', 'Identity not found');
  const seconds = Math.floor(now() / 1000);
  return {
    status: 200,
    caller: identity.name,
    body: {
      access_token: tokens.issue(identity, resource, LIFETIME_S),
      client_id: identity.clientId,
      expires_in: String(LIFETIME_S - 1),
      expires_on: String(seconds + LIFETIME_S),
      ext_expires_in: String(LIFETIME_S - 1),
      not_before: String(seconds),
      resource,
      token_type: 'Bearer',
    },
  };
}

/** All of a machine's identities count as user-assigned ones: that a system-assigned one would win is not modelled. */
function identityOf(state: CloudState, clientId: string | null): Principal | 'several' | undefined {
  const own = state.runner.objectIds.flatMap((id) => principalByObjectId(state, id) ?? []);
  if (clientId !== null) return own.find((one) => one.clientId.toLowerCase() === clientId.toLowerCase());
  return own.length > 1 ? 'several' : own[0];
}

/** Statuses of what a machine's clients get wrong: 400 (the page above, "Error handling"). */
function invalid(error: string, description: string): MetadataAnswer {
  return { status: 400, body: { error, error_description: description } };
}
