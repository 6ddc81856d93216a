/**
 * Azure's own API descriptions, beside the project: whether an exchange with the resource manager is as they say. Validated
 * by oav, which finds the operation by path and api-version; nothing is fetched.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../../../shared/openapi/', import.meta.url));

export const missingDescriptions = existsSync(FOLDER)
  ? undefined
  : '../shared/openapi is not beside the project';

/** One exchange; bodies parsed, absent where there is none. */
export interface ArmExchange {
  method: string;
  url: string;
  requestBody?: unknown;
  status: number;
  headers: Record<string, string>;
  responseBody?: unknown;
}

export interface Issue {
  side: 'request' | 'response';
  code: string;
  /** JSON pointers. */
  at: string[];
  message: string;
}

export type Held =
  | { undescribed: string }
  | {
      operation: string;
      /** The api-version that was asked for, and the one that it was held against. */
      asked: string;
      used: string;
      /** Whether the description used was derived from another version's, and so is weaker evidence. */
      derived: boolean;
      issues: Issue[];
      /** Issues that real traffic has too. */
      known: Issue[];
    };

export interface Descriptions {
  hold(exchange: ArmExchange): Promise<Held>;
  /** The described api-versions of a provider, oldest first; none for one that isn't held. */
  versions(provider: string): readonly string[];
  /** Ids of all operations, by provider. */
  operations(): ReadonlyMap<string, readonly string[]>;
  /** Removes what was written. */
  close(): void;
}

interface Overlay {
  from: string;
  to: string;
  version: string;
  add: Record<string, object>;
  drop: Record<string, string[]>;
}

interface Deviation {
  operation: string;
  side: string | null;
  code: string;
  at: string;
  versions: string[] | null;
}

interface Description {
  info: { version: string };
  definitions: Record<string, { properties: Record<string, unknown> }>;
}

/** What is used of oav's LiveValidator. */
interface Side {
  errors: { code: string; message: string; pathsInPayload: string[] }[];
  operationInfo?: { operationId: string };
  runtimeException?: { code: string; message: string };
}
interface LiveValidator {
  initialize(): Promise<void>;
  operationSearcher: { cache: Map<string, Map<string, Map<string, { operationId?: string }[]>>> };
  validateLiveRequestResponse(exchange: object): Promise<{
    requestValidationResult: Side;
    responseValidationResult: Side;
    runtimeException?: { code: string; message: string };
  }>;
}

/** Reads every description; some 2 s. */
export async function openDescriptions(): Promise<Descriptions> {
  const { LiveValidator } = createRequire(import.meta.url)('oav') as {
    LiveValidator: new (options: object, log: () => void) => LiveValidator;
  };
  const scratch = mkdtempSync(join(tmpdir(), 'arm-descriptions-'));
  cpSync(join(FOLDER, 'specification'), join(scratch, 'specification'), { recursive: true });
  const { overlays } = json<{ overlays: Overlay[] }>(FOLDER, 'overlays.json');
  for (const overlay of overlays) writeDerived(scratch, overlay);
  const validator = new LiveValidator(
    {
      directory: scratch,
      git: { shouldClone: false },
      isArmCall: true,
      swaggerPathsPattern: ['specification/*/resource-manager/**/*.json'],
      loadValidatorInBackground: false,
    },
    () => undefined,
  );
  await validator.initialize();
  const { known } = json<{ known: Deviation[] }>(FOLDER, 'deviations.json');
  return {
    hold: (exchange) => hold(validator, known, overlays, exchange),
    versions: (provider) => [...(validator.operationSearcher.cache.get(provider)?.keys() ?? [])].sort(),
    operations: () =>
      new Map(
        [...validator.operationSearcher.cache]
          .filter(([provider]) => provider !== 'microsoft.unknown')
          .map(([provider, versions]) => {
            const operations = [...versions.values()].flatMap((methods) => [...methods.values()].flat());
            return [
              provider,
              [...new Set(operations.flatMap(({ operationId = '' }) => operationId || []))].sort(),
            ];
          }),
      ),
    close: () => rmSync(scratch, { recursive: true, force: true }),
  };
}

/** A description that isn't held whole, made of the newest one that is. */
function writeDerived(scratch: string, { from, to, version, add, drop }: Overlay): void {
  const description = json<Description>(FOLDER, from);
  description.info.version = version;
  for (const [name, properties] of Object.entries(add))
    Object.assign(description.definitions[name]?.properties ?? {}, properties);
  for (const [name, dropped] of Object.entries(drop))
    for (const property of dropped) delete description.definitions[name]?.properties[property];
  mkdirSync(dirname(join(scratch, to)), { recursive: true });
  writeFileSync(join(scratch, to), JSON.stringify(description));
}

async function hold(
  validator: LiveValidator,
  deviations: readonly Deviation[],
  overlays: readonly Overlay[],
  exchange: ArmExchange,
): Promise<Held> {
  const url = new URL(exchange.url);
  const provider = [...url.pathname.matchAll(/\/providers\/([^/]+)/g)].at(-1)?.[1]?.toLowerCase() ?? '';
  const asked = url.searchParams.get('api-version') ?? '';
  // A version that isn't described is held against the newest one before it.
  const versions = [...(validator.operationSearcher.cache.get(provider)?.keys() ?? [])].sort();
  const used = versions.includes(asked) ? asked : versions.filter((one) => one <= asked).at(-1);
  if (used === undefined) return { undescribed: `${provider || url.pathname.split('/')[1]}` };
  url.searchParams.set('api-version', used);
  // Permissions are described below a resource with a parent path only.
  url.pathname = url.pathname.replace(
    /(\/resourcegroups\/[^/]+\/providers\/[^/]+)((\/[^/]+){2}\/providers\/Microsoft\.Authorization\/permissions)$/i,
    '$1/-$2',
  );
  const result = await validator.validateLiveRequestResponse({
    liveRequest: {
      method: exchange.method,
      url: url.href,
      headers: { 'content-type': 'application/json' },
      query: Object.fromEntries(url.searchParams),
      body: structuredClone(exchange.requestBody),
    },
    liveResponse: {
      statusCode: String(exchange.status),
      headers: exchange.headers,
      body: structuredClone(exchange.responseBody),
    },
  });
  const { requestValidationResult: request, responseValidationResult: response } = result;
  // Then nothing was validated at all, and there are no errors to see.
  const fault = result.runtimeException ?? request.runtimeException ?? response.runtimeException;
  const operation = request.operationInfo?.operationId;
  if (fault !== undefined || operation === undefined)
    return { undescribed: `${provider} ${fault?.code ?? 'no operation'}` };
  const issues = (['request', 'response'] as const).flatMap((side) =>
    (side === 'request' ? request : response).errors.map(({ code, message, pathsInPayload }): Issue => ({
      side,
      code,
      at: pathsInPayload,
      message,
    })),
  );
  const isKnown = (issue: Issue): boolean =>
    deviations.some(
      (one) =>
        (one.side ?? issue.side) === issue.side &&
        one.code === issue.code &&
        new RegExp(one.operation).test(operation) &&
        (one.versions?.includes(used) ?? true) &&
        issue.at.every((pointer) => new RegExp(one.at).test(pointer)),
    );
  return {
    operation,
    asked,
    used,
    derived: overlays.some(({ to, version }) => version === used && to.toLowerCase().includes(provider)),
    issues: issues.filter((issue) => !isKnown(issue)),
    known: issues.filter(isKnown),
  };
}

function json<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), 'utf8')) as T;
}
