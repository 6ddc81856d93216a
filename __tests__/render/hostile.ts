/** What others could have said: texts that mean something somewhere, and a report that holds one in every place. */
import fc from 'fast-check';
import type { Report } from '../../src/core/report.js';
import { check, connection, grant, pull, report } from './reports.js';

/** Texts that are mostly made of what is dangerous somewhere. */
export const nasty = fc
  .array(
    fc.oneof(
      {
        weight: 3,
        arbitrary: fc.constantFrom(...'#[]:|`<>&*_~\\!"\'$(){}@;%-+.=/\n\r\t \u001b\u202e\u0000'),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom(
          '::error::',
          '::set-output name=result::passed',
          '##vso[task.complete result=Succeeded]',
          '##[error]',
          '$(touch $CANARY)',
          '`touch $CANARY`',
          "'; touch $CANARY; '",
          '\nEOF\n',
          '\nghadelimiter\n',
          '\u001b[2J',
          '<script>',
          '```',
          '| x |',
          '](https://e.example)',
          '%0A::error::',
          ']',
          ';',
          '##vso[',
          '##VSO[',
          '##[',
          'https://e.example',
          'www.',
          '<br>',
          '&#60;',
          '---',
          '1. ',
        ),
      },
      { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
      { weight: 1, arbitrary: fc.constantFrom('style', 'end', 'click', 'é', '😀', '\ud800') },
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(''));

/** A report in which every text that Azure, the cluster or a node gave is this one. */
export function hostileReport(text: string): Report {
  const fix = { summary: text, commands: [text], literalCommands: [text] };
  return report({
    mode: 'connect',
    result: 'failed',
    connections: [
      connection({
        result: 'failed',
        cluster: { id: text, name: text, location: text, kubernetesVersion: text },
        registry: { id: text, name: text, loginServer: text },
        identity: { kind: 'managed-identity', objectId: text, resourceId: `/x/${text.replaceAll('/', '')}` },
        role: text,
        image: text,
        access: { allowed: true, grants: [grant({ roleName: text, scope: `/subscriptions/${text}` })] },
        checks: [
          check({ title: text, evidence: text, status: 'pass' }),
          check({ title: `a ${text}`, evidence: text, fix, status: 'fail' }),
          check({ title: `b ${text}`, evidence: text, fix, status: 'warn' }),
          check({ title: `c ${text}`, evidence: text, status: 'skip' }),
        ],
        pulls: [
          pull({ nodePool: text, image: text, os: text, node: text }),
          pull({ nodePool: text, image: text, os: text, node: text, message: text, status: 'fail' }),
          pull({ nodePool: text, image: text, message: text, status: 'skip' }),
        ],
        findings: [{ id: 'x', title: text, evidence: text, fix }],
      }),
    ],
  });
}
