/** Role assignments and definitions, through Azure's own client on top of the guarded sender. */
import { AuthorizationManagementClient } from '@azure/arm-authorization';
import type { RoleAssignment as ServedAssignment, RoleDefinition } from '@azure/arm-authorization';
import { isRestError } from '@azure/core-rest-pipeline';
import { azureHttpClient, SENDER_DECIDES } from '../http/azure-client.js';
import type { Sender } from '../http/sender.js';
import { at, optional, parseJson } from '../json.js';
import { HttpFault } from '../ports.js';
import type { Credential } from '../ports.js';
import { ArmError, MOST_PAGES, readArmError } from './arm.js';
import { lastPart, reachesScope } from './arm-id.js';
import type { Cloud } from './clouds.js';
import { CONDITION_VERSION } from './condition.js';
import type { Role } from './roles.js';

export interface Assignment {
  id: string;
  name: string;
  scope: string;
  roleDefinitionId: string;
  principalId: string;
  condition?: string;
  /** Only where it isn't {@link CONDITION_VERSION}. */
  conditionVersion?: string;
  description?: string;
  /** ISO 8601. */
  updatedOn?: string;
}

export interface NewAssignment {
  name: string;
  scope: string;
  roleDefinitionId: string;
  principalId: string;
  description: string;
  condition?: string;
}

export class RoleAssignments {
  readonly #client: AuthorizationManagementClient;

  constructor(sender: Sender, credential: Credential, cloud: Cloud, subscriptionId: string) {
    this.#client = new AuthorizationManagementClient(
      {
        getToken: async (_scopes, options) => {
          const signal = options?.abortSignal instanceof AbortSignal ? options.abortSignal : undefined;
          const { token, expiresOn } = await credential.token(cloud.resourceManagerScope, signal);
          return { token, expiresOnTimestamp: expiresOn };
        },
      },
      subscriptionId,
      {
        endpoint: cloud.resourceManager,
        httpClient: azureHttpClient(sender, 'arm-token'),
        ...SENDER_DECIDES,
      },
    );
  }

  /**
   * The assignments at a scope and above that reach a principal: `groups` also those through groups that hold it, which
   * may need a right to read the directory.
   *
   * @throws {ArmError}
   */
  async reaching(scope: string, principalId: string, groups: boolean): Promise<Assignment[]> {
    const filter = groups ? `atScope() and assignedTo('${principalId}')` : `principalId eq '${principalId}'`;
    const attempted = `list the role assignments of ${principalId} at ${lastPart(scope)}`;
    const found: Assignment[] = [];
    await translated(attempted, async () => {
      const list = this.#client.roleAssignments.listForScope(bare(scope), {
        filter,
        onResponse: listChecker(attempted),
      });
      for await (const served of list) found.push(...readAssignment(served));
    });
    // The filter by principal also returns what is below the scope.
    return found.filter((assignment) => reachesScope(assignment.scope, scope));
  }

  /**
   * A role's definition, by the id that an assignment names.
   *
   * @param scope where the right to read definitions is needed; absent: where the id says, which is a subscription
   * @throws {ArmError}
   */
  async role(roleDefinitionId: string, scope?: string): Promise<Role> {
    const guid = lastPart(roleDefinitionId);
    const attempted = `read the role definition ${guid}`;
    const served: RoleDefinition | undefined = await translated(attempted, () =>
      scope === undefined
        ? this.#client.roleDefinitions.getById(bare(roleDefinitionId))
        : this.#client.roleDefinitions.get(bare(scope), guid),
    );
    // A definition without its permissions must not read as a role that gives nothing.
    if (!Array.isArray(served?.permissions))
      throw new ArmError(attempted, 200, '', 'the answer holds no permissions');
    return readRole(guid, served);
  }

  /** Every role that can be assigned at a scope, built-in and custom, by GUID. @throws {ArmError} */
  async rolesAt(scope: string): Promise<ReadonlyMap<string, Role>> {
    const attempted = `list the role definitions at ${lastPart(scope)}`;
    const found = new Map<string, Role>();
    await translated(attempted, async () => {
      const list = this.#client.roleDefinitions.list(bare(scope), { onResponse: listChecker(attempted) });
      for await (const served of list) {
        const guid = served.name?.toLowerCase();
        if (guid !== undefined && Array.isArray(served.permissions)) found.set(guid, readRole(guid, served));
      }
    });
    return found;
  }

  /** One assignment by its id. @throws {ArmError} */
  async byId(id: string): Promise<Assignment> {
    const attempted = `read role assignment ${lastPart(id)}`;
    const served = await translated(attempted, () => this.#client.roleAssignments.getById(bare(id)));
    const [found] = readAssignment(served);
    if (found === undefined) throw new ArmError(attempted, 200, '', 'the answer is no role assignment');
    return found;
  }

  /** Writes an assignment for a service principal (a managed identity is one). @throws {ArmError} */
  async create(assignment: NewAssignment): Promise<Assignment> {
    const { name, scope, ...properties } = assignment;
    const attempted = `create role assignment ${name} for ${assignment.principalId} at ${lastPart(scope)}`;
    const served = await translated(attempted, () =>
      this.#client.roleAssignments.create(bare(scope), name, {
        ...properties,
        ...(properties.condition === undefined ? {} : { conditionVersion: CONDITION_VERSION }),
        principalType: 'ServicePrincipal',
      }),
    );
    const [created] = readAssignment(served);
    if (created === undefined) throw new ArmError(attempted, 200, '', 'the answer is no role assignment');
    return created;
  }

  /**
   * Deletes an assignment. One that is gone already is success: ARM answers 204 for it (recording: roleAssignments.DELETE.json
   * has the 200), 404 where its scope is gone too.
   *
   * @returns whether this call removed it
   * @throws {ArmError}
   */
  async remove(id: string): Promise<boolean> {
    let status = 0;
    try {
      await translated(`remove role assignment ${lastPart(id)}`, () =>
        this.#client.roleAssignments.deleteById(bare(id), {
          onResponse: (raw) => {
            ({ status } = raw);
          },
        }),
      );
    } catch (error) {
      if (error instanceof ArmError && error.status === 404) return false;
      throw error;
    }
    return status === 200;
  }
}

/** Looks at each page as it comes. One without a list must not read as "there is none": the SDK would take it for empty. */
function listChecker(attempted: string): (raw: { status: number; bodyAsText?: string | null }) => void {
  let pages = 0;
  return ({ status, bodyAsText }) => {
    pages += 1;
    if (pages > MOST_PAGES)
      throw new ArmError(attempted, status, '', `the list has more than ${MOST_PAGES} pages`);
    if (status === 200 && !Array.isArray(at(parseJson(bodyAsText ?? ''), 'value')))
      throw new ArmError(attempted, status, '', 'the answer holds no list');
  };
}

/** The SDK writes `//subscriptions/…` when a scope begins with a slash. */
function bare(scope: string): string {
  return scope.replace(/^\/+/, '');
}

/** A served assignment → ours; one without the fields that decide is left out by throwing, never by silence. */
function readAssignment(served: ServedAssignment | null | undefined): Assignment[] {
  const {
    id,
    name,
    scope,
    roleDefinitionId,
    principalId,
    condition,
    conditionVersion,
    description,
    updatedOn,
  } = served ?? {};
  if (
    id === undefined ||
    scope === undefined ||
    roleDefinitionId === undefined ||
    principalId === undefined
  ) {
    throw new ArmError('read a role assignment', 200, '', 'it lacks its id, scope, role or principal');
  }
  return [
    {
      id,
      name: name ?? lastPart(id),
      scope,
      roleDefinitionId,
      principalId: principalId.toLowerCase(),
      ...optional('condition', condition ?? undefined),
      // Without one it is 2.0 (https://learn.microsoft.com/azure/role-based-access-control/conditions-role-assignments-rest).
      ...((conditionVersion ?? CONDITION_VERSION) === CONDITION_VERSION ? {} : { conditionVersion }),
      ...optional('description', description ?? undefined),
      ...optional('updatedOn', isoTime(updatedOn)),
    },
  ];
}

/** ISO 8601; undefined for what is no time. */
function isoTime(time: Date | null | undefined): string | undefined {
  return time === null || time === undefined || Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}

/** A served role definition → ours. Shape: recording roleDefinitions.real.json. */
function readRole(guid: string, served: RoleDefinition): Role {
  return {
    guid,
    name: served.roleName ?? guid,
    permissions: (served.permissions ?? []).map((permission) => ({
      actions: permission.actions ?? [],
      notActions: permission.notActions ?? [],
      dataActions: permission.dataActions ?? [],
      notDataActions: permission.notDataActions ?? [],
    })),
  };
}

/** Runs a call of the SDK and turns its errors into ours. */
async function translated<T>(attempted: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    // By its name: the SDK may bring a copy of the class of its own.
    if (!isRestError(error)) throw error;
    if (error.cause instanceof HttpFault) throw error.cause;
    const { code, message } = readArmError(error.response?.bodyAsText ?? error.message);
    throw new ArmError(attempted, error.statusCode ?? 0, code, message);
  }
}
