/** A stand-in for the Azure CLI: answers the two commands that sign-in needs, with tokens of the simulated Entra. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from './runner.js';

export interface StubLogin {
  tenantId: string;
  clientId: string;
  clientSecret: string;
  /** Absent: a login without subscriptions. */
  subscriptionId?: string;
  /** The cloud that az is set to: its name, login host and resource manager's audience. Default: the public one. */
  cloud?: { name: string; login: string; audience: string };
}

export interface StubAz {
  /** To be put on PATH. */
  folder: string;
  /** Each call so far: its arguments, and the names of the variables it was given. */
  calls(): Promise<{ args: string[]; variables: string[] }[]>;
}

/** What az 2.5x and later write to standard error, seen in public issue threads. */
export const NOT_SIGNED_IN = "ERROR: Please run 'az login' to setup account.";

/**
 * Puts an `az` into a folder.
 *
 * @param login who is signed in; or the text that every command fails with
 */
export async function installAz(folder: string, login: StubLogin | string): Promise<StubAz> {
  await mkdir(folder, { recursive: true });
  const log = join(folder, 'calls.jsonl');
  await writeFile(log, '');
  await writeFile(join(folder, 'login.json'), JSON.stringify(login));
  await writeFile(join(folder, 'stub.mjs'), SCRIPT);
  const az = join(folder, 'az');
  await writeFile(
    az,
    `#!/bin/sh\nexec "${process.execPath}" "${join(folder, 'stub.mjs')}" "${PROJECT}" "$@"\n`,
  );
  await chmod(az, 0o755);
  return {
    folder,
    async calls() {
      const lines = (await readFile(log, 'utf8')).split('\n').filter((line) => line !== '');
      return lines.map((line) => JSON.parse(line) as { args: string[]; variables: string[] });
    },
  };
}

const SCRIPT = `
import { appendFileSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
const here = new URL('.', import.meta.url);
const [project, ...args] = process.argv.slice(2);
appendFileSync(new URL('calls.jsonl', here), JSON.stringify({ args, variables: Object.keys(process.env) }) + '\\n');
const login = JSON.parse(readFileSync(new URL('login.json', here), 'utf8'));
const fail = (text) => { console.error(text); process.exit(1); };
if (typeof login === 'string') fail(login);
const print = (value) => console.log(JSON.stringify(value, null, 2));
const value = (name) => args[args.indexOf(name) + 1];
const command = args.slice(0, 2).join(' ');
const cloud = login.cloud ?? {
  name: 'AzureCloud',
  login: 'login.microsoftonline.com',
  audience: 'https://management.core.windows.net/',
};
if (command === 'account show') {
  print({
    environmentName: cloud.name,
    id: login.subscriptionId ?? login.tenantId,
    name: login.subscriptionId === undefined ? 'N/A(tenant level account)' : 'Contoso',
    tenantId: login.tenantId,
    user: { name: login.clientId, type: 'servicePrincipal' },
  });
} else if (command === 'account get-access-token') {
  const { ProxyAgent, request } = createRequire(project + '/package.json')('undici');
  const dispatcher = new ProxyAgent(process.env.HTTPS_PROXY);
  const { body } = await request('https://' + cloud.login + '/' + login.tenantId + '/oauth2/v2.0/token', {
    dispatcher,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      client_id: login.clientId,
      client_secret: login.clientSecret,
      grant_type: 'client_credentials',
      scope: (args.includes('--resource') ? value('--resource') : cloud.audience) + '/.default',
    }).toString(),
  });
  const answer = await body.json();
  await dispatcher.close();
  if (answer.access_token === undefined) fail('ERROR: ' + answer.error_description);
  const expires = Math.floor(Date.now() / 1000) + answer.expires_in;
  print({
    accessToken: answer.access_token,
    expiresOn: new Date(expires * 1000).toISOString().replace('T', ' ').replace('Z', '000'),
    expires_on: expires,
    subscription: login.subscriptionId,
    tenant: login.tenantId,
    tokenType: 'Bearer',
  });
} else fail('ERROR: the stand-in does not know: az ' + args.join(' '));
`;
