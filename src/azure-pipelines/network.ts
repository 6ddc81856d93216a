/** The proxy and the certificates that an agent was configured with → the customary variables, which are all that the host knows. */
import { asList, asText, parseJson } from '../core/json.js';
import type { Agent } from './agent.js';

/** A pattern that stands for one host, or for one and what is below it. */
const PLAIN = /^(?:\^|\(\^\|)?(?:\.\*)?((?:[a-z0-9-]|\\?\.)+?)\)?\$?$/i;

/**
 * The environment with the agent's own proxy, unless it names one itself. The agent's list of exceptions holds regular
 * expressions (https://learn.microsoft.com/azure/devops/pipelines/agents/proxy): those that stand for a host become one;
 * the others can't be told to `NO_PROXY` and go through the proxy.
 */
export function withAgentProxy(
  environment: NodeJS.ProcessEnv,
  { variable }: Pick<Agent, 'variable'>,
): NodeJS.ProcessEnv {
  const proxy = URL.parse(variable('Agent.ProxyUrl') ?? '');
  if (proxy === null || environment.HTTPS_PROXY !== undefined || environment.https_proxy !== undefined)
    return environment;
  proxy.username = variable('Agent.ProxyUsername') ?? '';
  proxy.password = variable('Agent.ProxyPassword') ?? '';
  const exceptions = asList(parseJson(variable('Agent.ProxyBypassList') ?? '')).flatMap(
    (pattern) => PLAIN.exec(asText(pattern) ?? '')?.[1]?.replaceAll('\\', '') ?? [],
  );
  // Lower case wins where both are read, so both say the same.
  const noProxy = [environment.no_proxy ?? environment.NO_PROXY ?? [], exceptions].flat().join(',');
  return {
    ...environment,
    HTTPS_PROXY: proxy.href,
    ...(exceptions.length === 0 ? {} : { NO_PROXY: noProxy, no_proxy: noProxy }),
  };
}

/**
 * The environment with the agent's own certificate authorities, unless it names some itself. Source:
 * azure-pipelines-task-lib, task.ts, getHttpCertConfiguration; for agents configured with `--sslcacert`.
 */
export function withAgentAuthorities(
  environment: NodeJS.ProcessEnv,
  { variable }: Pick<Agent, 'variable'>,
): NodeJS.ProcessEnv {
  const file = variable('Agent.CAInfo') ?? '';
  return file === '' || environment.SSL_CERT_FILE !== undefined
    ? environment
    : { ...environment, SSL_CERT_FILE: file };
}
