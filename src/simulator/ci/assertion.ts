/** What a job of the modelled CI systems proves itself with to Entra. */
import type { CloudState, Principal } from '../cloud/model.js';
import type { SigningKey } from '../entra/tokens.js';
import { connectionToken } from './azure-pipelines.js';
import { jobToken } from './index.js';
import { GITHUB_ISSUER, TOKEN_EXCHANGE_AUDIENCE } from './names.js';

/**
 * A fresh token of the first job that a principal trusts: GitHub's, or Azure Pipelines'. Undefined when it trusts neither.
 *
 * @param now milliseconds since the epoch
 */
export function assertionFor(
  { github, azurePipelines }: CloudState,
  { federatedCredentials }: Principal,
  keys: Readonly<Record<'github' | 'azurePipelines', SigningKey>>,
  now: number,
): string | undefined {
  for (const { issuer, subject, audiences } of federatedCredentials) {
    if (issuer === GITHUB_ISSUER && subject === github.subject)
      return jobToken(github, keys.github, audiences[0] ?? TOKEN_EXCHANGE_AUDIENCE, now);
    if (issuer === azurePipelines.issuer && subject === azurePipelines.subject)
      return connectionToken(azurePipelines, keys.azurePipelines, now);
  }
  return undefined;
}
