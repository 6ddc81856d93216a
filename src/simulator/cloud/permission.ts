/** Permissions, as roles give and deny assignments take them. */
import type { AccessQuestion } from '../context.js';
import { actionMatches } from './condition.js';
import type { Permission } from './model.js';

/** Whether a permission covers a question's action. What is subtracted is only subtracted from the same permission. */
export function permits(
  permission: Permission,
  { kind, action }: Pick<AccessQuestion, 'kind' | 'action'>,
): boolean {
  const [given, taken] =
    kind === 'action'
      ? [permission.actions, permission.notActions]
      : [permission.dataActions, permission.notDataActions];
  const covers = (pattern: string): boolean => actionMatches(pattern, action);
  return given.some(covers) && !taken.some(covers);
}
