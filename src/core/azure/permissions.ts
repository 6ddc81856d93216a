/**
 * Permissions, as roles give and deny assignments take them.
 * Rule: https://learn.microsoft.com/azure/role-based-access-control/role-definitions
 */

export interface Permission {
  actions: readonly string[];
  notActions: readonly string[];
  dataActions: readonly string[];
  notDataActions: readonly string[];
}

/** One thing to do: of the control plane (`actions`) or of a resource's own data. */
export interface Operation {
  kind: 'actions' | 'dataActions';
  name: string;
}

/** Whether a permission covers an operation. What it excludes is excluded from this permission alone. */
export function permits(permission: Permission, operation: Operation): boolean {
  return names(permission, operation) && !excludes(permission, operation);
}

/** Whether a permission would cover an operation, were it not for what it excludes. */
export function names(permission: Permission, { kind, name }: Operation): boolean {
  return permission[kind].some((pattern) => covers(pattern, name));
}

function excludes(permission: Permission, { kind, name }: Operation): boolean {
  const excluded = kind === 'actions' ? permission.notActions : permission.notDataActions;
  return excluded.some((pattern) => covers(pattern, name));
}

/** Whether an operation pattern covers an operation: `*` stands for anything, casing doesn't matter. */
export function covers(pattern: string, operation: string): boolean {
  const parts = partsOf(pattern);
  const text = operation.toLowerCase();
  if (parts.length === 1) return text === parts[0];
  const [first = ''] = parts;
  const last = parts.at(-1) ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, from);
    if (found === -1 || found + part.length > text.length - last.length) return false;
    from = found + part.length;
  }
  return true;
}

const MOST_KEPT = 1000;
const kept = new Map<string, readonly string[]>();

/** What stands between a pattern's stars. Few patterns are asked about thousands of times. */
function partsOf(pattern: string): readonly string[] {
  const known = kept.get(pattern);
  if (known !== undefined) return known;
  const parts = pattern.toLowerCase().split('*');
  if (kept.size < MOST_KEPT) kept.set(pattern, parts);
  return parts;
}
