/** docs/plan.md shows a plan as it is made. `npm run docs -- __tests__/render/plan` writes it anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { planGrant } from '../../../src/core/azure/grant.js';
import { REPOSITORY_READER } from '../../../src/core/azure/roles.js';
import { planCommands, planFiles } from '../../../src/render/plan/index.js';
import { connection, REGISTRY_ID, report } from '../reports.js';

const PAGE = join(import.meta.dirname, '..', '..', '..', 'docs', 'plan.md');
const [BEGIN, END] = ['<!-- plan:begin -->', '<!-- plan:end -->'];

const EXAMPLE = report({
  mode: 'plan',
  connections: [
    connection({
      plan: [
        planGrant(REGISTRY_ID, '11111111-2222-4333-8444-555555555555', REPOSITORY_READER, [
          'shop/web',
          'team/*',
        ]),
      ],
    }),
  ],
});

it('docs/plan.md shows each form as it is written', () => {
  const forms = [
    ['The log and the summary page:', 'sh', planCommands(EXAMPLE).join('\n')],
    ...planFiles(EXAMPLE).map(({ name, language, text }) => [`\`${name}\`:`, language, text.trimEnd()]),
  ];
  const made = forms.map(
    ([title = '', language = '', text = '']) => `${title}\n\n\`\`\`${language}\n${text}\n\`\`\``,
  );
  const page = readFileSync(PAGE, 'utf8');
  const [before, after] = [page.indexOf(BEGIN), page.indexOf(END)];
  const wanted = `${page.slice(0, before + BEGIN.length)}\n\n${made.join('\n\n')}\n\n${page.slice(after)}`;
  if (process.env.UPDATE_DOCS === '1') writeFileSync(PAGE, wanted);
  expect(readFileSync(PAGE, 'utf8')).toBe(wanted);
});
