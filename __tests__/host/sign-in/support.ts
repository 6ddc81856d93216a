/** What the tests of sign-in share: a simulated cloud to sign in to, and certificates to do it with. */
import { webcrypto } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { CLOUDS } from '../../../src/core/azure/clouds.js';
import type { Cloud } from '../../../src/core/azure/clouds.js';
import { Sender } from '../../../src/core/http/sender.js';
import { Trust } from '../../../src/core/http/trust.js';
import { SignInError } from '../../../src/core/ports.js';
import type { Clock, Http, Log } from '../../../src/core/ports.js';
import { systemClock } from '../../../src/host/clock.js';
import { createHttp } from '../../../src/host/http.js';
import { startSimulator } from '../../../src/simulator/index.js';
import type { Simulator, SimulatorOptions } from '../../../src/simulator/index.js';

/** The refusal that an attempt ends in. */
export async function refusal(attempt: Promise<unknown>): Promise<SignInError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof SignInError) return error;
    throw error;
  }
  throw new Error('signed in');
}

export interface Ground {
  cloud: Cloud;
  simulator: Simulator;
  /** Through the simulator's proxy, trusting its authority. */
  http: Http;
  sender: Sender;
  clock: Clock;
  log: Log;
  /** What was told to be hidden. */
  secrets: string[];
  clientId(name: string): string;
  end(): Promise<void>;
}

/** A simulated cloud, and what a host gives a login. */
export async function openGround(scenario: object, options: SimulatorOptions = {}): Promise<Ground> {
  const simulator = await startSimulator(JSON.stringify({ name: 'sign-in', ...scenario }), options);
  const network = createHttp(simulator.environment());
  const http: Http = {
    send: (request) =>
      network.send(
        request.url.startsWith('https:')
          ? { ...request, tls: { ca: simulator.caPem, ...request.tls } }
          : request,
      ),
  };
  const cloud = CLOUDS[simulator.state.cloud];
  const secrets: string[] = [];
  const ignore = (): void => undefined;
  return {
    cloud,
    simulator,
    http,
    sender: new Sender(http, new Trust(cloud), systemClock, { debug: ignore }),
    clock: systemClock,
    log: {
      chapter: ignore,
      check: ignore,
      pull: ignore,
      finding: ignore,
      waiting: ignore,
      debug: ignore,
      secret: (value) => void secrets.push(value),
    },
    secrets,
    clientId: (name) => simulator.state.principals.find((one) => one.name === name)?.clientId ?? '',
    async end() {
      await network.close();
      await simulator.stop();
    },
  };
}

export interface TestCertificate {
  /** PEM. */
  certificate: string;
  /** PEM, PKCS #8. */
  key: string;
}

/** A self-signed certificate, as an application has one. */
export async function makeCertificate({
  algorithm = 'RSASSA-PKCS1-v1_5',
  notAfter = new Date(Date.now() + 3_600_000),
}: { algorithm?: 'RSASSA-PKCS1-v1_5' | 'ECDSA'; notAfter?: Date } = {}): Promise<TestCertificate> {
  const parameters =
    algorithm === 'ECDSA'
      ? { name: algorithm, namedCurve: 'P-256', hash: 'SHA-256' }
      : { name: algorithm, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(parameters, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: '01',
      name: 'CN=deployer',
      notBefore: new Date(Date.now() - 86_400_000),
      notAfter,
      keys,
      signingAlgorithm: parameters,
    },
    webcrypto,
  );
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { certificate: certificate.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
}
