import { describe, expect, it } from '@jest/globals';
import { AZURE_CLOUD, CLOUDS } from '../../../src/core/azure/clouds.js';
import type { Credential, Exec } from '../../../src/core/ports.js';
import { systemClock } from '../../../src/host/clock.js';
import { azureCliCredential } from '../../../src/host/credentials.js';
import { CommandNotFound } from '../../../src/host/exec.js';
import { refusal } from './support.js';

describe("the Azure CLI's login", () => {
  type Answer = { exitCode?: number; stdout?: string; stderr?: string };
  const ACCOUNT = {
    id: 'AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee',
    name: 'Contoso',
    environmentName: 'AzureCloud',
  };
  function cli(
    answers: Record<string, Answer | Error>,
    cloud = AZURE_CLOUD,
  ): {
    credential: Credential;
    asked: string[];
    secrets: string[];
  } {
    const asked: string[] = [];
    const secrets: string[] = [];
    const exec: Exec = {
      async run(command, args) {
        asked.push([command, ...args].join(' '));
        const what = args.slice(0, 2).join(' ');
        const answer =
          answers[what] ?? (what === 'account show' ? { stdout: JSON.stringify(ACCOUNT) } : undefined);
        if (answer === undefined) throw new Error('not expected');
        if (answer instanceof Error) throw answer;
        return { exitCode: 0, stdout: '', stderr: '', ...answer };
      },
    };
    const log = { secret: (value: string) => void secrets.push(value) };
    return {
      credential: azureCliCredential({ exec, clock: systemClock, log, cloud, howToSignIn: 'Sign in.' }),
      asked,
      secrets,
    };
  }
  const token = (answer: Answer | Error): Record<string, Answer | Error> => ({
    'account get-access-token': answer,
  });

  it('reads token and expiry as old and new versions of az print them', async () => {
    const exact = cli(
      token({
        stdout: JSON.stringify({
          accessToken: 't1',
          expiresOn: '2001-01-01 00:00:00.000000',
          expires_on: 1_900_000_000,
        }),
      }),
    );
    expect(await exact.credential.token('https://management.azure.com/.default')).toEqual({
      token: 't1',
      expiresOn: 1_900_000_000_000,
    });
    // Without a resource: for what az signed in with, of which it holds a token.
    expect(exact.asked).toEqual([
      'az account get-access-token --output json',
      'az account show --output json',
    ]);
    expect(exact.secrets).toEqual(['t1']);

    const old = cli(
      token({ stdout: JSON.stringify({ accessToken: 't2', expiresOn: '2031-05-06 07:08:09.000000' }) }),
    );
    expect((await old.credential.token(AZURE_CLOUD.kubernetesScope)).expiresOn).toBe(
      new Date(2031, 4, 6, 7, 8, 9).getTime(),
    );
    expect(old.asked[0]).toContain('--resource 6dae42f8-4368-4678-94ff-3960e28e3630 ');
  });

  it('tells az missing, nobody signed in, and an answer that is none', async () => {
    const scope = AZURE_CLOUD.resourceManagerScope;
    const missing = await refusal(cli(token(new CommandNotFound('az'))).credential.token(scope));
    expect([missing.causeId, missing.fix]).toEqual(['azure-cli-missing', 'Sign in.']);

    const out = await refusal(
      cli(
        token({ exitCode: 1, stderr: "ERROR: Please run 'az login' to setup account.\n" }),
      ).credential.token(scope),
    );
    expect([out.causeId, out.fix]).toEqual(['not-signed-in', 'Sign in.']);
    expect(out.message).toContain("Please run 'az login' to setup account.");

    const odd = await refusal(cli(token({ stdout: 'not json' })).credential.token(scope));
    expect(odd.message).toContain('no token');
  });

  it("keeps Entra's words when az adds its own advice to them", async () => {
    const stderr = [
      'ERROR: AADSTS700024: Client assertion is not within its valid time range. Current time: 2026-01-01. Trace ID: x',
      'Run the command below to authenticate interactively; additional arguments may be added as needed:',
      'az login',
    ].join('\n');
    const error = await refusal(
      cli(token({ exitCode: 1, stderr })).credential.token(AZURE_CLOUD.resourceManagerScope),
    );
    expect(error.causeId).toBe('assertion-expired');
    expect(error.message).toContain('AADSTS700024: Client assertion is not within its valid time range');
    expect(error.fix).toContain('client-id');
  });

  it('reads the subscription once, and none from a login without', async () => {
    const { id } = ACCOUNT;
    const one = cli({});
    expect([await one.credential.subscriptionId(), await one.credential.subscriptionId()]).toEqual([
      id.toLowerCase(),
      id.toLowerCase(),
    ]);
    expect(one.asked).toEqual(['az account show --output json']);
    const none = cli({
      'account show': { stdout: JSON.stringify({ id, name: 'N/A(tenant level account)' }) },
    });
    expect(await none.credential.subscriptionId()).toBeUndefined();
  });

  describe('of another cloud', () => {
    const set = (environmentName: string, more: Record<string, Answer | Error> = {}): typeof more => ({
      'account show': { stdout: JSON.stringify({ ...ACCOUNT, environmentName }) },
      ...token({ stdout: JSON.stringify({ accessToken: 't', expires_on: 1_900_000_000 }) }),
      ...more,
    });

    it('is refused, with the input to give', async () => {
      const error = await refusal(
        cli(set('AzureChinaCloud')).credential.token(AZURE_CLOUD.resourceManagerScope),
      );
      expect(error.causeId).toBe('cloud-mismatch');
      expect(error.message).toBe(
        'the Azure CLI is set to the cloud AzureChinaCloud, and this run is for AzureCloud',
      );
      expect(error.fix).toContain('environment: AzureChinaCloud');
      const right = cli(set('AzureChinaCloud'), CLOUDS.AzureChinaCloud);
      expect((await right.credential.token(CLOUDS.AzureChinaCloud.resourceManagerScope)).token).toBe('t');
    });

    it('is refused plainly when it is a custom one, whatever else went wrong there', async () => {
      const stderr = 'ERROR: AADSTS500011: The resource principal was not found.';
      const { credential } = cli(set('AzureStackRedmond', token({ exitCode: 1, stderr })));
      const error = await refusal(credential.token(AZURE_CLOUD.registryScope));
      expect(error.causeId).toBe('cloud-not-supported');
      expect(error.message).toContain('AzureStackRedmond');
      expect(error.fix).toContain('az cloud set -n AzureCloud');
    });
  });

  it('tells what kept az from running', async () => {
    const { credential } = cli(token(new Error('az did not end within 120000 ms')));
    const error = await refusal(credential.token(AZURE_CLOUD.resourceManagerScope));
    expect([error.causeId, error.message]).toEqual([
      'not-signed-in',
      expect.stringContaining('az did not end within 120000 ms'),
    ]);
  });
});
