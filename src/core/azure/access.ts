/** Who may pull, and why: the kubelet identity's access to one registry. */
import type { Allowed, Grant, SetAside } from '../report.js';
import { ArmError } from './arm.js';
import { lastPart, sameId } from './arm-id.js';
import { CONDITION_VERSION, repositoriesOf } from './condition.js';
import { parseCondition } from './condition-syntax.js';
import type { Expression } from './condition-syntax.js';
import { comparedNames, conditionTruth } from './condition-truth.js';
import type { RepositoryName, Subject } from './condition-truth.js';
import { deniesSubject } from './deny-assignments.js';
import type { Denial, DenyAssignment } from './deny-assignments.js';
import { names as namesOperation } from './permissions.js';
import type { Operation } from './permissions.js';
import type { RoleAssignmentMode } from './registry.js';
import { namesStandingFor } from './repository-names.js';
import type { Assignment, RoleAssignments } from './role-assignments.js';
import { givesOperation, knownRole, NEEDED, pullRole } from './roles.js';
import type { Role, Way } from './roles.js';
import { every, not, some } from './truth.js';
import type { Truth } from './truth.js';

/** An assignment with its role, where that could be read. */
export interface HeldRole {
  assignment: Assignment;
  role?: Role;
}

/** What was read: assignments that reach the identity at the registry, with their roles. */
export interface ReadAssignments {
  assignments: HeldRole[];
  /** False when assignments through groups could not be asked for. */
  groupsSeen: boolean;
  /** Why something is missing, in ARM's words; empty when nothing is. */
  gaps: string[];
  /** What kept groups, and roles that aren't known here, from being read. */
  unread?: { groups?: ArmError; roles?: ArmError };
  /** What could keep the identity from pulling all the same; absent: it was not asked, or could not be read. */
  denials?: readonly Denial[];
}

/** What access came to, and the assignments it rests on. */
export interface DecidedAccess {
  allowed: Allowed;
  grants: Grant[];
  /** One sentence: what decides it. */
  because: string;
  /** Assignments that count for nothing in this registry's mode, though they would in the other. */
  ignored: Grant[];
  /** Assignments that would let it pull, were they not limited to repositories that don't hold all that is asked. */
  limited: LimitedAssignment[];
  /** Ids of the assignments that alone are enough: the closest and narrowest of the grants. */
  decidedBy?: string[];
  /** Assignments with something of a right to pull that don't count, and why. */
  setAside?: SetAside[];
  /** What keeps the identity from pulling whatever it is granted. */
  denied?: DenyAssignment;
}

/** An assignment whose condition keeps out something that is asked. */
export interface LimitedAssignment {
  assignment: Assignment;
  /** What it holds for; empty where its condition is not of our own shape. */
  repositories: string[];
}

/** The description of every grant that this tool makes begins so. */
export const OUR_MARK = 'aks-acr-pull';

/** More roles than these that aren't known here are read by one list, however many there are. */
const MOST_SINGLE_ROLES = 4;

/**
 * Reads all assignments that reach the principal at the registry: direct, inherited and through groups. Where the login
 * may not ask for groups, those are missing and it is said. The number of requests doesn't grow with that of assignments,
 * but for the pages of their list.
 *
 * @throws {ArmError} when assignments can't be listed at all
 */
export async function readAssignments(
  client: RoleAssignments,
  registryId: string,
  principalId: string,
): Promise<ReadAssignments> {
  const gaps: string[] = [];
  const unread: NonNullable<ReadAssignments['unread']> = {};
  let found: Assignment[];
  try {
    found = await client.reaching(registryId, principalId, true);
  } catch (error) {
    // assignedTo() may be refused to a login that can't read the directory, where the plain list is not.
    if (!(error instanceof ArmError) || (error.status !== 400 && error.status !== 403)) throw error;
    found = await client.reaching(registryId, principalId, false);
    unread.groups = error;
    gaps.push(`assignments through groups were not seen: ${error.said}`);
  }
  const roles = await readRoles(client, registryId, found, (error) => {
    unread.roles ??= error;
    gaps.push(error.message);
  });
  const assignments = found.map((assignment): HeldRole => {
    const role = roles.get(lastPart(assignment.roleDefinitionId));
    return role === undefined ? { assignment } : { assignment, role };
  });
  const absent = [...new Set(found.map((one) => lastPart(one.roleDefinitionId)))].filter(
    (guid) => !roles.has(guid),
  );
  if (unread.roles === undefined)
    gaps.push(
      ...absent.map((guid) => `role definition ${guid} is not among those that can be assigned there`),
    );
  return { assignments, groupsSeen: unread.groups === undefined, gaps, unread };
}

/** The roles of assignments, by GUID; what can't be read is missing, and told. */
async function readRoles(
  client: RoleAssignments,
  registryId: string,
  assignments: readonly Assignment[],
  refused: (error: ArmError) => void,
): Promise<ReadonlyMap<string, Role>> {
  const roles = new Map<string, Role>();
  const unknown = new Map<string, string>();
  for (const { roleDefinitionId } of assignments) {
    const guid = lastPart(roleDefinitionId);
    const known = knownRole(guid);
    if (known === undefined) unknown.set(guid, roleDefinitionId);
    else roles.set(guid, known);
  }
  const orGap = async <T>(read: Promise<T>): Promise<T | undefined> => {
    try {
      return await read;
    } catch (error) {
      if (!(error instanceof ArmError)) throw error;
      refused(error);
      return undefined;
    }
  };
  if (unknown.size <= MOST_SINGLE_ROLES) {
    const read = await Promise.all([...unknown.values()].map((id) => orGap(client.role(id, registryId))));
    for (const role of read) if (role !== undefined) roles.set(role.guid, role);
    return roles;
  }
  const listed = await orGap(client.rolesAt(registryId));
  for (const guid of unknown.keys()) {
    const role = listed?.get(guid);
    if (role !== undefined) roles.set(guid, role);
  }
  return roles;
}

/** Ids of groups that hold the principal, as its assignments show them. */
export function groupsIn({ assignments }: ReadAssignments, principalId: string): Set<string> {
  const own = principalId.toLowerCase();
  return new Set(assignments.map(({ assignment }) => assignment.principalId).filter((id) => id !== own));
}

/**
 * Decides access from what was read, in the registry's mode. Pure.
 *
 * @param asked repositories that it must be able to pull from, `team/*` for all below a prefix; empty: the whole registry
 */
export function decideAccess(
  read: ReadAssignments,
  registry: { id: string; mode: RoleAssignmentMode },
  principalId: string,
  asked: readonly string[] = [],
): DecidedAccess {
  const rights = new Rights(read, registry, principalId);
  const questions = asked.length === 0 ? [undefined] : asked;
  const each = questions.map((repository) => rights.decide(repository));
  const worst =
    each.find(({ allowed }) => allowed === false) ?? each.find(({ allowed }) => allowed === 'unknown');
  const [first] = each;
  // Nothing is asked only of an empty list of questions, and there is none.
  const decided = worst ?? first;
  if (decided === undefined) throw new Error('no question was asked');
  if (each.length === 1) return decided;
  const all = <T>(of: (one: DecidedAccess) => readonly T[], key: (item: T) => string): T[] => [
    ...new Map(each.flatMap(of).map((item) => [key(item), item])).values(),
  ];
  const grants = all(
    (one) => one.grants,
    ({ assignmentId }) => assignmentId,
  );
  const decidedBy = all(
    (one) => one.decidedBy ?? [],
    (id) => id,
  );
  return {
    ...decided,
    grants,
    limited: all(
      (one) => one.limited,
      ({ assignment }) => assignment.id,
    ),
    ...(decided.allowed === true
      ? {
          because: becauseOf(grants, decidedBy),
          decidedBy,
        }
      : {}),
  };
}

/** Assignments of one role under one condition: they say the same of everything. */
interface Bundle {
  nth: number;
  /** Of the role. */
  guid: string;
  role: Role | undefined;
  condition: string | undefined;
  conditionVersion: string;
  /** Undefined without a condition, and where it can't be read. */
  expression: Expression | undefined;
  held: HeldRole[];
}

/** So many names stand for a whole registry at most: only a contrived lot of conditions tells more apart. */
const MOST_NAMES = 200;

/** The rights of one principal at one registry, and what they come to for one repository or for many. */
class Rights {
  readonly #bundles: readonly Bundle[];

  constructor(
    private readonly read: ReadAssignments,
    private readonly registry: { id: string; mode: RoleAssignmentMode },
    private readonly principalId: string,
  ) {
    this.#bundles = bundlesOf(read.assignments);
  }

  /** @param asked undefined: the whole registry */
  decide(asked: string | undefined): DecidedAccess {
    const { mode } = this.registry;
    const ways = NEEDED[mode];
    const judged = ways.map((way) => this.#judge(way, asked));
    const [ignoring] =
      mode === 'unknown'
        ? []
        : NEEDED.unknown
            .filter(({ kind }) => ways.every((way) => way.kind !== kind))
            .map((way) => this.#judge(way, asked));
    const counted = this.#inOrder(judged.flatMap(({ counts }) => counts));
    const counting = new Set(counted);
    const others = this.#inOrder(ignoring?.counts ?? []).filter((one) => !counting.has(one));
    const missing = judged.flatMap(({ misses }) => misses);
    const limited = missing.flatMap(({ held }) => held);
    const grants = counted.flatMap((held) => this.#asGrant(held));
    const ignored = others.flatMap((held) => this.#asGrant(held));
    const allowed = together(judged.map(({ allowed: truth }) => truth));
    const decidedBy = allowed === true ? judged.flatMap((one) => this.#deciding(one)) : [];
    const found = {
      grants,
      ignored,
      limited: missing.flatMap(({ held, expression }) => {
        const repositories = expression === undefined ? [] : (repositoriesOf(expression) ?? []);
        return held.map(({ assignment }) => ({ assignment, repositories }));
      }),
      decidedBy: [...new Set(decidedBy)],
      setAside: this.#setAside(ways, counting, new Set(others), new Set(limited)),
    };
    const denial = judged.flatMap(({ denials }) => denials);
    const surely = denial.find(({ truth }) => truth === true)?.assignment;
    if (surely !== undefined && allowed === false)
      return { allowed, ...found, because: becauseDenied(surely), denied: surely };
    if (allowed === true) return { allowed, ...found, because: becauseOf(grants, decidedBy) };
    if (allowed === 'unknown') return { allowed, ...found, because: this.#whyUnknown(judged) };
    return { allowed, ...found, because: whyNot(found, asked) };
  }

  /** What one way to pull comes to. */
  #judge(way: Way, asked: string | undefined): Judged {
    const { names, complete } = this.#namesFor(way, asked);
    const operations = way.needed.map((name): Operation => ({ kind: way.kind, name }));
    // By operation, then by name: what must be answered, each with its place among the answers.
    const questions = operations.map((operation, row) =>
      names.map((name, column): Question => ({
        subject: name === undefined ? { operation } : { operation, repository: name },
        place: row * names.length + column,
      })),
    );
    const all = questions.flat();
    const answers: (Truth | undefined)[] = [];
    const giving = (bundle: Bundle, { subject, place }: Question): Truth =>
      (answers[bundle.nth * all.length + place] ??= gives(bundle, subject));
    const seen = (bundles: readonly Bundle[]): Truth =>
      every(all, (question) => some(bundles, (bundle) => giving(bundle, question)));
    const denials = (this.read.denials ?? [])
      .map(({ assignment, about }) => ({
        assignment,
        truth: both(
          about,
          some(all, ({ subject }) => deniesSubject(assignment, subject)),
        ),
      }))
      .filter(({ truth }) => truth !== false);
    const given = seen(this.#bundles);
    // What was not seen may give it as well.
    const perhaps = given === false && !this.read.groupsSeen ? 'unknown' : given;
    const whole = complete ? perhaps : both(perhaps, 'unknown');
    const allowed = both(whole, not(some(denials, ({ truth }) => truth)));

    // Of what is asked: all of some operation, none of any, or a part, which counts only where parts make up the whole.
    const wholly = (bundle: Bundle, row: readonly Question[]): Truth =>
      every(row, (question) => giving(bundle, question));
    const reach = (bundle: Bundle): Truth => some(questions, (row) => wholly(bundle, row));
    const parts = (): Bundle[] =>
      this.#bundles.filter((bundle) => all.some((question) => giving(bundle, question) !== false));
    const reaching = given === false ? [] : this.#bundles.filter((bundle) => reach(bundle) !== false);
    const counting = new Set(given === false || seen(reaching) === given ? reaching : parts());
    const misses = this.#bundles.filter(
      (bundle) =>
        bundle.condition !== undefined &&
        !counting.has(bundle) &&
        questions.some(
          (row, at) =>
            operations[at] !== undefined && namedBy(bundle, operations[at]) && wholly(bundle, row) === false,
        ),
    );
    const alone = (row: readonly Question[]): Bundle[] =>
      this.#bundles.filter((bundle) => wholly(bundle, row) === true);
    return {
      allowed,
      given,
      denials,
      unread: [...counting].find(
        (bundle) =>
          bundle.role !== undefined && bundle.condition !== undefined && reach(bundle) === 'unknown',
      ),
      counts: [...counting].flatMap(({ held }) => held),
      misses,
      enough: allowed === true ? questions.map(alone) : [],
    };
  }

  /** The names that an answer must hold for. Operations on the registry itself know none. */
  #namesFor(
    { kind, needed }: Way,
    asked: string | undefined,
  ): { names: readonly (RepositoryName | undefined)[]; complete: boolean } {
    if (kind === 'actions') return { names: [undefined], complete: true };
    const free = this.#bundles.filter(({ condition }) => condition === undefined);
    const freely = needed.every((name) =>
      free.some(({ role }) => role !== undefined && givesOperation(role, { kind, name })),
    );
    const conditions = [
      // Where no condition is needed, none tells anything apart.
      ...(freely ? [] : this.#bundles.map(({ expression }) => expression)),
      ...(this.read.denials ?? []).flatMap(({ assignment }) =>
        assignment.permissions.map(({ expression }) => expression),
      ),
    ];
    const all = namesStandingFor(asked, () =>
      conditions.flatMap((one) => (one === undefined ? [] : comparedNames(one))),
    );
    return { names: all.slice(0, MOST_NAMES), complete: all.length <= MOST_NAMES };
  }

  /** In the order in which they were read, each once. */
  #inOrder(some: readonly HeldRole[]): HeldRole[] {
    const wanted = new Set(some);
    return this.read.assignments.filter((one) => wanted.has(one));
  }

  #asGrant({ assignment, role }: HeldRole): Grant[] {
    return role === undefined ? [] : [asGrant(assignment, role, this.registry.id, this.principalId)];
  }

  /** Ids of the assignments that are enough: one if there is one, else the best for each operation. */
  #deciding({ enough }: Judged): string[] {
    const [first = [], ...others] = enough;
    const rest = others.map((bundles) => new Set(bundles));
    const alone = first.filter((bundle) => rest.every((bundles) => bundles.has(bundle)));
    const best = (bundles: readonly Bundle[]): string[] => {
      const ranked = bundles
        .flatMap((bundle) => bundle.held)
        .map(({ assignment, role }) => ({ id: assignment.id, rank: this.#distance(assignment, role) }));
      const [found] = ranked;
      if (found === undefined) return [];
      return [ranked.reduce((one, other) => (other.rank < one.rank ? other : one)).id];
    };
    return alone.length > 0 ? best(alone) : enough.flatMap(best);
  }

  /** Least for one that gives no more than pulling, is made at the registry, and is the identity's own. */
  #distance({ scope, principalId, condition }: Assignment, role: Role | undefined): number {
    return (
      (role?.guid === pullRole(this.registry.mode)?.guid ? 0 : 8) +
      (sameId(scope, this.registry.id) ? 0 : 4) +
      (principalId === this.principalId.toLowerCase() ? 0 : 2) +
      (condition === undefined ? 0 : 1)
    );
  }

  #whyUnknown(judged: readonly Judged[]): string {
    const unread = judged.map((one) => one.unread).find((bundle) => bundle !== undefined);
    if (unread !== undefined)
      return `${unread.role?.name ?? ''} is given under a condition that is not evaluated here: ${unread.condition ?? ''}`;
    if (this.registry.mode === 'unknown' && judged.some(({ given }) => given !== false))
      return "the registry's role assignment mode is unknown";
    const denial = judged.flatMap(({ denials }) => denials).find(({ truth }) => truth === 'unknown');
    if (denial !== undefined)
      return `${describeDenial(denial.assignment)} may keep it from pulling: whether it is about the identity and what is asked could not be told`;
    return this.read.gaps.length > 0
      ? shortened(this.read.gaps).join('; ')
      : 'its conditions tell more repositories apart than are evaluated here';
  }

  #setAside(
    ways: readonly Way[],
    counted: ReadonlySet<HeldRole>,
    ignored: ReadonlySet<HeldRole>,
    limited: ReadonlySet<HeldRole>,
  ): SetAside[] {
    const operations = ways.flatMap(({ kind, needed }) => needed.map((name): Operation => ({ kind, name })));
    const whyNot = (held: HeldRole): SetAside['why'] | undefined => {
      if (counted.has(held)) return undefined;
      if (held.role === undefined) return 'role-unreadable';
      if (limited.has(held)) return 'other-repositories';
      if (ignored.has(held)) return 'other-mode';
      const { role } = held;
      if (operations.some((operation) => givesOperation(role, operation))) return 'part';
      const named = operations.some((operation) =>
        role.permissions.some((permission) => namesOperation(permission, operation)),
      );
      return named ? 'excluded' : undefined;
    };
    return this.read.assignments.flatMap((held) => {
      const why = whyNot(held);
      const { id, roleDefinitionId, scope } = held.assignment;
      if (why === undefined) return [];
      return [{ assignmentId: id, roleName: held.role?.name ?? lastPart(roleDefinitionId), scope, why }];
    });
  }
}

/** An operation on a name, and where its answers are kept. */
interface Question {
  subject: Subject;
  place: number;
}

/** What one way to pull came to. */
interface Judged {
  allowed: Truth;
  /** By what was seen, whatever is denied. */
  given: Truth;
  /** A bundle that may count: it depends on a condition that can't be evaluated. */
  unread: Bundle | undefined;
  denials: { assignment: DenyAssignment; truth: Truth }[];
  counts: HeldRole[];
  misses: Bundle[];
  /** For each operation: what alone gives it for all that is asked. Empty unless it is allowed. */
  enough: Bundle[][];
}

const both = (one: Truth, other: Truth): Truth => every([one, other], (truth) => truth);

/** Ways of which nobody knows which counts: what they agree on. */
function together(truths: readonly Truth[]): Truth {
  const [first = 'unknown'] = truths;
  return truths.every((truth) => truth === first) ? first : 'unknown';
}

/** Whether its role gives an operation, whatever its condition says. */
function namedBy({ role }: Bundle, operation: Operation): boolean {
  return role !== undefined && givesOperation(role, operation);
}

function bundlesOf(assignments: readonly HeldRole[]): Bundle[] {
  const bundles: Bundle[] = [];
  // By condition: seldom are two alike.
  const byCondition = new Map<string | undefined, Bundle[]>();
  for (const held of assignments) {
    const { roleDefinitionId, condition, conditionVersion = CONDITION_VERSION } = held.assignment;
    const alike = byCondition.get(condition) ?? [];
    const guid = lastPart(roleDefinitionId);
    const known = alike.find((one) => one.guid === guid && one.conditionVersion === conditionVersion);
    if (known !== undefined) {
      known.held.push(held);
      continue;
    }
    const readable = condition !== undefined && conditionVersion === CONDITION_VERSION;
    const expression = readable ? parseCondition(condition) : undefined;
    const bundle: Bundle = {
      nth: bundles.length,
      guid,
      role: held.role,
      condition,
      conditionVersion,
      expression,
      held: [held],
    };
    bundles.push(bundle);
    alike.push(bundle);
    byCondition.set(condition, alike);
  }
  return bundles;
}

function gives({ role, condition, expression }: Bundle, subject: Subject): Truth {
  const given: Truth = role === undefined ? 'unknown' : givesOperation(role, subject.operation);
  if (given === false || condition === undefined) return given;
  return both(given, expression === undefined ? 'unknown' : conditionTruth(expression, subject));
}

/** So many are named in a sentence. */
const MOST_NAMED = 5;

function shortened(texts: readonly string[]): string[] {
  const more = texts.length - MOST_NAMED;
  return more > 0 ? [...texts.slice(0, MOST_NAMED), `and ${more} more`] : [...texts];
}

/** @param first ids of the grants that are named first */
function becauseOf(grants: readonly Grant[], first: readonly string[] = []): string {
  const isFirst = ({ assignmentId }: Grant): boolean => first.includes(assignmentId);
  const inOrder = [...grants.filter(isFirst), ...grants.filter((grant) => !isFirst(grant))];
  return shortened(inOrder.map(describeGrant)).join(', ');
}

function describeGrant({ roleName, inherited, scope, via }: Grant): string {
  return `${roleName} (${inherited ? 'inherited from' : 'on'} ${shortScope(scope)}${via === 'group' ? ', through a group' : ''})`;
}

function becauseDenied(denied: DenyAssignment): string {
  return `${describeDenial(denied)} keeps it from pulling, whatever roles it has`;
}

function describeDenial({ name, scope }: DenyAssignment): string {
  return `deny assignment "${name}" on ${shortScope(scope)}`;
}

function whyNot(
  { ignored, limited }: Pick<DecidedAccess, 'ignored' | 'limited'>,
  asked: string | undefined,
): string {
  const [standing] = limited;
  if (standing !== undefined) {
    const { repositories, assignment } = standing;
    const limit = repositories.length > 0 ? repositories.join(', ') : (assignment.condition ?? '');
    return `what is granted is limited to ${limit}, and that does not hold ${asked ?? 'the whole registry'}`;
  }
  return ignored.length === 0
    ? 'no role assignment that reaches it lets it pull'
    : `${becauseOf(ignored)} counts for nothing in this registry's mode`;
}

/** The last two parts of a scope, which name it to people. */
export function shortScope(scope: string): string {
  return (
    scope
      .split('/')
      .filter((part) => part !== '')
      .slice(-2)
      .join('/') || 'the root'
  );
}

/** A role assignment in the report's words. */
export function asGrant(assignment: Assignment, role: Role, registryId: string, principalId: string): Grant {
  return {
    roleName: role.name,
    roleDefinitionId: assignment.roleDefinitionId,
    scope: assignment.scope,
    inherited: !sameId(assignment.scope, registryId),
    via: assignment.principalId === principalId.toLowerCase() ? 'direct' : 'group',
    assignmentId: assignment.id,
    ours: assignment.description?.startsWith(OUR_MARK) === true,
    ...(assignment.condition === undefined ? {} : { condition: assignment.condition }),
    ...(assignment.updatedOn === undefined ? {} : { updatedOn: assignment.updatedOn }),
  };
}
