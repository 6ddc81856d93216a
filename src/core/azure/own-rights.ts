/** What the login itself may do, as Azure tells it: judged before anything is tried. */
import { asList, asText, at } from '../json.js';
import { HttpFault } from '../ports.js';
import { ArmError } from './arm.js';
import type { Arm } from './arm.js';
import { lastPart } from './arm-id.js';
import { permits } from './permissions.js';
import type { Permission } from './permissions.js';
import type { Place, Right } from './rights.js';

/** Ids of the places that rights are needed at. */
export type Places = Readonly<Partial<Record<Place, string>>>;

/** A right that the login lacks, and the id of where. */
export interface LackingRight {
  right: Right;
  scope: string;
}

/**
 * Which of some rights the login lacks: one request for each place. Conditions are not told there, so a right that is not
 * lacking may still be refused; and what was given moments ago may be missing, so a lacking one is no last word either.
 *
 * @param places rights elsewhere are not judged
 * @returns undefined when Azure doesn't tell
 */
export async function lackingRights(
  arm: Arm,
  rights: readonly Right[],
  places: Places,
): Promise<LackingRight[] | undefined> {
  const asked = Object.entries(places) as [Place, string][];
  try {
    const lacking = await Promise.all(
      asked.map(async ([place, scope]) => {
        const needed = rights.filter(({ at: where }) => where === place);
        const held = needed.length === 0 ? [] : await permissionsAt(arm, scope);
        return needed
          .filter(({ operation, data }) => {
            const kind = data === true ? ('dataActions' as const) : ('actions' as const);
            return !held.some((permission) => permits(permission, { kind, name: operation }));
          })
          .map((right) => ({ right, scope }));
      }),
    );
    return lacking.flat();
  } catch (error) {
    if (error instanceof ArmError || (error instanceof HttpFault && error.kind !== 'aborted'))
      return undefined;
    throw error;
  }
}

/** One element for each assignment that counts. Shape: recording permissions.LIST.json. */
async function permissionsAt(arm: Arm, scope: string): Promise<Permission[]> {
  const path = `${scope}/providers/Microsoft.Authorization/permissions`;
  const listed = await arm.list(path, '2022-04-01', `list this login's rights at ${lastPart(scope)}`);
  return listed.map((permission) => {
    const texts = (key: keyof Permission): string[] =>
      asList(at(permission, key)).flatMap((pattern) => asText(pattern) ?? []);
    return {
      actions: texts('actions'),
      notActions: texts('notActions'),
      dataActions: texts('dataActions'),
      notDataActions: texts('notDataActions'),
    };
  });
}
