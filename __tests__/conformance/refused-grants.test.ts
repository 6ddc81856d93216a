/**
 * Every recorded and quoted refusal of a role assignment, and every error of Azure's in the corpus, gives its cause and a
 * fix: as the run itself meets it, and as somebody pastes its words.
 */
import { expect, it } from '@jest/globals';
import { ArmError, readArmError } from '../../src/core/azure/arm.js';
import { CAUSES, isCause } from '../../src/core/diagnosis/causes.js';
import type { FixFacts } from '../../src/core/diagnosis/cause.js';
import type { CauseId } from '../../src/core/diagnosis/causes.js';
import { explainError } from '../../src/core/diagnosis/explain.js';
import type { Explained } from '../../src/core/diagnosis/explain.js';
import { rank } from '../../src/core/diagnosis/ranking/rank.js';
import { parseSymptom } from '../../src/core/diagnosis/symptoms/parse.js';
import { suiteUnless } from '../skip.js';
import { FACTS, pullRecords } from './pull-corpus.js';
import { exchangesOf, itemsOf, missingCorpus, missingRecordings, tellCount } from './recordings.js';

const OBJECT_ID = 'aaaaaaaa-0000-4000-8000-000000000001';
const GROUP = '/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/shops';
/** What a run knows by the time that it writes. */
const KNOWN: FixFacts = {
  cluster: {
    id: `${GROUP}/providers/Microsoft.ContainerService/managedClusters/shop`,
    name: 'shop',
    resourceGroup: 'shops',
  },
  registry: {
    id: `${GROUP}/providers/Microsoft.ContainerRegistry/registries/contoso`,
    name: 'contoso',
    loginServer: 'contoso.azurecr.io',
  },
  kubeletObjectId: OBJECT_ID,
  role: { name: 'AcrPull', guid: '7f951dda-4ed3-4680-a7ca-43fe172d538d' },
};

function expectCause(explained: Explained, cause: CauseId, said: string): void {
  expect(explained.cause).toBe(cause);
  expect(explained.evidence).toContain(said);
  expect(explained.fix.summary).not.toBe('');
  expect(explained.fix.summary).not.toContain('undefined');
  for (const command of explained.fix.commands) expect(command).not.toContain('undefined');
}

suiteUnless(missingRecordings, 'recorded refusals of role assignments', () => {
  const FILES: Readonly<Record<string, CauseId>> = {
    'roleAssignments.400.PrincipalNotFound.json': 'arm-principal-not-found-replication',
    'roleAssignments.400.UnmatchedPrincipalType.json': 'arm-principal-type-mismatch',
    'roleAssignments.403.AuthorizationFailed.json': 'arm-authorization-missing',
    'roleAssignments.409.RoleAssignmentExists.json': 'arm-role-exists',
    'throttling.429.json': 'arm-throttled',
  };

  it.each(Object.entries(FILES))('%s: %s', (file, cause) => {
    const exchanges = exchangesOf(file);
    expect(exchanges.length).toBeGreaterThan(0);
    for (const { status, body } of exchanges) {
      const { code, message } = readArmError(body);
      const error = new ArmError('create role assignment', status, code, message);
      expectCause(explainError(error, KNOWN, 'grant'), cause, message);
    }
    tellCount(`refused role assignments (${cause})`, exchanges.length);
  });

  const QUOTED: readonly [RegExp, CauseId][] = [
    [/^constrained delegation/, 'arm-abac-condition'],
    // "or an ABAC condition not fulfilled" doesn't say which: it counts as a right that is missing.
    [/^older wording, ambiguous/, 'arm-authorization-missing'],
    [/^409 newer text/, 'arm-role-exists'],
    [/^same name, different principal/, 'arm-role-update-not-permitted'],
    [/^limit/, 'arm-role-limit'],
  ];
  it.each(QUOTED)('quoted: %s', (name, cause) => {
    const quoted = itemsOf('errors.quoted-in-public-docs.json').filter((item) =>
      name.test(String(item.case)),
    );
    expect(quoted).toHaveLength(1);
    for (const { body, status } of quoted) {
      // A page of documents quotes its words alone, with the code among them.
      const { code, message } =
        typeof body === 'string'
          ? { code: /\(code: (\w+)\)/.exec(body)?.[1] ?? '', message: body }
          : readArmError(JSON.stringify(body));
      const error = new ArmError('create role assignment', Number(status ?? 400), code, message);
      expectCause(explainError(error, KNOWN, 'grant'), cause, message);
    }
  });
});

suiteUnless(missingCorpus, "Azure's errors in the corpus", () => {
  const records = pullRecords().filter(({ kind }) => kind === 'arm-error');

  it('are all there', () => {
    expect(records.length).toBeGreaterThanOrEqual(29);
    tellCount("Azure's errors", records.length);
  });

  it.each(records.map((record) => [record.id, record.cause, record] as const))(
    '%s gives %s and a fix, with what its thread tells',
    (id, cause, record) => {
      const { causes } = rank(parseSymptom(record.event_message), FACTS[id] ?? {});
      expect(causes[0]?.id).toBe(cause);
      if (!isCause(cause)) throw new Error(`${cause} is no cause`);
      for (const facts of [{}, KNOWN]) expect(CAUSES[cause].fix(facts).summary).not.toBe('');
    },
  );

  /** A record whose words hold ARM's code, as a run would meet it. */
  const met = records.flatMap(({ id, cause, event_message: said, message_alone_sufficient: alone }) => {
    const code = /\b(?:[cC]ode"?\s*[:=]?\s*\\?"?|\()(\w*[a-z][A-Z]\w*)\b/.exec(said)?.[1];
    return code === undefined || !alone ? [] : [[id, cause, code, said] as const];
  });

  it('name their codes in most records', () => {
    expect(met.length).toBeGreaterThanOrEqual(12);
  });

  it.each(met)('%s, met by a run: %s', (_id, cause, code, said) => {
    const error = new ArmError(
      'create role assignment',
      code === 'AuthorizationFailed' ? 403 : 400,
      code,
      said,
    );
    const explained = explainError(error, KNOWN, 'grant');
    if (isCause(cause)) expectCause(explained, cause, said);
    else throw new Error(`${cause} is no cause`);
  });
});
