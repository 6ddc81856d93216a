/** The four kinds of Azure Resource Manager service connection, and what each needs of the cloud. */
import { makeCertificate } from '../host/sign-in/support.js';
import type { Connection } from './agent.js';

export const SECRET = 'S3cret~of/the.deployer+that=is-long';

export interface Kind {
  /** What the scenario says of the login. */
  identity: object;
  runner?: object;
  connection: Partial<Connection>;
  secrets: string[];
  description: string;
}

export const KINDS: Readonly<Record<string, () => Promise<Kind>>> = {
  'workload identity federation': async () => ({
    identity: { federated: 'azure-pipelines' },
    connection: {},
    secrets: [],
    description: "the service connection's workload identity federation",
  }),
  'a secret': async () => ({
    identity: { secrets: [SECRET] },
    connection: {
      scheme: 'ServicePrincipal',
      parameters: { authenticationType: 'spnKey', serviceprincipalkey: SECRET },
    },
    secrets: [SECRET],
    description: "the service connection's secret",
  }),
  'a certificate': async () => {
    const { certificate, key } = await makeCertificate();
    const pem = `${key}\n${certificate}\n`;
    return {
      identity: { certificates: [certificate] },
      connection: {
        scheme: 'ServicePrincipal',
        parameters: { authenticationType: 'spnCertificate', servicePrincipalCertificate: pem },
      },
      secrets: [pem],
      description: "the service connection's certificate",
    };
  },
  'a managed identity': async () => ({
    identity: { kind: 'managed-identity' },
    runner: { identities: ['deployer'] },
    connection: { scheme: 'ManagedServiceIdentity' },
    secrets: [],
    description: "the service connection's managed identity",
  }),
};
