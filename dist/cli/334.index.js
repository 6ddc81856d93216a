export const id = 334;
export const ids = [334];
export const modules = {

/***/ 93205:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   Q: () => (/* binding */ NoScenario),
/* harmony export */   Z: () => (/* binding */ readScenario)
/* harmony export */ });
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(51455);
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_0___default = /*#__PURE__*/__webpack_require__.n(node_fs_promises__WEBPACK_IMPORTED_MODULE_0__);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(76760);
/* harmony import */ var node_path__WEBPACK_IMPORTED_MODULE_1___default = /*#__PURE__*/__webpack_require__.n(node_path__WEBPACK_IMPORTED_MODULE_1__);
/* harmony import */ var _places_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(44392);
/** A scenario by its built-in name or its path. */



/** There is no such scenario. The message says which there are. */
class NoScenario extends Error {
    name = 'NoScenario';
}
/**
 * The text of a scenario.
 *
 * @param scenario a built-in name, or the path of a YAML file
 * @param folder where the built-in ones are
 * @throws {NoScenario}
 */
async function readScenario(scenario, folder) {
    const builtIn = (0,_places_js__WEBPACK_IMPORTED_MODULE_2__/* .scenarioNames */ .L)(folder);
    const path = builtIn.includes(scenario) ? (0,node_path__WEBPACK_IMPORTED_MODULE_1__.join)(folder, `${scenario}.yaml`) : scenario;
    try {
        return await (0,node_fs_promises__WEBPACK_IMPORTED_MODULE_0__.readFile)(path, 'utf8');
    }
    catch (error) {
        throw new NoScenario(`no scenario is called ${JSON.stringify(scenario)} and no file of that path can be read; built in are: ${builtIn.join(', ')}`, { cause: error });
    }
}


/***/ }),

/***/ 16018:
/***/ ((__unused_webpack_module, __webpack_exports__, __webpack_require__) => {


// EXPORTS
__webpack_require__.d(__webpack_exports__, {
  t: () => (/* reexport */ ScenarioError),
  r: () => (/* binding */ startSimulator)
});

// EXTERNAL MODULE: external "node:fs/promises"
var promises_ = __webpack_require__(51455);
// EXTERNAL MODULE: external "node:os"
var external_node_os_ = __webpack_require__(48161);
// EXTERNAL MODULE: external "node:path"
var external_node_path_ = __webpack_require__(76760);
;// CONCATENATED MODULE: ./src/simulator/net/exchange.ts
/** A request that is not modelled: answered 501 and named in the log, never guessed. */
class NotModelled extends Error {
    name = 'NotModelled';
}

// EXTERNAL MODULE: external "node:crypto"
var external_node_crypto_ = __webpack_require__(77598);
;// CONCATENATED MODULE: ./src/simulator/acr/answers.ts
/** What a registry's answers have in common: headers, the error envelope, the challenge. */

/** Headers of the distribution API's answers (recording: acr.dataplane.json). */
const DISTRIBUTION_HEADERS = {
    'access-control-expose-headers': 'Docker-Content-Digest, WWW-Authenticate, Link, X-Ms-Correlation-Request-Id',
    'docker-distribution-api-version': 'registry/2.0',
    server: 'AzureContainerRegistry',
    'strict-transport-security': 'max-age=31536000; includeSubDomains, max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
};
const JSON_TYPE = 'application/json; charset=utf-8';
/**
 * Error codes with their messages. UNAUTHORIZED: recording acr.dataplane.json. DENIED and MANIFEST_UNKNOWN by tag:
 * Microsoft's container registry troubleshooting pages quote them. The others are the distribution specification's
 * codes with distribution's texts: assumption that ACR words them alike.
 */
const ERRORS = {
    UNAUTHORIZED: 'authentication required, visit https://aka.ms/acr/authorization for more information.',
    TOKEN_INVALID: 'token validation failed',
    DENIED: "client with IP '{ip}' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.",
    MANIFEST_UNKNOWN: 'manifest tagged by "{reference}" is not found',
    MANIFEST_UNKNOWN_BY_DIGEST: 'manifest {reference} is not found',
    MANIFEST_UNKNOWN_TYPE: 'OCI {kind} found, but accept header does not support OCI {kind}',
    NAME_UNKNOWN: 'repository name not known to registry',
    BLOB_UNKNOWN: 'blob unknown to registry',
    UNSUPPORTED: 'The operation is unsupported.',
};
/** The message of one kind of error with its placeholders filled in. */
function errorMessage(kind, values = {}) {
    return ERRORS[kind].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
/** An answer of the distribution API. */
function distribution(status, headers, body = '', method = 'GET') {
    const length = Buffer.byteLength(body);
    return {
        status,
        headers: { ...DISTRIBUTION_HEADERS, 'content-length': String(length), ...headers },
        body: method === 'HEAD' ? '' : body,
    };
}
/** An error of the distribution API: `{"errors":[{code, message, detail}]}` and a line break, as recorded. */
function failure(status, code, message, detail, options = {}) {
    const body = `${JSON.stringify({ errors: [{ code, message, detail }] })}\n`;
    return distribution(status, { 'content-type': JSON_TYPE, ...options.headers }, body, options.method);
}
/**
 * 401 with the Bearer challenge (recording: acr.dataplane.json). Without a scope it is the answer of `/v2/`; with
 * one it names the resource in the challenge and in the body. `error` says what was wrong with the token that came.
 */
function challenge(registry, method, scope, error) {
    const host = registry.loginServer;
    const parts = [`realm="https://${host}/oauth2/token"`, `service="${host}"`];
    if (scope !== undefined)
        parts.push(`scope="${scope.type}:${scope.name}:${scope.actions.join(',')}"`);
    if (error !== undefined)
        parts.push(`error="${error}"`);
    const detail = scope?.actions.map((Action) => ({ Type: scope.type, Name: scope.name, Action })) ?? null;
    return failure(401, 'UNAUTHORIZED', errorMessage('UNAUTHORIZED'), detail, {
        method,
        headers: { 'www-authenticate': `Bearer ${parts.join(',')}` },
    });
}
/** Headers of the token endpoints: no distribution version there (recording: acr.dataplane.json). */
function tokenHeaders() {
    return {
        'content-type': JSON_TYPE,
        server: 'AzureContainerRegistry',
        'strict-transport-security': 'max-age=31536000; includeSubDomains',
        'x-ms-correlation-request-id': (0,external_node_crypto_.randomUUID)(),
        'x-ms-ratelimit-remaining-calls-per-second': '166.65',
    };
}
/** 200 of a token endpoint. */
function issued(tokens) {
    return { status: 200, headers: tokenHeaders(), body: JSON.stringify(tokens) };
}
/**
 * A token endpoint's refusal. Assumption: its body is the registry's UNAUTHORIZED envelope (clients report only
 * "Response code: 401", github.com/Azure/acr/issues/164; no recording holds the body).
 */
function refused(status, message) {
    const body = `${JSON.stringify({ errors: [{ code: 'UNAUTHORIZED', message, detail: null }] })}\n`;
    return { status, headers: tokenHeaders(), body };
}
/**
 * The firewall's refusal, on every path (learn.microsoft.com acr-authentication-errors: the quotation marks are
 * `\u0027` in the body). The address is one of RFC 5737: an exchange doesn't carry its client's.
 */
function denied() {
    const message = errorMessage('DENIED', { ip: '203.0.113.10' });
    const body = JSON.stringify({ errors: [{ code: 'DENIED', message }] }).replace(/'/g, '\\u0027');
    return { status: 403, headers: { 'content-type': JSON_TYPE, server: 'AzureContainerRegistry' }, body };
}

;// CONCATENATED MODULE: ./src/simulator/acr/blob-store.ts
/**
 * The host that blobs come from: a storage account or a dedicated data endpoint. A registry redirects to it with a
 * signed query; whoever shows that query gets the bytes.
 */


/** How long a signed address works (recording: acr.dataplane.json, 20 minutes). */
const ADDRESS_LIFETIME_MS = 20 * 60_000;
/** Makes a blob store with its own signing key. */
function createBlobStore(now) {
    const key = (0,external_node_crypto_.randomBytes)(32);
    const registryKey = (registry) => (0,external_node_crypto_.createHash)('md5').update(registry.loginServer).digest('hex');
    const signature = (host, path, expiry) => (0,external_node_crypto_.createHmac)('sha256', key).update(`${host}\n${path}\n${expiry}`).digest('base64');
    return {
        address(registry, digest) {
            const hex = digest.replace('sha256:', '');
            // Two slashes after the container's name, as recorded (acr.dataplane.json).
            const path = `/${registryKey(registry)}-sim//docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
            const expiry = new Date(now() + ADDRESS_LIFETIME_MS).toISOString().replace(/\.\d+Z$/, 'Z');
            const query = new URLSearchParams({
                se: expiry,
                sig: signature(registry.blobHost, path, expiry),
                sp: 'r',
                spr: 'https',
                sr: 'b',
                sv: '2018-03-28',
                regid: registryKey(registry),
            });
            return `https://${registry.blobHost}${path}?${query.toString()}`;
        },
        answer(registries, exchange) {
            const { url, method } = exchange;
            if (method !== 'GET' && method !== 'HEAD')
                throw new NotModelled(`${method} on a blob host`);
            exchange.note.route = `${method} /{registry}/docker/registry/v2/blobs/{digest}/data`;
            if (exchange.headers['authorization'] !== undefined) {
                // Assumption: the status and code that Azure Storage documents for an Authorization header it can't read
                // (learn.microsoft.com storage common-rest-api-error-codes); a dedicated data endpoint is taken to answer alike.
                exchange.note.verdict = 'refused: an Authorization header was forwarded';
                return storageError(400, 'InvalidAuthenticationInfo', 'Authentication information is not given in the correct format.');
            }
            const expiry = url.searchParams.get('se') ?? '';
            const given = Buffer.from(url.searchParams.get('sig') ?? '', 'base64');
            const wanted = Buffer.from(signature(url.hostname, url.pathname, expiry), 'base64');
            const valid = given.length === wanted.length && (0,external_node_crypto_.timingSafeEqual)(given, wanted) && Date.parse(expiry) > now();
            if (!valid) {
                exchange.note.verdict = 'refused: the signature is not valid';
                return storageError(403, 'AuthenticationFailed', 'Server failed to authenticate the request.');
            }
            const digest = `sha256:${/\/([0-9a-f]{64})\/data$/.exec(url.pathname)?.[1] ?? ''}`;
            const registry = registries.find((one) => registryKey(one) === url.searchParams.get('regid'));
            const blob = registry?.repositories
                .map((repository) => repository.blobs.get(digest))
                .find((one) => one !== undefined);
            if (blob === undefined)
                return storageError(404, 'BlobNotFound', 'The specified blob does not exist.');
            return {
                status: 200,
                headers: {
                    'content-type': 'application/octet-stream',
                    'content-length': String(blob.length),
                    'x-ms-blob-type': 'BlockBlob',
                },
                body: method === 'HEAD' ? '' : blob,
            };
        },
    };
}
function storageError(status, code, message) {
    return {
        status,
        headers: { 'content-type': 'application/xml', 'x-ms-error-code': code },
        body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
    };
}

;// CONCATENATED MODULE: ./src/simulator/acr/rights.ts
const PROVIDER = 'Microsoft.ContainerRegistry/registries';
/**
 * Legacy mode: control-plane actions at the registry, the token action each gives, and the word a refresh token's
 * `permissions` claim has for it (recording: acr.dataplane.json holds read, write, delete, metadata/read ...).
 * Assumption: metadata and the catalog need no more than the right to pull.
 */
const LEGACY = [
    { action: `${PROVIDER}/pull/read`, permission: 'read', gives: ['pull', 'metadata_read'] },
    { action: `${PROVIDER}/push/write`, permission: 'write', gives: ['push', 'metadata_write'] },
    { action: `${PROVIDER}/artifacts/delete`, permission: 'delete', gives: ['delete'] },
];
/** ABAC mode: data actions that each action of a repository scope needs, all of them. */
const ABAC_REPOSITORY = {
    pull: [`${PROVIDER}/repositories/content/read`, `${PROVIDER}/repositories/metadata/read`],
    push: [`${PROVIDER}/repositories/content/write`],
    delete: [`${PROVIDER}/repositories/content/delete`],
    metadata_read: [`${PROVIDER}/repositories/metadata/read`],
    metadata_write: [`${PROVIDER}/repositories/metadata/write`],
};
const ABAC_CATALOG = `${PROVIDER}/catalog/read`;
/** ARM id of a registry. */
function registryId(registry) {
    return `/subscriptions/${registry.subscriptionId}/resourceGroups/${registry.resourceGroup}/providers/${PROVIDER}/${registry.name}`;
}
/**
 * Rights of a principal at the registry as the exchange looks at them. In ABAC mode rights differ by repository, so
 * the exchange lets in whoever has a right of either kind and leaves the rest to each repository (assumption: the
 * documented symptom of AcrPull on such a registry is `insufficient_scope`, not a refused exchange).
 */
function rightsAtRegistry(context, registry, principalId) {
    const scope = registryId(registry);
    const decisions = LEGACY.map((row) => ({
        ...row,
        decision: context.decide({ principalId, action: row.action, kind: 'action', scope }),
    }));
    const held = decisions.filter((row) => row.decision.allowed);
    const permissions = held.map((row) => row.permission);
    if (registry.roleAssignmentMode === 'LegacyRegistryPermissions') {
        return { any: held.length > 0, permissions, why: (held[0] ?? decisions[0])?.decision.why ?? '' };
    }
    const repositories = [undefined, ...registry.repositories.map((repository) => repository.name)];
    for (const action of [...new Set([ABAC_CATALOG, ...Object.values(ABAC_REPOSITORY).flat()])]) {
        for (const repository of repositories) {
            const decision = context.decide({
                principalId,
                action,
                kind: 'dataAction',
                scope,
                ...(repository === undefined ? {} : { repository }),
            });
            if (decision.allowed)
                return { any: true, permissions: [], why: decision.why };
        }
    }
    return { any: held.length > 0, permissions: [], why: held[0]?.decision.why ?? 'no right in this registry' };
}
/** The part of the asked scopes that a principal has a right to, as the `access` claim writes it, and why. */
function grantedAccess(context, registry, principalId, permissions, scopes) {
    const whys = [];
    const may = (scope, action) => {
        // A legacy registry wrote the rights into the refresh token (its `permissions` claim).
        if (registry.roleAssignmentMode === 'LegacyRegistryPermissions')
            return mayByPermissions(permissions, scope, action);
        return dataActionsFor(scope, action).every((dataAction) => {
            const decision = context.decide({
                principalId,
                action: dataAction,
                kind: 'dataAction',
                scope: registryId(registry),
                ...(scope.type === 'repository' ? { repository: scope.name } : {}),
            });
            whys.push(decision.why);
            return decision.allowed;
        });
    };
    const access = scopes
        .filter((scope) => scope.type === 'repository' || scope.name === 'catalog')
        .map((scope) => ({
        Type: scope.type,
        Name: scope.name,
        Actions: scope.actions.filter((action) => knownAction(scope, action) && may(scope, action)),
    }));
    return { access: access.filter((entry) => entry.Actions.length > 0), why: whys.at(-1) ?? '' };
}
function knownAction(scope, action) {
    return scope.type === 'registry' ? action === '*' : Object.hasOwn(ABAC_REPOSITORY, action);
}
function mayByPermissions(permissions, scope, action) {
    if (scope.type === 'registry')
        return permissions.includes('read');
    return LEGACY.some((row) => permissions.includes(row.permission) && row.gives.some((given) => given === action));
}
function dataActionsFor(scope, action) {
    return scope.type === 'registry' ? [ABAC_CATALOG] : (ABAC_REPOSITORY[action] ?? []);
}
/** Reads `repository:team/app:pull,push` and `registry:catalog:*`; undefined for anything else. */
function parseScope(text) {
    const match = /^(repository|registry):(.+):([^:]+)$/.exec(text);
    if (!match)
        return undefined;
    const [, type = '', name = '', actions = ''] = match;
    return { type, name, actions: actions.split(',') };
}

;// CONCATENATED MODULE: ./src/simulator/acr/oauth.ts



/** The user name that goes with a refresh token as password (learn.microsoft.com container-registry-authentication). */
const TOKEN_USER = '00000000-0000-0000-0000-000000000000';
/** Audiences of Entra tokens: the registry's own, and ARM's while the registry accepts it. */
const REGISTRY_AUDIENCES = ['https://containerregistry.azure.net', 'https://containerregistry.azure.net/'];
const ARM_AUDIENCES = [
    'https://management.azure.com',
    'https://management.azure.com/',
    'https://management.core.windows.net',
    'https://management.core.windows.net/',
];
/**
 * Grants of the exchange: the Azure CLI sends the first (recording), the kubelet's credential provider the second
 * (github.com/kubernetes-sigs/cloud-provider-azure pkg/credentialprovider/azure_acr_helper.go).
 */
const EXCHANGE_GRANTS = ['access_token', 'access_token_refresh_token'];
/** POST /oauth2/exchange: an Entra access token for a refresh token of the registry. */
function exchangeToken(context, tokens, registry, exchange) {
    const form = new URLSearchParams(exchange.body.toString());
    const grant = form.get('grant_type') ?? '';
    if (!EXCHANGE_GRANTS.includes(grant))
        throw new NotModelled(`oauth2/exchange with grant_type ${grant}`);
    const audiences = [
        ...REGISTRY_AUDIENCES,
        ...(registry.armAudienceTokens === 'enabled' ? ARM_AUDIENCES : []),
    ];
    const verified = context.tokens.verify(form.get('access_token') ?? '', audiences);
    if ('problem' in verified) {
        exchange.note.verdict = `refused: ${verified.problem}`;
        return refused(401, errorMessage('TOKEN_INVALID'));
    }
    const { oid, appid, tid } = verified.claims;
    exchange.note.caller = nameOf(context, oid);
    const rights = rightsAtRegistry(context, registry, oid);
    exchange.note.verdict = rights.why;
    if (!rights.any)
        return refused(401, errorMessage('UNAUTHORIZED'));
    return issued({
        refresh_token: tokens.refresh(registry, {
            objectId: oid,
            appId: appid,
            tenant: tid,
            permissions: rights.permissions,
        }),
    });
}
/**
 * GET or POST /oauth2/token: an access token for the asked scopes, holding the part of them there is a right to.
 * Assumption: like other token servers it issues a token with fewer actions, even none, rather than refuse; the
 * repository then answers `insufficient_scope`, which is what Microsoft's troubleshooting page shows for a wrong role.
 */
function grantToken(context, tokens, registry, exchange) {
    const form = exchange.method === 'POST' ? new URLSearchParams(exchange.body.toString()) : exchange.url.searchParams;
    const scopes = form
        .getAll('scope')
        .flatMap((value) => value.split(' '))
        .map(parseScope)
        .filter((scope) => scope !== undefined);
    const offered = credentialsOf(exchange, form);
    if (offered === undefined)
        return anonymousToken(tokens, registry, exchange, scopes);
    const holder = holderOf(context, tokens, registry, offered);
    if (holder === undefined) {
        exchange.note.verdict = 'refused: the credential is not valid here';
        return refused(401, errorMessage('UNAUTHORIZED'));
    }
    exchange.note.caller = nameOf(context, holder.objectId);
    const { access, why } = grantedAccess(context, registry, holder.objectId, holder.permissions, scopes);
    exchange.note.verdict = `granted ${access.map((entry) => `${entry.Name}:${entry.Actions.join(',')}`).join(' ') || 'nothing'}${why ? ` (${why})` : ''}`;
    const access_token = tokens.access(registry, { objectId: holder.objectId, appId: holder.appId, access });
    // A password grant gets the refresh token back too, a refresh_token grant doesn't (recording: acr.dataplane.json).
    return issued(offered.kind === 'password' && offered.user === TOKEN_USER
        ? { access_token, refresh_token: offered.secret }
        : { access_token });
}
function credentialsOf(exchange, form) {
    if (exchange.method === 'POST') {
        const grant = form.get('grant_type') ?? '';
        if (grant === 'refresh_token')
            return { kind: 'refresh_token', user: TOKEN_USER, secret: form.get('refresh_token') ?? '' };
        if (grant === 'password')
            return { kind: 'password', user: form.get('username') ?? '', secret: form.get('password') ?? '' };
        throw new NotModelled(`oauth2/token with grant_type ${grant}`);
    }
    const [scheme = '', value = ''] = (exchange.headers['authorization'] ?? '').split(' ');
    if (scheme.toLowerCase() !== 'basic')
        return undefined;
    const decoded = Buffer.from(value, 'base64').toString();
    const colon = decoded.indexOf(':');
    return { kind: 'password', user: decoded.slice(0, colon), secret: decoded.slice(colon + 1) };
}
function holderOf(context, tokens, registry, offered) {
    if (offered.user === TOKEN_USER) {
        const claims = tokens.readRefresh(registry, offered.secret);
        if (typeof claims === 'string')
            return undefined;
        return { objectId: claims.sub, appId: claims.appid, permissions: claims.permissions.Actions };
    }
    // A service principal may sign in with its application id and secret (learn.microsoft.com container-registry-auth-service-principal).
    const principal = context.state.principals.find((one) => one.clientId === offered.user && one.secrets.includes(offered.secret));
    if (principal === undefined)
        return undefined;
    const rights = rightsAtRegistry(context, registry, principal.objectId);
    return rights.any
        ? { objectId: principal.objectId, appId: principal.clientId, permissions: rights.permissions }
        : undefined;
}
/** Without credentials: pull only, and only where the registry is open (learn.microsoft.com anonymous-pull-access). */
function anonymousToken(tokens, registry, exchange, scopes) {
    exchange.note.caller = 'anonymous';
    if (!registry.anonymousPullEnabled) {
        exchange.note.verdict = 'refused: anonymous pull is off';
        return refused(401, errorMessage('UNAUTHORIZED'));
    }
    const access = scopes
        .filter((scope) => scope.type === 'repository' && scope.actions.includes('pull'))
        .map((scope) => ({ Type: scope.type, Name: scope.name, Actions: ['pull'] }));
    exchange.note.verdict = 'anonymous pull is on';
    return issued({ access_token: tokens.access(registry, { objectId: 'anonymous', access }) });
}
/** How scenarios and the request log name a principal. */
function nameOf(context, objectId) {
    const principal = context.state.principals.find((one) => one.objectId === objectId);
    return principal?.name ?? objectId;
}

;// CONCATENATED MODULE: ./src/simulator/acr/distribution.ts



const NAME = '([a-z0-9]+(?:[._/-]+[a-z0-9]+)*)';
const repositoryScope = (...actions) => (name) => ({ type: 'repository', name, actions });
const ROUTES = [
    {
        pattern: /^\/v2\/$/,
        methods: ['GET', 'HEAD'],
        route: '/v2/',
        scope: () => undefined,
        answer: ({ exchange }) => distribution(200, { 'content-type': 'application/json; charset=utf-8' }, '{}', exchange.method),
    },
    {
        pattern: /^\/v2\/_catalog$/,
        methods: ['GET'],
        route: '/v2/_catalog',
        scope: () => ({ type: 'registry', name: 'catalog', actions: ['*'] }),
        answer: (desk) => paged(desk, desk.registry.repositories.map((repository) => repository.name).sort(), (repositories) => ({
            repositories,
        })),
    },
    {
        pattern: new RegExp(`^/v2/${NAME}/tags/list$`),
        methods: ['GET'],
        route: '/v2/{repository}/tags/list',
        // Assumption: either action lists tags; the Azure CLI asks for metadata_read, docker's clients for pull.
        scope: repositoryScope('pull', 'metadata_read'),
        answer: (desk, name) => {
            const repository = find(desk, name);
            if (repository === undefined)
                return nameUnknown(desk, name);
            return paged(desk, [...repository.tags.keys()].sort(), (tags) => ({ name, tags }));
        },
    },
    {
        pattern: new RegExp(`^/v2/${NAME}/manifests/([^/]+)$`),
        methods: ['GET', 'HEAD'],
        route: '/v2/{repository}/manifests/{reference}',
        scope: repositoryScope('pull'),
        answer: manifest,
    },
    {
        pattern: new RegExp(`^/v2/${NAME}/blobs/(sha256:[0-9a-f]{64})$`),
        methods: ['GET', 'HEAD'],
        route: '/v2/{repository}/blobs/{digest}',
        scope: repositoryScope('pull'),
        answer: blob,
    },
];
/** Answers a request for /v2. Throws NotModelled for what isn't there: pushes, deletions, referrers. */
function answerDistribution(desk) {
    const { exchange, registry } = desk;
    for (const route of ROUTES) {
        const match = route.pattern.exec(exchange.url.pathname);
        if (!match)
            continue;
        if (!route.methods.includes(exchange.method))
            break;
        const [, repository = '', reference = ''] = match;
        exchange.note.route = `${exchange.method} ${route.route}`;
        const refusal = authenticate(desk, route.scope(repository));
        return refusal ?? route.answer(desk, repository, decodeURIComponent(reference));
    }
    throw new NotModelled(`${exchange.method} ${exchange.url.pathname} at ${registry.loginServer}`);
}
/** A challenge unless the request carries an access token that holds one of the scope's actions. */
function authenticate({ context, tokens, registry, exchange }, scope) {
    const asked = scope && { ...scope, actions: scope.actions.slice(0, 1) };
    const authorization = exchange.headers['authorization'];
    if (authorization === undefined) {
        exchange.note.caller = 'anonymous';
        return challenge(registry, exchange.method, asked);
    }
    const claims = tokens.readAccess(registry, authorization.replace(/^Bearer /i, ''));
    if (typeof claims === 'string') {
        exchange.note.verdict = `refused: ${claims}`;
        return challenge(registry, exchange.method, asked, claims);
    }
    exchange.note.caller = nameOf(context, claims.sub);
    if (scope === undefined)
        return undefined;
    const held = claims.access.some((entry) => entry.Type === scope.type &&
        entry.Name === scope.name &&
        scope.actions.some((action) => entry.Actions.includes(action)));
    if (held)
        return undefined;
    exchange.note.verdict = 'refused: the token lacks this scope';
    return challenge(registry, exchange.method, asked, 'insufficient_scope');
}
function find({ registry }, name) {
    return registry.repositories.find((repository) => repository.name === name);
}
function nameUnknown({ exchange }, name) {
    return failure(404, 'NAME_UNKNOWN', errorMessage('NAME_UNKNOWN'), { name }, { method: exchange.method });
}
function manifest(desk, name, reference) {
    const { exchange } = desk;
    const repository = find(desk, name);
    const isDigest = reference.startsWith('sha256:');
    const digest = isDigest ? reference : repository?.tags.get(reference);
    const found = digest === undefined ? undefined : repository?.manifests.get(digest);
    if (digest === undefined || found === undefined) {
        const kind = isDigest ? 'MANIFEST_UNKNOWN_BY_DIGEST' : 'MANIFEST_UNKNOWN';
        const detail = { Name: name, ...(isDigest ? { Revision: reference } : { Tag: reference }) };
        return failure(404, 'MANIFEST_UNKNOWN', errorMessage(kind, { reference }), detail, {
            method: exchange.method,
        });
    }
    if (!accepts(exchange.headers['accept'], found.mediaType)) {
        // Measured with distribution 2.8.2 (capture: registry-http.txt); assumption that ACR, built on it, answers alike.
        const kind = found.mediaType.includes('index') ? 'index' : 'manifest';
        return failure(404, 'MANIFEST_UNKNOWN', errorMessage('MANIFEST_UNKNOWN_TYPE', { kind }), null, {
            method: exchange.method,
        });
    }
    return distribution(200, { 'content-type': found.mediaType, 'docker-content-digest': digest, etag: `"${digest}"` }, found.bytes, exchange.method);
}
/** Whether an Accept header names the media type; a bare wildcard counts, silence doesn't. */
function accepts(header, mediaType) {
    const types = (header ?? '').split(',').map((part) => (part.split(';')[0] ?? '').trim().toLowerCase());
    return types.includes(mediaType) || types.includes('*/*');
}
/** Redirects to the blob host; HEAD is redirected too (assumption: only GET is recorded). */
function blob(desk, name, digest) {
    const { exchange, registry } = desk;
    if (find(desk, name)?.blobs.has(digest) !== true) {
        return failure(404, 'BLOB_UNKNOWN', errorMessage('BLOB_UNKNOWN'), digest, { method: exchange.method });
    }
    const location = desk.blobs.address(registry, digest);
    return distribution(307, { 'content-type': 'text/html; charset=utf-8', 'docker-content-digest': digest, location }, `<a href="${location.replace(/&/g, '&amp;')}">Temporary Redirect</a>.\n\n`, exchange.method);
}
/** A page of a sorted list by `n` and `last`, with the Link to the next (distribution-spec, listing tags). */
function paged({ exchange }, all, body) {
    const { searchParams, pathname } = exchange.url;
    const size = Number(searchParams.get('n') ?? '100');
    const last = searchParams.get('last');
    const rest = last === null ? all : all.filter((one) => one > last);
    const page = rest.slice(0, Number.isInteger(size) && size > 0 ? size : 100);
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    const end = page.at(-1);
    if (end !== undefined && page.length < rest.length) {
        headers['link'] = `<${pathname}?last=${encodeURIComponent(end)}&n=${size}>; rel="next"`;
    }
    return distribution(200, headers, JSON.stringify(body(page)));
}

// EXTERNAL MODULE: external "node:util"
var external_node_util_ = __webpack_require__(57975);
;// CONCATENATED MODULE: ./src/simulator/acr/tokens.ts
/** A registry's own tokens: RS256 JWTs with the claims of real ones (recording: acr.dataplane.json, decoded). */


/** Seconds between `iat` and `exp` (recording: acr.dataplane.json). */
const LIFETIMES = { refresh_token: 11_700, access_token: 4_500 };
const ISSUER = 'Azure Container Registry';
/** Makes the signing key, off the main thread: it takes some 100 ms. */
async function createRegistryTokens(now) {
    const { privateKey, publicKey } = await (0,external_node_util_.promisify)(external_node_crypto_.generateKeyPair)('rsa', { modulusLength: 2048 });
    const id = keyId();
    const issue = (registry, kind, subject, claims) => {
        const iat = Math.floor(now() / 1000);
        const payload = {
            jti: (0,external_node_crypto_.randomUUID)(),
            sub: subject,
            nbf: iat,
            exp: iat + LIFETIMES[kind],
            iat,
            iss: ISSUER,
            aud: registry.loginServer,
            version: '1.0',
            rid: (0,external_node_crypto_.createHash)('md5').update(registry.loginServer).digest('hex'),
            grant_type: kind,
            roles: [],
            ...claims,
        };
        const signed = `${base64url({ alg: 'RS256', typ: 'JWT', kid: id })}.${base64url(payload)}`;
        return `${signed}.${(0,external_node_crypto_.sign)('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
    };
    const read = (registry, kind, token) => {
        const [header, payload, signature, ...rest] = token.split('.');
        if (!header || !payload || !signature || rest.length > 0)
            return 'malformed_token';
        const good = (0,external_node_crypto_.verify)('sha256', Buffer.from(`${header}.${payload}`), publicKey, Buffer.from(signature, 'base64url'));
        if (!good)
            return 'invalid_token';
        const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
        const fits = claims.aud === registry.loginServer && claims.grant_type === kind && claims.exp * 1000 > now();
        return fits ? claims : 'invalid_token';
    };
    return {
        refresh: (registry, subject) => issue(registry, 'refresh_token', subject.objectId, {
            appid: subject.appId,
            tenant: subject.tenant,
            permissions: { Actions: subject.permissions, NotActions: null },
        }),
        access: (registry, subject) => issue(registry, 'access_token', subject.objectId, {
            access: subject.access,
            ...(subject.appId === undefined ? {} : { appid: subject.appId }),
        }),
        readRefresh: (registry, token) => read(registry, 'refresh_token', token),
        readAccess: (registry, token) => read(registry, 'access_token', token),
    };
}
/** Twelve groups of four letters and digits, the form of the recorded `kid`s. */
function keyId() {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
    const letters = [...(0,external_node_crypto_.randomBytes)(48)].map((byte) => alphabet.charAt(byte % alphabet.length)).join('');
    return (letters.match(/.{4}/g) ?? []).join(':');
}
function base64url(value) {
    return Buffer.from(JSON.stringify(value)).toString('base64url');
}

;// CONCATENATED MODULE: ./src/simulator/acr/index.ts






/**
 * One service for every registry of the cloud: challenge, token exchange, tokens by role assignment mode, manifests,
 * tags, catalog, blobs by redirect. Looks registries up on each request, so a changed cloud counts at once.
 */
function createRegistries(context) {
    const signing = createRegistryTokens(() => context.now());
    const blobs = createBlobStore(() => context.now());
    const byLoginServer = (host) => context.state.registries.find((registry) => registry.loginServer.toLowerCase() === host);
    const byBlobHost = (host) => context.state.registries.some((registry) => registry.blobHost.toLowerCase() === host);
    return {
        name: 'acr',
        serves: (host) => byLoginServer(host) !== undefined || byBlobHost(host),
        async answer(exchange) {
            const { url, method } = exchange;
            exchange.note.service = 'acr';
            const registry = byLoginServer(url.hostname);
            if (registry === undefined)
                return blobs.answer(context.state.registries, exchange);
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

;// CONCATENATED MODULE: ./src/simulator/cloud/ids.ts
/** Ids that a scenario leaves out: derived from names, so that every run has the same ones. */

/** A GUID that depends on the words alone, in the form that Azure's random ids have (version 4). */
function stableGuid(...words) {
    const hex = stableHex(32, 'guid', ...words);
    const variant = '89ab'[parseInt(hex.charAt(16), 16) % 4] ?? '8';
    return [
        hex.slice(0, 8),
        hex.slice(8, 12),
        `4${hex.slice(13, 16)}`,
        variant + hex.slice(17, 20),
        hex.slice(20, 32),
    ].join('-');
}
/** Lower-case hexadecimal digits that depend on the words alone; at most 64. */
function stableHex(digits, ...words) {
    return (0,external_node_crypto_.createHash)('sha256').update(words.join('\n').toLowerCase()).digest('hex').slice(0, digits);
}
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
function isGuid(text) {
    return GUID.test(text);
}

;// CONCATENATED MODULE: ./src/simulator/cloud/directory.ts
function principalByObjectId(state, objectId) {
    return state.principals.find((principal) => principal.objectId.toLowerCase() === objectId.toLowerCase());
}
function principalByClientId(state, clientId) {
    return state.principals.find((principal) => principal.kind !== 'user' && principal.clientId.toLowerCase() === clientId.toLowerCase());
}
/** Object ids of every group that holds this one, directly or through other groups. Cycles end. */
function groupsHolding(state, objectId) {
    const found = new Set();
    const waiting = [objectId.toLowerCase()];
    for (let member = waiting.pop(); member !== undefined; member = waiting.pop()) {
        for (const group of state.groups) {
            const id = group.objectId.toLowerCase();
            if (found.has(id) || !group.members.some((one) => one.toLowerCase() === member))
                continue;
            found.add(id);
            waiting.push(id);
        }
    }
    return [...found];
}
/** How Azure RBAC names a kind of principal. */
function principalTypeOf(state, objectId) {
    const principal = principalByObjectId(state, objectId);
    if (principal !== undefined)
        return principal.kind === 'user' ? 'User' : 'ServicePrincipal';
    const isGroup = state.groups.some((group) => group.objectId.toLowerCase() === objectId.toLowerCase());
    return isGroup ? 'Group' : undefined;
}

;// CONCATENATED MODULE: ./src/simulator/entra/tokens.ts
/** Access tokens of the simulated directory: RS256 JWTs that nobody else can make. */




/** Entra's lifetimes vary from 60 to 90 minutes; the shortest is what clients must bear. */
const DEFAULT_LIFETIME_S = 3600;
async function createSigningKey(name) {
    const { privateKey, publicKey } = await (0,external_node_util_.promisify)(external_node_crypto_.generateKeyPair)('rsa', { modulusLength: 2048 });
    const { n = '', e = '' } = (0,external_node_crypto_.createPublicKey)(publicKey.export({ type: 'spki', format: 'pem' })).export({
        format: 'jwk',
    });
    const kid = stableHex(40, name, n);
    const header = encoded({ typ: 'JWT', alg: 'RS256', x5t: kid, kid });
    return {
        jwk: { kty: 'RSA', use: 'sig', alg: 'RS256', kid, n, e },
        sign(claims) {
            const signed = `${header}.${encoded(claims)}`;
            return `${signed}.${(0,external_node_crypto_.createSign)('RSA-SHA256').update(signed).sign(privateKey, 'base64url')}`;
        },
        open: (token) => (isSignedBy(token, publicKey) ? claimsOf(token) : undefined),
    };
}
/** The claims that a token makes, unverified; undefined when it is no JWT. */
function claimsOf(token) {
    const [, payload] = token.split('.');
    if (payload === undefined)
        return undefined;
    try {
        const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
        return typeof claims === 'object' && claims !== null ? { ...claims } : undefined;
    }
    catch {
        return undefined;
    }
}
/**
 * The directory's access tokens. Claims are those of version 1.0 tokens, which ARM, the registries and AKS ask for
 * (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
 *
 * @param now milliseconds since the epoch
 */
async function createTokenIssuer(state, now) {
    const key = await createSigningKey('entra');
    const issuer = `https://sts.windows.net/${state.tenantId}/`;
    return {
        jwk: key.jwk,
        issue(principal, audience, lifetimeSeconds = DEFAULT_LIFETIME_S) {
            const seconds = Math.floor(now() / 1000);
            const groups = groupsHolding(state, principal.objectId);
            return key.sign({
                aud: audience,
                iss: issuer,
                iat: seconds,
                nbf: seconds,
                exp: seconds + lifetimeSeconds,
                appid: principal.clientId,
                idp: issuer,
                oid: principal.objectId,
                sub: principal.objectId,
                tid: state.tenantId,
                ...callerClaims(principal),
                // Real tokens of applications hold groups only where the resource asks for them; the AKS server application does.
                ...(groups.length === 0 ? {} : { groups }),
                ver: '1.0',
            });
        },
        verify(token, audiences) {
            const refuse = (kind, problem) => ({ kind, problem });
            const said = claimsOf(token);
            if (said === undefined)
                return refuse('malformed', 'it is not a JSON web token');
            const claims = key.open(token);
            if (claims === undefined || claims.iss !== issuer)
                return refuse('signature', 'it is not signed by this directory');
            const known = readClaims(claims);
            if (!audiences.some((audience) => sameAudience(audience, known.aud)))
                return refuse('audience', `it is for the audience ${known.aud}`);
            if (known.exp * 1000 <= now())
                return refuse('expired', `it expired at ${new Date(known.exp * 1000).toISOString()}`);
            return { claims: known };
        },
    };
}
function callerClaims(principal) {
    if (principal.kind === 'user')
        return {
            idtyp: 'user',
            name: principal.name,
            unique_name: principal.name,
            upn: principal.name,
            appidacr: '0',
        };
    return { idtyp: 'app', appidacr: principal.secrets.length > 0 ? '1' : '2' };
}
/** The claims of a token this directory signed itself, so their types are known. */
function readClaims(claims) {
    const text = (name) => String(claims[name]);
    return {
        aud: text('aud'),
        iss: text('iss'),
        tid: text('tid'),
        oid: text('oid'),
        appid: text('appid'),
        exp: Number(claims.exp),
        groups: Array.isArray(claims.groups) ? claims.groups.map(String) : [],
    };
}
/** Audiences are asked for with and without a closing slash, and mean the same. */
function sameAudience(one, other) {
    const bare = (audience) => audience.replace(/\/+$/, '').toLowerCase();
    return bare(one) === bare(other);
}
function isSignedBy(token, publicKey) {
    const parts = token.split('.');
    const [header, payload, signature] = parts;
    if (parts.length !== 3 || header === undefined || payload === undefined || signature === undefined)
        return false;
    return (0,external_node_crypto_.createVerify)('RSA-SHA256')
        .update(`${header}.${payload}`)
        .verify(publicKey, Buffer.from(signature, 'base64url'));
}
function encoded(value) {
    return Buffer.from(JSON.stringify(value)).toString('base64url');
}

;// CONCATENATED MODULE: ./src/simulator/cloud/arm-id.ts
const CLUSTER_TYPE = 'Microsoft.ContainerService/managedClusters';
const REGISTRY_TYPE = 'Microsoft.ContainerRegistry/registries';
const ROLE_ASSIGNMENT_TYPE = 'Microsoft.Authorization/roleAssignments';
const ROLE_DEFINITION_TYPE = 'Microsoft.Authorization/roleDefinitions';
function subscriptionId(subscription) {
    return `/subscriptions/${subscription}`;
}
function resourceGroupId(subscription, resourceGroup) {
    return `${subscriptionId(subscription)}/resourceGroups/${resourceGroup}`;
}
function clusterId(cluster) {
    return `${resourceGroupId(cluster.subscriptionId, cluster.resourceGroup)}/providers/${CLUSTER_TYPE}/${cluster.name}`;
}
function arm_id_registryId(registry) {
    return `${resourceGroupId(registry.subscriptionId, registry.resourceGroup)}/providers/${REGISTRY_TYPE}/${registry.name}`;
}
/** `/subscriptions/…/roleDefinitions/<guid>`, or tenant-wide without a subscription. */
function roleDefinitionId(role, subscription) {
    return `${subscription === undefined ? '' : subscriptionId(subscription)}/providers/${ROLE_DEFINITION_TYPE}/${role}`;
}
function roleAssignmentId(scope, name) {
    return `${scope === '/' ? '' : scope}/providers/${ROLE_ASSIGNMENT_TYPE}/${name}`;
}
/** The last part of an id. */
function lastPart(id) {
    return id.slice(id.lastIndexOf('/') + 1);
}
/** Whether two names or ids are the same to ARM, which does not look at case. */
function same(one, other) {
    return one.toLowerCase() === other.toLowerCase();
}
/** The subscription GUID in an id, in lower case. */
function subscriptionOf(id) {
    return /^\/subscriptions\/([^/]+)/i.exec(id)?.[1]?.toLowerCase();
}
/**
 * Whether `id` is `scope` or lies under it. Management groups hold the subscriptions that name them; `/` holds all.
 * Source: https://learn.microsoft.com/azure/role-based-access-control/scope-overview
 */
function isWithin(id, scope, subscriptions) {
    if (scope === '/')
        return true;
    const low = id.toLowerCase();
    const above = scope.toLowerCase().replace(/\/+$/, '');
    if (low === above || low.startsWith(`${above}/`))
        return true;
    const group = MANAGEMENT_GROUP.exec(above)?.[1];
    if (group === undefined)
        return false;
    const subscription = subscriptions.find((candidate) => candidate.id.toLowerCase() === subscriptionOf(low));
    return subscription?.managementGroups.some((name) => name.toLowerCase() === group) ?? false;
}
const MANAGEMENT_GROUP = /^\/providers\/microsoft\.management\/managementgroups\/([^/]+)$/;

;// CONCATENATED MODULE: ./src/simulator/arm/call.ts
/** The value of a named group. Routes only ask for groups that their pattern always fills. */
function parameter(call, name) {
    const value = call.parameters[name];
    if (value === undefined)
        throw new Error(`The route has no parameter ${name}.`);
    return value;
}
/** An answer in ARM's compact JSON. */
function ok(body, headers = {}) {
    return { status: 200, headers, body: JSON.stringify(body) };
}
/** Whether an api-version is at or after a stable one, or (previews) at or after a preview's date. */
function isSince(apiVersion, stable, preview) {
    const date = apiVersion.slice(0, 10);
    const isPreview = apiVersion.length > 10;
    return date >= (isPreview ? (preview ?? stable) : stable);
}

;// CONCATENATED MODULE: ./src/simulator/arm/errors.ts
/** An error of ARM or of a resource provider. */
class ArmError extends Error {
    status;
    code;
    more;
    name = 'ArmError';
    constructor(status, code, message, more = {}) {
        super(message);
        this.status = status;
        this.code = code;
        this.more = more;
    }
}
/** Errors that ARM's front answers itself say so, and carry no rate-limit header. */
const FROM_GATEWAY = { headers: { 'x-ms-failure-cause': 'gateway' } };
function resourceNotFound(type, name, resourceGroup) {
    return new ArmError(404, 'ResourceNotFound', `The Resource '${type}/${name}' under resource group '${resourceGroup}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`, FROM_GATEWAY);
}
function resourceGroupNotFound(resourceGroup) {
    return new ArmError(404, 'ResourceGroupNotFound', `Resource group '${resourceGroup}' could not be found.`, FROM_GATEWAY);
}
/** https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors */
function subscriptionNotFound(subscription) {
    return new ArmError(404, 'SubscriptionNotFound', `The subscription '${subscription}' could not be found.`, FROM_GATEWAY);
}
/** https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors */
function invalidSubscriptionId(subscription) {
    return new ArmError(400, 'InvalidSubscriptionId', `The provided subscription identifier '${subscription}' is malformed or invalid.`, FROM_GATEWAY);
}
/** Text: quoted widely for requests without the parameter. */
function missingApiVersion() {
    return new ArmError(400, 'MissingApiVersionParameter', 'The api-version query parameter (?api-version=) is required for all requests.', FROM_GATEWAY);
}
/**
 * @param client the user's name or the application's client id
 * @param unmetCondition the caller has the right under a condition that isn't met (recording: errors.quoted-in-public-docs.json)
 */
function authorizationFailed(client, objectId, action, scope, unmetCondition) {
    const lacks = unmetCondition
        ? 'has an authorization with ABAC condition that is not fulfilled'
        : 'does not have authorization';
    return new ArmError(403, 'AuthorizationFailed', `The client '${client}' with object id '${objectId}' ${lacks} to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`, FROM_GATEWAY);
}
function roleAssignmentExists() {
    return new ArmError(409, 'RoleAssignmentExists', 'The role assignment already exists.');
}
/** recording: errors.quoted-in-public-docs.json */
function roleAssignmentUpdateNotPermitted() {
    return new ArmError(400, 'RoleAssignmentUpdateNotPermitted', 'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.');
}
function principalNotFound(principalId, tenantId) {
    return new ArmError(400, 'PrincipalNotFound', `Principal ${undashed(principalId)} does not exist in the directory ${tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`);
}
/** The misspelt word is Azure's. */
function unmatchedPrincipalType(principalId, actual, given) {
    return new ArmError(400, 'UnmatchedPrincipalType', `The PrincipalId '${undashed(principalId)}' has type '${actual}' , which is different from specified PrinciaplType '${given}'.`);
}
/**
 * Code and text are quoted in public deployment logs and Azure PowerShell's tests; that a definition which is read
 * answers 404 is seen there too, and that one which is assigned does so as well is an assumption.
 */
function roleDefinitionDoesNotExist(role) {
    return new ArmError(404, 'RoleDefinitionDoesNotExist', `The specified role definition with ID '${undashed(role)}' does not exist.`);
}
/** Assumption: code and text are not recorded; a 404 is documented (role-assignments REST reference). */
function roleAssignmentNotFound(name) {
    return new ArmError(404, 'RoleAssignmentNotFound', `The role assignment '${name}' is not found.`);
}
/** Quoted in https://learn.microsoft.com/azure/aks/manage-local-accounts-managed-azure-ad; its form without the envelope is an assumption. */
function localAccountsDisabled() {
    return new ArmError(400, 'BadRequest', 'Getting static credential is not allowed because this cluster is set to disable local accounts.', { bare: true });
}
/**
 * A token that ARM refuses. Codes and texts as quoted in public threads on each code; the challenge's form as ARM's
 * clients parse it (authorization_uri, error, error_description). Which texts go together is an assumption.
 */
function unauthenticated(code, message, tenantId) {
    return new ArmError(401, code, message, {
        headers: {
            'x-ms-failure-cause': 'gateway',
            'www-authenticate': `Bearer authorization_uri="https://login.microsoftonline.com/${tenantId}", error="invalid_token", error_description="${message}"`,
        },
    });
}
/** The answer that an error is. */
function errorAnswer({ status, code, message, more }) {
    const error = { code, message };
    return {
        status,
        headers: { ...more.headers },
        body: JSON.stringify(more.bare === true ? error : { error }),
    };
}
function undashed(guid) {
    return guid.replaceAll('-', '');
}

;// CONCATENATED MODULE: ./src/simulator/cloud/condition.ts
/**
 * Conditions of role assignments, version 2.0: the grammar of
 * https://learn.microsoft.com/azure/role-based-access-control/conditions-format as far as the documented conditions for
 * registries (repository name) and for delegated role assignment use it. Anything else is not modelled.
 */

/** Whether the condition lets the subject pass. Throws {@link NotModelled} for what it can't read. */
function conditionMet(condition, subject) {
    return new Reader(condition, subject).whole();
}
const COMPARISONS = {
    stringequals: (actual, wanted) => actual === wanted,
    stringequalsignorecase: (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase(),
    stringstartswith: (actual, wanted) => actual.startsWith(wanted),
    stringstartswithignorecase: (actual, wanted) => actual.toLowerCase().startsWith(wanted.toLowerCase()),
    guidequals: (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase(),
};
/** `ForAnyOfAnyValues:GuidEquals {a, b}`: one of the attribute's values equals one of the listed. */
const ANY_OF_ANY = 'foranyofanyvalues:';
const TOKEN = /\s*(?:(?<attribute>@(?:Request|Resource)\[[^\]]+\])|(?<text>'[^']*')|(?<mark>[(){}!,])|(?<word>[A-Za-z0-9_:/.-]+))/iy;
/** Reads from left to right and evaluates as it reads; every part is read, whatever its value. */
class Reader {
    condition;
    subject;
    tokens;
    next = 0;
    constructor(condition, subject) {
        this.condition = condition;
        this.subject = subject;
        this.tokens = tokensOf(condition);
    }
    whole() {
        const met = this.either();
        if (this.next < this.tokens.length)
            this.fail();
        return met;
    }
    either() {
        let met = this.both();
        while (this.takeWord('OR'))
            met = this.both() || met;
        return met;
    }
    both() {
        let met = this.single();
        while (this.takeWord('AND'))
            met = this.single() && met;
        return met;
    }
    single() {
        if (this.take('!'))
            return !this.single();
        if (this.take('(')) {
            const met = this.either();
            this.expect(')');
            return met;
        }
        if (this.takeWord('ActionMatches'))
            return this.actionMatches();
        return this.comparison();
    }
    actionMatches() {
        this.expect('{');
        const pattern = this.text();
        this.expect('}');
        return actionMatches(pattern, this.subject.action);
    }
    comparison() {
        const attribute = /^@(?:Request|Resource)\[([^\]]+)\]$/i.exec(this.token())?.[1];
        if (attribute === undefined)
            return this.fail();
        const operator = this.token().toLowerCase();
        const compare = COMPARISONS[operator.replace(ANY_OF_ANY, '')];
        if (compare === undefined)
            return this.fail();
        const wanted = this.values(operator.startsWith(ANY_OF_ANY));
        const actual = this.attribute(attribute);
        // An attribute that the request doesn't have meets no comparison. Conditions guard theirs with ActionMatches.
        return actual !== undefined && wanted.some((value) => compare(actual, value));
    }
    attribute(name) {
        const found = Object.entries(this.subject.attributes).find(([key]) => key.toLowerCase() === name.toLowerCase());
        return found?.[1];
    }
    values(several) {
        if (!several)
            return [this.text()];
        this.expect('{');
        const values = [this.listed()];
        while (this.take(','))
            values.push(this.listed());
        this.expect('}');
        return values;
    }
    /** In lists, texts are quoted and GUIDs are not. */
    listed() {
        return this.tokens[this.next]?.startsWith("'") ? this.text() : this.token();
    }
    text() {
        const token = this.token();
        return token.startsWith("'") ? token.slice(1, -1) : this.fail();
    }
    token() {
        return this.tokens[this.next++] ?? this.fail();
    }
    take(mark) {
        if (this.tokens[this.next] !== mark)
            return false;
        this.next += 1;
        return true;
    }
    takeWord(word) {
        if (this.tokens[this.next]?.toLowerCase() !== word.toLowerCase())
            return false;
        this.next += 1;
        return true;
    }
    expect(mark) {
        if (!this.take(mark))
            this.fail();
    }
    fail() {
        throw new NotModelled(`The condition of a role assignment: ${this.condition}`);
    }
}
function tokensOf(condition) {
    const tokens = [];
    const text = condition.trim();
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.length) {
        const match = TOKEN.exec(text);
        if (match === null)
            throw new NotModelled(`The condition of a role assignment: ${condition}`);
        tokens.push(match[0].trim());
    }
    return tokens;
}
const patterns = new Map();
/** Whether an action such as `a/b/read` is covered by one with wildcards such as `Microsoft.Support/*`; case doesn't count. */
function actionMatches(pattern, action) {
    let known = patterns.get(pattern);
    if (known === undefined) {
        const escaped = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
        known = new RegExp(`^${escaped}$`, 'i');
        patterns.set(pattern, known);
    }
    return known.test(action);
}

;// CONCATENATED MODULE: ./src/simulator/cloud/rbac.ts




/** The attribute that conditions on repository data actions look at (azure-docs: container-registry-rbac-abac-repository-permissions). */
const REPOSITORY_NAME = 'Microsoft.ContainerRegistry/registries/repositories:name';
/**
 * Every assignment that counts for a principal at a scope: its own and its groups', at the scope and above, and in
 * effect at the time.
 *
 * @param at milliseconds since the epoch
 */
function contributions(state, principalId, scope, at) {
    return heldAt(state, principalId, scope).filter(({ assignment }) => assignment.effectiveAt <= at);
}
/** The role that an assignment or an id names; custom roles are found as well as built-in ones. */
function roleOf(state, roleDefinitionId) {
    const name = lastPart(roleDefinitionId).toLowerCase();
    return state.roleDefinitions.find((role) => role.name === name);
}
/**
 * Decides one question. Throws {@link NotModelled} when only a condition that is not modelled stands between
 * the caller and the answer.
 */
function decide(state, question, at) {
    const held = heldAt(state, question.principalId, question.scope).filter(({ role }) => role.permissions.some((permission) => permits(permission, question)));
    const works = ({ assignment }) => assignment.effectiveAt <= at;
    let notModelled;
    let unmet;
    for (const contribution of held.filter(works)) {
        try {
            if (meetsCondition(contribution.assignment, question))
                return { allowed: true, why: `allowed by ${describe(contribution)}` };
            unmet = contribution;
        }
        catch (error) {
            if (!(error instanceof NotModelled))
                throw error;
            notModelled = error;
        }
    }
    if (notModelled !== undefined)
        throw notModelled;
    if (unmet !== undefined)
        return {
            allowed: false,
            unmetCondition: true,
            why: `denied: the condition of ${describe(unmet)} is not met`,
        };
    const [waiting] = held.filter((contribution) => !works(contribution));
    if (waiting !== undefined) {
        const seconds = ((waiting.assignment.effectiveAt - at) / 1000).toFixed(1);
        return { allowed: false, why: `denied: ${describe(waiting)} works in ${seconds} s` };
    }
    return { allowed: false, why: `denied: nothing gives ${question.action}` };
}
/** Whether a permission covers a question's action. What is subtracted is only subtracted from the same permission. */
function permits(permission, { kind, action }) {
    const [given, taken] = kind === 'action'
        ? [permission.actions, permission.notActions]
        : [permission.dataActions, permission.notDataActions];
    const covers = (pattern) => actionMatches(pattern, action);
    return given.some(covers) && !taken.some(covers);
}
function heldAt(state, principalId, scope) {
    const holders = new Set([principalId.toLowerCase(), ...groupsHolding(state, principalId)]);
    return state.roleAssignments
        .filter((assignment) => holders.has(assignment.principalId.toLowerCase()) &&
        isWithin(scope, assignment.scope, state.subscriptions))
        .flatMap((assignment) => {
        const role = roleOf(state, assignment.roleDefinitionId);
        return role === undefined ? [] : [{ assignment, role }];
    });
}
function meetsCondition({ condition }, question) {
    if (condition === null)
        return true;
    const attributes = {
        ...question.attributes,
        ...(question.repository === undefined ? {} : { [REPOSITORY_NAME]: question.repository }),
    };
    return conditionMet(condition, { action: question.action, attributes });
}
function describe({ assignment, role }) {
    return `${role.roleName} at ${assignment.scope}`;
}

;// CONCATENATED MODULE: ./src/simulator/arm/resources.ts
/** What the routes of several providers share: paths, existence, and lists that hold only what a caller may read. */



/** Parts of routes' patterns. */
const subscriptionPath = '/subscriptions/(?<subscription>[^/]+)';
const groupPath = `${subscriptionPath}/resourceGroups/(?<group>[^/]+)`;
function requireSubscription(state, subscription) {
    const found = state.subscriptions.find(({ id }) => same(id, subscription));
    if (found === undefined)
        throw subscriptionNotFound(subscription);
    return found;
}
function requireResourceGroup(state, subscription, group) {
    const { resourceGroups } = requireSubscription(state, subscription);
    if (!resourceGroups.some(({ name }) => same(name, group)))
        throw resourceGroupNotFound(group);
}
/**
 * A list over a subscription or a resource group holds what the caller may read in it; a caller with no right at all
 * there is refused. Assumption: that is how lists are seen to behave for callers whose rights are on single groups.
 */
function visible(context, call, scope, items, idOf, action) {
    const { objectId, client } = call.caller;
    if (!knowsOf(context, objectId, scope))
        throw authorizationFailed(client, objectId, action, scope, false);
    return items.filter((item) => context.decide({ principalId: objectId, action, kind: 'action', scope: idOf(item) }).allowed);
}
/** Whether a principal holds anything at, above or below a scope. */
function knowsOf({ state, now }, principalId, scope) {
    if (contributions(state, principalId, scope, now()).length > 0)
        return true;
    return state.roleAssignments.some((assignment) => isWithin(assignment.scope, scope, state.subscriptions) &&
        contributions(state, principalId, assignment.scope, now()).length > 0);
}
/** The subscriptions that a principal holds anything in. */
function knownSubscriptions(context, principalId) {
    return context.state.subscriptions.filter(({ id }) => knowsOf(context, principalId, subscriptionId(id)));
}

;// CONCATENATED MODULE: ./src/simulator/arm/clusters.ts
/** Microsoft.ContainerService/managedClusters (recordings: managedClusters.GET.variants.json, managedClusters.LIST.json, listClusterUserCredential.json). */






const READ = `${CLUSTER_TYPE}/read`;
function clusterRoutes(context, kubeconfigs) {
    const { state } = context;
    const one = `(?<id>${groupPath}/providers/Microsoft\\.ContainerService/managedClusters/(?<name>[^/]+))`;
    const find = (call) => {
        const [subscription, group, name] = [
            parameter(call, 'subscription'),
            parameter(call, 'group'),
            parameter(call, 'name'),
        ];
        requireResourceGroup(state, subscription, group);
        const found = state.clusters.find((cluster) => same(cluster.subscriptionId, subscription) &&
            same(cluster.resourceGroup, group) &&
            same(cluster.name, name));
        if (found === undefined)
            throw resourceNotFound(CLUSTER_TYPE, name, group);
        return found;
    };
    const listed = (call, clusters) => pretty({
        value: visible(context, call, parameter(call, 'scope'), clusters, clusterId, READ).map((cluster) => clusterBody(cluster, state.tenantId, call.apiVersion)),
    });
    const credential = (kind, make) => ({
        name: `POST managedCluster/listCluster${kind}Credential`,
        method: 'POST',
        pattern: new RegExp(`^${one}/listCluster${kind}Credential$`, 'i'),
        demand: (call) => ({
            action: `${CLUSTER_TYPE}/listCluster${kind}Credential/action`,
            scope: parameter(call, 'id'),
        }),
        async answer(call) {
            const cluster = find(call);
            if (call.query.has('server-fqdn'))
                throw new NotModelled("The parameter server-fqdn isn't.");
            if (kind === 'Admin' && cluster.disableLocalAccounts)
                throw localAccountsDisabled();
            const value = Buffer.from(await make(cluster)).toString('base64');
            return pretty({ kubeconfigs: [{ name: `cluster${kind}`, value }] });
        },
    });
    return [
        {
            name: 'GET managedCluster',
            method: 'GET',
            pattern: new RegExp(`^${one}$`, 'i'),
            demand: (call) => ({ action: READ, scope: parameter(call, 'id') }),
            answer: (call) => pretty(clusterBody(find(call), state.tenantId, call.apiVersion)),
        },
        {
            name: 'GET managedClusters of a subscription',
            method: 'GET',
            pattern: new RegExp(`^(?<scope>${subscriptionPath})/providers/Microsoft\\.ContainerService/managedClusters$`, 'i'),
            answer: (call) => listed(call, state.clusters.filter((cluster) => same(cluster.subscriptionId, parameter(call, 'subscription')))),
        },
        {
            name: 'GET managedClusters of a resource group',
            method: 'GET',
            pattern: new RegExp(`^(?<scope>${groupPath})/providers/Microsoft\\.ContainerService/managedClusters$`, 'i'),
            answer(call) {
                const [subscription, group] = [parameter(call, 'subscription'), parameter(call, 'group')];
                const within = state.clusters.filter((cluster) => same(cluster.subscriptionId, subscription) && same(cluster.resourceGroup, group));
                const answer = listed(call, within);
                requireResourceGroup(state, subscription, group);
                return answer;
            },
        },
        credential('User', (cluster) => kubeconfigs.userKubeconfig(cluster)),
        credential('Admin', (cluster) => kubeconfigs.adminKubeconfig(cluster)),
    ];
}
/** The provider's own answers are pretty-printed, one blank a level, and name no charset. */
function pretty(body) {
    return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body, null, 1),
    };
}
/**
 * A cluster as it is served. Since when an api-version has a property: Azure/azure-rest-api-specs,
 * containerservice/…/aks/<version>/managedClusters.json.
 */
function clusterBody(cluster, tenantId, apiVersion) {
    const { entra, kubeletIdentity, privateCluster, location } = cluster;
    const since = (version, part) => (isSince(apiVersion, version) ? part : {});
    const isServicePrincipal = cluster.servicePrincipalClientId !== 'msi';
    const portal = cluster.fqdn.replace('.hcp.', '.portal.hcp.');
    return {
        // The provider writes the group's part in lower case and its own type with a capital M.
        id: clusterId(cluster).replace('/resourceGroups/', '/resourcegroups/'),
        location,
        name: cluster.name,
        type: 'Microsoft.ContainerService/ManagedClusters',
        properties: {
            provisioningState: cluster.provisioningState,
            powerState: { code: cluster.powerState },
            kubernetesVersion: cluster.kubernetesVersion,
            ...since('2022-09-01', { currentKubernetesVersion: cluster.kubernetesVersion }),
            dnsPrefix: cluster.fqdn.split('.', 1)[0],
            ...(privateCluster ? { privateFQDN: cluster.fqdn } : { fqdn: cluster.fqdn }),
            ...(privateCluster ? {} : since('2021-02-01', { azurePortalFQDN: portal })),
            agentPoolProfiles: cluster.pools.map((pool) => poolBody(pool, cluster, apiVersion)),
            servicePrincipalProfile: { clientId: cluster.servicePrincipalClientId },
            nodeResourceGroup: cluster.nodeResourceGroup,
            enableRBAC: true,
            ...since('2023-05-01', { supportPlan: 'KubernetesOfficial' }),
            networkProfile: {
                networkPlugin: 'azure',
                loadBalancerSku: 'standard',
                podCidr: '10.244.0.0/16',
                serviceCidr: '10.0.0.0/16',
                dnsServiceIP: '10.0.0.10',
                outboundType: 'loadBalancer',
            },
            ...(entra === undefined
                ? {}
                : {
                    aadProfile: {
                        managed: true,
                        adminGroupObjectIDs: entra.adminGroupObjectIds.length === 0 ? null : entra.adminGroupObjectIds,
                        enableAzureRBAC: entra.azureRbac,
                        tenantID: tenantId,
                    },
                }),
            maxAgentPools: 100,
            ...(privateCluster
                ? { apiServerAccessProfile: { enablePrivateCluster: true, privateDNSZone: 'system' } }
                : {}),
            ...(kubeletIdentity === undefined ? {} : { identityProfile: { kubeletidentity: kubeletIdentity } }),
            ...since('2021-05-01', { disableLocalAccounts: cluster.disableLocalAccounts }),
            ...since('2023-10-01', { resourceUID: stableHex(24, 'resource', clusterId(cluster)) }),
        },
        ...(isServicePrincipal
            ? {}
            : {
                identity: {
                    type: 'SystemAssigned',
                    principalId: stableGuid('control plane', clusterId(cluster)),
                    tenantId,
                },
            }),
        sku: { name: isSince(apiVersion, '2023-02-01') ? 'Base' : 'Basic', tier: 'Free' },
    };
}
function poolBody(pool, cluster, apiVersion) {
    const since = (version, part) => (isSince(apiVersion, version) ? part : {});
    return {
        name: pool.name,
        count: pool.count,
        vmSize: pool.vmSize,
        maxPods: 110,
        type: 'VirtualMachineScaleSets',
        enableAutoScaling: false,
        provisioningState: cluster.provisioningState,
        powerState: { code: cluster.powerState },
        orchestratorVersion: cluster.kubernetesVersion,
        ...since('2022-09-01', { currentOrchestratorVersion: cluster.kubernetesVersion }),
        mode: pool.mode,
        osType: pool.osType,
        ...since('2021-05-01', { osSKU: pool.osSku }),
        nodeImageVersion: pool.nodeImageVersion,
        ...(pool.taints.length === 0 ? {} : { nodeTaints: pool.taints }),
    };
}

;// CONCATENATED MODULE: ./src/simulator/arm/registries.ts
/** Microsoft.ContainerRegistry/registries (recordings: registries.GET.variants.json, registries.LIST.json, acr.abac.recording.json). */




const registries_READ = `${REGISTRY_TYPE}/read`;
function registryRoutes(context) {
    const { state } = context;
    const provider = '/providers/Microsoft\\.ContainerRegistry/registries';
    const listed = (call, registries) => answered(call, {
        value: visible(context, call, parameter(call, 'scope'), registries, arm_id_registryId, registries_READ).map((registry) => registryBody(registry, call.apiVersion)),
    });
    return [
        {
            name: 'GET registry',
            method: 'GET',
            pattern: new RegExp(`^(?<id>${groupPath}${provider}/(?<name>[^/]+))$`, 'i'),
            demand: (call) => ({ action: registries_READ, scope: parameter(call, 'id') }),
            answer(call) {
                const [subscription, group, name] = [
                    parameter(call, 'subscription'),
                    parameter(call, 'group'),
                    parameter(call, 'name'),
                ];
                requireResourceGroup(state, subscription, group);
                const found = state.registries.find((registry) => same(registry.subscriptionId, subscription) &&
                    same(registry.resourceGroup, group) &&
                    same(registry.name, name));
                if (found === undefined)
                    throw resourceNotFound(REGISTRY_TYPE, name, group);
                return answered(call, registryBody(found, call.apiVersion));
            },
        },
        {
            name: 'GET registries of a subscription',
            method: 'GET',
            pattern: new RegExp(`^(?<scope>${subscriptionPath})${provider}$`, 'i'),
            answer: (call) => listed(call, state.registries.filter((registry) => same(registry.subscriptionId, parameter(call, 'subscription')))),
        },
        {
            name: 'GET registries of a resource group',
            method: 'GET',
            pattern: new RegExp(`^(?<scope>${groupPath})${provider}$`, 'i'),
            answer(call) {
                const [subscription, group] = [parameter(call, 'subscription'), parameter(call, 'group')];
                const within = state.registries.filter((registry) => same(registry.subscriptionId, subscription) && same(registry.resourceGroup, group));
                const answer = listed(call, within);
                requireResourceGroup(state, subscription, group);
                return answer;
            },
        },
    ];
}
function answered(call, body) {
    return ok(body, { 'api-supported-versions': call.apiVersion });
}
/**
 * A registry as it is served. Since when an api-version has a property: Azure/azure-rest-api-specs,
 * containerregistry/…/<version>/containerregistry.json; what an older one doesn't know is left out, the mode too.
 */
function registryBody(registry, apiVersion) {
    const { sku, creationDate } = registry;
    const since = (version, part) => (isSince(apiVersion, version) ? part : {});
    const changed = creationDate.replace('Z', '+00:00');
    // Stable from 2025-11-01, in previews from 2025-03-01.
    const tellsMode = isSince(apiVersion, '2025-11-01', '2025-03-01');
    return {
        sku: { name: sku, tier: sku },
        type: REGISTRY_TYPE,
        id: arm_id_registryId(registry),
        name: registry.name,
        location: registry.location,
        tags: {},
        ...since('2019-12-01', {
            systemData: {
                createdBy: 'admin@contoso.com',
                createdByType: 'User',
                createdAt: changed,
                lastModifiedBy: 'admin@contoso.com',
                lastModifiedByType: 'User',
                lastModifiedAt: changed,
            },
        }),
        properties: {
            loginServer: registry.loginServer,
            creationDate,
            provisioningState: 'Succeeded',
            adminUserEnabled: false,
            ...(sku === 'Premium'
                ? { networkRuleSet: { defaultAction: registry.networkDefaultAction, ipRules: [] } }
                : {}),
            ...since('2019-05-01', {
                policies: {
                    quarantinePolicy: { status: 'disabled' },
                    trustPolicy: { type: 'Notary', status: 'disabled' },
                    retentionPolicy: { days: 7, lastUpdatedTime: changed, status: 'disabled' },
                    ...since('2021-08-01', { exportPolicy: { status: 'enabled' } }),
                    ...since('2022-02-01', {
                        azureADAuthenticationAsArmPolicy: { status: registry.armAudienceTokens },
                    }),
                },
            }),
            ...since('2019-12-01', {
                encryption: { status: 'disabled' },
                dataEndpointEnabled: registry.dataEndpointEnabled,
                dataEndpointHostNames: registry.dataEndpointEnabled ? [registry.blobHost] : [],
                privateEndpointConnections: [],
                publicNetworkAccess: registry.publicNetworkAccess,
                networkRuleBypassOptions: 'AzureServices',
            }),
            ...since('2020-11-01', {
                zoneRedundancy: 'Disabled',
                anonymousPullEnabled: registry.anonymousPullEnabled,
            }),
            ...(tellsMode ? { roleAssignmentMode: registry.roleAssignmentMode } : {}),
        },
    };
}

;// CONCATENATED MODULE: ./src/simulator/arm/resource-graph.ts
/**
 * Microsoft.ResourceGraph: the one query shape that finds registries by login server or name (recording:
 * resourceGraph.json for the answer's form). Rows that the caller can't read are missing, without a word.
 */




const QUERY = /^\s*Resources\s*\|\s*where\s+type\s*=~\s*'microsoft\.containerregistry\/registries'\s*\|\s*where\s+(?<column>properties\.loginServer|name)\s*=~\s*'(?<value>[^']*)'\s*\|\s*project\s+(?<columns>[\w.=,\s]+?)\s*$/i;
/** Properties of rows are those of this api-version: the table has the newest. */
const ROW_VERSION = '2025-11-01';
function resourceGraphRoutes(context) {
    return [
        {
            name: 'POST /providers/Microsoft.ResourceGraph/resources',
            method: 'POST',
            pattern: /^\/providers\/Microsoft\.ResourceGraph\/resources$/i,
            answer(call) {
                const { query, subscriptions } = readBody(call);
                const match = QUERY.exec(query)?.groups;
                if (match === undefined)
                    throw new NotModelled(`The query "${query}" isn't.`);
                const { column = '', value = '', columns = '' } = match;
                const data = context.state.registries
                    .filter((registry) => subscriptions?.some((one) => same(one, registry.subscriptionId)) ?? true)
                    .filter((registry) => same(column === 'name' ? registry.name : registry.loginServer, value))
                    .filter((registry) => mayRead(context, call, registry))
                    .map((registry) => project(row(registry), columns));
                return ok({ totalRecords: data.length, count: data.length, data, facets: [], resultTruncated: 'false' }, {
                    'x-ms-user-quota-remaining': '14',
                    'x-ms-user-quota-resets-after': '00:00:05',
                    'x-ms-ratelimit-remaining-tenant-resource-requests': '14',
                });
            },
        },
    ];
}
function mayRead(context, { caller }, registry) {
    return context.decide({
        principalId: caller.objectId,
        action: `${REGISTRY_TYPE}/read`,
        kind: 'action',
        scope: arm_id_registryId(registry),
    }).allowed;
}
function readBody({ body }) {
    const document = JSON.parse(body.toString('utf8') || 'null');
    if (typeof document !== 'object' || document === null)
        throw new NotModelled("A request without a query isn't.");
    const { query, subscriptions, managementGroups, options } = document;
    if (typeof query !== 'string')
        throw new NotModelled("A request without a query isn't.");
    if (managementGroups !== undefined)
        throw new NotModelled("A query over management groups isn't.");
    if (typeof options === 'object' &&
        options !== null &&
        'resultFormat' in options &&
        options.resultFormat !== 'objectArray')
        throw new NotModelled("A result that is no array of objects isn't.");
    return { query, subscriptions: Array.isArray(subscriptions) ? subscriptions.map(String) : undefined };
}
/** The table writes types in lower case. */
function row(registry) {
    return {
        ...registryBody(registry, ROW_VERSION),
        type: REGISTRY_TYPE.toLowerCase(),
        resourceGroup: registry.resourceGroup.toLowerCase(),
        subscriptionId: registry.subscriptionId,
    };
}
/** `name`, `properties.loginServer` or `alias = properties.loginServer`. */
function project(whole, columns) {
    return Object.fromEntries(columns.split(',').map((column) => {
        const [left = '', right = left] = column.split('=').map((part) => part.trim());
        // Kusto names a column that is only a path after the path, with underscores.
        const alias = left === right ? left.replaceAll('.', '_') : left;
        return [alias, valueAt(whole, right)];
    }));
}
function valueAt(whole, path) {
    let value = whole;
    for (const part of path.split('.')) {
        if (typeof value !== 'object' || value === null || !(part in value))
            throw new NotModelled(`The column "${path}" isn't.`);
        value = value[part];
    }
    return value;
}

// EXTERNAL MODULE: ./node_modules/yaml/dist/index.js
var dist = __webpack_require__(38815);
;// CONCATENATED MODULE: ./src/simulator/ci/names.ts
/** Names of GitHub's token service and of the audience that Entra asks for. */
/** Issuer of Actions' tokens (docs.github.com: about security hardening with OpenID Connect). */
const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';
/** Host that a job asks for its token. Its name varies between jobs: run-actions-<n>-azure-<region>. */
const GITHUB_TOKEN_HOST = 'run-actions-1-azure-eastus.actions.githubusercontent.com';
/** Audience of federated credentials (learn.microsoft.com: workload-identity-federation). */
const TOKEN_EXCHANGE_AUDIENCE = 'api://AzureADTokenExchange';

// EXTERNAL MODULE: external "node:zlib"
var external_node_zlib_ = __webpack_require__(38522);
;// CONCATENATED MODULE: ./src/simulator/cloud/images.ts
/**
 * Container images as real bytes: what a push would have left in a registry. Layers are gzipped tars, digests are
 * true, and the same specification always gives the same bytes (nothing depends on time, machine or zlib version).
 */


/** Media types of the OCI image specification: github.com/opencontainers/image-spec media-types.md. */
const MEDIA_TYPES = {
    index: 'application/vnd.oci.image.index.v1+json',
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
};
/** `sha256:` and the hexadecimal digest of some content. */
function digestOf(content) {
    return `sha256:${(0,external_node_crypto_.createHash)('sha256').update(content).digest('hex')}`;
}
/** The program that every built image holds and names as its entry point. */
const ENTRY_POINT = '/app/serve';
/**
 * Builds a repository with its images: index, manifests, configs and layers. Throws when `index: false` is asked for
 * anything but exactly one platform.
 */
function buildRepository(spec) {
    const repository = { name: spec.name, manifests: new Map(), tags: new Map(), blobs: new Map() };
    for (const image of spec.images) {
        const platforms = image.platforms.map((platform) => addPlatformImage(repository, image, platform));
        const [only] = platforms;
        if (image.index === false) {
            if (only === undefined || platforms.length !== 1) {
                throw new Error(`${spec.name}:${image.tag}: a single manifest has exactly one platform`);
            }
            repository.tags.set(image.tag, only.digest);
            continue;
        }
        const index = addManifest(repository, MEDIA_TYPES.index, {
            schemaVersion: 2,
            mediaType: MEDIA_TYPES.index,
            manifests: platforms,
        });
        repository.tags.set(image.tag, index.digest);
    }
    return repository;
}
function addPlatformImage(repository, image, platform) {
    const [os = 'linux', architecture = 'amd64'] = platform.split('/');
    const label = `${repository.name}:${image.tag} for ${platform}`;
    const tars = Array.from({ length: image.layers ?? 2 }, (_, index) => tarOf(index === 0
        ? { path: ENTRY_POINT.slice(1), content: `${label}\n`, executable: true }
        : { path: `app/data-${index}`, content: `${label}, layer ${index}\n`.repeat(32), executable: false }));
    // Stored, not compressed: deflate's output differs between zlib versions, and digests shouldn't.
    const layers = tars.map((tar) => addBlob(repository, MEDIA_TYPES.layer, withNeutralHeader((0,external_node_zlib_.gzipSync)(tar, { level: 0 }))));
    const config = addBlob(repository, MEDIA_TYPES.config, Buffer.from(JSON.stringify({
        architecture,
        os,
        config: { Entrypoint: [ENTRY_POINT], Env: ['PATH=/usr/local/bin:/usr/bin:/bin'] },
        rootfs: { type: 'layers', diff_ids: tars.map(digestOf) },
    })));
    const manifest = addManifest(repository, MEDIA_TYPES.manifest, {
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.manifest,
        config,
        layers,
    });
    return { ...manifest, platform: { architecture, os } };
}
function addBlob(repository, mediaType, content) {
    const digest = digestOf(content);
    repository.blobs.set(digest, content);
    return { mediaType, digest, size: content.length };
}
function addManifest(repository, mediaType, value) {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = digestOf(bytes);
    repository.manifests.set(digest, { mediaType, bytes });
    return { mediaType, digest, size: bytes.length };
}
/** The ninth and tenth bytes of a gzip header tell of the compressor and its machine: 0 and 255 say nothing (RFC 1952). */
function withNeutralHeader(gzip) {
    gzip[8] = 0;
    gzip[9] = 255;
    return gzip;
}
const BLOCK = 512;
/** A tar archive of one file: a ustar header (POSIX.1-1988), the padded content, two empty blocks. */
function tarOf(file) {
    const content = Buffer.from(file.content);
    const header = Buffer.alloc(BLOCK);
    const octal = (value, length) => value.toString(8).padStart(length - 1, '0') + '\0';
    header.write(file.path, 0);
    header.write(octal(file.executable ? 0o755 : 0o644, 8), 100);
    header.write(octal(0, 8), 108);
    header.write(octal(0, 8), 116);
    header.write(octal(content.length, 12), 124);
    header.write(octal(0, 12), 136);
    header.write(' '.repeat(8), 148);
    header.write('0', 156);
    header.write('ustar\x0000', 257);
    const checksum = header.reduce((sum, byte) => sum + byte, 0);
    header.write(`${checksum.toString(8).padStart(6, '0')}\0 `, 148);
    const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
    return Buffer.concat([header, content, padding, Buffer.alloc(2 * BLOCK)]);
}
/** Paths of the files in an uncompressed tar, each with a leading slash. Reads plain ustar headers only. */
function filesInTar(tar) {
    const files = [];
    for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0;) {
        const path = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
        const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8);
        files.push(`/${path}`);
        at += BLOCK + Math.ceil((Number.isNaN(size) ? 0 : size) / BLOCK) * BLOCK;
    }
    return files;
}

;// CONCATENATED MODULE: ./src/simulator/cloud/roles.ts
const BUILT_IN = [
    {
        name: '8e3af657-a8ff-443c-a75c-2fe8c4bcb635',
        roleName: 'Owner',
        actions: ['*'],
    },
    {
        name: 'b24988ac-6180-42a0-ab88-20f7382dd24c',
        roleName: 'Contributor',
        actions: ['*'],
        notActions: [
            'Microsoft.Authorization/*/Delete',
            'Microsoft.Authorization/*/Write',
            'Microsoft.Authorization/elevateAccess/Action',
            'Microsoft.Blueprint/blueprintAssignments/write',
            'Microsoft.Blueprint/blueprintAssignments/delete',
            'Microsoft.Compute/galleries/share/action',
            'Microsoft.Purview/consents/write',
            'Microsoft.Purview/consents/delete',
            'Microsoft.Resources/deploymentStacks/manageDenySetting/action',
            'Microsoft.Subscription/cancel/action',
            'Microsoft.Subscription/enable/action',
        ],
    },
    {
        name: 'acdd72a7-3385-48ef-bd42-f606fba81ae7',
        roleName: 'Reader',
        actions: ['*/read'],
    },
    {
        name: '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9',
        roleName: 'User Access Administrator',
        actions: ['*/read', 'Microsoft.Authorization/*', 'Microsoft.Support/*'],
    },
    {
        name: 'f58310d9-a9f6-439a-9e8d-f62e7b41a168',
        roleName: 'Role Based Access Control Administrator',
        actions: [
            'Microsoft.Authorization/roleAssignments/write',
            'Microsoft.Authorization/roleAssignments/delete',
            '*/read',
            'Microsoft.Support/*',
        ],
    },
    {
        name: '7f951dda-4ed3-4680-a7ca-43fe172d538d',
        roleName: 'AcrPull',
        actions: ['Microsoft.ContainerRegistry/registries/pull/read'],
    },
    {
        name: '8311e382-0749-4cb8-b61a-304f252e45ec',
        roleName: 'AcrPush',
        actions: [
            'Microsoft.ContainerRegistry/registries/pull/read',
            'Microsoft.ContainerRegistry/registries/push/write',
        ],
    },
    {
        name: 'c2f4ef07-c644-48eb-af81-4b1b4947fb11',
        roleName: 'AcrDelete',
        actions: ['Microsoft.ContainerRegistry/registries/artifacts/delete'],
    },
    {
        name: 'b93aa761-3e63-49ed-ac28-beffa264f7ac',
        roleName: 'Container Registry Repository Reader',
        dataActions: [
            'Microsoft.ContainerRegistry/registries/repositories/metadata/read',
            'Microsoft.ContainerRegistry/registries/repositories/content/read',
        ],
    },
    {
        name: '2a1e307c-b015-4ebd-883e-5b7698a07328',
        roleName: 'Container Registry Repository Writer',
        dataActions: [
            'Microsoft.ContainerRegistry/registries/repositories/metadata/read',
            'Microsoft.ContainerRegistry/registries/repositories/content/read',
            'Microsoft.ContainerRegistry/registries/repositories/metadata/write',
            'Microsoft.ContainerRegistry/registries/repositories/content/write',
        ],
    },
    {
        name: '2efddaa5-3f1f-4df3-97df-af3f13818f4c',
        roleName: 'Container Registry Repository Contributor',
        dataActions: [
            'Microsoft.ContainerRegistry/registries/repositories/metadata/read',
            'Microsoft.ContainerRegistry/registries/repositories/content/read',
            'Microsoft.ContainerRegistry/registries/repositories/metadata/write',
            'Microsoft.ContainerRegistry/registries/repositories/content/write',
            'Microsoft.ContainerRegistry/registries/repositories/metadata/delete',
            'Microsoft.ContainerRegistry/registries/repositories/content/delete',
        ],
    },
    {
        name: 'bfdb9389-c9a5-478a-bb2f-ba9ca092c3c7',
        roleName: 'Container Registry Repository Catalog Lister',
        dataActions: ['Microsoft.ContainerRegistry/registries/catalog/read'],
    },
    {
        name: '577a9874-89fd-4f24-9dbd-b5034d0ad23a',
        roleName: 'Container Registry Data Importer and Data Reader',
        actions: [
            'Microsoft.ContainerRegistry/registries/importImage/action',
            'Microsoft.ContainerRegistry/registries/read',
            'Microsoft.ContainerRegistry/registries/pull/read',
        ],
        dataActions: [
            'Microsoft.ContainerRegistry/registries/repositories/content/read',
            'Microsoft.ContainerRegistry/registries/repositories/metadata/read',
            'Microsoft.ContainerRegistry/registries/catalog/read',
        ],
    },
    {
        name: '4abbcc35-e782-43d8-92c5-2d3f1bd2253f',
        roleName: 'Azure Kubernetes Service Cluster User Role',
        actions: [
            'Microsoft.ContainerService/managedClusters/listClusterUserCredential/action',
            'Microsoft.ContainerService/managedClusters/read',
        ],
    },
    {
        name: '0ab0b1a8-8aac-4efd-b8c2-3ee1fb270be8',
        roleName: 'Azure Kubernetes Service Cluster Admin Role',
        actions: [
            'Microsoft.ContainerService/managedClusters/listClusterAdminCredential/action',
            'Microsoft.ContainerService/managedClusters/accessProfiles/listCredential/action',
            'Microsoft.ContainerService/managedClusters/read',
            'Microsoft.ContainerService/managedClusters/runcommand/action',
        ],
    },
    {
        name: 'ed7f3fbd-7b88-4dd4-9017-9adb7ce333f8',
        roleName: 'Azure Kubernetes Service Contributor Role',
        actions: [
            'Microsoft.Authorization/*/read',
            'Microsoft.ContainerService/locations/*',
            'Microsoft.ContainerService/managedClusters/*',
            'Microsoft.ContainerService/managedclustersnapshots/*',
            'Microsoft.ContainerService/snapshots/*',
            'Microsoft.Insights/alertRules/*',
            'Microsoft.Resources/deployments/*',
            'Microsoft.Resources/subscriptions/resourceGroups/read',
            'Microsoft.ContainerService/deploymentSafeguards/*',
        ],
    },
    {
        name: 'b1ff04bb-8a4e-4dc4-8eb5-8693973ce19b',
        roleName: 'Azure Kubernetes Service RBAC Cluster Admin',
        actions: [
            'Microsoft.Authorization/*/read',
            'Microsoft.Resources/subscriptions/operationresults/read',
            'Microsoft.Resources/subscriptions/read',
            'Microsoft.Resources/subscriptions/resourceGroups/read',
            'Microsoft.ContainerService/managedClusters/listClusterUserCredential/action',
        ],
        dataActions: ['Microsoft.ContainerService/managedClusters/*'],
    },
    {
        name: '3498e952-d568-435e-9b2c-8d77e338d7f7',
        roleName: 'Azure Kubernetes Service RBAC Admin',
        actions: [
            'Microsoft.Authorization/*/read',
            'Microsoft.Resources/subscriptions/operationresults/read',
            'Microsoft.Resources/subscriptions/read',
            'Microsoft.Resources/subscriptions/resourceGroups/read',
            'Microsoft.ContainerService/managedClusters/listClusterUserCredential/action',
        ],
        dataActions: ['Microsoft.ContainerService/managedClusters/*'],
        notDataActions: [
            'Microsoft.ContainerService/managedClusters/resourcequotas/write',
            'Microsoft.ContainerService/managedClusters/resourcequotas/delete',
            'Microsoft.ContainerService/managedClusters/namespaces/write',
            'Microsoft.ContainerService/managedClusters/namespaces/delete',
        ],
    },
    {
        name: 'a7ffa36f-339b-4b5c-8bdf-e2c188b2c0eb',
        roleName: 'Azure Kubernetes Service RBAC Writer',
        actions: [
            'Microsoft.Authorization/*/read',
            'Microsoft.Resources/subscriptions/operationresults/read',
            'Microsoft.Resources/subscriptions/read',
            'Microsoft.Resources/subscriptions/resourceGroups/read',
        ],
        dataActions: [
            'Microsoft.ContainerService/managedClusters/apps/controllerrevisions/read',
            'Microsoft.ContainerService/managedClusters/apps/daemonsets/*',
            'Microsoft.ContainerService/managedClusters/apps/deployments/*',
            'Microsoft.ContainerService/managedClusters/apps/replicasets/*',
            'Microsoft.ContainerService/managedClusters/apps/statefulsets/*',
            'Microsoft.ContainerService/managedClusters/autoscaling/horizontalpodautoscalers/*',
            'Microsoft.ContainerService/managedClusters/batch/cronjobs/*',
            'Microsoft.ContainerService/managedClusters/coordination.k8s.io/leases/read',
            'Microsoft.ContainerService/managedClusters/coordination.k8s.io/leases/write',
            'Microsoft.ContainerService/managedClusters/coordination.k8s.io/leases/delete',
            'Microsoft.ContainerService/managedClusters/discovery.k8s.io/endpointslices/read',
            'Microsoft.ContainerService/managedClusters/batch/jobs/*',
            'Microsoft.ContainerService/managedClusters/configmaps/*',
            'Microsoft.ContainerService/managedClusters/endpoints/*',
            'Microsoft.ContainerService/managedClusters/events.k8s.io/events/read',
            'Microsoft.ContainerService/managedClusters/events/*',
            'Microsoft.ContainerService/managedClusters/extensions/daemonsets/*',
            'Microsoft.ContainerService/managedClusters/extensions/deployments/*',
            'Microsoft.ContainerService/managedClusters/extensions/ingresses/*',
            'Microsoft.ContainerService/managedClusters/extensions/networkpolicies/*',
            'Microsoft.ContainerService/managedClusters/extensions/replicasets/*',
            'Microsoft.ContainerService/managedClusters/limitranges/read',
            'Microsoft.ContainerService/managedClusters/metrics.k8s.io/pods/read',
            'Microsoft.ContainerService/managedClusters/metrics.k8s.io/nodes/read',
            'Microsoft.ContainerService/managedClusters/namespaces/read',
            'Microsoft.ContainerService/managedClusters/networking.k8s.io/ingresses/*',
            'Microsoft.ContainerService/managedClusters/networking.k8s.io/networkpolicies/*',
            'Microsoft.ContainerService/managedClusters/persistentvolumeclaims/*',
            'Microsoft.ContainerService/managedClusters/pods/*',
            'Microsoft.ContainerService/managedClusters/policy/poddisruptionbudgets/*',
            'Microsoft.ContainerService/managedClusters/replicationcontrollers/*',
            'Microsoft.ContainerService/managedClusters/resourcequotas/read',
            'Microsoft.ContainerService/managedClusters/secrets/*',
            'Microsoft.ContainerService/managedClusters/serviceaccounts/*',
            'Microsoft.ContainerService/managedClusters/services/*',
        ],
    },
    {
        name: '7f6c6a51-bcf8-42ba-9220-52d62157d7db',
        roleName: 'Azure Kubernetes Service RBAC Reader',
        actions: [
            'Microsoft.Authorization/*/read',
            'Microsoft.Resources/subscriptions/operationresults/read',
            'Microsoft.Resources/subscriptions/read',
            'Microsoft.Resources/subscriptions/resourceGroups/read',
        ],
        dataActions: [
            'Microsoft.ContainerService/managedClusters/apps/controllerrevisions/read',
            'Microsoft.ContainerService/managedClusters/apps/daemonsets/read',
            'Microsoft.ContainerService/managedClusters/apps/deployments/read',
            'Microsoft.ContainerService/managedClusters/apps/replicasets/read',
            'Microsoft.ContainerService/managedClusters/apps/statefulsets/read',
            'Microsoft.ContainerService/managedClusters/autoscaling/horizontalpodautoscalers/read',
            'Microsoft.ContainerService/managedClusters/batch/cronjobs/read',
            'Microsoft.ContainerService/managedClusters/batch/jobs/read',
            'Microsoft.ContainerService/managedClusters/configmaps/read',
            'Microsoft.ContainerService/managedClusters/discovery.k8s.io/endpointslices/read',
            'Microsoft.ContainerService/managedClusters/endpoints/read',
            'Microsoft.ContainerService/managedClusters/events.k8s.io/events/read',
            'Microsoft.ContainerService/managedClusters/events/read',
            'Microsoft.ContainerService/managedClusters/extensions/daemonsets/read',
            'Microsoft.ContainerService/managedClusters/extensions/deployments/read',
            'Microsoft.ContainerService/managedClusters/extensions/ingresses/read',
            'Microsoft.ContainerService/managedClusters/extensions/networkpolicies/read',
            'Microsoft.ContainerService/managedClusters/extensions/replicasets/read',
            'Microsoft.ContainerService/managedClusters/limitranges/read',
            'Microsoft.ContainerService/managedClusters/metrics.k8s.io/pods/read',
            'Microsoft.ContainerService/managedClusters/metrics.k8s.io/nodes/read',
            'Microsoft.ContainerService/managedClusters/namespaces/read',
            'Microsoft.ContainerService/managedClusters/networking.k8s.io/ingresses/read',
            'Microsoft.ContainerService/managedClusters/networking.k8s.io/networkpolicies/read',
            'Microsoft.ContainerService/managedClusters/persistentvolumeclaims/read',
            'Microsoft.ContainerService/managedClusters/pods/read',
            'Microsoft.ContainerService/managedClusters/policy/poddisruptionbudgets/read',
            'Microsoft.ContainerService/managedClusters/replicationcontrollers/read',
            'Microsoft.ContainerService/managedClusters/resourcequotas/read',
            'Microsoft.ContainerService/managedClusters/serviceaccounts/read',
            'Microsoft.ContainerService/managedClusters/services/read',
        ],
    },
    {
        name: 'f1a07417-d97a-45cb-824c-7a7467783830',
        roleName: 'Managed Identity Operator',
        actions: [
            'Microsoft.ManagedIdentity/userAssignedIdentities/*/read',
            'Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action',
            'Microsoft.Authorization/*/read',
            'Microsoft.Insights/alertRules/*',
            'Microsoft.Resources/subscriptions/resourceGroups/read',
            'Microsoft.Resources/deployments/*',
            'Microsoft.Support/*',
        ],
    },
];
/** Every built-in role that is modelled. Descriptions are the role's name: nothing decides on them. */
function builtInRoles() {
    return BUILT_IN.map(({ name, roleName, ...permission }) => ({
        name,
        roleName,
        description: roleName,
        type: 'BuiltInRole',
        permissions: [permissionOf(permission)],
        assignableScopes: ['/'],
    }));
}
/** A permission with the lists that were left out. */
function permissionOf(parts) {
    return { actions: [], notActions: [], dataActions: [], notDataActions: [], ...parts };
}

;// CONCATENATED MODULE: ./src/simulator/cloud/schema.ts
/**
 * Small pieces that a description of a YAML document is made of. Reading never stops at an error: each is noted with its
 * path, and a blank stands in for what couldn't be read, so that everything wrong is told at once.
 */
/** A text; with a pattern, one of that form. */
function schema_text(rule) {
    return {
        blank: '',
        read(value, path, problems) {
            if (typeof value !== 'string')
                return note(problems, path, `must be a text, not ${named(value)}`, '');
            if (rule !== undefined && !rule.pattern.test(value))
                return note(problems, path, `must be ${rule.form}, not "${value}"`, '');
            return value;
        },
    };
}
/** One of several words. */
function choice(...words) {
    return {
        blank: words[0],
        read(value, path, problems) {
            const found = words.find((word) => word === value);
            return found ?? note(problems, path, `must be ${listed(words)}, not ${named(value)}`, words[0]);
        },
    };
}
function flag() {
    return {
        blank: false,
        read: (value, path, problems) => typeof value === 'boolean'
            ? value
            : note(problems, path, `must be true or false, not ${named(value)}`, false),
    };
}
/** A whole number, zero or more. */
function count() {
    return {
        blank: 0,
        read: (value, path, problems) => typeof value === 'number' && Number.isInteger(value) && value >= 0
            ? value
            : note(problems, path, `must be a whole number, zero or more, not ${named(value)}`, 0),
    };
}
const UNITS_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
/** A length of time such as `250ms`, `8s`, `5m`, `2h` or `30d`, in milliseconds. */
function duration() {
    return {
        blank: 0,
        read(value, path, problems) {
            const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value) : null;
            const unit = UNITS_MS[match?.[2] ?? ''];
            if (match === null || unit === undefined)
                return note(problems, path, `must be a duration such as 8s, 5m or 2h, not ${named(value)}`, 0);
            return Number(match[1]) * unit;
        },
    };
}
function list(item) {
    return {
        blank: [],
        read(value, path, problems) {
            if (!Array.isArray(value))
                return note(problems, path, `must be a list, not ${named(value)}`, []);
            return value.map((one, index) => item.read(one, `${path}[${index}]`, problems));
        },
    };
}
/** Keys with values; a key that isn't described is an error. */
function object(fields) {
    const reader = (value, path, problems) => {
        const given = isRecord(value) ? value : {};
        if (!isRecord(value))
            note(problems, path, `must be an object, not ${named(value)}`, undefined);
        for (const key of Object.keys(given)) {
            if (!Object.hasOwn(fields, key))
                note(problems, join(path, key), `is not known here; known are ${Object.keys(fields).join(', ')}`, undefined);
        }
        const read = {};
        for (const [key, field] of Object.entries(fields)) {
            const one = given[key];
            if (one !== undefined && one !== null)
                read[key] = field.read(one, join(path, key), problems);
            else if (field.absent !== undefined)
                read[key] = field.absent();
            else
                read[key] = isRecord(value)
                    ? note(problems, join(path, key), 'is missing', field.blank)
                    : field.blank;
        }
        return read;
    };
    // The blank reads nothing and notes its problems nowhere.
    return { blank: reader({}, '', []), read: reader };
}
/** One of two forms: the second when the first doesn't fit by its type. */
function either(first, fits, second) {
    return {
        blank: second.blank,
        read: (value, path, problems) => fits(value) ? first.read(value, path, problems) : second.read(value, path, problems),
    };
}
/** A key that may be left out. */
function optional(field) {
    return { blank: undefined, absent: () => undefined, read: (...asked) => field.read(...asked) };
}
/** A key that has a value when it is left out. */
function withDefault(field, value) {
    return { blank: value, absent: () => value, read: (...asked) => field.read(...asked) };
}
function note(problems, path, message, stand) {
    problems.push({ path, message });
    return stand;
}
function join(path, key) {
    return path === '' ? key : `${path}.${key}`;
}
function isRecord(value) {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function named(value) {
    return JSON.stringify(value) ?? 'nothing';
}
function listed(words) {
    const last = words.at(-1) ?? '';
    return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}

;// CONCATENATED MODULE: ./src/simulator/cloud/scenario-schema.ts
/**
 * The shape of a scenario: every key, its form and its default. This is the only description of it in code.
 */

const guid = () => schema_text({ pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, form: 'a GUID' });
const word = () => schema_text({ pattern: /\S/, form: 'a name' });
const scenario_schema_location = () => schema_text({ pattern: /^[a-z0-9]+$/, form: 'an Azure region such as westeurope' });
const texts = () => withDefault(list(schema_text()), []);
/** Resource groups (https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules). */
const resourceGroupName = () => schema_text({
    pattern: /^[-\w.()]{0,89}[-\w()]$/,
    form: 'a resource group name (letters, digits, -_.() up to 90)',
});
/** Where a resource stands. */
const place = {
    resourceGroup: resourceGroupName(),
    /** Id or name of a subscription. Default: the first. */
    subscription: optional(word()),
    location: withDefault(scenario_schema_location(), 'westeurope'),
};
const federatedCredential = object({
    /** Default of these: what the scenario's own `github` sends. */
    issuer: optional(schema_text()),
    subject: optional(schema_text()),
    audience: optional(schema_text()),
});
const identity = object({
    name: word(),
    kind: withDefault(choice('application', 'managed-identity', 'user'), 'application'),
    objectId: optional(guid()),
    clientId: optional(guid()),
    secrets: texts(),
    /** `github`, or credentials one by one. */
    federated: withDefault(either(choice('github'), (value) => typeof value === 'string', list(federatedCredential)), []),
    /** How long the directory's replicas do not know it yet. */
    replicationDelay: withDefault(duration(), 0),
});
const pool = object({
    /** https://learn.microsoft.com/azure/aks/create-node-pools: lower case, up to 12. */
    name: schema_text({
        pattern: /^[a-z][a-z0-9]{0,11}$/,
        form: 'a pool name (lower-case letters and digits, up to 12)',
    }),
    count: withDefault(count(), 1),
    os: withDefault(choice('Linux', 'Windows'), 'Linux'),
    architecture: withDefault(choice('amd64', 'arm64'), 'amd64'),
    /** `key=value:Effect`. */
    taints: withDefault(list(schema_text({
        pattern: /^[^=:\s]+(=[^=:\s]*)?:(NoSchedule|NoExecute|PreferNoSchedule)$/,
        form: 'a taint such as key=value:NoSchedule',
    })), []),
    /** Default: the first pool is the system pool, unless another is. */
    mode: optional(choice('System', 'User')),
    vmSize: optional(schema_text()),
});
const cluster = object({
    ...place,
    name: schema_text({
        pattern: /^[A-Za-z0-9]([-\w]{0,61}[A-Za-z0-9])?$/,
        form: 'a cluster name (letters, digits, - and _, up to 63)',
    }),
    version: withDefault(schema_text({ pattern: /^\d+\.\d+\.\d+$/, form: 'a version such as 1.32.7' }), '1.32.7'),
    /** States seen (recording: managedClusters.GET.variants.json) and documented. */
    state: withDefault(choice('Succeeded', 'Creating', 'Updating', 'Canceled', 'Failed', 'Deleting', 'Starting', 'Stopping', 'Upgrading'), 'Succeeded'),
    power: withDefault(choice('Running', 'Stopped'), 'Running'),
    pools: optional(list(pool)),
    identity: withDefault(object({
        kind: withDefault(choice('managed', 'service-principal', 'none'), 'managed'),
        /** One of `identities`; default: one of its own, called `kubelet of <cluster>`. */
        name: optional(word()),
        replicationDelay: withDefault(duration(), 0),
    }), { kind: 'managed', name: undefined, replicationDelay: 0 }),
    localAccounts: withDefault(flag(), true),
    entra: optional(object({ azureRbac: withDefault(flag(), false), adminGroups: texts() })),
    /** Besides default, kube-system, kube-public and kube-node-lease. */
    namespaces: texts(),
    bindings: withDefault(list(object({
        principal: word(),
        namespace: optional(word()),
        rules: list(object({ apiGroups: list(schema_text()), resources: list(schema_text()), verbs: list(schema_text()) })),
    })), []),
    private: withDefault(flag(), false),
});
const registry = object({
    ...place,
    name: schema_text({ pattern: /^[A-Za-z0-9]{5,50}$/, form: 'a registry name (5 to 50 letters and digits)' }),
    mode: withDefault(choice('legacy', 'abac'), 'legacy'),
    loginServer: optional(schema_text({ pattern: /^[a-z0-9][a-z0-9.-]*\.[a-z]+$/, form: 'a host name in lower case' })),
    sku: withDefault(choice('Basic', 'Standard', 'Premium'), 'Standard'),
    anonymousPull: withDefault(flag(), false),
    publicNetworkAccess: withDefault(choice('Enabled', 'Disabled'), 'Enabled'),
    networkDefaultAction: withDefault(choice('Allow', 'Deny'), 'Allow'),
    armAudienceTokens: withDefault(choice('enabled', 'disabled'), 'enabled'),
    dataEndpoint: withDefault(flag(), false),
    repositories: withDefault(list(object({
        name: schema_text({ pattern: /^[a-z0-9]+([._/-]+[a-z0-9]+)*$/, form: 'a repository name in lower case' }),
        images: withDefault(list(object({
            tag: schema_text({ pattern: /^\w[\w.-]{0,127}$/, form: 'a tag' }),
            platforms: withDefault(list(schema_text({
                pattern: /^(linux|windows)\/(amd64|arm64)$/,
                form: 'a platform such as linux/amd64',
            })), ['linux/amd64']),
            layers: optional(count()),
            /** False: the one platform's manifest is tagged itself. */
            index: optional(flag()),
        })), []),
    })), []),
});
const roleAssignment = object({
    /** Name of an identity or a group, `kubelet of <cluster>`, or an object id that the directory doesn't know. */
    principal: word(),
    /** Name or GUID of a role. */
    role: word(),
    /** `subscription`, `subscription:<name>`, `rg:<name>`, `cluster:<name>`, `registry:<name>`, `management-group:<name>` or an ARM id. */
    scope: word(),
    condition: optional(schema_text()),
    description: optional(schema_text()),
    /** How long ago it was made; one younger than `grantDelay` doesn't work yet. */
    age: withDefault(duration(), 30 * 86_400_000),
});
const scenarioSchema = object({
    name: word(),
    description: withDefault(schema_text(), ''),
    /** How long a new role assignment takes until it works. */
    grantDelay: withDefault(duration(), 0),
    tenant: optional(guid()),
    subscriptions: optional(list(object({
        id: optional(guid()),
        name: withDefault(word(), 'Simulated subscription'),
        /** Nearest first. */
        managementGroups: texts(),
        resourceGroups: withDefault(list(object({ name: resourceGroupName(), location: withDefault(scenario_schema_location(), 'westeurope') })), []),
    }))),
    identities: withDefault(list(identity), []),
    groups: withDefault(list(object({ name: word(), objectId: optional(guid()), members: texts() })), []),
    customRoles: withDefault(list(object({
        name: word(),
        id: optional(guid()),
        actions: texts(),
        notActions: texts(),
        dataActions: texts(),
        notDataActions: texts(),
    })), []),
    github: withDefault(object({
        repository: withDefault(schema_text({ pattern: /^[\w.-]+\/[\w.-]+$/, form: 'owner/name' }), 'contoso/shop'),
        ref: withDefault(schema_text({ pattern: /^refs\//, form: 'a full ref such as refs/heads/main' }), 'refs/heads/main'),
        event: withDefault(word(), 'push'),
        environment: optional(word()),
        /** The `sub` claim, where it isn't GitHub's default for the ref, the event or the environment. */
        subject: optional(word()),
        idTokenPermission: withDefault(flag(), true),
    }), {
        repository: 'contoso/shop',
        ref: 'refs/heads/main',
        event: 'push',
        environment: undefined,
        subject: undefined,
        idTokenPermission: true,
    }),
    clusters: withDefault(list(cluster), []),
    registries: withDefault(list(registry), []),
    roleAssignments: withDefault(list(roleAssignment), []),
});

;// CONCATENATED MODULE: ./src/simulator/cloud/scenario.ts
/**
 * A scenario: a YAML text that describes a cloud. What it leaves out has a default (`scenario-schema.ts`), and ids that it
 * leaves out are derived from names, so that runs repeat.
 */









/** Thrown for a scenario that can't be used: everything wrong with it. */
class ScenarioError extends Error {
    problems;
    name = 'ScenarioError';
    constructor(problems) {
        super(`The scenario can't be used:\n${problems.map(({ path, message }) => `- ${path === '' ? 'the document' : path}: ${message}`).join('\n')}`);
        this.problems = problems;
    }
}
/**
 * Reads a scenario. Throws {@link ScenarioError} with every problem at once.
 *
 * @param now milliseconds since the epoch: ages and delays count from here
 */
function loadScenario(yaml, now) {
    const problems = [];
    const parsed = (0,dist/* parseDocument */.Tp)(yaml, { prettyErrors: true });
    for (const error of parsed.errors)
        problems.push({ path: '', message: error.message.split('\n', 1)[0] ?? '' });
    if (problems.length > 0)
        throw new ScenarioError(problems);
    const document = scenarioSchema.read(parsed.toJS(), '', problems);
    const state = new Builder(document, problems, now).build();
    if (problems.length > 0)
        throw new ScenarioError(problems);
    return { name: document.name, description: document.description, state };
}
/** What `kubelet of <cluster>` names when a cluster's identity isn't one of the scenario's. */
function kubeletName(cluster) {
    return `kubelet of ${cluster}`;
}
/** Namespaces of every AKS cluster. */
const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];
/** Usual machine of an architecture, where a scenario doesn't say (https://learn.microsoft.com/azure/aks/use-arm64-vms). */
const VM_SIZES = { amd64: 'Standard_D4ds_v5', arm64: 'Standard_D4pds_v5' };
/** Image names as recorded for Ubuntu (recording: managedClusters.GET.variants.json); the others are assumptions of the same form. */
const NODE_IMAGES = {
    Linux: {
        amd64: 'AKSUbuntu-2204gen2containerd-202510.19.1',
        arm64: 'AKSUbuntu-2204gen2arm64containerd-202510.19.1',
    },
    Windows: {
        amd64: 'AKSWindows-2022-containerd-20348.4294.251015',
        arm64: 'AKSWindows-2022-containerd-20348.4294.251015',
    },
};
/** Turns a document whose shape has been read into a cloud, and notes what doesn't fit together. */
class Builder {
    document;
    problems;
    now;
    subscriptions;
    github;
    principals;
    groups;
    roles;
    grantDelayMs;
    /** Which principal `kubelet of <cluster>` means, by the cluster's name in lower case. */
    kubelets = new Map();
    constructor(document, problems, now) {
        this.document = document;
        this.problems = problems;
        this.now = now;
        this.grantDelayMs = document.grantDelay;
        this.github = githubHost(document.github);
        this.subscriptions = (document.subscriptions ?? [undefined]).map((given, index) => ({
            id: given?.id ?? stableGuid('subscription', String(index)),
            name: given?.name ?? 'Simulated subscription',
            managementGroups: given?.managementGroups ?? [],
            resourceGroups: given?.resourceGroups ?? [],
        }));
        if (this.subscriptions.length === 0)
            this.problem('subscriptions', 'must hold at least one');
        this.principals = document.identities.map((identity) => ({
            kind: identity.kind,
            name: identity.name,
            objectId: identity.objectId ?? stableGuid('object', identity.name),
            clientId: identity.clientId ?? stableGuid('client', identity.name),
            secrets: identity.secrets,
            federatedCredentials: (identity.federated === 'github' ? [undefined] : identity.federated).map((credential) => ({
                issuer: credential?.issuer ?? GITHUB_ISSUER,
                subject: credential?.subject ?? this.github.subject,
                audiences: [credential?.audience ?? TOKEN_EXCHANGE_AUDIENCE],
            })),
            ...this.replication(identity.replicationDelay),
        }));
        this.groups = [];
        this.roles = [
            ...builtInRoles(),
            ...document.customRoles.map(({ name, id, ...lists }) => ({
                name: (id ?? stableGuid('role', name)).toLowerCase(),
                roleName: name,
                description: name,
                type: 'CustomRole',
                permissions: [permissionOf(lists)],
                assignableScopes: this.subscriptions.map(({ id: subscription }) => subscriptionId(subscription)),
            })),
        ];
    }
    build() {
        const { document } = this;
        this.unique('subscriptions', document.subscriptions ?? []);
        this.unique('identities', document.identities);
        this.unique('groups', document.groups, document.identities);
        this.unique('customRoles', document.customRoles);
        this.unique('clusters', document.clusters);
        this.unique('registries', document.registries);
        const clusters = document.clusters.map((cluster, index) => this.cluster(cluster, `clusters[${index}]`));
        const registries = document.registries.map((registry, index) => this.registry(registry, `registries[${index}]`));
        this.readGroups();
        this.bind(clusters);
        const state = {
            tenantId: document.tenant ?? stableGuid('tenant'),
            subscriptions: this.subscriptions,
            principals: this.principals,
            groups: this.groups,
            roleDefinitions: this.roles,
            roleAssignments: [],
            clusters,
            registries,
            github: this.github,
            grantDelayMs: this.grantDelayMs,
        };
        state.roleAssignments = document.roleAssignments.map((_, index) => this.roleAssignment(state, index));
        return state;
    }
    problem(path, message) {
        this.problems.push({ path, message });
    }
    replication(delayMs) {
        return delayMs === 0 ? {} : { replicatedAt: this.now + delayMs };
    }
    /** Names are used to refer by, so each must mean one thing. Blank ones have a problem of their own already. */
    unique(path, items, others = []) {
        const seen = new Set(others.map(({ name }) => name.toLowerCase()));
        items.forEach(({ name }, index) => {
            if (name !== '' && seen.has(name.toLowerCase()))
                this.problem(`${path}[${index}].name`, `"${name}" is used twice`);
            seen.add(name.toLowerCase());
        });
    }
    subscription(wanted, path) {
        const found = wanted === undefined
            ? this.subscriptions[0]
            : this.subscriptions.find(({ id, name }) => same(id, wanted) || same(name, wanted));
        if (found !== undefined)
            return found;
        if (wanted !== undefined)
            this.problem(`${path}.subscription`, `no subscription is called "${wanted}"`);
        return { id: '', name: '', managementGroups: [], resourceGroups: [] };
    }
    /** Resource groups that only resources name exist too. */
    place(subscription, resourceGroup, location) {
        if (!subscription.resourceGroups.some(({ name }) => same(name, resourceGroup)))
            subscription.resourceGroups.push({ name: resourceGroup, location });
    }
    cluster(document, path) {
        const subscription = this.subscription(document.subscription, path);
        const { name, resourceGroup, location } = document;
        const nodeResourceGroup = `MC_${resourceGroup}_${name}_${location}`;
        this.place(subscription, resourceGroup, location);
        this.place(subscription, nodeResourceGroup, location);
        if (!document.localAccounts && document.entra === undefined)
            this.problem(`${path}.localAccounts`, 'can only be false on a cluster with `entra`');
        this.unique(`${path}.pools`, document.pools ?? []);
        const cluster = {
            subscriptionId: subscription.id,
            resourceGroup,
            name,
            location,
            kubernetesVersion: document.version,
            provisioningState: document.state,
            powerState: document.power,
            fqdn: apiServerName(document, subscription.id),
            nodeResourceGroup,
            pools: poolsOf(document),
            servicePrincipalClientId: 'msi',
            disableLocalAccounts: !document.localAccounts,
            kubernetesBindings: [],
            namespaces: [...new Set([...SYSTEM_NAMESPACES, ...document.namespaces])],
            privateCluster: document.private,
        };
        this.giveIdentity(cluster, document, path);
        return cluster;
    }
    giveIdentity(cluster, { identity }, path) {
        if (identity.kind === 'none') {
            if (identity.name !== undefined)
                this.problem(`${path}.identity.name`, 'has no meaning with kind none');
            return;
        }
        const kind = identity.kind === 'managed' ? 'managed-identity' : 'application';
        const principal = identity.name === undefined
            ? this.ownKubelet(cluster, kind, identity.replicationDelay)
            : this.sharedKubelet(identity.name, kind, `${path}.identity.name`);
        if (principal === undefined)
            return;
        this.kubelets.set(cluster.name.toLowerCase(), principal);
        if (kind === 'application') {
            cluster.servicePrincipalClientId = principal.clientId;
            return;
        }
        // AKS writes this id with a lower-case `resourcegroups` (recording: managedClusters.GET.variants.json).
        principal.resourceId ??=
            `${subscriptionId(cluster.subscriptionId)}/resourcegroups/${cluster.nodeResourceGroup}` +
                `/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${cluster.name}-agentpool`;
        cluster.kubeletIdentity = {
            resourceId: principal.resourceId,
            clientId: principal.clientId,
            objectId: principal.objectId,
        };
    }
    ownKubelet(cluster, kind, replicationDelay) {
        const name = kubeletName(cluster.name);
        const principal = {
            kind,
            name,
            objectId: stableGuid('object', name, cluster.resourceGroup),
            clientId: stableGuid('client', name, cluster.resourceGroup),
            secrets: [],
            federatedCredentials: [],
            ...this.replication(replicationDelay),
        };
        this.principals.push(principal);
        return principal;
    }
    sharedKubelet(name, kind, path) {
        const principal = this.principals.find((one) => same(one.name, name));
        if (principal === undefined)
            this.problem(path, `no identity is called "${name}"`);
        else if (principal.kind !== kind)
            this.problem(path, `"${name}" is of kind ${principal.kind}, not ${kind}`);
        else if (kind === 'managed-identity')
            principal.resourceId ??=
                `${resourceGroupId(this.subscriptions[0]?.id ?? '', 'identities')}` +
                    `/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${principal.name}`;
        return principal;
    }
    registry(document, path) {
        const subscription = this.subscription(document.subscription, path);
        this.place(subscription, document.resourceGroup, document.location);
        // Both need Premium: https://learn.microsoft.com/azure/container-registry/container-registry-skus
        const premium = [
            ['publicNetworkAccess', document.publicNetworkAccess === 'Disabled'],
            ['networkDefaultAction', document.networkDefaultAction === 'Deny'],
            ['dataEndpoint', document.dataEndpoint],
        ];
        for (const [key, used] of premium) {
            if (used && document.sku !== 'Premium')
                this.problem(`${path}.${key}`, 'needs sku: Premium');
        }
        this.unique(`${path}.repositories`, document.repositories);
        document.repositories.forEach(({ images }, repository) => images.forEach(({ platforms, index }, image) => {
            if (index === false && platforms.length !== 1)
                this.problem(`${path}.repositories[${repository}].images[${image}].platforms`, 'must be one with index: false');
        }));
        return {
            subscriptionId: subscription.id,
            resourceGroup: document.resourceGroup,
            name: document.name,
            location: document.location,
            // The usual name; registries with a generated label have another, which a scenario gives.
            loginServer: document.loginServer ?? `${document.name.toLowerCase()}.azurecr.io`,
            sku: document.sku,
            roleAssignmentMode: document.mode === 'abac' ? 'AbacRepositoryPermissions' : 'LegacyRegistryPermissions',
            anonymousPullEnabled: document.anonymousPull,
            publicNetworkAccess: document.publicNetworkAccess,
            networkDefaultAction: document.networkDefaultAction,
            armAudienceTokens: document.armAudienceTokens,
            dataEndpointEnabled: document.dataEndpoint,
            // https://learn.microsoft.com/azure/container-registry/container-registry-dedicated-data-endpoints
            blobHost: document.dataEndpoint
                ? `${document.name.toLowerCase()}.${document.location}.data.azurecr.io`
                : `acr${stableHex(12, 'storage', document.name)}.blob.core.windows.net`,
            creationDate: isoTime(this.now - 90 * 86_400_000),
            repositories: this.problems.length > 0
                ? []
                : document.repositories.map(({ name, images }) => buildRepository({
                    name,
                    images: images.map(({ tag, platforms, layers, index }) => ({
                        tag,
                        platforms,
                        ...(layers === undefined ? {} : { layers }),
                        ...(index === undefined ? {} : { index }),
                    })),
                })),
        };
    }
    readGroups() {
        for (const { name, objectId } of this.document.groups)
            this.groups.push({ name, objectId: objectId ?? stableGuid('group', name), members: [] });
        this.document.groups.forEach(({ members }, index) => {
            const group = this.groups[index];
            members.forEach((member, at) => {
                const found = this.objectId(member, `groups[${index}].members[${at}]`);
                if (found !== undefined)
                    group?.members.push(found);
            });
        });
    }
    bind(clusters) {
        this.document.clusters.forEach(({ bindings, entra }, index) => {
            const path = `clusters[${index}]`;
            const cluster = clusters[index];
            if (cluster === undefined)
                return;
            if (entra !== undefined)
                cluster.entra = {
                    azureRbac: entra.azureRbac,
                    adminGroupObjectIds: entra.adminGroups.flatMap((name, at) => {
                        const group = this.groups.find((one) => same(one.name, name));
                        if (group === undefined)
                            this.problem(`${path}.entra.adminGroups[${at}]`, `no group is called "${name}"`);
                        return group === undefined ? [] : [group.objectId];
                    }),
                };
            cluster.kubernetesBindings = bindings.flatMap(({ principal, namespace, rules }, at) => {
                const subject = this.objectId(principal, `${path}.bindings[${at}].principal`);
                return subject === undefined
                    ? []
                    : [{ subject, rules, ...(namespace === undefined ? {} : { namespace }) }];
            });
        });
    }
    /** The object id of whoever a name names. A blank name has a problem of its own already. */
    objectId(name, path) {
        if (name === '')
            return undefined;
        if (isGuid(name))
            return name;
        const kubelet = /^kubelet of (.+)$/i.exec(name)?.[1]?.toLowerCase();
        const found = (kubelet === undefined ? undefined : this.kubelets.get(kubelet)) ??
            this.principals.find((one) => same(one.name, name)) ??
            this.groups.find((one) => same(one.name, name));
        if (found === undefined)
            this.problem(path, `no identity or group is called "${name}"`);
        return found?.objectId;
    }
    roleAssignment(state, index) {
        const path = `roleAssignments[${index}]`;
        const given = this.document.roleAssignments[index];
        const principalId = this.objectId(given?.principal ?? '', `${path}.principal`) ?? '';
        const scope = this.scope(state, given?.scope ?? '', `${path}.scope`);
        const wanted = given?.role ?? '';
        const role = this.roles.find(({ name, roleName }) => same(name, wanted) || same(roleName, wanted));
        if (role === undefined && wanted !== '')
            this.problem(`${path}.role`, `no role is called "${wanted}"`);
        const made = this.now - (given?.age ?? 0);
        const subscription = /^\/subscriptions\/([^/]+)/i.exec(scope)?.[1];
        return {
            name: stableGuid('assignment', principalId, wanted, scope, String(index)),
            scope,
            roleDefinitionId: roleDefinitionId(role?.name ?? '', subscription),
            principalId,
            principalType: principalTypeOf(state, principalId) ?? 'ServicePrincipal',
            condition: given?.condition ?? null,
            conditionVersion: given?.condition === undefined ? null : '2.0',
            description: given?.description ?? null,
            createdOn: isoTime(made),
            updatedOn: isoTime(made),
            createdBy: null,
            updatedBy: null,
            effectiveAt: made + this.grantDelayMs,
        };
    }
    scope(state, scope, path) {
        if (scope === '' || scope.startsWith('/'))
            return scope;
        const [kind = '', ...rest] = scope.split(':');
        const name = rest.join(':');
        const [first] = this.subscriptions;
        const resolved = {
            subscription: () => {
                const found = name === '' ? first : this.subscriptions.find((one) => same(one.name, name) || same(one.id, name));
                return found === undefined ? undefined : subscriptionId(found.id);
            },
            rg: () => {
                const holder = this.subscriptions.find((one) => one.resourceGroups.some((group) => same(group.name, name)));
                return holder === undefined ? undefined : resourceGroupId(holder.id, name);
            },
            cluster: () => {
                const found = state.clusters.find((one) => same(one.name, name));
                return found === undefined ? undefined : clusterId(found);
            },
            registry: () => {
                const found = state.registries.find((one) => same(one.name, name));
                return found === undefined ? undefined : arm_id_registryId(found);
            },
            'management-group': () => this.subscriptions.some((one) => one.managementGroups.some((group) => same(group, name)))
                ? `/providers/Microsoft.Management/managementGroups/${name}`
                : undefined,
        };
        const found = resolved[kind]?.();
        if (found === undefined)
            this.problem(path, resolved[kind] === undefined
                ? `must be ${Object.keys(resolved).join(', ')} (with :name) or an ARM id, not "${scope}"`
                : `no ${kind} is called "${name}"`);
        return found ?? '';
    }
}
/** A time as ARM writes it: seven digits of a second (recording: roleAssignments.PUT.201.sample.json). */
function isoTime(ms) {
    return new Date(ms).toISOString().replace('Z', '0000Z');
}
function poolsOf({ pools = [
    {
        name: 'nodepool1',
        count: 1,
        os: 'Linux',
        architecture: 'amd64',
        taints: [],
        mode: undefined,
        vmSize: undefined,
    },
], }) {
    const hasSystem = pools.some(({ mode }) => mode === 'System');
    return pools.map(({ name, count, os, architecture, taints, mode, vmSize }, index) => ({
        name,
        count,
        vmSize: vmSize ?? VM_SIZES[architecture],
        osType: os,
        osSku: os === 'Linux' ? 'Ubuntu' : 'Windows2022',
        architecture,
        mode: mode ?? (!hasSystem && index === 0 ? 'System' : 'User'),
        taints,
        nodeImageVersion: NODE_IMAGES[os][architecture],
    }));
}
/** Names as AKS forms them (recording: managedClusters.GET.variants.json). */
function apiServerName({ name, resourceGroup, location, private: isPrivate }, subscription) {
    const prefix = `${name.slice(0, 10)}-${resourceGroup.slice(0, 16)}-${subscription.slice(0, 6)}`
        .toLowerCase()
        .replace(/[^a-z0-9-]+/g, '');
    const server = `${prefix}-${stableHex(8, 'fqdn', subscription, resourceGroup, name)}`;
    return isPrivate
        ? `${server}.${stableGuid('zone', resourceGroup, name)}.privatelink.${location}.azmk8s.io`
        : `${server}.hcp.${location}.azmk8s.io`;
}
function githubHost(document) {
    const { repository, ref, event, environment, idTokenPermission } = document;
    return {
        repository,
        ref,
        event,
        subject: document.subject ?? `repo:${repository}:${subjectContext(ref, event, environment)}`,
        idTokenPermission,
        requestToken: (0,external_node_crypto_.randomBytes)(32).toString('base64url'),
    };
}
/** https://docs.github.com/actions/security-for-github-actions/security-hardening-your-deployments/about-security-hardening-with-openid-connect */
function subjectContext(ref, event, environment) {
    if (environment !== undefined)
        return `environment:${environment}`;
    return event === 'pull_request' ? 'pull_request' : `ref:${ref}`;
}

;// CONCATENATED MODULE: ./src/simulator/arm/scopes.ts
/** Scopes that role assignments and definitions are asked about: whether they exist. */




const RESOURCE = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/(.+)\/([^/]+)$/i;
const GROUP = /^\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)$/i;
const SUBSCRIPTION = /^\/subscriptions\/([^/]+)$/i;
const scopes_MANAGEMENT_GROUP = /^\/providers\/Microsoft\.Management\/managementGroups\/([^/]+)$/i;
/** Throws ARM's own error when a scope is not there. */
function requireScope(state, scope) {
    const [, subscription = '', group = '', type = '', name = ''] = RESOURCE.exec(scope) ?? [];
    if (subscription !== '') {
        requireResourceGroup(state, subscription, group);
        if (!resourceIds(state).some((id) => same(id, scope)))
            throw resourceNotFound(type, name, group);
        return;
    }
    const inGroup = GROUP.exec(scope);
    if (inGroup !== null) {
        requireResourceGroup(state, inGroup[1] ?? '', inGroup[2] ?? '');
        return;
    }
    const inSubscription = SUBSCRIPTION.exec(scope);
    if (inSubscription !== null) {
        requireSubscription(state, inSubscription[1] ?? '');
        return;
    }
    const managementGroup = scopes_MANAGEMENT_GROUP.exec(scope)?.[1];
    const isKnown = scope === '/' ||
        (managementGroup !== undefined &&
            state.subscriptions.some((one) => one.managementGroups.some((known) => same(known, managementGroup))));
    if (!isKnown)
        throw new NotModelled(`The scope ${scope} isn't.`);
}
function resourceIds(state) {
    return [
        ...state.clusters.map(clusterId),
        ...state.registries.map(arm_id_registryId),
        ...state.principals.flatMap(({ resourceId }) => (resourceId === undefined ? [] : [resourceId])),
    ];
}

;// CONCATENATED MODULE: ./src/simulator/arm/role-assignments.ts
/** Microsoft.Authorization/roleAssignments (recordings: the roleAssignments.* files). */









const COLLECTION = '(?<scope>.*)/providers/Microsoft\\.Authorization/roleAssignments';
function roleAssignmentRoutes(context) {
    const { state } = context;
    const one = new RegExp(`^${COLLECTION}/(?<name>[^/]+)$`, 'i');
    return [
        {
            name: 'GET {scope}/roleAssignments',
            method: 'GET',
            pattern: new RegExp(`^${COLLECTION}$`, 'i'),
            demand: (call) => ({ action: `${ROLE_ASSIGNMENT_TYPE}/read`, scope: scopeOf(call) }),
            answer(call) {
                requireScope(state, scopeOf(call));
                const matches = readFilter(call.query.get('$filter'), state, scopeOf(call));
                const value = state.roleAssignments
                    .filter(matches)
                    .map((assignment) => assignmentBody(assignment, call.apiVersion));
                return ok({ value });
            },
        },
        {
            name: 'GET {scope}/roleAssignments/{name}',
            method: 'GET',
            pattern: one,
            demand: (call) => ({ action: `${ROLE_ASSIGNMENT_TYPE}/read`, scope: scopeOf(call) }),
            answer(call) {
                const found = role_assignments_find(state, call);
                if (found === undefined)
                    throw roleAssignmentNotFound(parameter(call, 'name'));
                return ok(assignmentBody(found, call.apiVersion));
            },
        },
        {
            name: 'PUT {scope}/roleAssignments/{name}',
            method: 'PUT',
            pattern: one,
            // The scope in a refusal is the assignment's own id (recording: roleAssignments.403.AuthorizationFailed.json).
            demand: (call) => ({
                action: `${ROLE_ASSIGNMENT_TYPE}/write`,
                scope: roleAssignmentId(scopeOf(call), parameter(call, 'name')),
                attributes: attributesOf(role_assignments_readBody(call)),
            }),
            answer(call) {
                const written = put(context, call);
                // A create answers without its creator; reads tell them.
                return {
                    ...ok({ ...assignmentBody({ ...written, createdBy: null }, call.apiVersion) }),
                    status: 201,
                };
            },
        },
        {
            name: 'DELETE {scope}/roleAssignments/{name}',
            method: 'DELETE',
            pattern: one,
            demand(call) {
                const found = role_assignments_find(state, call);
                return {
                    action: `${ROLE_ASSIGNMENT_TYPE}/delete`,
                    scope: roleAssignmentId(scopeOf(call), parameter(call, 'name')),
                    ...(found === undefined ? {} : { attributes: attributesOf(found) }),
                };
            },
            answer(call) {
                requireScope(state, scopeOf(call));
                const found = role_assignments_find(state, call);
                if (found === undefined)
                    return { status: 204 };
                state.roleAssignments.splice(state.roleAssignments.indexOf(found), 1);
                return ok(assignmentBody(found, call.apiVersion));
            },
        },
    ];
}
function scopeOf(call) {
    const scope = parameter(call, 'scope');
    return scope === '' ? '/' : scope;
}
function role_assignments_find(state, call) {
    return state.roleAssignments.find(({ name, scope }) => same(name, parameter(call, 'name')) && same(scope, scopeOf(call)));
}
/**
 * The documented filters, in either order and joined by `and`
 * (https://learn.microsoft.com/azure/role-based-access-control/role-assignments-list-rest).
 */
function readFilter(filter, state, scope) {
    const above = (assignment) => isWithin(scope, assignment.scope, state.subscriptions);
    const below = (assignment) => isWithin(assignment.scope, scope, state.subscriptions);
    const anywhere = (assignment) => above(assignment) || below(assignment);
    const text = (filter ?? '').trim();
    if (text === '')
        return anywhere;
    const terms = text.split(/\s+and\s+/i).map((term) => term.trim());
    const atScope = terms.some((term) => /^atScope\(\)$/i.test(term));
    const others = terms.filter((term) => !/^atScope\(\)$/i.test(term));
    const [other, ...more] = others;
    if (more.length > 0 || terms.length - others.length > 1)
        throw new NotModelled(`The filter "${text}" isn't.`);
    const reach = atScope ? above : anywhere;
    if (other === undefined)
        return reach;
    const assignedTo = /^assignedTo\('([^']+)'\)$/i.exec(other)?.[1];
    const principalId = /^principalId\s+eq\s+'([^']+)'$/i.exec(other)?.[1];
    // Of combinations, only assignedTo() with atScope() is recorded.
    if (assignedTo === undefined && (principalId === undefined || atScope))
        throw new NotModelled(`The filter "${text}" isn't.`);
    const holders = assignedTo === undefined
        ? [principalId?.toLowerCase()]
        : [assignedTo.toLowerCase(), ...groupsHolding(state, assignedTo)];
    return (assignment) => reach(assignment) && holders.includes(assignment.principalId.toLowerCase());
}
/** What a request that isn't well-formed is answered is not recorded. */
function role_assignments_readBody({ body }) {
    let document;
    try {
        document = JSON.parse(body.toString('utf8'));
    }
    catch {
        throw new NotModelled("A role assignment that is not JSON isn't.");
    }
    const properties = member(document, 'properties');
    const optional = (name) => {
        const value = member(properties, name) ?? null;
        if (value !== null && typeof value !== 'string')
            throw new NotModelled(`A role assignment whose ${name} is no text isn't.`);
        return value;
    };
    const [role, principalId, type] = [
        optional('roleDefinitionId'),
        optional('principalId'),
        optional('principalType'),
    ];
    if (role === null || principalId === null || !isGuid(principalId) || !isGuid(lastPart(role)))
        throw new NotModelled("A role assignment without a role and a principal, by their ids, isn't.");
    const principalType = PRINCIPAL_TYPES.find((one) => one === type);
    if (type !== null && principalType === undefined)
        throw new NotModelled(`The principal type "${type}" isn't.`);
    return {
        roleDefinitionId: role,
        principalId,
        principalType,
        condition: optional('condition'),
        conditionVersion: optional('conditionVersion'),
        description: optional('description'),
    };
}
const PRINCIPAL_TYPES = ['ServicePrincipal', 'User', 'Group'];
function member(value, name) {
    return typeof value === 'object' && value !== null ? value[name] : undefined;
}
/** What conditions of delegated role assignment look at (azure-docs: delegate-role-assignments-examples). */
function attributesOf({ roleDefinitionId: role, principalId, principalType, }) {
    return {
        [`${ROLE_ASSIGNMENT_TYPE}:RoleDefinitionId`]: lastPart(role),
        [`${ROLE_ASSIGNMENT_TYPE}:PrincipalId`]: principalId,
        // Assumption: a request that leaves the type out has no such attribute.
        ...(principalType === undefined ? {} : { [`${ROLE_ASSIGNMENT_TYPE}:PrincipalType`]: principalType }),
    };
}
function put({ state, now }, call) {
    const name = parameter(call, 'name');
    const scope = scopeOf(call);
    requireScope(state, scope);
    if (!isGuid(name))
        throw new NotModelled(`A role assignment called "${name}", which is no GUID, isn't.`);
    const wanted = role_assignments_readBody(call);
    const role = roleOf(state, wanted.roleDefinitionId);
    if (role === undefined)
        throw roleDefinitionDoesNotExist(lastPart(wanted.roleDefinitionId));
    const principalType = typeOf(state, wanted, now());
    // Names are unique in the tenant: a name in use elsewhere can't move (recording: errors.quoted-in-public-docs.json).
    const named = state.roleAssignments.find((assignment) => same(assignment.name, name));
    const time = isoTime(now());
    if (named !== undefined) {
        const isSame = same(named.scope, scope) &&
            same(named.principalId, wanted.principalId) &&
            // Assumption: the role can't change either.
            roleOf(state, named.roleDefinitionId) === role;
        if (!isSame)
            throw roleAssignmentUpdateNotPermitted();
        // Assumption: a change works at once where the assignment did.
        const { condition, conditionVersion, description } = wanted;
        return Object.assign(named, {
            condition,
            conditionVersion,
            description,
            updatedOn: time,
            updatedBy: call.caller.objectId,
        });
    }
    const twin = state.roleAssignments.some((assignment) => same(assignment.scope, scope) &&
        same(assignment.principalId, wanted.principalId) &&
        roleOf(state, assignment.roleDefinitionId) === role);
    if (twin)
        throw roleAssignmentExists();
    const made = {
        name,
        scope,
        // Served with the subscription in front, however it was sent.
        roleDefinitionId: roleDefinitionId(role.name, subscriptionOf(scope)),
        principalId: wanted.principalId,
        principalType,
        condition: wanted.condition,
        conditionVersion: wanted.conditionVersion,
        description: wanted.description,
        createdOn: time,
        updatedOn: time,
        createdBy: call.caller.objectId,
        updatedBy: call.caller.objectId,
        effectiveAt: now() + state.grantDelayMs,
    };
    state.roleAssignments.push(made);
    return made;
}
/** Without a type the directory is asked; with one it is asked only whether it knows better. */
function typeOf(state, { principalId, principalType }, now) {
    const replicatedAt = principalByObjectId(state, principalId)?.replicatedAt ?? 0;
    const actual = replicatedAt > now ? undefined : principalTypeOf(state, principalId);
    if (principalType === undefined) {
        if (actual === undefined)
            throw principalNotFound(principalId, state.tenantId);
        return actual;
    }
    if (actual !== undefined && actual !== principalType)
        throw unmatchedPrincipalType(principalId, actual, principalType);
    return principalType;
}
/** Versions before 2020-04-01-preview know no conditions, and before 2018-09-01-preview no principal type. */
function assignmentBody(assignment, apiVersion) {
    const { principalType, condition, conditionVersion, description } = assignment;
    const knowsConditions = isSince(apiVersion, '2020-04-01');
    return {
        properties: {
            roleDefinitionId: assignment.roleDefinitionId,
            principalId: assignment.principalId,
            ...(isSince(apiVersion, '2018-09-01') ? { principalType } : {}),
            scope: assignment.scope,
            ...(knowsConditions ? { condition, conditionVersion } : {}),
            createdOn: assignment.createdOn,
            updatedOn: assignment.updatedOn,
            createdBy: assignment.createdBy,
            updatedBy: assignment.updatedBy,
            ...(knowsConditions ? { delegatedManagedIdentityResourceId: null, description } : {}),
        },
        id: roleAssignmentId(assignment.scope, assignment.name),
        type: ROLE_ASSIGNMENT_TYPE,
        name: assignment.name,
    };
}

;// CONCATENATED MODULE: ./src/simulator/arm/role-definitions.ts
/** Microsoft.Authorization/roleDefinitions and permissions (recordings: roleDefinitions.real.json, permissions.LIST.json). */






const role_definitions_COLLECTION = '(?<scope>.*)/providers/Microsoft\\.Authorization/roleDefinitions';
/** Assumption: when a definition was made and changed tells a reader nothing, so all have the built-in roles' first date. */
const MADE_ON = '2015-02-02T21:55:09.8806423Z';
function roleDefinitionRoutes(context) {
    const { state } = context;
    const demand = (call) => ({ action: `${ROLE_DEFINITION_TYPE}/read`, scope: role_definitions_scopeOf(call) });
    const usable = (call) => state.roleDefinitions.filter(({ assignableScopes }) => assignableScopes.some((scope) => isWithin(role_definitions_scopeOf(call), scope, state.subscriptions)));
    const one = {
        method: 'GET',
        demand,
        answer(call) {
            requireScope(state, role_definitions_scopeOf(call));
            const found = usable(call).find(({ name }) => same(name, parameter(call, 'name')));
            if (found === undefined)
                throw roleDefinitionDoesNotExist(parameter(call, 'name'));
            return ok(definitionBody(found, role_definitions_scopeOf(call), call.apiVersion));
        },
    };
    const { demand: _demand, ...everybody } = one;
    return [
        {
            name: 'GET {scope}/roleDefinitions',
            method: 'GET',
            pattern: new RegExp(`^${role_definitions_COLLECTION}$`, 'i'),
            demand,
            answer(call) {
                requireScope(state, role_definitions_scopeOf(call));
                const matches = role_definitions_readFilter(call.query.get('$filter'));
                return ok({
                    value: usable(call)
                        .filter(matches)
                        .map((role) => definitionBody(role, role_definitions_scopeOf(call), call.apiVersion)),
                });
            },
        },
        // Assumption: every member of the tenant may read a definition by its tenant-wide id.
        {
            ...everybody,
            name: 'GET /roleDefinitions/{name}',
            pattern: /^(?<scope>)\/providers\/Microsoft\.Authorization\/roleDefinitions\/(?<name>[^/]+)$/i,
        },
        {
            ...one,
            name: 'GET {scope}/roleDefinitions/{name}',
            pattern: new RegExp(`^${role_definitions_COLLECTION}/(?<name>[^/]+)$`, 'i'),
        },
        {
            // Everybody may ask for their own; one element for each assignment that counts here.
            name: 'GET {scope}/permissions',
            method: 'GET',
            pattern: /^(?<scope>.*)\/providers\/Microsoft\.Authorization\/permissions$/i,
            answer(call) {
                requireScope(state, role_definitions_scopeOf(call));
                const held = contributions(state, call.caller.objectId, role_definitions_scopeOf(call), context.now());
                return ok({
                    value: held.flatMap(({ role }) => role.permissions.map((one) => permissionBody(one, call.apiVersion))),
                });
            },
        },
    ];
}
function role_definitions_scopeOf(call) {
    const scope = parameter(call, 'scope');
    return scope === '' ? '/' : scope;
}
/** https://learn.microsoft.com/azure/role-based-access-control/role-definitions-list (REST API). */
function role_definitions_readFilter(filter) {
    const terms = (filter ?? '')
        .split(/\s+and\s+/i)
        .map((term) => term.trim())
        .filter((term) => term !== '');
    const tests = terms.map((term) => {
        const roleName = /^roleName\s+eq\s+'([^']+)'$/i.exec(term)?.[1];
        if (roleName !== undefined)
            return (role) => same(role.roleName, roleName);
        const type = /^type\s+eq\s+'([^']+)'$/i.exec(term)?.[1];
        if (type !== undefined)
            return (role) => same(role.type, type);
        // Definitions have no scope of their own: both name what can be assigned here.
        if (/^atScope(AndBelow)?\(\)$/i.test(term))
            return () => true;
        throw new NotModelled(`The filter of role definitions "${filter ?? ''}" isn't.`);
    });
    return (role) => tests.every((test) => test(role));
}
function definitionBody(role, scope, apiVersion) {
    return {
        properties: {
            roleName: role.roleName,
            type: role.type,
            description: role.description,
            assignableScopes: role.assignableScopes,
            permissions: role.permissions.map((one) => permissionBody(one, apiVersion)),
            createdOn: MADE_ON,
            updatedOn: MADE_ON,
            createdBy: null,
            updatedBy: null,
        },
        id: roleDefinitionId(role.name, subscriptionOf(scope)),
        type: ROLE_DEFINITION_TYPE,
        name: role.name,
    };
}
/** Data actions are not told by 2015-07-01. */
function permissionBody({ actions, notActions, dataActions, notDataActions }, apiVersion) {
    return {
        actions,
        notActions,
        ...(isSince(apiVersion, '2018-01-01') ? { dataActions, notDataActions } : {}),
    };
}

;// CONCATENATED MODULE: ./src/simulator/arm/subscriptions.ts
/** Microsoft.Resources: subscriptions and the generic list of resources (recording: registries.LIST.json). */




function subscriptionRoutes(context) {
    const { state } = context;
    return [
        {
            name: 'GET subscriptions',
            method: 'GET',
            pattern: /^\/subscriptions$/i,
            answer({ caller }) {
                const value = knownSubscriptions(context, caller.objectId).map((one) => subscriptionBody(one, state.tenantId));
                return ok({ value, count: { type: 'Total', value: value.length } });
            },
        },
        {
            name: 'GET subscription',
            method: 'GET',
            pattern: new RegExp(`^(?<id>${subscriptionPath})$`, 'i'),
            demand: (call) => ({ action: 'Microsoft.Resources/subscriptions/read', scope: parameter(call, 'id') }),
            answer: (call) => ok(subscriptionBody(requireSubscription(state, parameter(call, 'subscription')), state.tenantId)),
        },
        {
            name: 'GET resources of a subscription',
            method: 'GET',
            pattern: new RegExp(`^(?<scope>${subscriptionPath})/resources$`, 'i'),
            answer(call) {
                const type = resourceType(call.query.get('$filter') ?? '');
                const subscription = parameter(call, 'subscription');
                const resources = genericResources(context).filter((resource) => same(resource.type, type) && same(resource.subscription, subscription));
                const read = `${type}/read`;
                const value = visible(context, call, parameter(call, 'scope'), resources, ({ body }) => body.id, read);
                return ok({ value: value.map(({ body }) => body) });
            },
        },
    ];
}
/** Microsoft.Resources/subscriptions at 2022-12-01 and earlier (Azure/azure-rest-api-specs, subscriptions.json). */
function subscriptionBody({ id, name }, tenantId) {
    return {
        id: subscriptionId(id),
        authorizationSource: 'RoleBased',
        managedByTenants: [],
        subscriptionId: id,
        tenantId,
        displayName: name,
        state: 'Enabled',
        subscriptionPolicies: {
            locationPlacementId: 'Public_2014-09-01',
            quotaId: 'PayAsYouGo_2014-09-01',
            spendingLimit: 'Off',
        },
    };
}
const MODELLED_TYPES = [CLUSTER_TYPE, REGISTRY_TYPE];
function resourceType(filter) {
    const type = /^\s*resourceType\s+eq\s+'([^']+)'\s*$/i.exec(filter)?.[1];
    const known = MODELLED_TYPES.find((one) => same(one, type ?? ''));
    if (known === undefined)
        throw new NotModelled(`The filter of resources "${filter}" isn't.`);
    return known;
}
/** This list holds no properties: no login server, no fqdn. */
function genericResources({ state }) {
    return [
        ...state.registries.map((registry) => ({
            type: REGISTRY_TYPE,
            subscription: registry.subscriptionId,
            body: {
                id: arm_id_registryId(registry),
                name: registry.name,
                type: REGISTRY_TYPE,
                sku: { name: registry.sku, tier: registry.sku },
                location: registry.location,
                tags: {},
            },
        })),
        ...state.clusters.map((cluster) => ({
            type: CLUSTER_TYPE,
            subscription: cluster.subscriptionId,
            body: { id: clusterId(cluster), name: cluster.name, type: CLUSTER_TYPE, location: cluster.location },
        })),
    ];
}

;// CONCATENATED MODULE: ./src/simulator/arm/index.ts
/** Azure Resource Manager: who calls, whether they may, and which provider answers. */













const HOST = 'management.azure.com';
/** In the order in which ARM names them. */
const AUDIENCES = [
    'https://management.core.windows.net/',
    'https://management.core.windows.net',
    'https://management.azure.com/',
    'https://management.azure.com',
];
/** Every answer has these (recordings). */
const COMMON_HEADERS = {
    'cache-control': 'no-cache',
    pragma: 'no-cache',
    expires: '-1',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
};
/** What is left of the caller's bucket: numbers as served since 2024. Nothing is ever used up. A POST counts as a write. */
const RATE_LIMITS = {
    GET: { 'x-ms-ratelimit-remaining-subscription-global-reads': '16499' },
    DELETE: {
        'x-ms-ratelimit-remaining-subscription-deletes': '799',
        'x-ms-ratelimit-remaining-subscription-global-deletes': '11999',
    },
    PUT: {
        'x-ms-ratelimit-remaining-subscription-writes': '799',
        'x-ms-ratelimit-remaining-subscription-global-writes': '11999',
    },
};
function createArm(context, kubeconfigs) {
    const routes = [
        ...roleAssignmentRoutes(context),
        ...roleDefinitionRoutes(context),
        ...clusterRoutes(context, kubeconfigs),
        ...registryRoutes(context),
        ...subscriptionRoutes(context),
        ...resourceGraphRoutes(context),
    ];
    return {
        name: 'arm',
        serves: (host) => host === HOST,
        async answer(exchange) {
            try {
                const answer = await respond(context, routes, exchange);
                return dressed(answer, RATE_LIMITS[exchange.method] ?? RATE_LIMITS.PUT);
            }
            catch (error) {
                if (!(error instanceof ArmError))
                    throw error;
                exchange.note.verdict ??= `refused: ${error.code}`;
                const isGateway = error.more.headers?.['x-ms-failure-cause'] === 'gateway';
                return dressed(errorAnswer(error), isGateway ? {} : RATE_LIMITS[exchange.method]);
            }
        },
    };
}
async function respond(context, routes, exchange) {
    const { method, url, body, note } = exchange;
    const caller = arm_authenticate(context, exchange.headers.authorization);
    note.caller = caller.principal?.name ?? caller.objectId;
    const path = plainPath(url.pathname);
    const [route, match] = arm_find(routes, method, path);
    note.route = route.name;
    const apiVersion = url.searchParams.get('api-version') ?? '';
    if (apiVersion === '')
        throw missingApiVersion();
    if (!/^\d{4}-\d{2}-\d{2}(-preview)?$/.test(apiVersion))
        throw new NotModelled(`The api-version ${apiVersion} isn't.`);
    const call = {
        method,
        path,
        parameters: match.groups ?? {},
        query: url.searchParams,
        apiVersion,
        body,
        caller,
    };
    // Which directory decides follows from the subscription, so it is looked up before any right: an assumption.
    const subscription = /^\/subscriptions\/([^/]+)/i.exec(path)?.[1];
    if (subscription !== undefined) {
        if (!isGuid(subscription))
            throw invalidSubscriptionId(subscription);
        requireSubscription(context.state, subscription);
    }
    // Rights come before existence: who may not look isn't told what there is.
    if (route.demand !== undefined) {
        const demand = route.demand(call);
        const decision = context.decide({ principalId: caller.objectId, kind: 'action', ...demand });
        note.verdict = decision.why;
        if (!decision.allowed)
            throw authorizationFailed(caller.client, caller.objectId, demand.action, demand.scope, decision.unmetCondition === true);
    }
    return route.answer(call);
}
/** Texts as quoted in public threads on each code. */
function arm_authenticate({ state, tokens, now }, authorization) {
    const refuse = (code, message) => unauthenticated(code, message, state.tenantId);
    if (authorization === undefined)
        throw refuse('AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing.");
    const [scheme = '', token = ''] = authorization.split(' ');
    if (scheme.toLowerCase() !== 'bearer')
        throw refuse('AuthenticationFailedInvalidHeader', "Authentication failed. The 'Authorization' header is provided in an invalid format.");
    const verified = tokens.verify(token, AUDIENCES);
    if ('problem' in verified) {
        const said = claimsOf(token) ?? {};
        const explain = {
            malformed: () => refuse('InvalidAuthenticationToken', 'The access token is invalid.'),
            signature: () => refuse('InvalidAuthenticationToken', 'The access token is invalid.'),
            audience: () => refuse('InvalidAuthenticationTokenAudience', `The access token has been obtained for wrong audience or resource '${String(said.aud)}'. It should exactly match with one of the allowed audiences '${AUDIENCES.join("','")}'.`),
            expired: () => refuse('ExpiredAuthenticationToken', `The access token expiry UTC time '${clockTime(Number(said.exp) * 1000)}' is earlier than current UTC time '${clockTime(now())}'.`),
        };
        throw explain[verified.kind]();
    }
    const { oid, appid } = verified.claims;
    const principal = principalByObjectId(state, oid);
    return { objectId: oid, client: principal?.kind === 'user' ? principal.name : appid, principal };
}
/** `8/13/2025 5:34:55 AM`, in UTC. */
function clockTime(ms) {
    return new Date(ms).toLocaleString('en-US', { timeZone: 'UTC' }).replace(',', '').replace(/\s/g, ' ');
}
/** Clients write `//subscriptions/…`, encode what they like, and end in a slash or not (capture: arm-authorization 9). */
function plainPath(pathname) {
    try {
        return decodeURIComponent(pathname.replace(/\/{2,}/g, '/')).replace(/\/$/, '');
    }
    catch {
        throw new NotModelled("A path that can't be decoded isn't.");
    }
}
function arm_find(routes, method, path) {
    for (const route of routes) {
        const match = route.method === method ? route.pattern.exec(path) : null;
        if (match !== null)
            return [route, match];
    }
    throw new NotModelled('No route of the modelled providers fits.');
}
function dressed(answer, rateLimit = {}) {
    const id = (0,external_node_crypto_.randomUUID)();
    return {
        ...answer,
        headers: {
            ...(answer.body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
            ...COMMON_HEADERS,
            ...rateLimit,
            'x-ms-request-id': id,
            'x-ms-correlation-request-id': id,
            ...answer.headers,
        },
    };
}

;// CONCATENATED MODULE: ./src/simulator/ci/index.ts
/** GitHub's token service: a job shows its bearer and gets a token that says which job it is. */




/** Actions' tokens live five minutes. Source: docs.github.com, OpenID Connect reference; azure/login's time-range failures. */
const LIFETIME_S = 300;
const ISSUER_HOST = new URL(GITHUB_ISSUER).host;
const JWKS_PATH = '/.well-known/jwks';
/**
 * Where a job of the modelled CI system asks for its token: the value of ACTIONS_ID_TOKEN_REQUEST_URL. The path holds a
 * doubled slash and the query an api-version, as on GitHub's runners; the ids in it mean nothing.
 */
function tokenRequestUrl(github) {
    const job = stableHex(32, 'job', github.repository, github.ref);
    return `https://${GITHUB_TOKEN_HOST}/${job}//idtoken/${stableHex(32, 'plan', job)}/${stableHex(32, 'run', job)}?api-version=2.0`;
}
/**
 * The token service and the issuer's public documents.
 *
 * @param now milliseconds since the epoch
 */
function createGitHub(state, key, now) {
    const tokenUrl = new URL(tokenRequestUrl(state.github));
    const token = (exchange) => {
        exchange.note.route = 'GET job id token';
        const refused = refusal(state.github, exchange.headers.authorization);
        if (refused !== undefined)
            return refused;
        exchange.note.caller = `job of ${state.github.repository}`;
        const audience = exchange.url.searchParams.get('audience') ?? ownerUrl(state.github);
        const value = key.sign(claims(state.github, audience, Math.floor(now() / 1000)));
        return json(200, { count: value.length, value });
    };
    return {
        name: 'github',
        serves: (host) => host === ISSUER_HOST || host === GITHUB_TOKEN_HOST,
        async answer(exchange) {
            const { method, url } = exchange;
            if (method === 'GET' && url.host === GITHUB_TOKEN_HOST && url.pathname === tokenUrl.pathname)
                return token(exchange);
            if (method === 'GET' && url.host === ISSUER_HOST) {
                const document = issuerDocument(url.pathname, key);
                if (document !== undefined) {
                    exchange.note.route = `GET ${url.pathname}`;
                    return json(200, document);
                }
            }
            throw new NotModelled("Of GitHub, only the job id token and its issuer's documents are.");
        },
    };
}
/** Claims: docs.github.com, "OpenID Connect reference". */
function claims(github, audience, seconds) {
    const [owner = ''] = github.repository.split('/');
    const isBranch = github.ref.startsWith('refs/heads/');
    return {
        jti: (0,external_node_crypto_.randomUUID)(),
        sub: github.subject,
        aud: audience,
        ref: github.ref,
        ref_type: isBranch ? 'branch' : 'tag',
        repository: github.repository,
        repository_owner: owner,
        repository_visibility: 'private',
        event_name: github.event,
        workflow: 'deploy',
        job_workflow_ref: `${github.repository}/.github/workflows/deploy.yml@${github.ref}`,
        actor: owner,
        run_id: '1',
        run_number: '1',
        run_attempt: '1',
        runner_environment: 'github-hosted',
        iss: GITHUB_ISSUER,
        nbf: seconds,
        iat: seconds,
        exp: seconds + LIFETIME_S,
    };
}
/** Without an audience GitHub names the repository's owner (docs.github.com, "OpenID Connect reference"). */
function ownerUrl({ repository }) {
    return `https://github.com/${repository.split('/', 1)[0] ?? ''}`;
}
/** Statuses are documented nowhere: assumption. The bearer doesn't exist where the job has no `id-token: write`. */
function refusal(github, authorization) {
    if (!sameSecret(authorization ?? '', `Bearer ${github.requestToken}`))
        return json(401, { message: "The bearer of this request is not the job's." });
    if (!github.idTokenPermission)
        return json(403, { message: 'The job lacks the permission id-token: write.' });
    return undefined;
}
function sameSecret(given, expected) {
    const [one, other] = [Buffer.from(given), Buffer.from(expected)];
    return one.length === other.length && (0,external_node_crypto_.timingSafeEqual)(one, other);
}
function issuerDocument(path, key) {
    if (path === JWKS_PATH)
        return { keys: [key.jwk] };
    if (path !== '/.well-known/openid-configuration')
        return undefined;
    return {
        issuer: GITHUB_ISSUER,
        jwks_uri: `${GITHUB_ISSUER}${JWKS_PATH}`,
        subject_types_supported: ['public', 'pairwise'],
        response_types_supported: ['id_token'],
        claims_supported: [
            'sub',
            'aud',
            'exp',
            'iat',
            'iss',
            'jti',
            'nbf',
            'ref',
            'repository',
            'repository_owner',
        ],
        id_token_signing_alg_values_supported: ['RS256'],
        scopes_supported: ['openid'],
    };
}
function json(status, body) {
    return {
        status,
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: JSON.stringify(body),
    };
}

;// CONCATENATED MODULE: ./src/simulator/entra/errors.ts
/**
 * What the directory's token endpoint refuses with. Codes and texts are Entra's own: recorded or quoted (recording:
 * errors.quoted-in-public-docs.json; corpus of failures) and documented at
 * https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
 */

const MATCHING = 'Check your federated identity credential Subject, Audience and Issuer against the presented assertion.';
const FEDERATION_PAGE = 'https://learn.microsoft.com/entra/workload-id/workload-identity-federation';
/** Where the status of a code is quoted nowhere (70025, 700211, 700212, 50013), that of 700213 is an assumption. */
const REFUSALS = {
    90002: {
        status: 400,
        error: 'invalid_tenant',
        text: "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.",
    },
    900144: {
        status: 400,
        error: 'invalid_request',
        text: "The request body must contain the following parameter: '{parameter}'.",
    },
    1002012: {
        status: 400,
        error: 'invalid_scope',
        text: 'The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).',
    },
    500011: {
        status: 400,
        error: 'invalid_resource',
        text: 'The resource principal named {resource} was not found in the tenant named {tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.',
    },
    700016: {
        status: 400,
        error: 'unauthorized_client',
        text: "Application with identifier '{client}' was not found in the directory '{tenant}'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
    },
    7000215: {
        status: 401,
        error: 'invalid_client',
        text: "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{client}'.",
    },
    7000216: {
        status: 401,
        error: 'invalid_client',
        text: "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
    },
    70025: {
        status: 401,
        error: 'invalid_client',
        text: "The client '{client}'({name}) has no configured federated identity credentials.",
    },
    700211: {
        status: 401,
        error: 'invalid_client',
        text: `No matching federated identity record found for presented assertion issuer '{issuer}'. ${MATCHING} ${FEDERATION_PAGE}`,
    },
    700212: {
        status: 401,
        error: 'invalid_client',
        text: `No matching federated identity record found for presented assertion audience '{audience}'. ${MATCHING} ${FEDERATION_PAGE}`,
    },
    700213: {
        status: 401,
        error: 'invalid_client',
        text: `No matching federated identity record found for presented assertion subject '{subject}'. ${MATCHING} ${FEDERATION_PAGE}`,
    },
    700024: {
        status: 401,
        error: 'invalid_client',
        text: 'Client assertion is not within its valid time range. Current time: {now}, assertion valid from {from}, expiry time of assertion {until}. Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .',
    },
    50013: { status: 401, error: 'invalid_client', text: 'Assertion failed signature validation.' },
};
/** A sign-in that the directory refuses. */
class SignInRefused extends Error {
    code;
    values;
    name = 'SignInRefused';
    constructor(code, values = {}) {
        super(`AADSTS${code}`);
        this.code = code;
        this.values = values;
    }
}
/** The answer to a refused sign-in, in the form that is recorded. */
function refusalAnswer({ code, values }, now) {
    const { status, error, text } = REFUSALS[code];
    const timestamp = `${new Date(now).toISOString().slice(0, 19).replace('T', ' ')}Z`;
    const [trace, correlation] = [(0,external_node_crypto_.randomUUID)(), (0,external_node_crypto_.randomUUID)()];
    const message = text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
    return {
        status,
        headers: {
            'content-type': 'application/json; charset=utf-8',
            'cache-control': 'no-store, no-cache',
            pragma: 'no-cache',
            'x-ms-request-id': trace,
        },
        body: JSON.stringify({
            error,
            error_description: `AADSTS${code}: ${message} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
            error_codes: [Number(code)],
            timestamp,
            trace_id: trace,
            correlation_id: correlation,
            error_uri: `https://login.microsoftonline.com/error?code=${code}`,
        }),
    };
}

;// CONCATENATED MODULE: ./src/simulator/entra/index.ts
/** Entra ID: the documents that clients look up before signing in, and the token endpoint. */





/** The login host of the public cloud and the other names it goes by (its own instance discovery answer). */
const LOGIN_HOST = 'login.microsoftonline.com';
const ALIASES = [LOGIN_HOST, 'login.windows.net', 'login.microsoft.com', 'sts.windows.net'];
/**
 * Resources of the tenant that tokens can be asked for. Entra gives the audience as it was asked for. ARM's two names,
 * the registries' and Graph's are in the documentation of the Azure clouds; the AKS server application's id in
 * https://learn.microsoft.com/azure/aks/kubelogin-authentication.
 */
const RESOURCES = new Set([
    'https://management.azure.com',
    'https://management.core.windows.net',
    'https://containerregistry.azure.net',
    'https://graph.microsoft.com',
    '6dae42f8-4368-4678-94ff-3960e28e3630',
]);
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const entra_LIFETIME_S = 3600;
function createEntra(parts) {
    return {
        name: 'entra',
        serves: (host) => ALIASES.includes(host),
        async answer(exchange) {
            try {
                return route(parts, exchange);
            }
            catch (error) {
                if (!(error instanceof SignInRefused))
                    throw error;
                exchange.note.verdict = `refused: AADSTS${error.code}`;
                return refusalAnswer(error, parts.now());
            }
        },
    };
}
function route(parts, exchange) {
    const { method, url, note } = exchange;
    const path = url.pathname;
    if (method === 'GET' && path === '/common/discovery/instance') {
        note.route = 'GET /common/discovery/instance';
        return entra_json(instanceDiscovery(url));
    }
    const [, tenant = '', rest = ''] = /^\/([^/]+)(\/.*)$/.exec(path) ?? [];
    const found = entra_ROUTES.find((candidate) => candidate.method === method && candidate.path === rest);
    if (found === undefined)
        throw new NotModelled('Of the directory, sign-in of applications is.');
    note.route = `${method} /{tenant}${rest}`;
    if (['common', 'organizations', 'consumers'].includes(tenant))
        throw new NotModelled(`Signing in under "${tenant}" is for people.`);
    if (tenant.toLowerCase() !== parts.state.tenantId.toLowerCase())
        throw new SignInRefused(90002, { tenant });
    return found.answer(parts, exchange);
}
const entra_ROUTES = [
    {
        method: 'GET',
        path: '/v2.0/.well-known/openid-configuration',
        answer: ({ state }) => entra_json(openIdConfiguration(state.tenantId)),
    },
    { method: 'GET', path: '/discovery/v2.0/keys', answer: ({ tokens }) => entra_json({ keys: [tokens.jwk] }) },
    { method: 'POST', path: '/oauth2/v2.0/token', answer: token },
];
/** capture: instance discovery as MSAL reads it (tenant_discovery_endpoint, api-version, metadata). */
function instanceDiscovery(url) {
    const authorization = url.searchParams.get('authorization_endpoint') ?? `https://${LOGIN_HOST}/common/oauth2/authorize`;
    const tenant = URL.canParse(authorization)
        ? (new URL(authorization).pathname.split('/')[1] ?? 'common')
        : 'common';
    return {
        tenant_discovery_endpoint: `https://${LOGIN_HOST}/${tenant}/v2.0/.well-known/openid-configuration`,
        'api-version': '1.1',
        metadata: [{ preferred_network: LOGIN_HOST, preferred_cache: 'login.windows.net', aliases: ALIASES }],
    };
}
/** OpenID Connect discovery 1.0, with the tenant's endpoints. */
function openIdConfiguration(tenant) {
    const authority = `https://${LOGIN_HOST}/${tenant}`;
    return {
        token_endpoint: `${authority}/oauth2/v2.0/token`,
        token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
        jwks_uri: `${authority}/discovery/v2.0/keys`,
        response_modes_supported: ['query', 'fragment', 'form_post'],
        subject_types_supported: ['pairwise'],
        id_token_signing_alg_values_supported: ['RS256'],
        response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
        scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
        issuer: `${authority}/v2.0`,
        request_uri_parameter_supported: false,
        authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
        device_authorization_endpoint: `${authority}/oauth2/v2.0/devicecode`,
        end_session_endpoint: `${authority}/oauth2/v2.0/logout`,
        tenant_region_scope: 'EU',
        cloud_instance_name: 'microsoftonline.com',
        cloud_graph_host_name: 'graph.windows.net',
        msgraph_host: 'graph.microsoft.com',
    };
}
function token(parts, { body, note }) {
    const form = new URLSearchParams(body.toString('utf8'));
    const grant = required(form, 'grant_type');
    if (grant !== 'client_credentials')
        throw new NotModelled(`The grant "${grant}" isn't.`);
    const client = required(form, 'client_id');
    const { state } = parts;
    // The order in which several faults are told is an assumption.
    const principal = principalByClientId(state, client);
    if (principal === undefined)
        throw new SignInRefused(700016, { client, tenant: state.tenantId });
    note.caller = principal.name;
    const audience = audienceOf(required(form, 'scope'), state.tenantId);
    prove(parts, principal, form);
    note.verdict = `signed in for ${audience}`;
    return entra_json({
        token_type: 'Bearer',
        // One second less than the token lives, as recorded.
        expires_in: entra_LIFETIME_S - 1,
        ext_expires_in: entra_LIFETIME_S - 1,
        access_token: parts.tokens.issue(principal, audience, entra_LIFETIME_S),
    });
}
function required(form, parameter) {
    const value = form.get(parameter) ?? '';
    if (value === '')
        throw new SignInRefused(900144, { parameter });
    return value;
}
/** `<resource>/.default` → the resource. A resource that ends in a slash makes a doubled one, and keeps its own. */
function audienceOf(scope, tenant) {
    // MSAL adds these to some requests; they mean nothing for an application.
    const wanted = scope
        .split(/\s+/)
        .filter((one) => !['openid', 'profile', 'offline_access', ''].includes(one));
    const [only = ''] = wanted;
    const resource = /^(.+)\/\.default$/.exec(only)?.[1];
    if (wanted.length !== 1 || resource === undefined)
        throw new SignInRefused(1002012, { scope });
    if (!RESOURCES.has(resource.replace(/\/$/, '').toLowerCase()))
        throw new SignInRefused(500011, { resource, tenant });
    return resource;
}
function prove(parts, principal, form) {
    const assertion = form.get('client_assertion');
    if (assertion !== null) {
        if (form.get('client_assertion_type') !== ASSERTION_TYPE)
            throw new SignInRefused(900144, { parameter: 'client_assertion_type' });
        proveByFederation(parts, principal, assertion);
        return;
    }
    const secret = form.get('client_secret');
    if (secret === null)
        throw new SignInRefused(7000216);
    if (!principal.secrets.includes(secret))
        throw new SignInRefused(7000215, { client: principal.clientId });
}
/** https://learn.microsoft.com/entra/workload-id/workload-identity-federation: issuer, subject and audience must match exactly. */
function proveByFederation({ github, now }, principal, assertion) {
    const said = claimsOf(assertion);
    if (said === undefined)
        throw new SignInRefused(50013);
    const { clientId: client, name, federatedCredentials } = principal;
    if (federatedCredentials.length === 0)
        throw new SignInRefused(70025, { client, name });
    const [issuer, subject, audience] = [String(said.iss), String(said.sub), String(said.aud)];
    const ofIssuer = federatedCredentials.filter((credential) => credential.issuer === issuer);
    if (ofIssuer.length === 0)
        throw new SignInRefused(700211, { issuer });
    const ofSubject = ofIssuer.filter((credential) => credential.subject === subject);
    if (ofSubject.length === 0)
        throw new SignInRefused(700213, { subject });
    if (!ofSubject.some(({ audiences }) => audiences.includes(audience)))
        throw new SignInRefused(700212, { audience });
    if (issuer !== GITHUB_ISSUER)
        throw new NotModelled(`The keys of the issuer ${issuer} aren't.`);
    if (github.open(assertion) === undefined)
        throw new SignInRefused(50013);
    const [from, until] = [Number(said.nbf) * 1000, Number(said.exp) * 1000];
    const at = now();
    if (!(from <= at && at < until))
        throw new SignInRefused(700024, { now: precise(at), from: precise(from), until: precise(until) });
}
function precise(ms) {
    return Number.isFinite(ms) ? new Date(ms).toISOString().replace('Z', '0000Z') : 'unknown';
}
function entra_json(body) {
    return {
        status: 200,
        headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store, no-cache' },
        body: JSON.stringify(body),
    };
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/objects.ts
/** The Kubernetes objects that the simulated clusters hold, with the fields that anything here looks at. */
const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'watch'];
const READ_VERBS = ['get', 'list', 'watch'];
/** The resources served. Short names and scopes are those of kubernetes/kubernetes pkg/registry. */
const objects_RESOURCES = [
    {
        name: 'events',
        group: '',
        version: 'v1',
        kind: 'Event',
        namespaced: true,
        shortNames: ['ev'],
        verbs: ALL_VERBS,
        returnsDeleted: false,
    },
    {
        name: 'namespaces',
        group: '',
        version: 'v1',
        kind: 'Namespace',
        namespaced: false,
        shortNames: ['ns'],
        verbs: ['create', 'delete', ...READ_VERBS],
        returnsDeleted: true,
    },
    {
        name: 'nodes',
        group: '',
        version: 'v1',
        kind: 'Node',
        namespaced: false,
        shortNames: ['no'],
        verbs: READ_VERBS,
        returnsDeleted: false,
    },
    {
        name: 'pods',
        group: '',
        version: 'v1',
        kind: 'Pod',
        namespaced: true,
        shortNames: ['po'],
        verbs: ALL_VERBS,
        returnsDeleted: true,
    },
    {
        name: 'secrets',
        group: '',
        version: 'v1',
        kind: 'Secret',
        namespaced: true,
        shortNames: [],
        verbs: ALL_VERBS,
        returnsDeleted: false,
    },
    {
        name: 'serviceaccounts',
        group: '',
        version: 'v1',
        kind: 'ServiceAccount',
        namespaced: true,
        shortNames: ['sa'],
        verbs: ALL_VERBS,
        returnsDeleted: true,
    },
    {
        name: 'jobs',
        group: 'batch',
        version: 'v1',
        kind: 'Job',
        namespaced: true,
        shortNames: [],
        verbs: ALL_VERBS,
        returnsDeleted: false,
    },
];
/** `v1`, `batch/v1`. */
function groupVersion(resource) {
    return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}
/** `pods`, `jobs.batch`: how messages name a resource. */
function qualifiedName(resource) {
    return resource.group === '' ? resource.name : `${resource.name}.${resource.group}`;
}
/** Information about a resource by its name. */
function resourceInfo(name) {
    const found = objects_RESOURCES.find((resource) => resource.name === name);
    if (found === undefined)
        throw new Error(`no resource ${name}`);
    return found;
}
/** An RFC 3339 timestamp in whole seconds, as metav1.Time. */
function timestamp(milliseconds) {
    return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}
/** An RFC 3339 timestamp with microseconds, as metav1.MicroTime. */
function microTimestamp(milliseconds) {
    return new Date(milliseconds).toISOString().replace(/Z$/, '000Z');
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/errors.ts
/** Failures of the API server as Status objects. Shapes and words: captures under api-1.36.2, by file name below. */

/** A refusal of the API server, thrown anywhere while a request is served. */
class ApiError extends Error {
    status;
    name = 'ApiError';
    constructor(status) {
        super(status.message ?? status.reason ?? 'failure');
        this.status = status;
    }
}
function failureStatus(code, reason, message, details) {
    return new ApiError({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message,
        reason,
        ...(details === undefined ? {} : { details }),
        code,
    });
}
function details(resource, name, kind = resource.name) {
    return {
        ...(name === undefined ? {} : { name }),
        ...(resource.group === '' ? {} : { group: resource.group }),
        kind,
    };
}
/** capture: 401-badtoken.http */
const unauthorized = () => failureStatus(401, 'Unauthorized', 'Unauthorized');
/** capture: 404-job.http */
const notFound = (resource, name) => failureStatus(404, 'NotFound', `${qualifiedName(resource)} "${name}" not found`, details(resource, name));
/** capture: 409-job-dup.http */
const alreadyExists = (resource, name) => failureStatus(409, 'AlreadyExists', `${qualifiedName(resource)} "${name}" already exists`, details(resource, name));
/** Refused by admission: `pods "x" is forbidden: <why>` (kubernetes/kubernetes staging admission/errors.go). */
const forbiddenByAdmission = (resource, name, why) => failureStatus(403, 'Forbidden', `${qualifiedName(resource)} "${name}" is forbidden: ${why}`, details(resource, name));
/** captures: 403-jobs-list.http, 403-secrets.http, 403-anonymous.http */
function forbidden(question) {
    const { user, verb, group, resource, namespace, name, reason } = question;
    const qualified = group === '' ? resource : `${resource}.${group}`;
    const subject = name === undefined ? qualified : `${qualified} "${name}"`;
    const where = namespace === undefined ? ' at the cluster scope' : ` in the namespace "${namespace}"`;
    const message = `${subject} is forbidden: User "${user}" cannot ${verb} resource "${resource}" in API group "${group}"${where}`;
    return failureStatus(403, 'Forbidden', reason === undefined ? message : `${message}: ${reason}`, {
        ...(name === undefined ? {} : { name }),
        ...(group === '' ? {} : { group }),
        kind: resource,
    });
}
/** A path that isn't a resource (kubernetes/kubernetes apiserver responsewriters/errors.go). */
const forbiddenPath = (user, verb, path) => failureStatus(403, 'Forbidden', `forbidden: User "${user}" cannot ${verb} path "${path}"`, {});
/** captures: 422-job-name.http, 422-job-restartPolicy.http */
function invalid(resource, name, causes) {
    const said = [...new Set(causes.map((cause) => `${cause.field ?? ''}: ${cause.message}`))];
    const qualified = resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
    const list = said.length === 1 ? (said[0] ?? '') : `[${said.join(', ')}]`;
    return failureStatus(422, 'Invalid', `${qualified} "${name}" is invalid: ${list}`, {
        ...details(resource, name, resource.kind),
        causes,
    });
}
/** capture: 400-unknown-field-strict.http */
const badRequest = (message) => failureStatus(400, 'BadRequest', message);
/** capture: 504-rv-too-large.http */
function versionTooLarge(asked, current) {
    return failureStatus(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
        causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
        retryAfterSeconds: 1,
    });
}
/** capture: watch-410-expired.http */
const expired = (asked, current) => failureStatus(410, 'Expired', `too old resource version: ${asked} (${current})`);
/** The body of a DELETE that removed its object at once. */
function deletedStatus(resource, name, uid) {
    return {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: { ...details(resource, name), uid },
    };
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/kubeconfig.ts
/** The kubeconfigs that ARM hands out (recording: listClusterUserCredential.json). */

/** Application id of the AKS server application: the audience of Entra tokens for API servers (github.com/Azure/kubelogin README). */
const AKS_SERVER_ID = '6dae42f8-4368-4678-94ff-3960e28e3630';
/** The public client that kubelogin signs in with (same source). */
const AKS_CLIENT_ID = '80faf920-1908-4b52-b5ef-a8e7bedfc67a';
/** User and group of the certificate of local accounts (learn.microsoft.com AKS concepts-identity). */
const LOCAL_ACCOUNT = { user: 'masterclient', group: 'system:masters' };
/** Static tokens of local accounts, beside their certificates as recorded: one a cluster, made at start, secrets. */
class LocalTokens {
    tokens = new Map();
    of(cluster) {
        const token = this.tokens.get(cluster) ?? (0,external_node_crypto_.randomBytes)(64).toString('hex');
        this.tokens.set(cluster, token);
        return token;
    }
}
/** Kubeconfig of a local account: certificate, key and token of a cluster administrator. */
async function localKubeconfig(context, cluster, tokens, role) {
    const authority = await context.clusterAuthority(cluster);
    const { certificate, key } = await authority.client(LOCAL_ACCOUNT.user, [LOCAL_ACCOUNT.group]);
    return kubeconfig(cluster, authority.certificate, role, [
        `    client-certificate-data: ${base64(certificate)}`,
        `    client-key-data: ${base64(key)}`,
        `    token: ${tokens.of(cluster)}`,
    ]);
}
/** User kubeconfig of a cluster with Entra integration: an exec of kubelogin, and no credential in itself. */
async function entraKubeconfig(context, cluster) {
    const authority = await context.clusterAuthority(cluster);
    const args = [
        'get-token',
        '--environment',
        'AzurePublicCloud',
        '--server-id',
        AKS_SERVER_ID,
        '--client-id',
        AKS_CLIENT_ID,
        '--tenant-id',
        context.state.tenantId,
        '--login',
        'devicecode',
    ];
    return kubeconfig(cluster, authority.certificate, 'clusterUser', [
        '    exec:',
        '      apiVersion: client.authentication.k8s.io/v1beta1',
        '      args:',
        ...args.map((arg) => `      - ${arg}`),
        '      command: kubelogin',
        '      env: null',
        '      provideClusterInfo: false',
    ]);
}
function kubeconfig(cluster, authority, role, user) {
    const admin = role === 'clusterAdmin' ? '-admin' : '';
    const name = `${role}_${cluster.resourceGroup}_${cluster.name}`;
    return [
        'apiVersion: v1',
        'clusters:',
        '- cluster:',
        `    certificate-authority-data: ${base64(authority)}`,
        `    server: https://${cluster.fqdn}:443`,
        `  name: ${cluster.name}`,
        'contexts:',
        '- context:',
        `    cluster: ${cluster.name}`,
        `    user: ${name}`,
        `  name: ${cluster.name}${admin}`,
        `current-context: ${cluster.name}${admin}`,
        'kind: Config',
        'preferences: {}',
        'users:',
        `- name: ${name}`,
        '  user:',
        ...user,
        '',
    ].join('\n');
}
function base64(text) {
    return Buffer.from(text).toString('base64');
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/authentication.ts
/** Who asks: a client certificate, a local account's token, or an Entra token. */



const AUTHENTICATED = 'system:authenticated';
/**
 * Finds out who asks. Throws 401 for a bad credential and for none at all (assumption: AKS API servers run without
 * anonymous requests; a plain one answers 403 for system:anonymous, capture: 403-anonymous.http).
 */
async function authentication_authenticate(context, cluster, tokens, exchange) {
    const authorization = exchange.headers['authorization'];
    if (exchange.clientCertificate !== undefined) {
        const user = await certificateUser(context, cluster, exchange.clientCertificate);
        if (user !== undefined)
            return user;
    }
    const bearer = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
    const user = bearer === undefined
        ? undefined
        : (localTokenUser(cluster, tokens, bearer) ?? entraUser(context, cluster, bearer));
    if (user === undefined) {
        exchange.note.caller = 'anonymous';
        throw unauthorized();
    }
    return user;
}
async function certificateUser(context, cluster, certificate) {
    const authority = await context.clusterAuthority(cluster);
    const now = context.now();
    const valid = Date.parse(certificate.validFrom) <= now && now <= Date.parse(certificate.validTo);
    if (!authority.signed(certificate) || !valid || cluster.disableLocalAccounts)
        return undefined;
    const parts = certificate.subject.split('\n').map((line) => {
        const at = line.indexOf('=');
        return { type: line.slice(0, at), value: line.slice(at + 1) };
    });
    const name = parts.find((part) => part.type === 'CN')?.value;
    if (name === undefined)
        return undefined;
    return {
        name,
        groups: [...parts.filter((part) => part.type === 'O').map((part) => part.value), AUTHENTICATED],
    };
}
function localTokenUser(cluster, tokens, bearer) {
    if (cluster.disableLocalAccounts)
        return undefined;
    const given = Buffer.from(bearer);
    const known = Buffer.from(tokens.of(cluster));
    if (given.length !== known.length || !(0,external_node_crypto_.timingSafeEqual)(given, known))
        return undefined;
    return { name: LOCAL_ACCOUNT.user, groups: [LOCAL_ACCOUNT.group, AUTHENTICATED] };
}
/** A token for the AKS server application. Its holder is named by object id; groups come by theirs. */
function entraUser(context, cluster, bearer) {
    if (cluster.entra === undefined)
        return undefined;
    const verified = context.tokens.verify(bearer, [AKS_SERVER_ID]);
    if ('problem' in verified)
        return undefined;
    const { oid, groups } = verified.claims;
    return { name: oid, groups: [...groups, AUTHENTICATED], objectId: oid };
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/authorisation.ts
/**
 * Kubernetes verbs → the last part of an Azure data action
 * (github.com/Azure/guard authz/providers/azure/rbac/checkaccessreqhelper.go, getActionName; the built-in roles
 * "Azure Kubernetes Service RBAC Reader/Writer/Admin/Cluster Admin" are made of the same: recording roleDefinitions.real.json).
 */
const AZURE_VERBS = {
    get: 'read',
    list: 'read',
    watch: 'read',
    create: 'write',
    update: 'write',
    patch: 'write',
    delete: 'delete',
    deletecollection: 'delete',
};
/** What guard's webhook adds to the refusal (same source). */
const AZURE_REFUSAL = 'User does not have access to the resource in Azure. Update role assignment to allow access.';
/** ARM id of a cluster. */
function authorisation_clusterId(cluster) {
    return `/subscriptions/${cluster.subscriptionId}/resourceGroups/${cluster.resourceGroup}/providers/Microsoft.ContainerService/managedClusters/${cluster.name}`;
}
/** Answers whether a user may do something: system:masters, the cluster's Entra administrators, bindings, Azure RBAC, in this order. */
function authorise(context, cluster, user, asked) {
    if (user.groups.includes('system:masters'))
        return { allowed: true, why: 'allowed: system:masters' };
    // Everyone who is somebody may ask what they may do (ClusterRole system:basic-user).
    if (asked.group === 'authorization.k8s.io' && asked.resource === 'selfsubjectaccessreviews') {
        return { allowed: true, why: 'allowed: system:basic-user' };
    }
    const admin = cluster.entra?.adminGroupObjectIds.find((group) => user.groups.includes(group));
    if (admin !== undefined)
        return { allowed: true, why: `allowed: member of the administrators' group ${admin}` };
    const binding = cluster.kubernetesBindings.find(({ subject, namespace, rules }) => (subject === user.name || user.groups.includes(subject)) &&
        (namespace === undefined || namespace === asked.namespace) &&
        rules.some((rule) => covers(rule.apiGroups, asked.group) &&
            covers(rule.resources, asked.resource) &&
            covers(rule.verbs, asked.verb)));
    if (binding !== undefined) {
        return {
            allowed: true,
            why: `allowed by a binding ${binding.namespace === undefined ? 'for the cluster' : `in ${binding.namespace}`}`,
        };
    }
    if (cluster.entra?.azureRbac !== true || user.objectId === undefined)
        return { allowed: false, why: 'denied: no binding' };
    const group = asked.group === '' ? '' : `${asked.group}/`;
    const verb = AZURE_VERBS[asked.verb] ?? `${asked.verb}/action`;
    const decision = context.decide({
        principalId: user.objectId,
        action: `Microsoft.ContainerService/managedClusters/${group}${asked.resource}/${verb}`,
        kind: 'dataAction',
        scope: asked.namespace === undefined
            ? authorisation_clusterId(cluster)
            : `${authorisation_clusterId(cluster)}/namespaces/${asked.namespace}`,
    });
    return { ...decision, ...(decision.allowed ? {} : { reason: AZURE_REFUSAL }) };
}
function covers(list, one) {
    return list.includes('*') || list.includes(one);
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/admission.ts
/** Admission: small plugins, run in order, that may change or refuse an object on its way in. */


/** Refuses anything in a namespace that isn't there or is going (plugin NamespaceLifecycle). */
const namespaceLifecycle = {
    name: 'NamespaceLifecycle',
    admit({ resource, object, store }) {
        const info = resourceInfo(resource);
        const { namespace } = object.metadata;
        if (!info.namespaced || namespace === undefined)
            return;
        const found = store.get('namespaces', namespace);
        if (found === undefined)
            throw notFound(resourceInfo('namespaces'), namespace);
        if (found.metadata.deletionTimestamp !== undefined) {
            const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
            throw forbiddenByAdmission(info, nameToReport(object), why);
        }
    },
};
/** Admission comes before a generated name is there: then it reports the prefix (staging admission/errors.go). */
function nameToReport(object) {
    return object.metadata.generateName ?? object.metadata.name;
}
const TOKEN_MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
/**
 * The pod's ServiceAccount must be there; its pull secrets and token are added
 * (kubernetes/kubernetes plugin/pkg/admission/serviceaccount/admission.go).
 */
const serviceAccount = {
    name: 'ServiceAccount',
    admit({ resource, object, store }) {
        if (resource !== 'pods')
            return;
        const { spec, metadata } = object;
        spec.serviceAccountName ??= 'default';
        spec.serviceAccount = spec.serviceAccountName;
        const namespace = metadata.namespace ?? '';
        const account = store.get('serviceaccounts', spec.serviceAccountName, namespace);
        if (account === undefined) {
            const why = `error looking up service account ${namespace}/${spec.serviceAccountName}: serviceaccount "${spec.serviceAccountName}" not found`;
            throw forbiddenByAdmission(resourceInfo('pods'), nameToReport(object), why);
        }
        if ((spec.imagePullSecrets ?? []).length === 0 && (account.imagePullSecrets ?? []).length > 0) {
            spec.imagePullSecrets = structuredClone(account.imagePullSecrets ?? []);
        }
        if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true)
            mountToken(spec);
    },
};
function mountToken(spec) {
    const name = `kube-api-access-${randomSuffix()}`;
    spec.volumes = [
        ...(spec.volumes ?? []),
        {
            name,
            projected: {
                defaultMode: 420,
                sources: [
                    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
                    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
                    {
                        downwardAPI: {
                            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
                        },
                    },
                ],
            },
        },
    ];
    for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
        container.volumeMounts = [
            ...(container.volumeMounts ?? []),
            { name, readOnly: true, mountPath: TOKEN_MOUNT },
        ];
    }
}
/** Plugins Priority and DefaultTolerationSeconds: what every admitted pod carries (capture: job-pods-t6.json). */
const podDefaults = {
    name: 'Priority, DefaultTolerationSeconds',
    admit({ resource, object }) {
        if (resource !== 'pods')
            return;
        const { spec } = object;
        spec.priority ??= 0;
        spec.preemptionPolicy ??= 'PreemptLowerPriority';
        for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) {
            const covered = spec.tolerations?.some((one) => (one.key === undefined || one.key === '' || one.key === key) &&
                (one.effect === undefined || one.effect === '' || one.effect === 'NoExecute'));
            if (covered !== true) {
                spec.tolerations = [
                    ...(spec.tolerations ?? []),
                    { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
                ];
            }
        }
    },
};
/** The plugins, in the order in which they run. */
const ADMISSION_PLUGINS = [
    namespaceLifecycle,
    serviceAccount,
    podDefaults,
];
/** Runs the plugins over a new object. Throws the ApiError of the first that refuses. */
function admit(request, plugins = ADMISSION_PLUGINS) {
    for (const plugin of plugins)
        plugin.admit(request);
}
/** Five letters and digits without vowels and look-alikes, as Kubernetes ends generated names. */
function randomSuffix() {
    const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
    return Array.from({ length: 5 }, () => alphabet.charAt(Math.floor(Math.random() * alphabet.length))).join('');
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/defaults.ts
/** The tag or digest that decides the default pull policy: `latest` or none → Always. */
function defaultPullPolicy(image) {
    if (image.includes('@'))
        return 'IfNotPresent';
    const last = image.slice(image.lastIndexOf('/') + 1);
    const tag = last.split(':')[1];
    return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}
function defaultContainer(container) {
    container.resources ??= {};
    container.terminationMessagePath ??= '/dev/termination-log';
    container.terminationMessagePolicy ??= 'File';
    container.imagePullPolicy ??= defaultPullPolicy(container.image);
}
/** Defaults of a pod's specification, also inside a Job's template. */
function defaultPodSpec(spec) {
    spec.containers.forEach(defaultContainer);
    spec.initContainers?.forEach(defaultContainer);
    spec.restartPolicy ??= 'Always';
    spec.terminationGracePeriodSeconds ??= 30;
    spec.dnsPolicy ??= 'ClusterFirst';
    spec.securityContext ??= {};
    spec.schedulerName ??= 'default-scheduler';
    if (spec.serviceAccountName !== undefined)
        spec.serviceAccount ??= spec.serviceAccountName;
}
function defaultPod(pod) {
    defaultPodSpec(pod.spec);
    pod.spec.enableServiceLinks ??= true;
    pod.metadata.generation = 1;
    pod.status = { phase: 'Pending', qosClass: qosClass(pod.spec) };
}
/** BestEffort without any requests, Guaranteed when every container's limits equal its requests, else Burstable. */
function qosClass(spec) {
    const resources = spec.containers.map((container) => container.resources ?? {});
    const asked = resources.filter((one) => Object.keys(one['requests'] ?? one['limits'] ?? {}).length > 0);
    if (asked.length === 0)
        return 'BestEffort';
    const guaranteed = resources.every((one) => one['limits'] !== undefined &&
        (one['requests'] === undefined || JSON.stringify(one['limits']) === JSON.stringify(one['requests'])));
    return guaranteed ? 'Guaranteed' : 'Burstable';
}
/** The labels that tie a Job's pods to it, in both the older and the newer spelling (capture: 201-job-create.http). */
function jobLabels(job) {
    const uid = job.metadata.uid ?? '';
    return {
        'batch.kubernetes.io/controller-uid': uid,
        'batch.kubernetes.io/job-name': job.metadata.name,
        'controller-uid': uid,
        'job-name': job.metadata.name,
    };
}
function defaultJob(job) {
    const { spec } = job;
    defaultPodSpec(spec.template.spec);
    // Both absent means one; completions alone absent means "until one succeeds".
    if (spec.parallelism === undefined && spec.completions === undefined)
        spec.completions = 1;
    spec.parallelism ??= 1;
    spec.backoffLimit ??= 6;
    spec.completionMode ??= 'NonIndexed';
    spec.suspend ??= false;
    spec.manualSelector ??= false;
    spec.podReplacementPolicy ??= 'TerminatingOrFailed';
    if (!spec.manualSelector) {
        const labels = jobLabels(job);
        spec.selector = { matchLabels: { 'batch.kubernetes.io/controller-uid': job.metadata.uid ?? '' } };
        spec.template.metadata = {
            ...spec.template.metadata,
            labels: { ...spec.template.metadata?.labels, ...labels },
        };
        // The strategy copies the template's labels to a Job that has none of its own.
        if (Object.keys(job.metadata.labels ?? {}).length === 0)
            job.metadata.labels = { ...spec.template.metadata.labels };
    }
    job.metadata.generation = 1;
    job.status = {};
}
function defaultNamespace(namespace) {
    namespace.metadata.labels = {
        ...namespace.metadata.labels,
        'kubernetes.io/metadata.name': namespace.metadata.name,
    };
    namespace.spec = { finalizers: ['kubernetes'] };
    namespace.status = { phase: 'Active' };
}
const DEFAULTS = {
    pods: defaultPod,
    jobs: defaultJob,
    namespaces: defaultNamespace,
};
/** Fills in the defaults of a new, valid object, in place. Its uid is set already. */
function applyDefaults(resource, object) {
    DEFAULTS[resource]?.(object);
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/validation.ts
const WORDS = {
    subdomain: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
    label: "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
    labelValue: "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
};
const PATTERNS = {
    subdomain: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    label: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
    labelValue: /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/,
};
const LENGTHS = { subdomain: 253, label: 63, labelValue: 63 };
function checkText(kind, value, field) {
    const causes = [];
    if (!PATTERNS[kind].test(value)) {
        causes.push({ reason: 'FieldValueInvalid', message: `Invalid value: "${value}": ${WORDS[kind]}`, field });
    }
    if (value.length > LENGTHS[kind]) {
        const message = `Invalid value: "${value}": must be no more than ${LENGTHS[kind]} characters`;
        causes.push({ reason: 'FieldValueInvalid', message, field });
    }
    return causes;
}
const validation_required = (field, words = '') => ({
    reason: 'FieldValueRequired',
    message: words === '' ? 'Required value' : `Required value: ${words}`,
    field,
});
const unsupported = (field, value, supported) => ({
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: "${value}": supported values: ${supported.map((one) => `"${one}"`).join(', ')}`,
    field,
});
function checkLabels(labels, field) {
    return Object.values(labels ?? {}).flatMap((value) => checkText('labelValue', value, field));
}
function checkContainer(container, field) {
    const causes = [];
    if (!container.name)
        causes.push(validation_required(`${field}.name`));
    else
        causes.push(...checkText('label', container.name, `${field}.name`));
    if (!container.image)
        causes.push(validation_required(`${field}.image`));
    else if (container.image.trim() !== container.image) {
        const message = `Invalid value: "${container.image}": must not have leading or trailing whitespace`;
        causes.push({ reason: 'FieldValueInvalid', message, field: `${field}.image` });
    }
    const policies = ['Always', 'IfNotPresent', 'Never'];
    if (container.imagePullPolicy !== undefined && !policies.includes(container.imagePullPolicy)) {
        causes.push(unsupported(`${field}.imagePullPolicy`, container.imagePullPolicy, policies));
    }
    return causes;
}
function checkPodSpec(spec, field) {
    if (!Array.isArray(spec?.containers) || spec.containers.length === 0)
        return [validation_required(`${field}.containers`)];
    const causes = spec.containers.flatMap((container, index) => checkContainer(container, `${field}.containers[${index}]`));
    const seen = new Set();
    spec.containers.forEach((container, index) => {
        if (seen.has(container.name)) {
            const message = `Duplicate value: "${container.name}"`;
            causes.push({ reason: 'FieldValueDuplicate', message, field: `${field}.containers[${index}].name` });
        }
        seen.add(container.name);
    });
    return causes;
}
function checkPod(pod) {
    const policies = ['Always', 'OnFailure', 'Never'];
    const policy = pod.spec?.restartPolicy;
    return [
        ...checkPodSpec(pod.spec, 'spec'),
        ...(policy === undefined || policies.includes(policy)
            ? []
            : [unsupported('spec.restartPolicy', policy, policies)]),
    ];
}
function checkJob(job) {
    const causes = [];
    const { spec } = job;
    for (const name of [
        'parallelism',
        'completions',
        'backoffLimit',
        'activeDeadlineSeconds',
        'ttlSecondsAfterFinished',
    ]) {
        const value = spec?.[name];
        if (value !== undefined && value < 0) {
            const message = `Invalid value: ${value}: must be greater than or equal to 0`;
            causes.push({ reason: 'FieldValueInvalid', message, field: `spec.${name}` });
        }
    }
    // The Job's name becomes the value of two labels of the template: hence the same complaint twice in the capture.
    const names = checkText('labelValue', job.metadata.name, 'spec.template.labels');
    causes.push(...names, ...names, ...checkPodSpec(spec?.template?.spec, 'spec.template.spec'));
    const policy = spec?.template?.spec?.restartPolicy;
    if (policy !== 'Never' && policy !== 'OnFailure') {
        causes.push(validation_required('spec.template.spec.restartPolicy', 'valid values: "OnFailure", "Never"'));
    }
    return causes;
}
/** Everything wrong with an object, in the API server's order: metadata first. */
function validate(resource, object) {
    const { name, labels } = object.metadata;
    const causes = name
        ? checkText(resource === 'namespaces' ? 'label' : 'subdomain', name, 'metadata.name')
        : [validation_required('metadata.name', 'name or generateName is required')];
    causes.push(...checkLabels(labels, 'metadata.labels'));
    if (resource === 'pods')
        causes.push(...checkPod(object));
    if (resource === 'jobs')
        causes.push(...checkJob(object));
    return causes;
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/creation.ts
/** The way of a new object into the store: metadata, validation, defaults, admission. Clients and controllers share it. */






/**
 * Creates an object as the API server would, or only says what it would be (`dryRun`). Fields that only the server
 * sets are taken from no one. Throws the ApiError of whatever refuses it.
 */
function createObject(store, now, resource, given, options = {}) {
    const info = resourceInfo(resource);
    const object = structuredClone(given);
    object.metadata = {
        ...pickMetadata(object.metadata),
        ...(info.namespaced && options.namespace !== undefined ? { namespace: options.namespace } : {}),
        uid: (0,external_node_crypto_.randomUUID)(),
        creationTimestamp: timestamp(now),
    };
    const { metadata } = object;
    if (!metadata.name && metadata.generateName)
        metadata.name = `${metadata.generateName}${randomSuffix()}`;
    const causes = validate(resource, object);
    if (causes.length > 0)
        throw invalid(info, metadata.name ?? '', causes);
    applyDefaults(resource, object);
    admit({ resource, object, store });
    if (options.dryRun === true) {
        if (store.get(resource, metadata.name, metadata.namespace) !== undefined)
            throw alreadyExists(info, metadata.name);
        return object;
    }
    return store.create(resource, object);
}
function pickMetadata(metadata) {
    const { name, namespace, generateName, labels, annotations, ownerReferences, finalizers } = metadata;
    return {
        name,
        ...(namespace === undefined ? {} : { namespace }),
        ...(generateName === undefined ? {} : { generateName }),
        ...(labels === undefined ? {} : { labels }),
        ...(annotations === undefined ? {} : { annotations }),
        ...(ownerReferences === undefined ? {} : { ownerReferences }),
        ...(finalizers === undefined ? {} : { finalizers }),
    };
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/deletion.ts

const FOREGROUND_FINALIZER = 'foregroundDeletion';
const ORPHAN_FINALIZER = 'orphan';
/** Whether a pod has ended. */
function hasEnded(phase) {
    return phase === 'Succeeded' || phase === 'Failed';
}
/**
 * Begins the deletion of an object: removes it when nothing holds it, else marks it. A pod that runs on a node is
 * left to its kubelet for its grace period; other objects wait for their finalizers only.
 * Source: kubernetes/kubernetes staging apiserver registry/rest/delete.go. Answers the object as it is afterwards.
 */
function beginDeletion(store, now, resource, object, options) {
    const { name, namespace } = object.metadata;
    const grace = graceOf(store, resource, name, namespace, options.gracePeriodSeconds);
    const finalizer = options.propagation === 'Foreground'
        ? FOREGROUND_FINALIZER
        : options.propagation === 'Orphan'
            ? ORPHAN_FINALIZER
            : undefined;
    // A namespace goes when it is empty, and not before (its spec.finalizers hold it).
    const held = (object.metadata.finalizers?.length ?? 0) > 0 || resource === 'namespaces';
    if (finalizer === undefined && !held && grace === 0) {
        return { object: store.remove(resource, name, namespace) ?? object, removed: true };
    }
    const marked = store.update(resource, name, namespace, ({ metadata }) => {
        if (finalizer !== undefined && !metadata.finalizers?.includes(finalizer)) {
            metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
        }
        const first = metadata.deletionTimestamp === undefined;
        // A second DELETE can only shorten the grace period.
        if (first || grace < (metadata.deletionGracePeriodSeconds ?? 0)) {
            metadata.deletionTimestamp = timestamp(now + grace * 1000);
            metadata.deletionGracePeriodSeconds = grace;
        }
        if (first && metadata.generation !== undefined)
            metadata.generation += 1;
    });
    return { object: marked, removed: false };
}
/** Only a pod that a kubelet has in hand needs time; a pending, unscheduled or ended one goes at once. */
function graceOf(store, resource, name, namespace, asked) {
    if (resource !== 'pods')
        return 0;
    const pod = store.get('pods', name, namespace);
    if (pod?.spec.nodeName === undefined || hasEnded(pod.status.phase))
        return 0;
    return asked ?? pod.spec.terminationGracePeriodSeconds ?? 30;
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/discovery.ts

const REVIEWS = {
    name: 'selfsubjectaccessreviews',
    singularName: '',
    namespaced: false,
    kind: 'SelfSubjectAccessReview',
    verbs: ['create'],
};
const group = (name) => {
    const version = { groupVersion: `${name}/v1`, version: 'v1' };
    return { name, versions: [version], preferredVersion: version };
};
function resourceList(groupVersion, resources) {
    return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}
function resources(groupName) {
    return objects_RESOURCES.filter((resource) => resource.group === groupName).map((resource) => ({
        name: resource.name,
        singularName: resource.kind.toLowerCase(),
        namespaced: resource.namespaced,
        kind: resource.kind,
        verbs: resource.verbs,
        ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    }));
}
const OPENAPI_PATHS = ['api/v1', 'apis/batch/v1'];
/**
 * The one thing that kubectl reads here before it sends an object: that the server checks fields itself, which it
 * takes from the parameters of PATCH (k8s.io/cli-runtime query_param_verifier_v3.go). Schemas aren't served.
 */
function openApi(groupPath) {
    const path = ({ name, namespaced }) => `/${groupPath}/${namespaced ? 'namespaces/{namespace}/' : ''}${name}/{name}`;
    const fieldValidation = {
        name: 'fieldValidation',
        in: 'query',
        schema: { type: 'string', uniqueItems: true },
    };
    return {
        openapi: '3.0.0',
        info: { title: 'Kubernetes', version: 'unversioned' },
        paths: Object.fromEntries(objects_RESOURCES.filter((resource) => groupPath.endsWith(groupVersion(resource))).map((resource) => [
            path(resource),
            {
                patch: {
                    parameters: [fieldValidation],
                    'x-kubernetes-group-version-kind': {
                        group: resource.group,
                        version: resource.version,
                        kind: resource.kind,
                    },
                },
            },
        ])),
    };
}
/** The answer to a discovery path; undefined when the path is something else. */
function discover(cluster, path) {
    const [major = '1', minor = '0'] = cluster.kubernetesVersion.split('.');
    const documents = {
        '/version': () => ({
            major,
            minor,
            gitVersion: `v${cluster.kubernetesVersion}`,
            gitTreeState: 'clean',
            compiler: 'gc',
            platform: 'linux/amd64',
        }),
        '/api': () => ({
            kind: 'APIVersions',
            versions: ['v1'],
            serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: `${cluster.fqdn}:443` }],
        }),
        '/apis': () => ({
            kind: 'APIGroupList',
            apiVersion: 'v1',
            groups: [group('authorization.k8s.io'), group('batch')],
        }),
        '/api/v1': () => resourceList('v1', resources('')),
        '/apis/batch': () => ({ kind: 'APIGroup', apiVersion: 'v1', ...group('batch') }),
        '/apis/batch/v1': () => resourceList('batch/v1', resources('batch')),
        '/apis/authorization.k8s.io': () => ({
            kind: 'APIGroup',
            apiVersion: 'v1',
            ...group('authorization.k8s.io'),
        }),
        '/apis/authorization.k8s.io/v1': () => resourceList('authorization.k8s.io/v1', [REVIEWS]),
        '/openapi/v3': () => ({
            paths: Object.fromEntries(OPENAPI_PATHS.map((one) => [one, { serverRelativeURL: `/openapi/v3/${one}` }])),
        }),
        ...Object.fromEntries(OPENAPI_PATHS.map((one) => [`/openapi/v3/${one}`, () => openApi(one)])),
    };
    return documents[path.replace(/\/$/, '')]?.();
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/fields.ts
const METADATA = {
    name: true,
    namespace: true,
    generateName: true,
    labels: true,
    annotations: true,
    ownerReferences: true,
    finalizers: true,
    uid: true,
    resourceVersion: true,
    generation: true,
    creationTimestamp: true,
    deletionTimestamp: true,
    deletionGracePeriodSeconds: true,
    managedFields: true,
    selfLink: true,
};
const CONTAINER = {
    name: true,
    image: true,
    command: true,
    args: true,
    workingDir: true,
    ports: true,
    envFrom: true,
    env: true,
    resources: true,
    resizePolicy: true,
    restartPolicy: true,
    restartPolicyRules: true,
    volumeMounts: true,
    volumeDevices: true,
    livenessProbe: true,
    readinessProbe: true,
    startupProbe: true,
    lifecycle: true,
    terminationMessagePath: true,
    terminationMessagePolicy: true,
    imagePullPolicy: true,
    securityContext: true,
    stdin: true,
    stdinOnce: true,
    tty: true,
};
const POD_SPEC = {
    volumes: true,
    initContainers: [CONTAINER],
    containers: [CONTAINER],
    ephemeralContainers: true,
    restartPolicy: true,
    terminationGracePeriodSeconds: true,
    activeDeadlineSeconds: true,
    dnsPolicy: true,
    nodeSelector: true,
    serviceAccountName: true,
    serviceAccount: true,
    automountServiceAccountToken: true,
    nodeName: true,
    hostNetwork: true,
    hostPID: true,
    hostIPC: true,
    shareProcessNamespace: true,
    securityContext: true,
    imagePullSecrets: true,
    hostname: true,
    subdomain: true,
    affinity: true,
    schedulerName: true,
    tolerations: true,
    hostAliases: true,
    priorityClassName: true,
    priority: true,
    dnsConfig: true,
    readinessGates: true,
    runtimeClassName: true,
    enableServiceLinks: true,
    preemptionPolicy: true,
    overhead: true,
    topologySpreadConstraints: true,
    setHostnameAsFQDN: true,
    os: true,
    hostUsers: true,
    schedulingGates: true,
    resourceClaims: true,
    resources: true,
    hostnameOverride: true,
    workloadRef: true,
};
const TYPE = { kind: true, apiVersion: true, metadata: METADATA };
const SHAPES = {
    pods: { ...TYPE, spec: POD_SPEC, status: true },
    jobs: {
        ...TYPE,
        spec: {
            parallelism: true,
            completions: true,
            activeDeadlineSeconds: true,
            podFailurePolicy: true,
            successPolicy: true,
            backoffLimit: true,
            backoffLimitPerIndex: true,
            maxFailedIndexes: true,
            selector: true,
            manualSelector: true,
            template: { metadata: METADATA, spec: POD_SPEC },
            ttlSecondsAfterFinished: true,
            completionMode: true,
            suspend: true,
            podReplacementPolicy: true,
            managedBy: true,
        },
        status: true,
    },
    serviceaccounts: { ...TYPE, secrets: true, imagePullSecrets: true, automountServiceAccountToken: true },
    namespaces: { ...TYPE, spec: true, status: true },
    secrets: { ...TYPE, immutable: true, data: true, stringData: true, type: true },
    nodes: { ...TYPE, spec: true, status: true },
    events: {
        ...TYPE,
        involvedObject: true,
        reason: true,
        message: true,
        source: true,
        firstTimestamp: true,
        lastTimestamp: true,
        count: true,
        type: true,
        eventTime: true,
        series: true,
        action: true,
        related: true,
        reportingComponent: true,
        reportingInstance: true,
    },
};
/** Fields that would change what happens, and whose effect isn't modelled. */
const NOT_MODELLED = {
    pods: [
        'spec.initContainers',
        'spec.schedulingGates',
        'spec.topologySpreadConstraints',
        'spec.affinity.podAffinity',
        'spec.affinity.podAntiAffinity',
        'spec.activeDeadlineSeconds',
        'spec.hostNetwork',
    ],
    jobs: [
        'spec.podFailurePolicy',
        'spec.successPolicy',
        'spec.backoffLimitPerIndex',
        'spec.maxFailedIndexes',
        'spec.managedBy',
    ],
};
/** The first such field that an object has; undefined when all it has is modelled. A Job's pods count too. */
function notModelledField(resource, object) {
    const inTemplate = resource === 'jobs' ? (NOT_MODELLED.pods ?? []).map((path) => `spec.template.${path}`) : [];
    return [...(NOT_MODELLED[resource] ?? []), ...inTemplate].find((path) => {
        const value = path
            .split('.')
            .reduce((at, step) => at?.[step], object);
        return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
    });
}
/**
 * Reads an object as the API server does: what it doesn't know falls away, and is named by its path, such as
 * `spec.template.spec.imagePullSecret`.
 */
function decode(resource, object) {
    const unknown = [];
    return { known: decodeAs(SHAPES[resource], object, '', unknown), unknown };
}
function decodeAs(shape, value, path, unknown) {
    if (shape === true || typeof value !== 'object' || value === null)
        return value;
    if (Array.isArray(shape)) {
        const [item] = shape;
        return Array.isArray(value)
            ? value.map((one, index) => decodeAs(item, one, `${path}[${index}]`, unknown))
            : value;
    }
    return Object.fromEntries(Object.entries(value).flatMap(([name, one]) => {
        const below = path === '' ? name : `${path}.${name}`;
        const known = shape[name];
        if (known !== undefined)
            return [[name, decodeAs(known, one, below, unknown)]];
        unknown.push(below);
        return [];
    }));
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/selectors.ts
/** Label and field selectors of lists and watches. */

/** Whether a set of labels meets one requirement. Operators: In, NotIn, Exists, DoesNotExist, Gt, Lt. */
function meets(labels, requirement) {
    const value = labels[requirement.key];
    const values = requirement.values ?? [];
    switch (requirement.operator) {
        case 'In':
            return value !== undefined && values.includes(value);
        case 'NotIn':
            return value === undefined || !values.includes(value);
        case 'Exists':
            return value !== undefined;
        case 'DoesNotExist':
            return value === undefined;
        case 'Gt':
            return value !== undefined && Number(value) > Number(values[0]);
        case 'Lt':
            return value !== undefined && Number(value) < Number(values[0]);
        default:
            return false;
    }
}
/** Reads `a=b,c!=d,e in (f,g),h,!i`. Throws BadRequest. */
function labelMatcher(text) {
    const requirements = splitOutsideParentheses(text).map(labelRequirement);
    return (object) => requirements.every((requirement) => meets(object.metadata.labels ?? {}, requirement));
}
function labelRequirement(part) {
    const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/.exec(part);
    if (set) {
        const [, key = '', operator, values = ''] = set;
        return {
            key,
            operator: operator === 'in' ? 'In' : 'NotIn',
            values: values.split(',').map((value) => value.trim()),
        };
    }
    const equality = /^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(part);
    if (equality) {
        const [, key = '', operator, value = ''] = equality;
        return { key, operator: operator === '!=' ? 'NotIn' : 'In', values: [value] };
    }
    const existence = /^(!?)([^=!\s]+)$/.exec(part);
    if (existence)
        return { key: existence[2] ?? '', operator: existence[1] === '!' ? 'DoesNotExist' : 'Exists' };
    throw badRequest(`unable to parse requirement: ${part}`);
}
function splitOutsideParentheses(text) {
    return (text.match(/[^,(]+(?:\([^)]*\))?/g) ?? []).map((part) => part.trim()).filter((part) => part !== '');
}
/** Field labels that each kind supports, beside metadata.name and metadata.namespace (kubernetes/kubernetes pkg/apis/core/v1/conversion.go). */
const FIELDS = {
    Pod: [
        'spec.nodeName',
        'spec.restartPolicy',
        'spec.schedulerName',
        'spec.serviceAccountName',
        'status.phase',
        'status.podIP',
    ],
    Event: [
        'involvedObject.kind',
        'involvedObject.namespace',
        'involvedObject.name',
        'involvedObject.uid',
        'involvedObject.apiVersion',
        'involvedObject.resourceVersion',
        'involvedObject.fieldPath',
        'reason',
        'reportingComponent',
        'source',
        'type',
    ],
    Job: ['status.successful'],
    Node: ['spec.unschedulable'],
    Secret: ['type'],
    Namespace: ['status.phase'],
};
/** Reads `metadata.name=x,status.phase!=Running`. Throws BadRequest for a field the kind doesn't support. */
function fieldMatcher(text, kind) {
    const requirements = text
        .split(',')
        .filter((part) => part !== '')
        .map((part) => {
        const match = /^([^=!]+)(==|=|!=)(.*)$/.exec(part);
        if (!match)
            throw badRequest(`invalid field selector: ${part}`);
        const [, field = '', operator, value = ''] = match;
        if (!['metadata.name', 'metadata.namespace', ...(FIELDS[kind] ?? [])].includes(field)) {
            throw badRequest(`field label not supported: ${field}`);
        }
        return {
            path: (field === 'source' ? 'source.component' : field).split('.'),
            wanted: operator !== '!=',
            value,
        };
    });
    return (object) => requirements.every(({ path, wanted, value }) => (selectors_valueAt(object, path) === value) === wanted);
}
function selectors_valueAt(object, path) {
    let value = object;
    for (const step of path) {
        value =
            typeof value === 'object' && value !== null ? value[step] : undefined;
    }
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? String(value)
        : '';
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/tables.ts
/** Whether the client asks for a Table. */
function wantsTable(exchange) {
    return /application\/json;as=Table;v=v1;g=meta\.k8s\.io/.test(exchange.headers['accept'] ?? '');
}
/** Kubernetes' short form of a duration: 45s, 3m12s, 2h5m. */
function humanDuration(milliseconds) {
    const seconds = Math.max(0, Math.floor(milliseconds / 1000));
    if (seconds < 120)
        return `${seconds}s`;
    const minutes = Math.floor(seconds / 60);
    if (minutes < 10)
        return `${minutes}m${seconds % 60 === 0 ? '' : `${seconds % 60}s`}`;
    if (minutes < 180)
        return `${minutes}m`;
    const hours = Math.floor(minutes / 60);
    return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}
const NONE = '<none>';
const tables_name = { name: 'Name', priority: 0, cell: ({ metadata }) => metadata.name };
const age = {
    name: 'Age',
    priority: 0,
    cell: ({ metadata }, now) => humanDuration(now - Date.parse(metadata.creationTimestamp ?? '')),
};
function podReason({ metadata, status }) {
    if (metadata.deletionTimestamp !== undefined && status.phase !== 'Failed')
        return 'Terminating';
    const states = (status.containerStatuses ?? []).map(({ state }) => state);
    return (states
        .map((state) => state.waiting?.reason ?? state.terminated?.reason)
        .find((reason) => reason !== undefined) ??
        status.reason ??
        status.phase);
}
function jobStatus(job) {
    const has = (type) => job.status?.conditions?.some((condition) => condition.type === type) ?? false;
    if (has('Complete'))
        return 'Complete';
    if (has('Failed'))
        return 'Failed';
    if (job.metadata.deletionTimestamp !== undefined)
        return 'Terminating';
    if (has('FailureTarget'))
        return 'FailureTarget';
    if (has('SuccessCriteriaMet'))
        return 'SuccessCriteriaMet';
    return 'Running';
}
const COLUMNS = {
    pods: [
        tables_name,
        {
            name: 'Ready',
            priority: 0,
            cell: ({ spec, status }) => `${(status.containerStatuses ?? []).filter((one) => one.ready).length}/${spec.containers.length}`,
        },
        { name: 'Status', priority: 0, cell: podReason },
        {
            name: 'Restarts',
            priority: 0,
            cell: ({ status }) => String((status.containerStatuses ?? []).reduce((sum, one) => sum + one.restartCount, 0)),
        },
        age,
        { name: 'IP', priority: 1, cell: ({ status }) => status.podIP ?? NONE },
        { name: 'Node', priority: 1, cell: ({ spec }) => spec.nodeName ?? NONE },
    ],
    jobs: [
        tables_name,
        { name: 'Status', priority: 0, cell: jobStatus },
        {
            name: 'Completions',
            priority: 0,
            cell: ({ spec, status }) => `${status?.succeeded ?? 0}/${spec.completions ?? 1}`,
        },
        {
            name: 'Duration',
            priority: 0,
            cell: ({ status }, now) => status?.startTime === undefined
                ? ''
                : humanDuration((status.completionTime === undefined ? now : Date.parse(status.completionTime)) -
                    Date.parse(status.startTime)),
        },
        age,
    ],
    nodes: [
        tables_name,
        {
            name: 'Status',
            priority: 0,
            cell: ({ spec }) => (spec.unschedulable === true ? 'Ready,SchedulingDisabled' : 'Ready'),
        },
        { name: 'Roles', priority: 0, cell: () => NONE },
        age,
        { name: 'Version', priority: 0, cell: ({ status }) => status.nodeInfo['kubeletVersion'] ?? '' },
    ],
    namespaces: [
        tables_name,
        { name: 'Status', priority: 0, cell: ({ status }) => status?.phase ?? '' },
        age,
    ],
    serviceaccounts: [tables_name, { name: 'Secrets', priority: 0, cell: () => '0' }, age],
    secrets: [tables_name, age],
    events: [
        {
            name: 'Last Seen',
            priority: 0,
            cell: ({ lastTimestamp, eventTime }, now) => humanDuration(now - Date.parse(lastTimestamp ?? eventTime ?? '')),
        },
        { name: 'Type', priority: 0, cell: ({ type }) => type },
        { name: 'Reason', priority: 0, cell: ({ reason }) => reason },
        {
            name: 'Object',
            priority: 0,
            cell: ({ involvedObject }) => `${involvedObject.kind.toLowerCase()}/${involvedObject.name}`,
        },
        { name: 'Message', priority: 0, cell: ({ message }) => message },
    ],
};
/** A list as a meta.k8s.io/v1 Table. */
function asTable(resource, objects, now, resourceVersion) {
    // Each resource's columns fit its own objects; the table of columns says so by its type, a union of resources can't.
    const columns = COLUMNS[resource];
    return {
        kind: 'Table',
        apiVersion: 'meta.k8s.io/v1',
        metadata: { resourceVersion },
        columnDefinitions: columns.map((column) => ({
            name: column.name,
            type: 'string',
            format: column.name === 'Name' ? 'name' : '',
            description: column.name,
            priority: column.priority,
        })),
        rows: objects.map((object) => ({
            cells: columns.map((column) => column.cell(object, now)),
            object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
        })),
    };
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/watch.ts
/** Watches: a stream of changes as JSON lines (captures: 200-watch-events.http, watch-410-expired.http). */


/** How often a bookmark is sent (kubernetes/kubernetes cacher: about a minute). */
const BOOKMARK_MS = 60_000;
/** Without timeoutSeconds a watch ends after half an hour to an hour (apiserver minRequestTimeout). */
const DEFAULT_TIMEOUT_MS = 30 * 60_000;
/** The stream of one watch. Ends at its timeout, when the client hangs up or when the cluster stops. */
async function* watchStream(store, timers, stopped, options) {
    const { resource, namespace, matches, from } = options;
    const pending = [];
    let wake = () => undefined;
    let ended = false;
    const push = (...events) => {
        pending.push(...events);
        wake();
    };
    const end = () => {
        ended = true;
        wake();
    };
    const seen = (change) => {
        if (change.resource !== resource.name)
            return;
        if (namespace !== undefined && change.object.metadata.namespace !== namespace)
            return;
        const event = eventFor(change, matches, options.show);
        if (event !== undefined)
            push(event);
    };
    const bookmark = (annotations) => ({
        type: 'BOOKMARK',
        object: {
            kind: resource.kind,
            apiVersion: groupVersion(resource),
            metadata: {
                resourceVersion: String(store.version),
                creationTimestamp: null,
                ...(annotations === undefined ? {} : { annotations }),
            },
        },
    });
    // What is there is read and listening begins in one go, so no change falls between the two.
    try {
        if (from === undefined || from === 0 || options.sendInitialEvents) {
            const there = store.list(resource.name, namespace).filter(matches);
            push(...there.map((object) => ({ type: 'ADDED', object: options.show(object) })));
            if (options.sendInitialEvents && options.bookmarks)
                push(bookmark({ 'k8s.io/initial-events-end': 'true' }));
        }
        else {
            store.since(from).forEach(seen);
        }
    }
    catch (error) {
        if (!(error instanceof ApiError))
            throw error;
        yield line({ type: 'ERROR', object: error.status });
        return;
    }
    const unsubscribe = store.subscribe(seen);
    const cancelTimeout = timers.after(options.timeoutSeconds === undefined ? DEFAULT_TIMEOUT_MS : options.timeoutSeconds * 1000, end);
    let cancelBookmark = () => undefined;
    const keepMarking = () => {
        cancelBookmark = timers.after(BOOKMARK_MS, () => {
            push(bookmark());
            keepMarking();
        });
    };
    if (options.bookmarks)
        keepMarking();
    for (const signal of [options.signal, stopped]) {
        if (signal.aborted)
            end();
        signal.addEventListener('abort', end, { once: true });
    }
    try {
        for (;;) {
            while (pending.length > 0) {
                const event = pending.shift();
                if (event !== undefined)
                    yield line(event);
            }
            if (ended)
                return;
            await new Promise((resolve) => {
                wake = resolve;
            });
        }
    }
    finally {
        unsubscribe();
        cancelTimeout();
        cancelBookmark();
        options.signal.removeEventListener('abort', end);
        stopped.removeEventListener('abort', end);
    }
}
/** What a watcher with a selector sees of a change: an object that stops matching is DELETED for it, one that begins is ADDED. */
function eventFor(change, matches, show) {
    const matched = change.previous !== undefined && matches(change.previous);
    const now = matches(change.object);
    const object = show(change.object);
    if (change.type === 'ADDED')
        return now ? { type: 'ADDED', object } : undefined;
    if (change.type === 'DELETED')
        return matched || now ? { type: 'DELETED', object } : undefined;
    if (now)
        return { type: matched ? 'MODIFIED' : 'ADDED', object };
    return matched ? { type: 'DELETED', object } : undefined;
}
function line(event) {
    return `${JSON.stringify(event)}\n`;
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/api.ts
/** The HTTP face of one API server: routes to verbs, verbs to the store. */













/** Answers one request. Failures of the API are Status answers; what isn't modelled throws NotModelled. */
async function answerApi(desk, exchange) {
    try {
        const user = await authentication_authenticate(desk.context, desk.cluster, desk.tokens, exchange);
        exchange.note.caller =
            desk.context.state.principals.find((one) => one.objectId === user.objectId)?.name ?? user.name;
        return api_route(desk, exchange, user);
    }
    catch (error) {
        if (!(error instanceof ApiError))
            throw error;
        const code = error.status.code ?? 500;
        const retry = error.status.details?.retryAfterSeconds;
        return api_json(code, error.status, {
            ...(code === 403 ? { 'x-content-type-options': 'nosniff' } : {}),
            ...(retry === undefined ? {} : { 'retry-after': String(retry) }),
        });
    }
}
const RESOURCE_PATH = /^\/(?:api\/(?<core>v1)|apis\/(?<group>[^/]+)\/(?<version>[^/]+))(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<resource>[a-z]+)(?:\/(?<name>[^/]+))?\/?$/;
const HEALTH = /^\/(healthz|livez|readyz)$/;
function api_route(desk, exchange, user) {
    const { method, url } = exchange;
    const path = url.pathname;
    const document = method === 'GET' ? discover(desk.cluster, path) : undefined;
    if (document !== undefined) {
        // ClusterRoles system:discovery and system:public-info-viewer: whoever is authenticated.
        exchange.note.route = `GET ${path}`;
        return api_json(200, document);
    }
    if (HEALTH.test(path) && method === 'GET') {
        exchange.note.route = `GET ${path}`;
        return {
            status: 200,
            headers: { ...commonHeaders(), 'content-type': 'text/plain; charset=utf-8' },
            body: 'ok',
        };
    }
    if (path === '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews' && method === 'POST') {
        exchange.note.route = `POST ${path}`;
        return reviewAccess(desk, exchange, user);
    }
    const request = resourceRequest(path);
    if (request === undefined) {
        if (!path.startsWith('/api') && !user.groups.includes('system:masters'))
            throw forbiddenPath(user.name, method.toLowerCase(), path);
        throw new NotModelled(`${method} ${path} at ${desk.cluster.fqdn}`);
    }
    return serve(desk, exchange, user, request);
}
/** Reads the path of a modelled resource. `/api/v1/namespaces/x` is the namespace x, not a place. */
function resourceRequest(path) {
    const namespaceItself = /^\/api\/v1\/namespaces\/([^/]+)$/.exec(path)?.[1];
    const groups = namespaceItself === undefined
        ? RESOURCE_PATH.exec(path)?.groups
        : { core: 'v1', resource: 'namespaces', name: namespaceItself };
    const group = groups?.['core'] === undefined ? groups?.['group'] : '';
    const resource = objects_RESOURCES.find((one) => one.name === groups?.['resource'] && one.group === group);
    if (resource === undefined)
        return undefined;
    return { resource, namespace: groups?.['namespace'], name: groups?.['name'] };
}
/** HTTP method → Kubernetes verb (kubernetes.io/docs/reference/access-authn-authz/authorization, request verbs). */
function verbOf(method, request, url) {
    const one = request.name !== undefined;
    if (method === 'GET' && isTrue(url.searchParams.get('watch')))
        return one ? undefined : 'watch';
    const verbs = {
        GET: one ? 'get' : 'list',
        POST: one ? undefined : 'create',
        DELETE: one ? 'delete' : 'deletecollection',
    };
    return verbs[method];
}
function isTrue(value) {
    return value === '' || value === '1' || value === 'true';
}
function serve(desk, exchange, user, request) {
    const { method, url } = exchange;
    const { resource, namespace, name } = request;
    const verb = verbOf(method, request, url);
    if (verb === undefined || !resource.verbs.includes(verb)) {
        throw new NotModelled(`${method} ${url.pathname} at ${desk.cluster.fqdn}`);
    }
    exchange.note.route = `${verb} ${resource.name}`;
    // A namespace is asked about in itself: that is how the API server authorises it.
    const within = resource.name === 'namespaces' ? name : namespace;
    const decision = authorise(desk.context, desk.cluster, user, {
        verb,
        group: resource.group,
        resource: resource.name,
        namespace: within,
        name,
    });
    exchange.note.verdict = decision.why;
    if (!decision.allowed) {
        throw forbidden({
            user: user.name,
            verb,
            group: resource.group,
            resource: resource.name,
            namespace: within,
            name,
            reason: decision.reason,
        });
    }
    if (resource.namespaced && namespace === undefined && verb !== 'list' && verb !== 'watch') {
        throw new NotModelled(`${method} ${url.pathname}: no namespace`);
    }
    return VERBS[verb](desk, exchange, request);
}
const VERBS = { get, list: api_list, watch, create, delete: remove, deletecollection: removeAll };
function api_find(desk, { resource, namespace, name = '' }) {
    const object = desk.store.get(resource.name, name, namespace);
    if (object === undefined)
        throw notFound(resource, name);
    return object;
}
function get(desk, exchange, request) {
    const object = api_find(desk, request);
    if (wantsTable(exchange))
        return api_json(200, asTable(request.resource.name, [object], desk.context.now(), object.metadata.resourceVersion ?? ''));
    return api_json(200, object);
}
function matcherOf({ resource }, url) {
    const byLabel = labelMatcher(url.searchParams.get('labelSelector') ?? '');
    const byField = fieldMatcher(url.searchParams.get('fieldSelector') ?? '', resource.kind);
    return (object) => byLabel(object) && byField(object);
}
function versionOf(desk, url) {
    const text = url.searchParams.get('resourceVersion') ?? '';
    if (text === '')
        return undefined;
    const version = Number(text);
    if (!Number.isSafeInteger(version) || version < 0)
        throw badRequest(`invalid resource version "${text}"`);
    if (version > desk.store.version)
        throw versionTooLarge(version, desk.store.version);
    return version;
}
function api_list(desk, exchange, request) {
    const { url } = exchange;
    const { resource, namespace } = request;
    versionOf(desk, url);
    const all = desk.store.list(resource.name, namespace).filter(matcherOf(request, url));
    const limit = Number(url.searchParams.get('limit') ?? '0');
    const start = continuation(url);
    const page = limit > 0 ? all.slice(start, start + limit) : all.slice(start);
    const remaining = all.length - start - page.length;
    const resourceVersion = String(desk.store.version);
    const metadata = {
        resourceVersion,
        ...(remaining > 0
            ? {
                continue: Buffer.from(JSON.stringify({ start: start + page.length })).toString('base64url'),
                remainingItemCount: remaining,
            }
            : {}),
    };
    if (wantsTable(exchange))
        return api_json(200, asTable(resource.name, page, desk.context.now(), resourceVersion));
    // Items of a list carry neither kind nor apiVersion.
    const items = page.map(({ kind: _kind, apiVersion: _apiVersion, ...item }) => item);
    return api_json(200, { kind: `${resource.kind}List`, apiVersion: groupVersion(resource), metadata, items });
}
/** Where a limited list goes on. The token is ours alone: clients pass it back as it is. */
function continuation(url) {
    const token = url.searchParams.get('continue') ?? '';
    if (token === '')
        return 0;
    try {
        const { start } = JSON.parse(Buffer.from(token, 'base64url').toString());
        return start ?? 0;
    }
    catch {
        throw badRequest('continue key is not valid');
    }
}
function watch(desk, exchange, request) {
    const { url, signal } = exchange;
    const { searchParams } = url;
    const timeout = searchParams.get('timeoutSeconds');
    const stream = watchStream(desk.store, desk.timers, desk.stopped, {
        resource: request.resource,
        namespace: request.namespace,
        matches: matcherOf(request, url),
        from: versionOf(desk, url),
        bookmarks: isTrue(searchParams.get('allowWatchBookmarks') ?? 'false'),
        sendInitialEvents: isTrue(searchParams.get('sendInitialEvents') ?? 'false'),
        timeoutSeconds: timeout === null ? undefined : Number(timeout),
        signal,
        show: (object) => wantsTable(exchange)
            ? asTable(request.resource.name, [object], desk.context.now(), object.metadata.resourceVersion ?? '')
            : object,
    });
    return { status: 200, headers: { ...commonHeaders(), 'content-type': 'application/json' }, body: stream };
}
function bodyOf(exchange) {
    const type = exchange.headers['content-type'] ?? 'application/json';
    if (!type.startsWith('application/json'))
        throw new NotModelled(`a body of type ${type}`);
    try {
        const value = JSON.parse(exchange.body.toString());
        if (typeof value === 'object' && value !== null && !Array.isArray(value))
            return value;
    }
    catch {
        // Answered below like any other body that isn't an object.
    }
    throw badRequest('the object provided is unrecognized (must be of type JSON object)');
}
function create(desk, exchange, { resource, namespace }) {
    const { searchParams } = exchange.url;
    const { known: body, unknown } = decode(resource.name, bodyOf(exchange));
    const { kind = resource.kind, apiVersion = groupVersion(resource), metadata = { name: '' }, } = body;
    if (kind !== resource.kind || apiVersion !== groupVersion(resource)) {
        throw badRequest(`${kind} in version "${apiVersion}" cannot be handled as a ${resource.kind}: no kind "${kind}" is registered for version "${apiVersion}"`);
    }
    if (metadata.namespace !== undefined && metadata.namespace !== namespace && resource.namespaced) {
        throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
    }
    const validation = searchParams.get('fieldValidation') ?? 'Warn';
    const complaints = unknown.map((path) => `unknown field "${path}"`);
    if (validation === 'Strict' && complaints.length > 0) {
        throw badRequest(`${resource.kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: strict decoding error: ${complaints.join(', ')}`);
    }
    const object = { ...body, kind, apiVersion, metadata };
    const beyond = notModelledField(resource.name, body);
    if (beyond !== undefined)
        throw new NotModelled(`${resource.kind} with ${beyond}`);
    const created = createObject(desk.store, desk.context.now(), resource.name, object, {
        namespace,
        dryRun: searchParams.getAll('dryRun').includes('All'),
    });
    const warnings = validation === 'Warn' ? complaints : [];
    return api_json(201, created, warnings.length === 0 ? {} : { warning: warnings.map(warning).join(', ') });
}
/** A Warning header's value (capture: 201-unknown-field-warn.http). */
function warning(text) {
    return `299 - ${JSON.stringify(text)}`;
}
function deleteOptions(exchange) {
    const { searchParams } = exchange.url;
    const body = exchange.body.length === 0 ? {} : bodyOf(exchange);
    const policy = body.propagationPolicy ?? searchParams.get('propagationPolicy') ?? undefined;
    const grace = body.gracePeriodSeconds ??
        (searchParams.has('gracePeriodSeconds') ? Number(searchParams.get('gracePeriodSeconds')) : undefined);
    return {
        ...body,
        ...(policy === undefined ? {} : { propagationPolicy: policy }),
        ...(grace === undefined ? {} : { gracePeriodSeconds: grace }),
    };
}
/** What a batch/v1 Job's DELETE without a policy warns of: its pods stay (kubernetes/kubernetes pkg/registry/batch/job/strategy.go). */
const ORPHAN_WARNING = 'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning';
function propagationOf(resource, options) {
    const { propagationPolicy: policy } = options;
    if (policy === 'Background' || policy === 'Foreground' || policy === 'Orphan')
        return { policy, warnings: [] };
    if (policy !== undefined)
        throw badRequest(`invalid propagationPolicy ${JSON.stringify(policy)}`);
    if (options.orphanDependents !== undefined)
        return { policy: options.orphanDependents ? 'Orphan' : 'Background', warnings: [] };
    return resource.name === 'jobs'
        ? { policy: 'Orphan', warnings: [ORPHAN_WARNING] }
        : { policy: 'Background', warnings: [] };
}
function removeOne(desk, resource, object, options) {
    const live = object;
    const { policy } = propagationOf(resource, options);
    const { gracePeriodSeconds } = options;
    return beginDeletion(desk.store, desk.context.now(), resource.name, live, {
        propagation: policy,
        ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    });
}
function remove(desk, exchange, request) {
    const { resource } = request;
    const object = api_find(desk, request);
    const options = deleteOptions(exchange);
    const { name, uid = '' } = object.metadata;
    if (options.dryRun?.includes('All') === true ||
        exchange.url.searchParams.getAll('dryRun').includes('All')) {
        return api_json(200, resource.returnsDeleted ? object : deletedStatus(resource, name, uid));
    }
    const { warnings } = propagationOf(resource, options);
    const done = removeOne(desk, resource, object, options);
    const headers = warnings.length === 0 ? {} : { warning: warnings.map(warning).join(', ') };
    // What is still there is answered as it stands (capture: 200-delete-foreground.http); what is gone, by a Status.
    return api_json(200, done.removed && !resource.returnsDeleted ? deletedStatus(resource, name, uid) : done.object, headers);
}
function removeAll(desk, exchange, request) {
    const { resource, namespace } = request;
    const options = deleteOptions(exchange);
    const items = desk.store
        .list(resource.name, namespace)
        .filter(matcherOf(request, exchange.url))
        .map((object) => removeOne(desk, resource, object, options).object);
    return api_json(200, {
        kind: `${resource.kind}List`,
        apiVersion: groupVersion(resource),
        metadata: { resourceVersion: String(desk.store.version) },
        items,
    });
}
/** "May I?" (capture: ssar.json). */
function reviewAccess(desk, exchange, user) {
    const body = bodyOf(exchange);
    const asked = body.spec?.resourceAttributes;
    if (asked === undefined)
        throw new NotModelled('a review of something else than a resource');
    const { verb = '', group = '', resource = '', namespace, name } = asked;
    const decision = authorise(desk.context, desk.cluster, user, {
        verb,
        group,
        resource,
        namespace: namespace === '' ? undefined : namespace,
        name,
    });
    exchange.note.verdict = decision.why;
    return api_json(201, {
        kind: 'SelfSubjectAccessReview',
        apiVersion: 'authorization.k8s.io/v1',
        metadata: {},
        spec: body.spec,
        status: {
            allowed: decision.allowed,
            ...(decision.reason === undefined ? {} : { reason: decision.reason }),
        },
    });
}
/** Headers of every answer (captures: api-1.36.2). The flow schema's ids are any ids. */
function commonHeaders() {
    return { 'audit-id': (0,external_node_crypto_.randomUUID)(), 'cache-control': 'no-cache, private' };
}
function api_json(status, body, headers = {}) {
    return {
        status,
        headers: { ...commonHeaders(), 'content-type': 'application/json', ...headers },
        body: `${JSON.stringify(body)}\n`,
    };
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/timers.ts
/** Waiting, without keeping the process alive and without outliving the cluster. */
/** Timers of one cluster; stop() ends them all. */
class Timers {
    running = new Set();
    stopped = false;
    /** Calls back after some milliseconds unless cancelled or stopped first; the answer cancels. */
    after(milliseconds, callback) {
        if (this.stopped)
            return () => undefined;
        // Node's timers take at most 2^31-1 ms.
        const timer = setTimeout(() => {
            this.running.delete(timer);
            callback();
        }, Math.min(Math.max(0, milliseconds), 2 ** 31 - 1));
        timer.unref();
        this.running.add(timer);
        return () => {
            clearTimeout(timer);
            this.running.delete(timer);
        };
    }
    stop() {
        this.stopped = true;
        for (const timer of this.running)
            clearTimeout(timer);
        this.running.clear();
    }
}
/**
 * Keys to look at, each at most once at a time: what controllers work from. A key added again before its turn keeps
 * the earlier of the two times.
 */
class WorkQueue {
    timers;
    work;
    waiting = new Map();
    constructor(timers, work) {
        this.timers = timers;
        this.work = work;
    }
    add(key, delayMs = 0) {
        const at = Date.now() + delayMs;
        const already = this.waiting.get(key);
        if (already !== undefined && already.at <= at)
            return;
        already?.cancel();
        const cancel = this.timers.after(delayMs, () => {
            this.waiting.delete(key);
            this.work(key);
        });
        this.waiting.set(key, { at, cancel });
    }
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/garbage-collector.ts
/** Deletes what its owners left behind, and holds or lets go what they ask (kubernetes/kubernetes pkg/controller/garbagecollector). */


/** Starts the garbage collector of a cluster, and with it the end of namespaces and new ones' `default` account. */
function startGarbageCollector(store, timers, now) {
    const dependents = (uid) => store
        .all()
        .filter(({ object }) => object.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true);
    const exists = (uid) => store.all().some(({ object }) => object.metadata.uid === uid);
    const remove = ({ resource, object }, propagation) => {
        if (object.metadata.deletionTimestamp !== undefined)
            return;
        const live = store.get(resource, object.metadata.name, object.metadata.namespace);
        if (live !== undefined)
            beginDeletion(store, now(), resource, live, { propagation });
    };
    const dropFinalizer = ({ resource, object }, finalizer) => {
        if (store.get(resource, object.metadata.name, object.metadata.namespace) === undefined)
            return;
        store.update(resource, object.metadata.name, object.metadata.namespace, ({ metadata }) => {
            metadata.finalizers = (metadata.finalizers ?? []).filter((one) => one !== finalizer);
        });
    };
    /** Looks at one object by its uid: it may be gone, going, or an owner's leftover. */
    const queue = new WorkQueue(timers, (uid) => {
        const entry = store.all().find(({ object }) => object.metadata.uid === uid);
        if (entry === undefined) {
            for (const dependent of dependents(uid)) {
                const owned = dependent.object.metadata.ownerReferences?.some((owner) => exists(owner.uid)) === true;
                if (!owned)
                    remove(dependent, 'Background');
            }
            return;
        }
        const { metadata } = entry.object;
        if (metadata.deletionTimestamp === undefined) {
            const owners = metadata.ownerReferences ?? [];
            // An owner that never was, or is gone, takes its dependents with it.
            if (owners.length > 0 && !owners.some((owner) => exists(owner.uid)))
                remove(entry, 'Background');
            return;
        }
        if (metadata.finalizers?.includes(ORPHAN_FINALIZER) === true) {
            for (const { resource, object } of dependents(uid)) {
                store.update(resource, object.metadata.name, object.metadata.namespace, (live) => {
                    const rest = live.metadata.ownerReferences?.filter((owner) => owner.uid !== uid) ?? [];
                    if (rest.length > 0)
                        live.metadata.ownerReferences = rest;
                    else
                        delete live.metadata.ownerReferences;
                });
            }
            dropFinalizer(entry, ORPHAN_FINALIZER);
            return;
        }
        if (metadata.finalizers?.includes(FOREGROUND_FINALIZER) === true) {
            const all = dependents(uid);
            all.forEach((dependent) => remove(dependent, 'Background'));
            const blocking = dependents(uid).some(({ object }) => object.metadata.ownerReferences?.some((owner) => owner.uid === uid && owner.blockOwnerDeletion === true));
            if (!blocking)
                dropFinalizer(entry, FOREGROUND_FINALIZER);
        }
    });
    store.subscribe((change) => {
        const { metadata } = change.object;
        queue.add(metadata.uid ?? '');
        if (change.type === 'DELETED')
            metadata.ownerReferences?.forEach((owner) => queue.add(owner.uid));
        keepNamespaces(store, timers, now, change);
    });
}
/** A new namespace gets its `default` ServiceAccount; one that is being deleted is emptied and then goes. */
function keepNamespaces(store, timers, now, { type, resource, object }) {
    const { name } = object.metadata;
    if (resource === 'namespaces' && type === 'ADDED') {
        store.create('serviceaccounts', {
            apiVersion: 'v1',
            kind: 'ServiceAccount',
            metadata: { name: 'default', namespace: name },
        });
        return;
    }
    const namespace = resource === 'namespaces' ? name : (object.metadata.namespace ?? '');
    if (store.get('namespaces', namespace)?.metadata.deletionTimestamp === undefined)
        return;
    timers.after(0, () => {
        const inside = store.all().filter((entry) => entry.object.metadata.namespace === namespace);
        for (const entry of inside) {
            const live = store.get(entry.resource, entry.object.metadata.name, namespace);
            if (live !== undefined && live.metadata.deletionTimestamp === undefined) {
                beginDeletion(store, now(), entry.resource, live, { propagation: 'Background' });
            }
        }
        if (!store.all().some((entry) => entry.object.metadata.namespace === namespace))
            store.remove('namespaces', namespace);
    });
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/events.ts
/** Writes Events, and counts repetitions of the same one as client-go's correlator does. */

let sequence = 0;
function reference(object, fieldPath) {
    return {
        apiVersion: object.apiVersion,
        kind: object.kind,
        name: object.metadata.name,
        namespace: object.metadata.namespace ?? 'default',
        uid: object.metadata.uid ?? '',
        ...(object.metadata.resourceVersion === undefined
            ? {}
            : { resourceVersion: object.metadata.resourceVersion }),
        ...(fieldPath === undefined ? {} : { fieldPath }),
    };
}
function nameFor(object, now) {
    sequence += 1;
    return `${object.metadata.name}.${(BigInt(now) * 1000000n + BigInt(sequence)).toString(16)}`;
}
/**
 * Events of a kubelet (with its node's name) or of a controller. Same object, type, reason and message: the count
 * goes up and `lastTimestamp` moves (capture: watch-events-live.ndjson).
 */
function recorder(store, now, component, host) {
    return ({ object, type, reason, message, fieldPath }) => {
        const namespace = object.metadata.namespace ?? 'default';
        // The namespace may have gone meanwhile: then nobody is told.
        if (store.get('namespaces', namespace) === undefined)
            return;
        const involvedObject = reference(object, fieldPath);
        const same = store
            .list('events', namespace)
            .find((event) => event.involvedObject.uid === involvedObject.uid &&
            event.involvedObject.fieldPath === fieldPath &&
            event.type === type &&
            event.reason === reason &&
            event.message === message &&
            event.reportingComponent === component &&
            event.reportingInstance === (host ?? ''));
        const at = timestamp(now());
        if (same !== undefined) {
            store.update('events', same.metadata.name, namespace, (event) => {
                event.count = (event.count ?? 1) + 1;
                event.lastTimestamp = at;
            });
            return;
        }
        const event = {
            apiVersion: 'v1',
            kind: 'Event',
            metadata: { name: nameFor(object, now()), namespace },
            involvedObject,
            type,
            reason,
            message,
            source: { component, ...(host === undefined ? {} : { host }) },
            count: 1,
            firstTimestamp: at,
            lastTimestamp: at,
            eventTime: null,
            reportingComponent: component,
            reportingInstance: host ?? '',
        };
        store.create('events', event);
    };
}
/**
 * Events of the scheduler, which writes the events.k8s.io form: seen through core/v1 it has `eventTime` and no
 * timestamps, source or count (kubernetes/kubernetes pkg/apis/core conversion; no capture holds one).
 */
function schedulerRecorder(store, now) {
    return ({ object, type, reason, message, action }) => {
        const namespace = object.metadata.namespace ?? 'default';
        store.create('events', {
            apiVersion: 'v1',
            kind: 'Event',
            metadata: { name: nameFor(object, now()), namespace },
            involvedObject: reference(object),
            type,
            reason,
            message,
            source: {},
            firstTimestamp: null,
            lastTimestamp: null,
            eventTime: microTimestamp(now()),
            action,
            reportingComponent: 'default-scheduler',
            reportingInstance: 'default-scheduler-aks',
        });
    };
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/messages.ts
/**
 * Every text that nodes and controllers write, once. Wording: kubelet 1.36.2 with containerd 2.1.9 unless a line says
 * otherwise. Sources: captures cri-containerd-2.1.9.json and node-1.36.2-containerd-2.1.9/*.json by default;
 * what is from source code or public reports is named at its line.
 */
/** Quotes as Go's %q does for plain text. */
const q = (text) => JSON.stringify(text);
const MESSAGES = {
    // Scheduler. Words: kubernetes/kubernetes pkg/scheduler; "taint(s)" without the taint is how 1.36 clusters put it
    // in public reports, older ones name it: `had untolerated taint {key: value}`.
    assigned: (namespace, pod, node) => `Successfully assigned ${namespace}/${pod} to ${node}`,
    untoleratedTaint: () => 'node(s) had untolerated taint(s)',
    nodeAffinity: () => "node(s) didn't match Pod's node affinity/selector",
    unschedulableNode: () => 'node(s) were unschedulable',
    noNode: (reasons) => {
        const total = reasons.length;
        if (total === 0)
            return 'no nodes available to schedule pods';
        const counts = [...new Set(reasons)]
            .map((reason) => `${reasons.filter((one) => one === reason).length} ${reason}`)
            .sort();
        return `0/${total} nodes are available: ${counts.join(', ')}. no new claims to deallocate, preemption: 0/${total} nodes are available: ${total} Preemption is not helpful for scheduling.`;
    },
    // Job controller.
    createdPod: (pod) => `Created pod: ${pod}`,
    deletedPod: (pod) => `Deleted pod: ${pod}`,
    errorCreating: (why) => `Error creating: ${why}`,
    jobCompleted: () => 'Job completed',
    completionsReached: () => 'Reached expected number of succeeded pods',
    backoffLimitExceeded: () => 'Job has reached the specified backoff limit',
    deadlineExceeded: () => 'Job was active longer than specified deadline',
    // Kubelet.
    pulling: (image) => `Pulling image ${q(image)}`,
    pulled: (image, duration, bytes) => `Successfully pulled image ${q(image)} in ${duration} (${duration} including waiting). Image size: ${bytes} bytes.`,
    // Public reports of clusters from 1.35 on; before, it ended at "machine".
    alreadyPresent: (image) => `Container image ${q(image)} already present on machine and can be accessed by the pod`,
    failedToPull: (image, why) => `Failed to pull image ${q(image)}: ${why}`,
    errorReason: (reason) => `Error: ${reason}`,
    backOff: (image) => `Back-off pulling image ${q(image)}`,
    backOffWith: (image, why) => `Back-off pulling image ${q(image)}: ErrImagePull: ${why}`,
    neverPull: (image) => `Container image ${q(image)} is not present with pull policy of Never`,
    invalidImageName: (image, why) => `Failed to apply default image tag ${q(image)}: couldn't parse image name ${q(image)}: ${why}`,
    missingPullSecrets: (names) => `Unable to retrieve some image pull secrets (${names.join(', ')}); attempting to pull the image may not succeed.`,
    containerCreated: () => 'Container created',
    containerStarted: () => 'Container started',
    stopping: (container) => `Stopping container ${container}`,
    unready: (containers) => `containers with unready status: [${containers.join(' ')}]`,
    lostContainer: () => 'The container could not be located when the pod was terminated',
    restartBackOff: (seconds, container, pod) => `back-off ${seconds}s restarting failed container=${container} pod=${pod}`,
    // runc through containerd. The second line: opencontainers/runc libcontainer, for a name that is looked up.
    noSuchProgram: (program) => startError(`exec: ${q(program)}: stat ${program}: no such file or directory`),
    notInPath: (program) => startError(`exec: ${q(program)}: executable file not found in $PATH`),
    // containerd's CRI plugin, around what failed.
    pullAndUnpack: (image, why) => `failed to pull and unpack image ${q(image)}: ${why}`,
    resolve: (why) => `failed to resolve image: ${why}`,
    noMatch: (digest) => `get image config descriptor: no match for platform in manifest ${digest}: not found`,
    // containerd core/remotes/docker: copying content (public reports of AKS have the same words).
    copy: (why) => `failed to copy: ${why}`,
    openFailed: (why) => `httpReadSeeker: failed open: ${why}`,
    contentNotFound: (url) => `content at ${url} not found: not found`,
    wrongDigest: (expected, got) => `unexpected commit digest ${got}, expected ${expected}: failed precondition`,
    // containerd's resolver and authorizer.
    notFound: (reference) => `${reference}: not found`,
    accessDenied: (serverMessage) => `pull access denied, repository does not exist or may require authorization: server message: ${serverMessage}: authorization failed`,
    authorize: (why) => `failed to authorize: ${why}`,
    anonymousToken: (why) => `failed to fetch anonymous token: ${why}`,
    oauthToken: (why) => `failed to fetch oauth token: ${why}`,
    unexpectedStatus: (method, url, status, text) => `unexpected status from ${method} request to ${url}: ${status} ${text}`,
    noAuthScheme: () => 'failed to find supported auth scheme: not implemented',
    requestFailed: (method, url, why) => `failed to do request: ${method.charAt(0)}${method.slice(1).toLowerCase()} ${q(url)}: ${why}`,
    // Go's net and crypto/tls, at the bottom. 168.63.129.16 is Azure's resolver, in every report from AKS.
    noSuchHost: (host) => `dial tcp: lookup ${host} on 168.63.129.16:53: no such host`,
    connectionRefused: (address) => `dial tcp ${address}: connect: connection refused`,
    connectionReset: () => 'read: connection reset by peer',
    timeout: (address) => `dial tcp ${address}: i/o timeout`,
    unknownAuthority: () => 'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    wrongName: (valid, host) => `tls: failed to verify certificate: x509: certificate is valid for ${valid}, not ${host}`,
    plainHttp: () => 'http: server gave HTTP response to HTTPS client',
    endOfFile: () => 'EOF',
};
function startError(why) {
    return `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ${why}`;
}
/** A CRI error as kubelet 1.36 reports it (kubernetes/kubernetes pkg/kubelet or cri-client remote_image.go). */
function criError(code, description) {
    return code === 'Unknown' ? description : `rpc error: code = ${code} desc = ${description}`;
}
/** Several errors as one, as apimachinery's Aggregate writes them: equal ones once, more than one in brackets. */
function aggregate(errors) {
    const distinct = [...new Set(errors)];
    return distinct.length === 1 ? (distinct[0] ?? '') : `[${distinct.join(', ')}]`;
}
/** A duration in Go's notation, rounded to milliseconds: 24ms, 1.106s, 1m2.5s. */
function goDuration(milliseconds) {
    const whole = Math.max(1, Math.round(milliseconds));
    if (whole < 1000)
        return `${whole}ms`;
    const minutes = Math.floor(whole / 60_000);
    const seconds = `${(whole % 60_000) / 1000}s`;
    return minutes === 0 ? seconds : `${minutes}m${seconds}`;
}
/** A URL with its query as Go encodes it: `net/url` sorts the keys. */
function goUrl(url, query) {
    const pairs = Object.keys(query)
        .sort()
        .map((name) => `${goEscape(name)}=${goEscape(query[name] ?? '')}`);
    return `${url}?${pairs.join('&')}`;
}
function goEscape(text) {
    return encodeURIComponent(text)
        .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
        .replace(/%20/g, '+');
}
/** Reason phrases of net/http's StatusText. */
const STATUS_TEXTS = {
    400: 'Bad Request',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'Not Found',
    408: 'Request Timeout',
    429: 'Too Many Requests',
    500: 'Internal Server Error',
    501: 'Not Implemented',
    502: 'Bad Gateway',
    503: 'Service Unavailable',
    504: 'Gateway Timeout',
};
/** The reason phrase of an HTTP status. */
function statusText(status) {
    return STATUS_TEXTS[status] ?? '';
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/job-controller.ts
/** Makes Jobs' pods, counts how they end, and ends the Jobs (captures: jobs-t6.json, jobs-t22.json, events-jobs.json). */







/** Holds a pod until it is counted (kubernetes/kubernetes pkg/controller/job, capture: job-pods-t6.json). */
const TRACKING_FINALIZER = 'batch.kubernetes.io/job-tracking';
/** Wait after a pod couldn't be created, doubling (controller's DefaultJobApiBackOff is 1 s). */
const CREATE_BACK_OFF_MS = { first: 1_000, limit: 60_000 };
/** Wait before a failed pod is replaced, doubling (controller's DefaultJobPodFailureBackOff). */
const POD_BACK_OFF_MS = { first: 10_000, limit: 600_000 };
/** Whether a Job has a condition of this type. */
function jobHas(job, ...types) {
    return (job.status?.conditions?.some((condition) => types.includes(condition.type) && condition.status === 'True') ?? false);
}
/** Starts the Job controller and the TTL controller of a cluster. */
function startJobController(store, timers, now) {
    const record = recorder(store, now, 'job-controller');
    /** Failed attempts to create a pod, by the Job's uid. */
    const refusals = new Map();
    /** When Jobs began, by uid, in milliseconds: their status has whole seconds only. */
    const begun = new Map();
    const queue = new WorkQueue(timers, (key) => {
        const [namespace = '', name = ''] = key.split('/');
        const job = store.get('jobs', name, namespace);
        if (job !== undefined)
            sync(job);
    });
    const later = (job, delayMs = 0) => queue.add(`${job.metadata.namespace}/${job.metadata.name}`, delayMs);
    const podsOf = (job) => store
        .list('pods', job.metadata.namespace)
        .filter((pod) => pod.metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === job.metadata.uid));
    const update = (job, change) => store.update('jobs', job.metadata.name, job.metadata.namespace, change);
    const condition = (type, reason, message) => {
        const at = timestamp(now());
        return { type, status: 'True', lastProbeTime: at, lastTransitionTime: at, reason, message };
    };
    const addConditions = (job, ...conditions) => update(job, (live) => {
        const known = (live.status?.conditions ?? []).map((one) => one.type);
        const fresh = conditions.filter((one) => !known.includes(one.type));
        live.status = { ...live.status, conditions: [...(live.status?.conditions ?? []), ...fresh] };
    });
    /** A counted or deleted pod needs its finalizer no more. */
    const release = (pod) => {
        if (!pod.metadata.finalizers?.includes(TRACKING_FINALIZER))
            return;
        store.update('pods', pod.metadata.name, pod.metadata.namespace, ({ metadata }) => {
            metadata.finalizers = (metadata.finalizers ?? []).filter((one) => one !== TRACKING_FINALIZER);
        });
    };
    const deletePod = (job, pod) => {
        if (pod.metadata.deletionTimestamp !== undefined)
            return;
        release(pod);
        const live = store.get('pods', pod.metadata.name, pod.metadata.namespace);
        if (live === undefined)
            return;
        beginDeletion(store, now(), 'pods', live, { propagation: 'Background' });
        record({
            object: job,
            type: 'Normal',
            reason: 'SuccessfulDelete',
            message: MESSAGES.deletedPod(pod.metadata.name),
        });
    };
    const createPod = (job) => {
        const { name, namespace, uid = '' } = job.metadata;
        const { template } = job.spec;
        const pod = {
            apiVersion: 'v1',
            kind: 'Pod',
            metadata: {
                name: '',
                generateName: `${name.slice(0, 57)}-`,
                labels: { ...template.metadata?.labels },
                ...(template.metadata?.annotations === undefined
                    ? {}
                    : { annotations: { ...template.metadata.annotations } }),
                finalizers: [TRACKING_FINALIZER],
                ownerReferences: [
                    { apiVersion: 'batch/v1', kind: 'Job', name, uid, controller: true, blockOwnerDeletion: true },
                ],
            },
            spec: structuredClone(template.spec),
            status: { phase: 'Pending' },
        };
        try {
            const created = createObject(store, now(), 'pods', pod, { namespace });
            record({
                object: job,
                type: 'Normal',
                reason: 'SuccessfulCreate',
                message: MESSAGES.createdPod(created.metadata.name),
            });
            refusals.delete(uid);
            return true;
        }
        catch (error) {
            if (!(error instanceof ApiError))
                throw error;
            record({
                object: job,
                type: 'Warning',
                reason: 'FailedCreate',
                message: MESSAGES.errorCreating(error.message),
            });
            const times = refusals.get(uid) ?? 0;
            refusals.set(uid, times + 1);
            later(job, Math.min(CREATE_BACK_OFF_MS.first * 2 ** times, CREATE_BACK_OFF_MS.limit));
            return false;
        }
    };
    /** Moves a Job towards what its specification says; called after every change of it or of its pods. */
    const sync = (before) => {
        let job = before;
        if (jobHas(job, 'Complete', 'Failed')) {
            expire(job);
            return;
        }
        if (job.metadata.deletionTimestamp !== undefined || job.spec.suspend === true)
            return;
        if (job.status?.startTime === undefined) {
            begun.set(job.metadata.uid ?? '', now());
            job = update(job, (live) => (live.status = { ...live.status, startTime: timestamp(now()) }));
        }
        // A pod that is being deleted counts as failed once it has ended, though it may never be seen again: count first.
        const pods = podsOf(job);
        const counted = pods.filter((pod) => hasEnded(pod.status.phase) && pod.metadata.finalizers?.includes(TRACKING_FINALIZER) === true);
        const succeeded = (job.status?.succeeded ?? 0) + counted.filter((pod) => pod.status.phase === 'Succeeded').length;
        const failed = (job.status?.failed ?? 0) + counted.filter((pod) => pod.status.phase === 'Failed').length;
        const active = pods.filter((pod) => !hasEnded(pod.status.phase) && pod.metadata.deletionTimestamp === undefined);
        job = count(job, pods, active, { succeeded, failed });
        counted.forEach(release);
        const verdict = judge(job, succeeded, failed);
        if (verdict !== undefined) {
            finish(job, verdict, pods, active);
            return;
        }
        const wanted = Math.min(job.spec.parallelism ?? 1, (job.spec.completions ?? 1) - succeeded) - active.length;
        if (wanted <= 0)
            return;
        const wait = podBackOff(pods, failed);
        if (wait > 0) {
            later(job, wait);
            return;
        }
        for (let made = 0; made < wanted; made++)
            if (!createPod(job))
                return;
    };
    const count = (job, pods, active, ended) => update(job, (live) => {
        const { active: _active, succeeded: _succeeded, failed: _failed, ...rest } = live.status ?? {};
        live.status = {
            ...rest,
            ...(active.length > 0 ? { active: active.length } : {}),
            ...(ended.succeeded > 0 ? { succeeded: ended.succeeded } : {}),
            ...(ended.failed > 0 ? { failed: ended.failed } : {}),
            ready: active.filter((pod) => pod.status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True')).length,
            terminating: pods.filter((pod) => pod.metadata.deletionTimestamp !== undefined && !hasEnded(pod.status.phase)).length,
            uncountedTerminatedPods: {},
        };
    });
    /** How the Job has to end, if it has to; comes back at its deadline. */
    const judge = (job, succeeded, failed) => {
        const target = job.status?.conditions?.find((one) => one.type === 'FailureTarget');
        if (target !== undefined)
            return target;
        if (succeeded >= (job.spec.completions ?? 1)) {
            return condition('SuccessCriteriaMet', 'CompletionsReached', MESSAGES.completionsReached());
        }
        if (failed > (job.spec.backoffLimit ?? 6)) {
            return condition('FailureTarget', 'BackoffLimitExceeded', MESSAGES.backoffLimitExceeded());
        }
        const { activeDeadlineSeconds } = job.spec;
        if (activeDeadlineSeconds === undefined)
            return undefined;
        const left = (begun.get(job.metadata.uid ?? '') ?? now()) + activeDeadlineSeconds * 1000 - now();
        if (left <= 0)
            return condition('FailureTarget', 'DeadlineExceeded', MESSAGES.deadlineExceeded());
        later(job, left);
        return undefined;
    };
    /** First the verdict, then, once no pod is left working, the condition that ends the Job. */
    const finish = (job, verdict, pods, active) => {
        const { reason, message } = verdict;
        const marked = addConditions(job, verdict);
        if (active.length > 0) {
            active.forEach((pod) => deletePod(marked, pod));
            update(marked, (live) => {
                // Pods the controller deletes count as failed (capture: job-notfound in jobs-t22.json).
                const { active: _active, ...rest } = live.status ?? {};
                live.status = {
                    ...rest,
                    ...(verdict.type === 'FailureTarget' ? { failed: (rest.failed ?? 0) + active.length } : {}),
                };
            });
        }
        const busy = podsOf(marked).some((pod) => !hasEnded(pod.status.phase));
        if (busy)
            return;
        pods.forEach(release);
        const good = verdict.type === 'SuccessCriteriaMet';
        const ended = update(addConditions(marked, condition(good ? 'Complete' : 'Failed', reason, message)), (live) => {
            live.status = {
                ...live.status,
                ready: 0,
                terminating: 0,
                ...(good ? { completionTime: timestamp(now()) } : {}),
            };
        });
        record(good
            ? { object: ended, type: 'Normal', reason: 'Completed', message: MESSAGES.jobCompleted() }
            : { object: ended, type: 'Warning', reason, message });
    };
    /** A finished Job with a TTL is deleted after it, its dependents first (pkg/controller/ttlafterfinished). */
    const expire = (job) => {
        const { ttlSecondsAfterFinished } = job.spec;
        if (ttlSecondsAfterFinished === undefined || job.metadata.deletionTimestamp !== undefined)
            return;
        const end = job.status?.conditions?.find((one) => one.type === 'Complete' || one.type === 'Failed');
        const left = Date.parse(end?.lastTransitionTime ?? '') + ttlSecondsAfterFinished * 1000 - now();
        if (left > 0) {
            later(job, left);
            return;
        }
        beginDeletion(store, now(), 'jobs', job, { propagation: 'Foreground' });
    };
    /** Milliseconds until a failed pod may be replaced. */
    const podBackOff = (pods, failed) => {
        if (failed === 0)
            return 0;
        const ends = pods
            .filter((pod) => pod.status.phase === 'Failed')
            .flatMap((pod) => (pod.status.containerStatuses ?? []).map((status) => Date.parse(status.state.terminated?.finishedAt ?? '')))
            .filter((end) => !Number.isNaN(end));
        if (ends.length === 0)
            return 0;
        return (Math.max(...ends) + Math.min(POD_BACK_OFF_MS.first * 2 ** (failed - 1), POD_BACK_OFF_MS.limit) - now());
    };
    store.subscribe(({ type, resource, object }) => {
        if (resource === 'jobs') {
            if (type === 'DELETED') {
                refusals.delete(object.metadata.uid ?? '');
                begun.delete(object.metadata.uid ?? '');
            }
            else
                later(object);
        }
        if (resource !== 'pods')
            return;
        const pod = object;
        const owner = pod.metadata.ownerReferences?.find((one) => one.controller === true && one.kind === 'Job');
        if (owner !== undefined)
            queue.add(`${pod.metadata.namespace}/${owner.name}`);
        // The pods of a Job that is gone or going are let go too, or nothing could ever delete them.
        if (type === 'DELETED' || !pod.metadata.finalizers?.includes(TRACKING_FINALIZER))
            return;
        timers.after(0, () => {
            const live = store.get('pods', pod.metadata.name, pod.metadata.namespace);
            const job = owner === undefined ? undefined : store.get('jobs', owner.name, pod.metadata.namespace);
            const orphaned = job === undefined || job.metadata.uid !== owner?.uid || job.metadata.deletionTimestamp !== undefined;
            if (live !== undefined && (orphaned || live.metadata.deletionTimestamp !== undefined))
                release(live);
        });
    });
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/credentials.ts
/** The user name that goes with a refresh token (github.com/kubernetes-sigs/cloud-provider-azure azure_acr_helper.go). */
const credentials_TOKEN_USER = '00000000-0000-0000-0000-000000000000';
/** Images that AKS nodes ask the provider for: azure_credentials.go, containerRegistryUrls. */
const PROVIDER_SUFFIXES = ['.azurecr.io', '.azurecr.cn', '.azurecr.de', '.azurecr.us'];
/** azure_credentials.go: AcrAudience. Older node images asked for ARM's audience. */
const REGISTRY_AUDIENCE = 'https://containerregistry.azure.net';
const ANONYMOUS = { username: '', password: '' };
/**
 * What the ACR credential provider answers for a registry: the exchanged token and, always beside it, an empty
 * credential that makes the kubelet try once more anonymously (azure_credentials.go, GetCredentials). Nothing when
 * the name isn't its business or when anything fails: the kubelet logs that on the node and goes on without.
 * The five minutes for which kubelets keep its answer are left out, so every pull shows the rights of its moment.
 */
async function providerCredentials(context, cluster, reference, signal) {
    const { host } = reference;
    if (!PROVIDER_SUFFIXES.some((suffix) => host.endsWith(suffix)))
        return [];
    if (cluster.kubeletIdentity === undefined)
        return servicePrincipalCredentials(context, cluster);
    const { objectId } = cluster.kubeletIdentity;
    const principal = context.state.principals.find((one) => one.objectId === objectId);
    if (principal === undefined)
        return [];
    try {
        const found = await context.dial(`https://${host}/v2/`, { signal });
        const parameters = challengeParameters(found.headers['www-authenticate'] ?? '');
        if (found.status !== 401 || parameters === undefined)
            return [];
        const realm = new URL(parameters['realm'] ?? '');
        const token = context.tokens.issue(principal, REGISTRY_AUDIENCE);
        const exchanged = await context.dial(`${realm.origin}/oauth2/exchange`, {
            method: 'POST',
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
            body: new URLSearchParams({
                access_token: token,
                grant_type: 'access_token_refresh_token',
                refresh_token: token,
                service: parameters['service'] ?? '',
                tenant: context.state.tenantId,
            }).toString(),
            signal,
        });
        if (exchanged.status !== 200)
            return [];
        const { refresh_token: password } = JSON.parse(exchanged.body.toString());
        return password === undefined ? [] : [{ username: credentials_TOKEN_USER, password }, ANONYMOUS];
    }
    catch {
        // The provider's failure is a line in the kubelet's log and nothing else (capture: events-provider-fail.json).
        return [];
    }
}
/** A cluster with a service principal hands its id and secret to the registry as they are. */
function servicePrincipalCredentials(context, cluster) {
    const principal = context.state.principals.find((one) => one.clientId === cluster.servicePrincipalClientId);
    const [secret] = principal?.secrets ?? [];
    return principal === undefined || secret === undefined
        ? []
        : [{ username: principal.clientId, password: secret }, ANONYMOUS];
}
/** Credentials for a registry in a secret of type kubernetes.io/dockerconfigjson. */
function secretCredentials(secret, host) {
    const encoded = secret.data?.['.dockerconfigjson'];
    if (encoded === undefined)
        return [];
    try {
        const config = JSON.parse(Buffer.from(encoded, 'base64').toString());
        return Object.entries(config.auths ?? {})
            .filter(([name]) => name.replace(/^https?:\/\//, '').split('/')[0] === host)
            .map(([, entry]) => {
            const decoded = Buffer.from(entry.auth ?? '', 'base64').toString();
            const colon = decoded.indexOf(':');
            return {
                username: entry.username ?? decoded.slice(0, Math.max(0, colon)),
                password: entry.password ?? decoded.slice(colon + 1),
            };
        });
    }
    catch {
        return [];
    }
}
/** Parameters of a Bearer challenge; undefined when it is of another kind. */
function challengeParameters(header) {
    const match = /^Bearer\s+(.*)$/i.exec(header);
    if (!match)
        return undefined;
    const pairs = [...(match[1] ?? '').matchAll(/(\w+)="([^"]*)"/g)];
    return Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/references.ts
/** Image references as nodes read them (github.com/distribution/reference). */
/** What stands before the first slash is a host when it has a dot, a port or a capital letter, or is localhost. */
const references_HOST = /^(?=.*[.:A-Z]|localhost$)[A-Za-z0-9.-]+(?::\d+)?$/;
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[\w][\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** Takes a reference apart; without tag and digest it gets `latest`. A string says what is wrong, in the library's words. */
function parseReference(text) {
    const [named = '', digest, ...more] = text.split('@');
    if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest)))
        return 'invalid reference format';
    const slash = named.indexOf('/');
    const first = slash === -1 ? '' : named.slice(0, slash);
    const explicit = references_HOST.test(first);
    const host = explicit ? first : 'docker.io';
    const rest = explicit ? named.slice(slash + 1) : named;
    const colon = rest.indexOf(':');
    const path = colon === -1 ? rest : rest.slice(0, colon);
    const tag = colon === -1 ? undefined : rest.slice(colon + 1);
    if (path !== path.toLowerCase())
        return `invalid reference format: repository name (${path}) must be lowercase`;
    if (!REPOSITORY.test(path) || (tag !== undefined && !TAG.test(tag)))
        return 'invalid reference format';
    const repository = !explicit && !path.includes('/') ? `library/${path}` : path;
    if (digest !== undefined)
        return { host, repository, ...(tag === undefined ? {} : { tag }), digest };
    return { host, repository, tag: tag ?? 'latest' };
}
/** The name without tag and digest. */
function repositoryName(reference) {
    return `${reference.host}/${reference.repository}`;
}
/** The whole name as containerd writes it into its errors and its image store. */
function referenceName(reference) {
    const tag = reference.tag === undefined || reference.digest !== undefined ? '' : `:${reference.tag}`;
    return `${repositoryName(reference)}${tag}${reference.digest === undefined ? '' : `@${reference.digest}`}`;
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/node-images.ts
/** What one node has: content by digest, and images by id, as containerd's stores hold them. */



class NodeImages {
    content = new Map();
    images = new Map();
    has(digest) {
        return this.content.has(digest);
    }
    read(digest) {
        return this.content.get(digest);
    }
    write(digest, bytes) {
        this.content.set(digest, bytes);
    }
    /** Records an image under the name and digest it was pulled by. All its content is here already. */
    add(reference, image) {
        const known = this.images.get(image.id) ?? this.unpack(image);
        if (reference.tag !== undefined && reference.digest === undefined) {
            known.tags.add(`${repositoryName(reference)}:${reference.tag}`);
        }
        known.digests.add(`${repositoryName(reference)}@${image.digest}`);
        this.images.set(image.id, known);
        return known;
    }
    /** The image a name stands for on this node, without asking anyone. */
    find(reference) {
        const name = repositoryName(reference);
        return [...this.images.values()].find((image) => reference.digest === undefined
            ? image.tags.has(`${name}:${reference.tag ?? 'latest'}`)
            : image.digests.has(`${name}@${reference.digest}`));
    }
    all() {
        return [...this.images.values()];
    }
    unpack(image) {
        const files = image.layers.flatMap((digest) => filesInTar((0,external_node_zlib_.gunzipSync)(this.content.get(digest) ?? Buffer.alloc(0))));
        const { Entrypoint = [], Cmd = [], Env = [] } = image.config.config ?? {};
        const path = Env.find((one) => one.startsWith('PATH='))?.slice('PATH='.length) ?? '/usr/bin:/bin';
        return {
            id: image.id,
            os: image.config.os,
            architecture: image.config.architecture,
            entryPoint: [...Entrypoint, ...Cmd],
            path: path.split(':'),
            size: image.size,
            files: new Set(files),
            tags: new Set(),
            digests: new Set(),
        };
    }
}
/**
 * Name and digest that a container's status shows: of all names of the image id the first in order, which can be
 * another repository's than the one asked for (captures: ok-multi-digest in pods-t2.json, job-ok in job-pods-t6.json).
 */
function statusNames(image, requested) {
    const [tag] = [...image.tags].sort();
    const [digest] = [...image.digests].sort();
    return { image: tag ?? requested, imageID: digest ?? image.id };
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/puller.ts
/**
 * Pulls an image onto a node over HTTP, step by step as containerd 2.1 does: resolve by HEAD, authorize by the
 * registry's challenge, fetch index, manifest, config and layers, follow redirects without the token, check digests.
 * Source of the flow: github.com/containerd/containerd core/remotes/docker (resolver.go, authorizer.go, fetcher.go).
 */




/** The media types containerd asks for when it resolves a name. */
const ACCEPT = 'application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, */*';
const CLIENT_ID = 'containerd-client';
/** A pull that failed, with the text the kubelet shows. */
class PullError extends Error {
    name = 'PullError';
    constructor(code, description) {
        super(criError(code, description));
    }
}
/** A failure before it is known which step it belongs to. */
class StepError extends Error {
    code;
    constructor(message, code = 'Unknown') {
        super(message);
        this.code = code;
    }
}
/** Pulls one image with one credential. Throws {@link PullError}; stops, with whatever error, when aborted. */
async function pullImage(dial, images, reference, platform, credential, signal) {
    const name = referenceName(reference);
    const session = new Session(dial, reference, credential, signal);
    let resolved;
    try {
        resolved = await resolve(session, reference);
    }
    catch (error) {
        throw outermost(error, signal, (why) => MESSAGES.pullAndUnpack(name, MESSAGES.resolve(why)));
    }
    try {
        return await fetchImage(session, images, reference, resolved, platform);
    }
    catch (error) {
        throw outermost(error, signal, (why) => MESSAGES.pullAndUnpack(name, why));
    }
}
/** Whatever went wrong, as the kubelet shows it. An answer that can't be read is worded freely (assumption). */
function outermost(error, signal, wrap) {
    if (signal.aborted || error instanceof PullError)
        return error;
    const why = error instanceof Error ? error.message : String(error);
    return new PullError(error instanceof StepError ? error.code : 'Unknown', wrap(why));
}
async function resolve(session, reference) {
    const target = reference.digest ?? reference.tag ?? 'latest';
    const url = `https://${reference.host}/v2/${reference.repository}/manifests/${target}`;
    const response = await session.send('HEAD', url, { accept: ACCEPT });
    if (response.status === 404)
        throw new StepError(MESSAGES.notFound(referenceName(reference)), 'NotFound');
    if (response.status !== 200) {
        throw new StepError(MESSAGES.unexpectedStatus('HEAD', url, response.status, statusText(response.status)));
    }
    return {
        digest: response.headers['docker-content-digest'] ?? target,
        mediaType: (response.headers['content-type'] ?? '').split(';')[0] ?? '',
    };
}
async function fetchImage(session, images, reference, resolved, platform) {
    let size = 0;
    const read = async (kind, descriptor) => {
        const bytes = images.read(descriptor.digest) ?? (await fetchContent(session, reference, kind, descriptor));
        images.write(descriptor.digest, bytes);
        size += bytes.length;
        return bytes;
    };
    const parse = (bytes) => JSON.parse(bytes.toString());
    let manifest = parse(await read('manifests', resolved));
    if (manifest.manifests !== undefined) {
        // Exact operating system and architecture: the older variants that containerd also takes aren't modelled.
        const match = manifest.manifests.find((one) => one.platform?.os === platform.os && one.platform.architecture === platform.architecture);
        if (match === undefined)
            throw new PullError('NotFound', MESSAGES.noMatch(resolved.digest));
        manifest = parse(await read('manifests', match));
    }
    if (manifest.config === undefined)
        throw new PullError('NotFound', MESSAGES.noMatch(resolved.digest));
    const config = JSON.parse((await read('blobs', manifest.config)).toString());
    const layers = manifest.layers ?? [];
    const missing = layers.filter((layer) => !images.has(layer.digest));
    await Promise.all(layers.map((layer) => read('blobs', layer)));
    const image = images.add(reference, {
        id: manifest.config.digest,
        digest: resolved.digest,
        config,
        size,
        layers: layers.map((layer) => layer.digest),
    });
    return { image, digest: resolved.digest, layersFetched: missing.length };
}
async function fetchContent(session, reference, kind, descriptor) {
    const url = `https://${reference.host}/v2/${reference.repository}/${kind}/${descriptor.digest}`;
    let response;
    try {
        response = await session.send('GET', url, { accept: `${descriptor.mediaType}, */*` });
        for (let hops = 0; isRedirect(response) && hops < 10; hops++) {
            const location = new URL(response.headers['location'] ?? '', url).toString();
            // Another host: the token stays behind, as with every Go client.
            response = await session.plain('GET', location);
        }
    }
    catch (error) {
        throw error instanceof StepError
            ? new StepError(MESSAGES.copy(MESSAGES.openFailed(error.message)))
            : error;
    }
    if (response.status === 404) {
        throw new StepError(MESSAGES.copy(MESSAGES.openFailed(MESSAGES.contentNotFound(url))), 'NotFound');
    }
    if (response.status !== 200) {
        const why = MESSAGES.unexpectedStatus('GET', url, response.status, statusText(response.status));
        throw new StepError(MESSAGES.copy(MESSAGES.openFailed(why)));
    }
    const got = digestOf(response.body);
    if (got !== descriptor.digest)
        throw new StepError(MESSAGES.copy(MESSAGES.wrongDigest(descriptor.digest, got)));
    return response.body;
}
function isRedirect(response) {
    return [301, 302, 303, 307, 308].includes(response.status) && response.headers['location'] !== undefined;
}
/** Requests to one repository with one credential; holds the token once a challenge brought one. */
class Session {
    dial;
    reference;
    credential;
    signal;
    token;
    constructor(dial, reference, credential, signal) {
        this.dial = dial;
        this.reference = reference;
        this.credential = credential;
        this.signal = signal;
    }
    /** Sends with the token and, when the registry asks for one, gets it and sends again. */
    async send(method, url, headers) {
        const first = await this.plain(method, url, await this.authorized(headers));
        if (first.status !== 401)
            return first;
        const hadToken = this.token !== undefined;
        const challenge = challengeParameters(first.headers['www-authenticate'] ?? '');
        if (challenge === undefined)
            throw new StepError(MESSAGES.noAuthScheme());
        if (hadToken)
            return this.refusal(first, challenge);
        this.token = this.fetchToken(challenge);
        const second = await this.plain(method, url, await this.authorized(headers));
        if (second.status !== 401)
            return second;
        return this.refusal(second, challengeParameters(second.headers['www-authenticate'] ?? '') ?? {});
    }
    /** A 401 although a token was shown: an `error` in the challenge ends the pull, without one the status does. */
    refusal(response, challenge) {
        const { error } = challenge;
        if (error !== undefined && error !== '')
            throw new StepError(MESSAGES.accessDenied(error));
        return response;
    }
    /** One request without any authorization added. */
    async plain(method, url, headers = {}, body) {
        try {
            return await this.dial(url, {
                method,
                headers,
                signal: this.signal,
                ...(body === undefined ? {} : { body }),
            });
        }
        catch (error) {
            if (this.signal.aborted)
                throw error;
            throw new StepError(MESSAGES.requestFailed(method, withoutQuery(url), networkError(error, new URL(url))));
        }
    }
    async authorized(headers) {
        return this.token === undefined ? headers : { ...headers, authorization: `Bearer ${await this.token}` };
    }
    async fetchToken(challenge) {
        const realm = challenge['realm'] ?? '';
        const service = challenge['service'] ?? '';
        const scope = challenge['scope'] ?? `repository:${this.reference.repository}:pull`;
        const { username = '', password = '' } = this.credential ?? {};
        const query = { scope, service };
        if (password === '')
            return this.askForToken(goUrl(realm, query), {}, MESSAGES.anonymousToken);
        const form = {
            client_id: CLIENT_ID,
            service,
            scope,
            ...(username === ''
                ? { grant_type: 'refresh_token', refresh_token: password }
                : { grant_type: 'password', username, password }),
        };
        const posted = await this.tokenRequest('POST', realm, MESSAGES.oauthToken, {}, new URLSearchParams(form).toString());
        // Token servers without the POST endpoint answer one of these: then GET with the credential as Basic.
        if ([400, 401, 404].includes(posted.status) || (posted.status === 405 && username !== '')) {
            const basic = Buffer.from(`${username}:${password}`).toString('base64');
            return this.askForToken(goUrl(realm, query), { authorization: `Basic ${basic}` }, MESSAGES.oauthToken);
        }
        return tokenOf(posted, 'POST', realm, MESSAGES.oauthToken);
    }
    async askForToken(url, headers, wrap) {
        return tokenOf(await this.tokenRequest('GET', url, wrap, headers), 'GET', url, wrap);
    }
    async tokenRequest(method, url, wrap, headers, body) {
        try {
            const type = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
            return await this.plain(method, url, { ...type, ...headers }, body);
        }
        catch (error) {
            throw error instanceof StepError ? new StepError(MESSAGES.authorize(wrap(error.message))) : error;
        }
    }
}
function tokenOf(response, method, url, wrap) {
    if (response.status < 200 || response.status >= 400) {
        const why = MESSAGES.unexpectedStatus(method, url, response.status, statusText(response.status));
        throw new StepError(MESSAGES.authorize(wrap(why)));
    }
    const { access_token, token } = JSON.parse(response.body.toString());
    return access_token ?? token ?? '';
}
/** A signed address is a credential: it appears in no message. */
function withoutQuery(url) {
    const parsed = new URL(url);
    if (!parsed.searchParams.has('sig'))
        return url;
    return `${parsed.origin}${parsed.pathname}?[REDACTED]`;
}
/** Node's error codes → what Go's net and crypto/tls say in the same situation (capture: cri-containerd-2.1.9.json). */
const NETWORK_ERRORS = {
    ENOTFOUND: (url) => MESSAGES.noSuchHost(url.hostname),
    EAI_AGAIN: (url) => MESSAGES.noSuchHost(url.hostname),
    ECONNREFUSED: (url, error) => MESSAGES.connectionRefused(addressOf(url, error)),
    ECONNRESET: () => MESSAGES.connectionReset(),
    UND_ERR_SOCKET: () => MESSAGES.endOfFile(),
    ETIMEDOUT: (url, error) => MESSAGES.timeout(addressOf(url, error)),
    UND_ERR_CONNECT_TIMEOUT: (url, error) => MESSAGES.timeout(addressOf(url, error)),
    DEPTH_ZERO_SELF_SIGNED_CERT: () => MESSAGES.unknownAuthority(),
    SELF_SIGNED_CERT_IN_CHAIN: () => MESSAGES.unknownAuthority(),
    UNABLE_TO_GET_ISSUER_CERT: () => MESSAGES.unknownAuthority(),
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: () => MESSAGES.unknownAuthority(),
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: () => MESSAGES.unknownAuthority(),
    ERR_TLS_CERT_ALTNAME_INVALID: (url, error) => MESSAGES.wrongName(namesIn(error), url.hostname),
    ERR_SSL_WRONG_VERSION_NUMBER: () => MESSAGES.plainHttp(),
    ERR_SSL_PACKET_LENGTH_TOO_LONG: () => MESSAGES.plainHttp(),
    EPROTO: () => MESSAGES.plainHttp(),
};
/** Goes down the causes to the first code that says something; anything else is a connection that just ended. */
function networkError(error, url) {
    for (let one = error; one instanceof Error; one = one.cause) {
        const words = 'code' in one && typeof one.code === 'string' ? NETWORK_ERRORS[one.code] : undefined;
        if (words !== undefined)
            return words(url, one);
    }
    return MESSAGES.endOfFile();
}
function addressOf(url, error) {
    const address = 'address' in error && typeof error.address === 'string' ? error.address : url.hostname;
    return `${address}:${url.port === '' ? '443' : url.port}`;
}
function namesIn(error) {
    const certificate = 'cert' in error ? error.cert : undefined;
    return (certificate?.subjectaltname ?? '').replace(/DNS:/g, '');
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/pod-status.ts
/** How a kubelet writes a pod's status: conditions, phase and container statuses (captures: job-pods-t6.json, watch-pods-live.ndjson). */

const CONDITION_ORDER = [
    'PodReadyToStartContainers',
    'Initialized',
    'Ready',
    'ContainersReady',
    'PodScheduled',
];
/** Sets a condition; its transition time moves only when its status changes. */
function setCondition(pod, at, type, status, reason, message) {
    const conditions = pod.status.conditions ?? [];
    const before = conditions.find((condition) => condition.type === type);
    const next = {
        type,
        observedGeneration: pod.metadata.generation ?? 1,
        status,
        lastProbeTime: null,
        lastTransitionTime: before?.status === status ? before.lastTransitionTime : at,
        ...(reason === undefined ? {} : { reason }),
        ...(message === undefined ? {} : { message }),
    };
    pod.status.conditions = [...conditions.filter((condition) => condition.type !== type), next].sort((a, b) => CONDITION_ORDER.indexOf(a.type) - CONDITION_ORDER.indexOf(b.type));
}
let podAddress = 0;
/** The first status: the kubelet has seen the pod. */
function initialStatus(pod, node, at) {
    const hostIP = node.status.addresses.find((address) => address.type === 'InternalIP')?.address ?? '';
    pod.status.observedGeneration = pod.metadata.generation ?? 1;
    pod.status.hostIP = hostIP;
    pod.status.hostIPs = [{ ip: hostIP }];
    pod.status.startTime = at;
    pod.status.containerStatuses = pod.spec.containers.map((container) => ({
        name: container.name,
        state: { waiting: { reason: 'ContainerCreating' } },
        lastState: {},
        ready: false,
        restartCount: 0,
        image: container.image,
        imageID: '',
        started: false,
    }));
    setCondition(pod, at, 'PodReadyToStartContainers', 'False');
    setCondition(pod, at, 'Initialized', 'True');
    setCondition(pod, at, 'PodScheduled', 'True');
    setReadiness(pod, at);
}
/** The sandbox is up, with its address. */
function sandboxReady(pod, at) {
    podAddress += 1;
    const ip = `10.244.${Math.floor(podAddress / 250) % 250}.${(podAddress % 250) + 2}`;
    pod.status.podIP = ip;
    pod.status.podIPs = [{ ip }];
    setCondition(pod, at, 'PodReadyToStartContainers', 'True');
}
/** Changes one container's status and what follows from it: phase, readiness. */
function applyContainerStatus(pod, name, change, at) {
    pod.status.containerStatuses = (pod.status.containerStatuses ?? []).map((status) => {
        if (status.name !== name)
            return status;
        const running = change.state?.running !== undefined;
        const restarting = change.state?.waiting !== undefined && status.state.terminated !== undefined;
        return {
            ...status,
            ...change,
            ...(restarting ? { lastState: status.state } : {}),
            ready: running,
            started: running,
        };
    });
    pod.status.phase = phaseOf(pod);
    if (pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') {
        setCondition(pod, at, 'PodReadyToStartContainers', 'False');
    }
    setReadiness(pod, at);
}
/** Source: kubernetes/kubernetes pkg/kubelet/kubelet_pods.go, getPhase. */
function phaseOf(pod) {
    const statuses = pod.status.containerStatuses ?? [];
    const ended = statuses.filter((status) => status.state.terminated !== undefined);
    const begun = statuses.filter((status) => status.state.waiting === undefined || status.lastState.terminated !== undefined);
    if (begun.length < statuses.length)
        return 'Pending';
    if (ended.length < statuses.length)
        return 'Running';
    const failed = ended.some((status) => status.state.terminated?.exitCode !== 0);
    const { restartPolicy } = pod.spec;
    const restarts = restartPolicy === 'Always' || (restartPolicy === 'OnFailure' && failed);
    const going = pod.metadata.deletionTimestamp !== undefined;
    if (restarts && !going)
        return 'Running';
    return failed ? 'Failed' : 'Succeeded';
}
function setReadiness(pod, at) {
    const { phase } = pod.status;
    const ended = { Succeeded: 'PodCompleted', Failed: 'PodFailed' }[phase];
    // A pod that is being deleted keeps its readiness as it was (capture: watch-pods-live.ndjson).
    if (ended !== undefined && pod.metadata.deletionTimestamp === undefined) {
        setCondition(pod, at, 'Ready', 'False', ended);
        setCondition(pod, at, 'ContainersReady', 'False', ended);
        if (phase === 'Succeeded')
            setCondition(pod, at, 'Initialized', 'True', ended);
        return;
    }
    const unready = (pod.status.containerStatuses ?? [])
        .filter((status) => !status.ready)
        .map((status) => status.name);
    for (const type of ['Ready', 'ContainersReady']) {
        if (unready.length === 0)
            setCondition(pod, at, type, 'True');
        else
            setCondition(pod, at, type, 'False', 'ContainersNotReady', MESSAGES.unready(unready));
    }
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/kubelet.ts
/** A node's agent: takes the pods that were given to its node, pulls their images, "runs" them, reports. */










/** Between ErrImagePull and ImagePullBackOff: the kubelet's next look at the pod (capture: events-nocred.json, about a second). */
const NEXT_SYNC_MS = 700;
/** Back-off of pulls and of restarts: 10 s, doubling, to 5 minutes (kubernetes/kubernetes pkg/kubelet/kubelet.go). */
const BACK_OFF_MS = { first: 10_000, limit: 300_000 };
/** A sandbox takes a moment: pods are seen without one. */
const SANDBOX_MS = 20;
/** Starts the kubelet of one node. Its image store lives as long as it does. */
function startKubelet(context, cluster, node, store, timers) {
    const images = new NodeImages();
    const record = recorder(store, () => context.now(), 'kubelet', node.metadata.name);
    /** By uid: the pods in hand, each with what ends the work on it. */
    const inHand = new Map();
    const imagesChanged = reportsImages(context, node, store, timers, images);
    const unsubscribe = store.subscribe((change) => {
        if (change.resource !== 'pods')
            return;
        const pod = change.object;
        const uid = pod.metadata.uid ?? '';
        if (pod.spec.nodeName !== node.metadata.name)
            return;
        if (change.type === 'DELETED') {
            inHand.get(uid)?.abort();
            inHand.delete(uid);
            return;
        }
        if (pod.metadata.deletionTimestamp !== undefined) {
            const work = inHand.get(uid);
            if (work === undefined || work.signal.aborted)
                return;
            work.abort();
            timers.after(0, () => terminate(store, record, timers, () => context.now(), pod));
            return;
        }
        if (inHand.has(uid) || hasEnded(pod.status.phase))
            return;
        const work = new AbortController();
        inHand.set(uid, work);
        timers.after(0, () => {
            const desk = { context, cluster, node, store, timers, images, imagesChanged, record };
            new PodWorker(desk, pod, work.signal).run().catch((error) => {
                // An aborted worker just ends. Anything else is a fault of the simulator, and nobody should take it for the cluster's.
                if (work.signal.aborted)
                    return;
                const message = `The simulator broke: ${error instanceof Error ? error.message : String(error)}`;
                record({ object: pod, type: 'Warning', reason: 'SimulatorError', message });
            });
        });
    });
    return {
        stop() {
            unsubscribe();
            for (const work of inHand.values())
                work.abort();
            inHand.clear();
        },
    };
}
/**
 * A kubelet compares its node's status with the last one it sent every 10 seconds, and sends it when anything changed
 * (https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/, nodeStatusUpdateFrequency): until then the
 * node's list of images is the old one.
 */
const STATUS_UPDATE_MS = 10_000;
/** The part of that loop which lists images, the largest first (kubernetes/kubernetes, pkg/kubelet/nodestatus/setters.go). */
function reportsImages(context, node, store, timers, images) {
    const began = context.now();
    const before = node.status.images ?? [];
    let due = false;
    return () => {
        if (due)
            return;
        due = true;
        timers.after(STATUS_UPDATE_MS - ((context.now() - began) % STATUS_UPDATE_MS), () => {
            due = false;
            if (store.get('nodes', node.metadata.name) === undefined)
                return;
            const pulled = images
                .all()
                .map((image) => ({ names: [...image.digests, ...image.tags], sizeBytes: image.size }));
            store.update('nodes', node.metadata.name, undefined, ({ status }) => {
                status.images = [...pulled, ...before].sort((one, other) => other.sizeBytes - one.sizeBytes);
            });
        });
    };
}
class PodWorker {
    desk;
    pod;
    signal;
    constructor(desk, pod, signal) {
        this.desk = desk;
        this.pod = pod;
        this.signal = signal;
    }
    async run() {
        const { pod, desk } = this;
        const now = () => timestamp(desk.context.now());
        this.updatePod((live) => initialStatus(live, desk.node, now()));
        this.reportMissingSecrets();
        await this.pause(SANDBOX_MS);
        this.updatePod((live) => sandboxReady(live, now()));
        await Promise.all(pod.spec.containers.map((container) => this.runContainer(container)));
    }
    async runContainer(container) {
        for (let restarts = 0;; restarts++) {
            const image = await this.ensureImage(container);
            if (image === undefined)
                return;
            const failed = this.start(container, image, restarts);
            const again = this.pod.spec.restartPolicy === 'Always' || (failed && this.pod.spec.restartPolicy === 'OnFailure');
            if (!again || !failed)
                return;
            const seconds = backOffMs(restarts) / 1000;
            await this.pause(NEXT_SYNC_MS);
            const name = `${this.pod.metadata.name}_${this.pod.metadata.namespace}(${this.pod.metadata.uid})`;
            this.setState(container, {
                waiting: {
                    reason: 'CrashLoopBackOff',
                    message: MESSAGES.restartBackOff(seconds, container.name, name),
                },
            });
            this.record('Warning', 'BackOff', MESSAGES.restartBackOff(seconds, container.name, name), container);
            await this.pause(seconds * 1000);
        }
    }
    /** Gets the container's image by its policy, trying again and again; undefined when that can never be. */
    async ensureImage(container) {
        const reference = parseReference(container.image);
        if (typeof reference === 'string') {
            const message = MESSAGES.invalidImageName(container.image, reference);
            this.giveUp(container, 'InvalidImageName', 'InspectFailed', message);
            return undefined;
        }
        const present = this.desk.images.find(reference);
        if (container.imagePullPolicy === 'Never') {
            if (present !== undefined)
                return present;
            this.giveUp(container, 'ErrImageNeverPull', 'ErrImageNeverPull', MESSAGES.neverPull(container.image));
            return undefined;
        }
        // Pulled here by the node's own identity, so every pod of the node may use it. An image that a pull secret
        // brought would be checked again; that isn't modelled.
        if (present !== undefined && container.imagePullPolicy === 'IfNotPresent') {
            this.record('Normal', 'Pulled', MESSAGES.alreadyPresent(container.image), container);
            return present;
        }
        for (let failures = 0;; failures++) {
            const pulled = await this.pullOnce(container, reference);
            if (typeof pulled !== 'string')
                return pulled;
            await this.backOff(container, pulled, failures);
        }
    }
    /** One attempt with each credential there is; a string is the failure's text. */
    async pullOnce(container, reference) {
        const { context, cluster, node, images } = this.desk;
        this.record('Normal', 'Pulling', MESSAGES.pulling(container.image), container);
        const started = performance.now();
        const platform = {
            os: node.status.nodeInfo.operatingSystem,
            architecture: node.status.nodeInfo.architecture,
        };
        const credentials = [
            ...this.pullSecretCredentials(reference),
            ...(await providerCredentials(context, cluster, reference, this.signal)),
        ];
        const errors = [];
        for (const credential of credentials.length === 0 ? [undefined] : credentials) {
            this.signal.throwIfAborted();
            try {
                const { image } = await pullImage((url, request) => context.dial(url, request), images, reference, platform, credential, this.signal);
                const took = goDuration(performance.now() - started);
                this.record('Normal', 'Pulled', MESSAGES.pulled(container.image, took, image.size), container);
                this.desk.imagesChanged();
                return image;
            }
            catch (error) {
                if (!(error instanceof PullError))
                    throw error;
                errors.push(error.message);
            }
        }
        return aggregate(errors);
    }
    /** ErrImagePull, a moment later ImagePullBackOff, and then the wait (captures: events-nocred.json, pods-t*.json). */
    async backOff(container, why, failures) {
        this.record('Warning', 'Failed', MESSAGES.failedToPull(container.image, why), container);
        this.record('Warning', 'Failed', MESSAGES.errorReason('ErrImagePull'), container);
        this.setState(container, { waiting: { reason: 'ErrImagePull', message: why } });
        await this.pause(NEXT_SYNC_MS);
        this.record('Normal', 'BackOff', MESSAGES.backOff(container.image), container);
        this.record('Warning', 'Failed', MESSAGES.errorReason('ImagePullBackOff'), container);
        this.setState(container, {
            waiting: { reason: 'ImagePullBackOff', message: MESSAGES.backOffWith(container.image, why) },
        });
        await this.pause(backOffMs(failures));
    }
    /**
     * "Runs" the image: a program that isn't in it can't start (capture: bad-entrypoint in pods-t2.json), one for
     * another processor ends at once (capture: wrongarch-exec). Assumption: any other program does its work and ends
     * well, or goes on for ever where the restart policy is Always; Windows nodes fail with the same words.
     * Answers whether it failed.
     */
    start(container, image, restarts) {
        const { context, node } = this.desk;
        const at = timestamp(context.now());
        const containerID = `containerd://${(0,external_node_crypto_.randomBytes)(32).toString('hex')}`;
        const names = statusNames(image, container.image);
        const set = (state) => this.setState(container, state, { ...names, containerID, restartCount: restarts });
        const ended = (exitCode, reason, startedAt, message) => ({
            terminated: {
                exitCode,
                reason,
                ...(message === undefined ? {} : { message }),
                startedAt,
                finishedAt: at,
                containerID,
            },
        });
        this.record('Normal', 'Created', MESSAGES.containerCreated(), container);
        const [program = ''] = [...(container.command ?? image.entryPoint), ...(container.args ?? [])];
        const problem = startProblem(image, program);
        if (problem !== undefined) {
            this.record('Warning', 'Failed', MESSAGES.errorReason(problem), container);
            set(ended(128, 'StartError', '1970-01-01T00:00:00Z', problem));
            return true;
        }
        this.record('Normal', 'Started', MESSAGES.containerStarted(), container);
        if (image.architecture !== node.status.nodeInfo.architecture) {
            set(ended(1, 'Error', at));
            return true;
        }
        set({ running: { startedAt: at } });
        if (this.pod.spec.restartPolicy !== 'Always')
            set(ended(0, 'Completed', at));
        return false;
    }
    giveUp(container, reason, event, message) {
        this.record('Warning', event, message, container);
        this.record('Warning', 'Failed', MESSAGES.errorReason(reason), container);
        this.setState(container, { waiting: { reason, message } });
    }
    pullSecretCredentials(reference) {
        const { namespace } = this.pod.metadata;
        return (this.pod.spec.imagePullSecrets ?? []).flatMap(({ name }) => {
            const secret = this.desk.store.get('secrets', name, namespace);
            return secret === undefined ? [] : secretCredentials(secret, reference.host);
        });
    }
    reportMissingSecrets() {
        const { namespace } = this.pod.metadata;
        const missing = (this.pod.spec.imagePullSecrets ?? [])
            .map(({ name }) => name)
            .filter((name) => this.desk.store.get('secrets', name, namespace) === undefined);
        if (missing.length === 0)
            return;
        this.record('Warning', 'FailedToRetrieveImagePullSecret', MESSAGES.missingPullSecrets(missing));
    }
    setState(container, state, more = {}) {
        const at = timestamp(this.desk.context.now());
        this.updatePod((pod) => applyContainerStatus(pod, container.name, { ...more, state }, at));
    }
    updatePod(change) {
        this.signal.throwIfAborted();
        const { name, namespace } = this.pod.metadata;
        this.desk.store.update('pods', name, namespace, change);
    }
    record(type, reason, message, container) {
        const fieldPath = container === undefined ? {} : { fieldPath: `spec.containers{${container.name}}` };
        this.desk.record({ object: this.pod, type, reason, message, ...fieldPath });
    }
    pause(milliseconds) {
        return new Promise((resolve, reject) => {
            const onAbort = () => {
                cancel();
                reject(new Error('the pod is gone'));
            };
            const cancel = this.desk.timers.after(milliseconds, () => {
                this.signal.removeEventListener('abort', onAbort);
                resolve();
            });
            this.signal.addEventListener('abort', onAbort, { once: true });
        });
    }
}
function backOffMs(failures) {
    return Math.min(BACK_OFF_MS.first * 2 ** failures, BACK_OFF_MS.limit);
}
/** Why runc couldn't start a program; undefined when it could. */
function startProblem(image, program) {
    if (program.includes('/'))
        return image.files.has(program) ? undefined : MESSAGES.noSuchProgram(program);
    return image.path.some((directory) => image.files.has(`${directory}/${program}`))
        ? undefined
        : MESSAGES.notInPath(program);
}
/**
 * Ends a pod that is being deleted. What watchers see in between is captured (watch-pods-live.ndjson): a waiting
 * container goes back to ContainerCreating, then Failed with exit code 137 and ContainerStatusUnknown, then the grace
 * period is 0 and the pod is gone. Assumption: a running program ends at once when asked to.
 */
function terminate(store, record, timers, now, pod) {
    const { name, namespace, uid } = pod.metadata;
    const still = () => {
        const live = store.get('pods', name, namespace);
        return live?.metadata.uid === uid ? live : undefined;
    };
    const change = (apply) => {
        if (still() !== undefined)
            store.update('pods', name, namespace, apply);
    };
    const forEach = (live, next) => {
        for (const status of live.status.containerStatuses ?? []) {
            const state = next(status);
            if (state !== undefined)
                applyContainerStatus(live, status.name, { state }, timestamp(now()));
        }
    };
    for (const status of still()?.status.containerStatuses ?? []) {
        if (status.state.running === undefined)
            continue;
        record({
            object: pod,
            type: 'Normal',
            reason: 'Killing',
            message: MESSAGES.stopping(status.name),
            fieldPath: `spec.containers{${status.name}}`,
        });
    }
    change((live) => forEach(live, (status) => status.state.waiting ? { waiting: { reason: 'ContainerCreating' } } : undefined));
    timers.after(SANDBOX_MS, () => {
        change((live) => {
            live.status.observedGeneration = live.metadata.generation ?? 1;
            forEach(live, (status) => {
                if (status.state.terminated !== undefined)
                    return undefined;
                if (status.state.running !== undefined) {
                    const { startedAt } = status.state.running;
                    return { terminated: { exitCode: 143, reason: 'Error', startedAt, finishedAt: timestamp(now()) } };
                }
                const message = MESSAGES.lostContainer();
                return {
                    terminated: {
                        exitCode: 137,
                        reason: 'ContainerStatusUnknown',
                        message,
                        startedAt: null,
                        finishedAt: null,
                    },
                };
            });
            live.status.phase = live.status.phase === 'Succeeded' ? 'Succeeded' : 'Failed';
        });
        change(({ metadata }) => {
            metadata.deletionGracePeriodSeconds = 0;
            metadata.deletionTimestamp = timestamp(now());
        });
        // With a finalizer left, the store removes the pod when the last one goes.
        if ((still()?.metadata.finalizers?.length ?? 0) === 0)
            store.remove('pods', name, namespace);
    });
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/nodes.ts
/** Node objects out of a cluster's node pools. */

/**
 * A node always has the image of its pods' sandboxes. Assumption: which one it is, its digest and its size; that AKS
 * takes it from mcr.microsoft.com/oss is seen in node lists of public issue threads.
 */
const SANDBOX_IMAGE = {
    names: [
        'mcr.microsoft.com/oss/kubernetes/pause@sha256:6c3835cab3980f11b83277305d0d736051c32b17606f5ec59f1dda67c9ba3810',
        'mcr.microsoft.com/oss/kubernetes/pause:3.6',
    ],
    sizeBytes: 297_586,
};
/** Versions that nodes report: the ones whose behaviour and words were captured (node-1.36.2-containerd-2.1.9). */
const CONTAINER_RUNTIME = 'containerd://2.1.9';
/** `key=value:Effect` or `key:Effect`, as ARM writes taints. */
function parseTaint(text) {
    const [left = '', effect = 'NoSchedule'] = text.split(':');
    const [key = '', value] = left.split('=');
    return { key, ...(value === undefined || value === '' ? {} : { value }), effect };
}
/**
 * Name of a pool's n-th node: `aks-<pool>-<digits>-vmss<base 36>` on Linux, `aks<pool><base 36>` on Windows
 * (recorded names in Microsoft's AKS documentation; the digits are made from the cluster's name).
 */
function nodeName(cluster, pool, index) {
    const ordinal = index.toString(36).padStart(6, '0');
    if (pool.osType === 'Windows')
        return `aks${pool.name}${ordinal}`;
    const digits = Number.parseInt((0,external_node_crypto_.createHash)('sha1').update(`${cluster.resourceGroup}/${cluster.name}`).digest('hex').slice(0, 7), 16);
    return `aks-${pool.name}-${String(digits).padStart(8, '0').slice(0, 8)}-vmss${ordinal}`;
}
/** The nodes a cluster has now. Labels: learn.microsoft.com AKS use-labels. */
function nodesOf(cluster) {
    let address = 4;
    return cluster.pools.flatMap((pool) => Array.from({ length: pool.count }, (_, index) => {
        const name = nodeName(cluster, pool, index);
        const os = pool.osType.toLowerCase();
        return {
            apiVersion: 'v1',
            kind: 'Node',
            metadata: {
                name,
                labels: {
                    agentpool: pool.name,
                    'kubernetes.azure.com/agentpool': pool.name,
                    'kubernetes.azure.com/cluster': cluster.nodeResourceGroup,
                    'kubernetes.azure.com/mode': pool.mode.toLowerCase(),
                    'kubernetes.azure.com/node-image-version': pool.nodeImageVersion,
                    'kubernetes.azure.com/os-sku': pool.osSku,
                    'kubernetes.azure.com/role': 'agent',
                    'kubernetes.io/arch': pool.architecture,
                    'kubernetes.io/hostname': name,
                    'kubernetes.io/os': os,
                    'node.kubernetes.io/instance-type': pool.vmSize,
                    'topology.kubernetes.io/region': cluster.location,
                },
            },
            spec: {
                providerID: `azure:///subscriptions/${cluster.subscriptionId}/resourceGroups/${cluster.nodeResourceGroup.toLowerCase()}/providers/Microsoft.Compute/virtualMachineScaleSets/aks-${pool.name}-vmss/virtualMachines/${index}`,
                ...(pool.taints.length === 0 ? {} : { taints: pool.taints.map(parseTaint) }),
            },
            status: {
                capacity: { cpu: '4', memory: '16Gi', pods: '110' },
                allocatable: { cpu: '3860m', memory: '12Gi', pods: '110' },
                conditions: [
                    {
                        type: 'Ready',
                        status: 'True',
                        reason: 'KubeletReady',
                        message: 'kubelet is posting ready status',
                    },
                ],
                addresses: [
                    { type: 'InternalIP', address: `10.224.0.${address++}` },
                    { type: 'Hostname', address: name },
                ],
                nodeInfo: {
                    operatingSystem: os,
                    architecture: pool.architecture,
                    kubeletVersion: `v${cluster.kubernetesVersion}`,
                    containerRuntimeVersion: CONTAINER_RUNTIME,
                    osImage: pool.osType === 'Windows' ? 'Windows Server 2022 Datacenter' : pool.osSku,
                    kernelVersion: pool.osType === 'Windows' ? '10.0.20348.2340' : '6.8.0-azure',
                },
                images: [SANDBOX_IMAGE],
            },
        };
    }));
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/scheduler.ts
/** Gives pods to nodes: selectors, affinity and taints. Resources don't count: simulated nodes are never full. */





/** Why a node doesn't take a pod, in the scheduler's words; undefined when it does. */
function whyNot(pod, node) {
    if (node.spec.unschedulable === true)
        return MESSAGES.unschedulableNode();
    const refused = (node.spec.taints ?? []).some((taint) => taint.effect !== 'PreferNoSchedule' &&
        !(pod.spec.tolerations ?? []).some((one) => tolerates(one, taint)));
    if (refused)
        return MESSAGES.untoleratedTaint();
    return matchesSelectors(pod, node) ? undefined : MESSAGES.nodeAffinity();
}
/** Source: kubernetes/kubernetes staging component-helpers scheduling/corev1. */
function tolerates(toleration, taint) {
    if (toleration.effect && toleration.effect !== taint.effect)
        return false;
    if (toleration.key && toleration.key !== taint.key)
        return false;
    if ((toleration.operator ?? 'Equal') === 'Exists')
        return true;
    return (toleration.value ?? '') === (taint.value ?? '') && toleration.key === taint.key;
}
function matchesSelectors(pod, node) {
    const labels = node.metadata.labels ?? {};
    const selected = Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
    const terms = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
    if (!selected || terms === undefined)
        return selected;
    return terms.some((term) => {
        const expressions = term.matchExpressions ?? [];
        const fields = term.matchFields ?? [];
        if (expressions.length + fields.length === 0)
            return false;
        return (expressions.every((requirement) => meets(labels, requirement)) &&
            fields.every((requirement) => meets({ 'metadata.name': node.metadata.name }, requirement)));
    });
}
/** Starts the scheduler of a cluster. A pod that fits nowhere is tried again when a node changes. */
function startScheduler(store, timers, now) {
    const record = schedulerRecorder(store, now);
    const queue = new WorkQueue(timers, (key) => {
        const [namespace = '', name = ''] = key.split('/');
        const pod = store.get('pods', name, namespace);
        if (pod === undefined || pod.spec.nodeName !== undefined || pod.metadata.deletionTimestamp !== undefined)
            return;
        place(pod);
    });
    const place = (pod) => {
        const { name, namespace } = pod.metadata;
        const nodes = store.list('nodes');
        const reasons = nodes.map((node) => ({ node, reason: whyNot(pod, node) }));
        const load = (node) => store.list('pods').filter((one) => one.spec.nodeName === node.metadata.name).length;
        const [best] = reasons
            .filter(({ reason }) => reason === undefined)
            .map(({ node }) => ({ node, load: load(node) }))
            .sort((a, b) => a.load - b.load);
        const at = timestamp(now());
        if (best !== undefined) {
            const bound = store.update('pods', name, namespace, ({ spec, status }) => {
                spec.nodeName = best.node.metadata.name;
                status.conditions = [
                    ...(status.conditions ?? []).filter((condition) => condition.type !== 'PodScheduled'),
                    {
                        type: 'PodScheduled',
                        observedGeneration: 1,
                        status: 'True',
                        lastProbeTime: null,
                        lastTransitionTime: at,
                    },
                ];
            });
            const message = MESSAGES.assigned(namespace ?? '', name, best.node.metadata.name);
            record({ object: bound, type: 'Normal', reason: 'Scheduled', message, action: 'Binding' });
            return;
        }
        const message = MESSAGES.noNode(reasons.map(({ reason }) => reason ?? ''));
        const before = pod.status.conditions?.find((condition) => condition.type === 'PodScheduled');
        if (before?.message === message)
            return;
        store.update('pods', name, namespace, ({ status }) => {
            status.conditions = [
                {
                    type: 'PodScheduled',
                    observedGeneration: 1,
                    status: 'False',
                    lastProbeTime: null,
                    lastTransitionTime: at,
                    reason: 'Unschedulable',
                    message,
                },
            ];
        });
        record({ object: pod, type: 'Warning', reason: 'FailedScheduling', message, action: 'Scheduling' });
    };
    store.subscribe(({ type, resource, object }) => {
        if (resource === 'pods' && type === 'ADDED')
            queue.add(`${object.metadata.namespace}/${object.metadata.name}`);
        if (resource === 'nodes' && type !== 'DELETED') {
            for (const pod of store.list('pods')) {
                if (pod.spec.nodeName === undefined)
                    queue.add(`${pod.metadata.namespace}/${pod.metadata.name}`);
            }
        }
    });
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/store.ts
/** What etcd and the watch cache do: objects, versions, and every change in order. */




/** How many changes a watch can go back; older versions are Expired. */
const HISTORY = 2_000;
/**
 * Objects of one cluster. What it gives out is never changed afterwards: a change makes a new object. Listeners are
 * called in order of the changes, each after the change is complete.
 */
class Store {
    now;
    objects = new Map();
    history = [];
    listeners = new Set();
    current = 1;
    constructor(now) {
        this.now = now;
    }
    /** The version of the latest change. */
    get version() {
        return this.current;
    }
    get(resource, name, namespace) {
        return this.objects.get(key(resource, name, namespace))?.object;
    }
    /** Objects of a resource, of one namespace or all, in order of namespace and name. */
    list(resource, namespace) {
        const prefix = namespace === undefined ? `${resource}/` : `${resource}/${namespace}/`;
        return [...this.objects.entries()]
            .filter(([path]) => path.startsWith(prefix))
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([, entry]) => entry.object);
    }
    /** Every object, whatever its resource. */
    all() {
        return [...this.objects.values()];
    }
    /** Stores a new object, giving it uid, creation time and version. Throws AlreadyExists. */
    create(resource, object) {
        const { name, namespace } = object.metadata;
        if (this.get(resource, name, namespace) !== undefined)
            throw alreadyExists(resourceInfo(resource), name);
        const complete = structuredClone(object);
        complete.metadata.uid ??= (0,external_node_crypto_.randomUUID)();
        complete.metadata.creationTimestamp ??= timestamp(this.now());
        return this.commit('ADDED', resource, complete);
    }
    /**
     * Applies a change to a copy of the object and stores it, when that made a difference. Throws NotFound.
     * The last finalizer's removal from an object that is being deleted deletes it.
     */
    update(resource, name, namespace, change) {
        const before = this.get(resource, name, namespace);
        if (before === undefined)
            throw notFound(resourceInfo(resource), name);
        const after = structuredClone(before);
        change(after);
        if ((0,external_node_util_.isDeepStrictEqual)(after, before))
            return before;
        const { deletionTimestamp, finalizers, deletionGracePeriodSeconds } = after.metadata;
        if (finalizers?.length === 0)
            delete after.metadata.finalizers;
        const stored = this.commit('MODIFIED', resource, after, before);
        const held = (before.metadata.finalizers?.length ?? 0) > 0;
        const free = (finalizers?.length ?? 0) === 0;
        if (deletionTimestamp !== undefined && held && free && (deletionGracePeriodSeconds ?? 0) === 0) {
            this.remove(resource, name, namespace);
        }
        return stored;
    }
    /** Deletes an object outright; does nothing when it is gone. */
    remove(resource, name, namespace) {
        const object = this.get(resource, name, namespace);
        if (object === undefined)
            return undefined;
        return this.commit('DELETED', resource, structuredClone(object), object);
    }
    /** Calls the listener for every later change; the answer ends that. */
    subscribe(listener) {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    }
    /** Changes after a version, oldest first. Throws Expired when they are no longer known. */
    since(version) {
        const oldest = this.history[0];
        if (oldest !== undefined && this.history.length >= HISTORY && version < oldest.version - 1) {
            throw expired(version, oldest.version - 1);
        }
        return this.history.filter((change) => change.version > version);
    }
    commit(type, resource, object, previous) {
        this.current += 1;
        object.metadata.resourceVersion = String(this.current);
        const path = key(resource, object.metadata.name, object.metadata.namespace);
        if (type === 'DELETED')
            this.objects.delete(path);
        else
            this.objects.set(path, { resource, object });
        const change = {
            type,
            resource,
            version: this.current,
            object,
            ...(previous === undefined ? {} : { previous }),
        };
        // A change of one resource is a change of some resource: the union is what listeners take apart again.
        this.history.push(change);
        if (this.history.length > HISTORY)
            this.history.shift();
        for (const listener of [...this.listeners])
            listener(change);
        return object;
    }
}
function key(resource, name, namespace) {
    return `${resource}/${namespace ?? ''}/${name}`;
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/cluster.ts








/** Namespaces that every AKS cluster has (learn.microsoft.com AKS core-aks-concepts). */
const cluster_SYSTEM_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];
/** Starts a cluster with the namespaces and the nodes that the cloud says it has now. */
function startCluster(context, cluster, tokens) {
    const now = () => context.now();
    const store = new Store(now);
    const timers = new Timers();
    const stopped = new AbortController();
    startGarbageCollector(store, timers, now);
    startJobController(store, timers, now);
    startScheduler(store, timers, now);
    for (const name of new Set([...cluster_SYSTEM_NAMESPACES, ...cluster.namespaces])) {
        store.create('namespaces', {
            apiVersion: 'v1',
            kind: 'Namespace',
            metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
            spec: { finalizers: ['kubernetes'] },
            status: { phase: 'Active' },
        });
    }
    const kubelets = nodesOf(cluster).map((node) => startKubelet(context, cluster, store.create('nodes', node), store, timers));
    return {
        answer: (exchange) => answerApi({ context, cluster, store, timers, tokens, stopped: stopped.signal }, exchange),
        stop() {
            stopped.abort();
            timers.stop();
            for (const kubelet of kubelets)
                kubelet.stop();
        },
    };
}

;// CONCATENATED MODULE: ./src/simulator/kubernetes/index.ts


/**
 * One API server for every cluster of the cloud, each started by its first request. A stopped cluster and a private
 * one have no name that resolves from outside, so nothing is served for them.
 */
function createApiServers(context) {
    const running = new Map();
    const tokens = new LocalTokens();
    let stopped = false;
    const reachable = (host) => context.state.clusters.find((cluster) => cluster.fqdn.toLowerCase() === host && cluster.powerState === 'Running' && !cluster.privateCluster);
    return {
        name: 'kubernetes',
        serves: (host) => reachable(host) !== undefined,
        async answer(exchange) {
            exchange.note.service = 'kubernetes';
            if (stopped)
                throw new Error('the clusters have been stopped');
            const cluster = reachable(exchange.url.hostname);
            if (cluster === undefined)
                throw new Error(`no cluster answers for ${exchange.url.hostname}`);
            const server = running.get(cluster) ?? startCluster(context, cluster, tokens);
            running.set(cluster, server);
            return server.answer(exchange);
        },
        userKubeconfig: (cluster) => cluster.entra === undefined
            ? localKubeconfig(context, cluster, tokens, 'clusterUser')
            : entraKubeconfig(context, cluster),
        adminKubeconfig: (cluster) => localKubeconfig(context, cluster, tokens, 'clusterAdmin'),
        stop() {
            stopped = true;
            for (const server of running.values())
                server.stop();
            running.clear();
        },
    };
}

// EXTERNAL MODULE: ./node_modules/reflect-metadata/Reflect.js
var Reflect = __webpack_require__(80477);
// EXTERNAL MODULE: external "node:net"
var external_node_net_ = __webpack_require__(77030);
// EXTERNAL MODULE: ./node_modules/@peculiar/x509/build/x509.cjs.js
var x509_cjs = __webpack_require__(8927);
;// CONCATENATED MODULE: ./src/simulator/net/authority.ts
/**
 * A certificate authority that lives in memory: its key never leaves the process, and nothing it signs
 * outlives a day.
 */




/** P-256 with SHA-256: understood by Node, Go, Python's OpenSSL and every client of theirs, and quick to make. */
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const HOUR_MS = 3_600_000;
const LIFETIME_MS = 24 * HOUR_MS;
/** Certificates begin a little in the past, for clients whose clock is behind. */
const CLOCK_SLACK_MS = HOUR_MS;
/**
 * Makes an authority with a new key.
 *
 * @param name its common name, as shown by clients that look at the chain
 */
async function createAuthority(name) {
    const keys = await newKeys();
    const root = await x509_cjs/* X509CertificateGenerator */.Jy.createSelfSigned({
        ...lifetime(),
        serialNumber: serialNumber(),
        name: new x509_cjs/* Name */.SX([{ CN: [name] }]),
        keys,
        signingAlgorithm: ALGORITHM,
        extensions: [
            new x509_cjs/* BasicConstraintsExtension */.WA(true, undefined, true),
            new x509_cjs/* KeyUsagesExtension */.hy(x509_cjs/* KeyUsageFlags */.Ob.keyCertSign | x509_cjs/* KeyUsageFlags */.Ob.cRLSign, true),
            await x509_cjs/* SubjectKeyIdentifierExtension */.QE.create(keys.publicKey, false, external_node_crypto_.webcrypto),
        ],
    }, external_node_crypto_.webcrypto);
    const certificate = root.toString('pem');
    const publicKey = (0,external_node_crypto_.createPublicKey)(certificate);
    const issue = async (subject, extensions) => {
        const leafKeys = await newKeys();
        const leaf = await x509_cjs/* X509CertificateGenerator */.Jy.create({
            ...lifetime(),
            serialNumber: serialNumber(),
            subject,
            issuer: root.subjectName,
            publicKey: leafKeys.publicKey,
            signingKey: keys.privateKey,
            signingAlgorithm: ALGORITHM,
            extensions: [
                new x509_cjs/* BasicConstraintsExtension */.WA(false, undefined, true),
                new x509_cjs/* KeyUsagesExtension */.hy(x509_cjs/* KeyUsageFlags */.Ob.digitalSignature, true),
                await x509_cjs/* AuthorityKeyIdentifierExtension */.Z$.create(keys.publicKey, false, external_node_crypto_.webcrypto),
                await x509_cjs/* SubjectKeyIdentifierExtension */.QE.create(leafKeys.publicKey, false, external_node_crypto_.webcrypto),
                ...extensions,
            ],
        }, external_node_crypto_.webcrypto);
        const pkcs8 = await external_node_crypto_.webcrypto.subtle.exportKey('pkcs8', leafKeys.privateKey);
        return { certificate: leaf.toString('pem'), key: x509_cjs/* PemConverter */.v6.encode(pkcs8, 'PRIVATE KEY') };
    };
    return {
        certificate,
        server: (hosts) => issue(new x509_cjs/* Name */.SX([{ CN: [hosts[0] ?? 'localhost'] }]), [
            new x509_cjs/* ExtendedKeyUsageExtension */.j6([x509_cjs/* ExtendedKeyUsage */.CD.serverAuth]),
            new x509_cjs/* SubjectAlternativeNameExtension */.Wx(hosts.map((host) => ({ type: (0,external_node_net_.isIP)(host) === 0 ? 'dns' : 'ip', value: host }))),
        ]),
        // One relative name for each organization: Kubernetes reads every O as a group
        // (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates).
        client: (commonName, organizations) => issue(new x509_cjs/* Name */.SX([...organizations.map((o) => ({ O: [o] })), { CN: [commonName] }]), [
            new x509_cjs/* ExtendedKeyUsageExtension */.j6([x509_cjs/* ExtendedKeyUsage */.CD.clientAuth]),
        ]),
        signed: (candidate) => candidate.verify(publicKey),
    };
}
function newKeys() {
    return external_node_crypto_.webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}
function lifetime() {
    const now = Date.now();
    return { notBefore: new Date(now - CLOCK_SLACK_MS), notAfter: new Date(now + LIFETIME_MS) };
}
/** 16 random bytes with the top bit clear and the next one set: positive, and never with a leading zero. */
function serialNumber() {
    const bytes = external_node_crypto_.webcrypto.getRandomValues(new Uint8Array(16));
    bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
    return Buffer.from(bytes).toString('hex');
}

// EXTERNAL MODULE: external "node:https"
var external_node_https_ = __webpack_require__(44708);
;// CONCATENATED MODULE: ./src/simulator/net/dial.ts
/** HTTP as a machine inside the simulated cloud speaks it: over TLS, through the front door, one request at a time. */

/**
 * Makes a dialler that finds every name at the front door.
 *
 * @param port of the front door's TLS listener, asked for at each request
 * @param ca PEM of the authority of public names
 */
function createDial(port, ca) {
    const agent = new external_node_https_.Agent({ keepAlive: true });
    const dial = (url, { method = 'GET', headers = {}, body, signal } = {}) => new Promise((resolve, reject) => {
        const target = new URL(url);
        if (target.protocol !== 'https:') {
            reject(new Error(`${target.origin}: the simulated cloud speaks HTTPS only`));
            return;
        }
        const outgoing = (0,external_node_https_.request)({
            agent,
            host: '127.0.0.1',
            port: port(),
            servername: target.hostname,
            ca,
            method,
            path: target.pathname + target.search,
            headers: {
                host: target.host,
                ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
                ...headers,
            },
            ...(signal === undefined ? {} : { signal }),
        }, (incoming) => {
            const chunks = [];
            incoming.on('data', (chunk) => chunks.push(chunk));
            incoming.on('error', reject);
            incoming.on('end', () => {
                const joined = {};
                for (const [name, values] of Object.entries(incoming.headersDistinct)) {
                    if (values !== undefined)
                        joined[name] = values.join(', ');
                }
                resolve({ status: incoming.statusCode ?? 0, headers: joined, body: Buffer.concat(chunks) });
            });
        });
        outgoing.on('error', reject);
        outgoing.end(body);
    });
    return { dial, close: () => agent.destroy() };
}

// EXTERNAL MODULE: external "node:http"
var external_node_http_ = __webpack_require__(37067);
// EXTERNAL MODULE: external "node:tls"
var external_node_tls_ = __webpack_require__(41692);
;// CONCATENATED MODULE: ./src/simulator/net/front-door.ts
/**
 * The way into the simulated cloud: one TLS listener that answers under every name, and a CONNECT proxy that
 * leads every name to it. Both listen on loopback only.
 */






const LOOPBACK = '127.0.0.1';
/** More than any request of the modelled services needs: a Kubernetes object is at most a few megabytes. */
const LARGEST_BODY = 16 * 1024 * 1024;
const KEEP_ALIVE_MS = 300_000;
/** Opens both listeners on ports of the machine's choice. */
async function openFrontDoor(options) {
    const sockets = new Set();
    const contextOf = certificateCache(options.authorityOf);
    const plain = await contextOf('localhost');
    const tls = (0,external_node_https_.createServer)({
        ...plain.pair,
        // Asked of everybody, because Node can't ask by name; who trusts a certificate verifies it, so none is refused here.
        requestCert: true,
        rejectUnauthorized: false,
        SNICallback: (name, done) => {
            contextOf(name.toLowerCase()).then(({ context }) => done(null, context), (error) => done(error instanceof Error ? error : new Error(String(error))));
        },
    }, (request, response) => {
        void front_door_serve(request, response, options);
    });
    // Watches stay open for long without a byte; the services end them. Clients keep connections and poll seldom: one
    // that closed in between would look like a fault.
    tls.requestTimeout = 0;
    tls.keepAliveTimeout = KEEP_ALIVE_MS;
    tls.on('tlsClientError', () => undefined);
    tls.on('clientError', (_error, socket) => socket.destroy());
    track(tls, sockets);
    const port = await listen(tls);
    const connectedNames = [];
    const proxy = (0,external_node_http_.createServer)((request, response) => {
        refusePlain(request, response, options.log);
    });
    proxy.on('connect', (request, client, head) => {
        const name = hostName(request.url ?? '');
        if (!connectedNames.includes(name))
            connectedNames.push(name);
        client.on('error', () => client.destroy());
        if (!options.reachable(name)) {
            client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
            return;
        }
        const upstream = (0,external_node_net_.connect)(port, LOOPBACK);
        sockets.add(upstream);
        upstream.on('close', () => {
            sockets.delete(upstream);
            client.destroy();
        });
        upstream.on('error', () => upstream.destroy());
        client.on('close', () => upstream.destroy());
        upstream.on('connect', () => {
            client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
            if (head.length > 0)
                upstream.write(head);
            upstream.pipe(client);
            client.pipe(upstream);
        });
    });
    proxy.on('clientError', (_error, socket) => socket.destroy());
    track(proxy, sockets);
    const proxyPort = await listen(proxy);
    return {
        proxyUrl: `http://${LOOPBACK}:${proxyPort}`,
        port,
        connectedNames,
        async stop() {
            const closed = [tls, proxy].map((server) => new Promise((done) => server.close(() => done())));
            for (const socket of sockets)
                socket.destroy();
            await Promise.all(closed);
        },
    };
}
/** `host:port` or `host` without the port, in lower case. */
function hostName(authority) {
    return authority.replace(/:\d+$/, '').toLowerCase();
}
/** Certificates are made when a name is first asked for, and kept. */
function certificateCache(authorityOf) {
    const made = new Map();
    const make = async (host) => {
        const authority = await authorityOf(host);
        const { certificate, key } = await authority.server([host]);
        const pair = { cert: certificate, key };
        return { pair, context: (0,external_node_tls_.createSecureContext)(pair) };
    };
    return (host) => {
        const known = made.get(host) ?? make(host);
        made.set(host, known);
        return known;
    };
}
function track(server, sockets) {
    server.on('connection', (socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
        socket.on('error', () => socket.destroy());
    });
}
function listen(server) {
    return new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, LOOPBACK, () => {
            server.off('error', reject);
            resolve(server.address().port);
        });
    });
}
async function front_door_serve(request, response, { services, log }) {
    const gone = new AbortController();
    const host = hostName(request.headers.host ?? '');
    const path = request.url ?? '/';
    const method = (request.method ?? 'GET').toUpperCase();
    const record = log.begin(method, host, path);
    const ended = new Promise((resolve) => {
        response.on('close', () => {
            if (!response.writableFinished)
                gone.abort();
            log.end(record);
            resolve();
        });
    });
    try {
        const answer = await answerOf(async () => {
            const service = services().find((candidate) => candidate.serves(host));
            if (service === undefined)
                throw new NotModelled(`No service of the simulated cloud answers for ${host}.`);
            const certificate = shownCertificate(request.socket);
            const exchange = {
                method,
                url: new URL(`https://${request.headers.host ?? host}${path}`),
                headers: joinedHeaders(request),
                body: await front_door_bodyOf(request),
                ...(certificate === undefined ? {} : { clientCertificate: certificate }),
                signal: gone.signal,
                note: record,
            };
            record.service = service.name;
            return service.answer(exchange);
        }, `${method} https://${host}${path.split('?', 1)[0] ?? ''}`);
        record.modelled = answer.modelled;
        log.answered(record, answer.status);
        await send(response, answer, gone.signal);
    }
    catch {
        // The client is gone, or the answer's stream broke after its head: a broken connection is what the client must see.
        response.destroy();
    }
    await ended;
}
/** What a service answers; what it can't answer becomes a 501, and what it breaks on a 500 that names the simulator. */
async function answerOf(ask, asked) {
    try {
        return { ...(await ask()), modelled: true };
    }
    catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (error instanceof NotModelled)
            return {
                ...problem(501, 'NotModelled', `${asked} is not modelled by the simulator: ${message}`),
                modelled: false,
            };
        return {
            ...problem(500, 'SimulatorError', `The simulator broke on ${asked}: ${message}`),
            modelled: true,
        };
    }
}
function problem(status, code, message) {
    return {
        status,
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: JSON.stringify({ error: { code, message } }),
    };
}
async function send(response, answer, gone) {
    const { status, headers = {}, body } = answer;
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
        const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(body);
        const mayHaveBody = status !== 204 && status !== 304;
        const length = mayHaveBody ? { 'content-length': String(bytes.length) } : {};
        response.writeHead(status, { ...length, ...headers });
        response.end(mayHaveBody ? bytes : undefined);
        return;
    }
    response.writeHead(status, headers);
    response.flushHeaders();
    for await (const chunk of body) {
        if (gone.aborted)
            return;
        if (!response.write(chunk)) {
            await new Promise((resolve) => {
                response.once('drain', resolve);
                response.once('close', resolve);
            });
        }
    }
    response.end();
}
function shownCertificate(socket) {
    if (!(socket instanceof external_node_tls_.TLSSocket))
        return undefined;
    const raw = socket.getPeerCertificate().raw;
    return raw === undefined ? undefined : new external_node_crypto_.X509Certificate(raw);
}
function joinedHeaders(request) {
    const joined = {};
    for (const [name, values] of Object.entries(request.headersDistinct)) {
        if (values !== undefined)
            joined[name] = values.join(', ');
    }
    return joined;
}
async function front_door_bodyOf(request) {
    const chunks = [];
    let length = 0;
    for await (const chunk of request) {
        length += chunk.length;
        if (length > LARGEST_BODY)
            throw new NotModelled(`The body is larger than ${LARGEST_BODY} bytes.`);
        chunks.push(chunk);
    }
    return Buffer.concat(chunks);
}
/** The simulated cloud has no plain HTTP: whatever comes without a tunnel is refused, and seen in the log. */
function refusePlain(request, response, log) {
    const method = (request.method ?? 'GET').toUpperCase();
    const target = URL.canParse(request.url ?? '') ? new URL(request.url ?? '') : undefined;
    const host = target?.hostname ?? hostName(request.headers.host ?? '');
    const record = log.begin(method, host, target === undefined ? (request.url ?? '/') : target.pathname + target.search);
    record.modelled = false;
    request.resume();
    response.on('close', () => log.end(record));
    const answer = problem(501, 'NotModelled', `${method} http://${host}: the simulator speaks HTTPS only.`);
    log.answered(record, answer.status);
    void send(response, answer, new AbortController().signal);
}

;// CONCATENATED MODULE: ./src/simulator/net/request-log.ts
/** Query parameters whose values are secrets; compared in lower case. */
const SECRET_PARAMETERS = new Set([
    'access_token',
    'assertion',
    'client_assertion',
    'client_secret',
    'code',
    'password',
    'refresh_token',
    'sig',
    'token',
]);
/**
 * @param now milliseconds since the epoch
 * @param onRequest called once a request is over
 */
function createRequestLog(now, onRequest = () => undefined) {
    const began = now();
    const records = [];
    const touch = (record) => {
        record.durationMs = now() - began - record.at;
    };
    return {
        records,
        begin(method, host, path) {
            const record = {
                number: records.length + 1,
                at: now() - began,
                durationMs: 0,
                method,
                host,
                path: withoutSecrets(path),
                status: 0,
                modelled: true,
            };
            records.push(record);
            return record;
        },
        answered(record, status) {
            record.status = status;
            touch(record);
        },
        end(record) {
            touch(record);
            onRequest(record);
        },
    };
}
/** A path with its query, the values of secret parameters left out. */
function withoutSecrets(path) {
    const mark = path.indexOf('?');
    if (mark < 0)
        return path;
    const query = path
        .slice(mark + 1)
        .split('&')
        .map((pair) => {
        const name = pair.split('=', 1)[0] ?? '';
        return SECRET_PARAMETERS.has(decoded(name).toLowerCase()) ? `${name}=***` : pair;
    })
        .join('&');
    return `${path.slice(0, mark)}?${query}`;
}
function decoded(text) {
    try {
        return decodeURIComponent(text);
    }
    catch {
        return text;
    }
}

;// CONCATENATED MODULE: ./src/simulator/index.ts
/** The simulated Azure: started from a scenario, reached through a proxy under the real names. */
















/**
 * Starts a simulated cloud on loopback. Throws `ScenarioError` with all that is wrong with the scenario.
 *
 * @param scenarioYaml text of a scenario (`cloud/scenario-schema.ts`)
 */
async function startSimulator(scenarioYaml, options = {}) {
    const now = options.now ?? Date.now;
    const { name, state } = loadScenario(scenarioYaml, now());
    const [publicAuthority, tokens, githubKey] = await Promise.all([
        createAuthority('Simulated public authority'),
        createTokenIssuer(state, now),
        createSigningKey('github'),
    ]);
    const log = createRequestLog(now, options.onRequest);
    const clusterAuthority = oncePerCluster((cluster) => createAuthority(`Simulated authority of ${cluster.name}`));
    const inside = createDial(() => door.port, publicAuthority.certificate);
    const context = {
        state,
        tokens,
        now,
        decide: (question) => decide(state, question, now()),
        publicAuthority,
        clusterAuthority,
        dial: inside.dial,
    };
    const apiServers = createApiServers(context);
    const services = [
        createEntra({ state, tokens, github: githubKey, now }),
        createArm(context, apiServers),
        createGitHub(state, githubKey, now),
        createRegistries(context),
        apiServers,
    ];
    const door = await openFrontDoor({
        services: () => services,
        log,
        authorityOf: (host) => {
            const cluster = clusterOf(state, host);
            return cluster === undefined ? Promise.resolve(publicAuthority) : clusterAuthority(cluster);
        },
        // A private API server's name is only known inside its network (azure-docs: private-clusters).
        reachable: (host) => clusterOf(state, host)?.privateCluster !== true,
    });
    const folder = await (0,promises_.mkdtemp)((0,external_node_path_.join)((0,external_node_os_.tmpdir)(), 'aks-acr-pull-simulator-'));
    const caFile = (0,external_node_path_.join)(folder, 'ca.pem');
    await (0,promises_.writeFile)(caFile, publicAuthority.certificate, { mode: 0o600 });
    await (0,promises_.chmod)(caFile, 0o600);
    let stopping;
    const stop = async () => {
        apiServers.stop();
        inside.close();
        await door.stop();
        await (0,promises_.rm)(folder, { recursive: true, force: true });
    };
    return {
        name,
        state,
        context,
        proxyUrl: door.proxyUrl,
        caPem: publicAuthority.certificate,
        caFile,
        requests: log.records,
        connectedNames: door.connectedNames,
        github: { requestUrl: tokenRequestUrl(state.github), requestToken: state.github.requestToken },
        environment: () => ({
            HTTPS_PROXY: door.proxyUrl,
            https_proxy: door.proxyUrl,
            NO_PROXY: '',
            no_proxy: '',
            NODE_EXTRA_CA_CERTS: caFile,
            REQUESTS_CA_BUNDLE: caFile,
            SSL_CERT_FILE: caFile,
            CURL_CA_BUNDLE: caFile,
        }),
        stop: () => (stopping ??= stop()),
    };
}
function clusterOf(state, host) {
    return state.clusters.find(({ fqdn }) => fqdn.toLowerCase() === host);
}
function oncePerCluster(make) {
    const made = new Map();
    return (cluster) => {
        const authority = made.get(cluster.fqdn) ?? make(cluster);
        made.set(cluster.fqdn, authority);
        return authority;
    };
}


/***/ })

};
