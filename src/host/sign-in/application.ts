/** Sign-in of an application at Entra's token endpoint: by an assertion, a secret or a certificate. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import {
  ClientAssertionCredential,
  ClientCertificateCredential,
  ClientSecretCredential,
} from '@azure/identity';
import type { TokenCredentialOptions } from '@azure/identity';
import type { HttpClient } from '@azure/core-rest-pipeline';
import { SENDER_DECIDES, azureHttpClient } from '../../core/http/azure-client.js';
import type { Sender } from '../../core/http/sender.js';
import { asText, at, parseJson } from '../../core/json.js';
import { SignInError } from '../../core/ports.js';
import type { Clock, Credential, Log } from '../../core/ports.js';
import { claimsOf, readRefusal, refused } from '../sign-in-refusals.js';
import type { Refusal, SignInAttempt } from '../sign-in-refusals.js';
import { cachedTokens } from '../token-cache.js';
import { unanswered } from './unanswered.js';

/** An application that signs in, and where. */
export interface ApplicationOptions {
  /** How this login came to be, for people: "GitHub's OIDC token". */
  description: string;
  clientId: string;
  tenantId: string;
  /** Entra's address in the cloud, such as https://login.microsoftonline.com. */
  authority: string;
  /** The login's own subscription, when it has one. */
  subscriptionId?: string | undefined;
  /** Its trust must know the authority: nothing is sent anywhere else. */
  sender: Sender;
  clock: Pick<Clock, 'now'>;
  log: Pick<Log, 'secret'>;
}

export interface AssertionOptions extends ApplicationOptions {
  /** Gets an assertion; asked anew for every token, because those of CI systems live for minutes. */
  assertion: () => Promise<string>;
}

/**
 * Signs in by a federated credential: an assertion of an issuer that the application trusts, such as a CI system's token.
 *
 * Tokens are kept until 5 minutes before they expire. Retries are the sender's; @azure/identity does none, finds nothing
 * out about the authority, and keeps no token. Errors are {@link SignInError}s.
 */
export function assertionCredential(options: AssertionOptions): Credential {
  return application(options, 'assertion', async (how) => {
    const assertion = await options.assertion();
    options.log.secret(assertion);
    const claims = claimsOf(assertion);
    return {
      credential: new ClientAssertionCredential(
        options.tenantId,
        options.clientId,
        async () => assertion,
        how,
      ),
      ...(claims === undefined ? {} : { claims }),
    };
  });
}

/** Signs in by a client secret. Otherwise as {@link assertionCredential}. */
export function clientSecretCredential(options: ApplicationOptions & { secret: string }): Credential {
  options.log.secret(options.secret);
  return application(options, 'secret', async (how) => ({
    credential: new ClientSecretCredential(options.tenantId, options.clientId, options.secret, how),
  }));
}

export interface CertificateOptions extends ApplicationOptions {
  /** Certificate and private key, PEM, in one text; or what gets it. */
  pem: string | (() => Promise<string>);
  /** Of an encrypted private key. */
  password?: string | undefined;
}

/** Signs in by an assertion that is made with a certificate's key. Otherwise as {@link assertionCredential}. */
export function clientCertificateCredential(options: CertificateOptions): Credential {
  const { pem, password, clientId, tenantId, log, clock } = options;
  if (password !== undefined) log.secret(password);
  return application(options, 'certificate', async (how) => {
    const text = typeof pem === 'string' ? pem : await pem();
    // Line by line: whatever hides secrets may not hide texts of several lines.
    for (const line of text.split(/\r?\n/))
      if (line.length > 20 && !line.startsWith('-----')) log.secret(line);
    refuseUnusable(text, password, options.description, clock.now());
    const certificate = {
      // What it is written in must not decide: @azure/identity takes no line ends but its own.
      certificate: text.replace(/\r\n?/g, '\n'),
      ...(password === undefined ? {} : { certificatePassword: password }),
    };
    return { credential: new ClientCertificateCredential(tenantId, clientId, certificate, how) };
  });
}

/** @throws {SignInError} for what can't be a certificate with its key, or isn't valid now; holds nothing of it */
function refuseUnusable(pem: string, password: string | undefined, by: string, now: number): void {
  const refuse = (why: string, cause?: unknown): never => {
    throw new SignInError(
      `attempted to sign in by ${by}: ${why}`,
      'Give a certificate that the application has, and its private key, both as PEM in one text: -----BEGIN CERTIFICATE----- and -----BEGIN PRIVATE KEY-----.',
      'client-certificate-refused',
      { cause },
    );
  };
  let certificate: X509Certificate | undefined;
  let key: KeyObject | undefined;
  try {
    certificate = new X509Certificate(
      /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(pem)?.[0] ?? '',
    );
  } catch (error) {
    refuse('it holds no PEM certificate that can be read', error);
  }
  try {
    key = createPrivateKey({ key: pem, ...(password === undefined ? {} : { passphrase: password }) });
  } catch (error) {
    refuse(
      'it holds no PEM private key that can be read (or it is encrypted, and the password is another)',
      error,
    );
  }
  if (certificate === undefined || key === undefined) return;
  if (key.asymmetricKeyType !== 'rsa')
    refuse(`its key is ${key.asymmetricKeyType ?? 'none'}, and Entra takes RSA keys alone`);
  if (!certificate.checkPrivateKey(key)) refuse("the private key isn't the certificate's");
  if (now >= Date.parse(certificate.validTo))
    refuse(`the certificate was valid until ${certificate.validTo}`);
}

interface Made {
  credential: { getToken(scope: string): Promise<{ token: string; expiresOnTimestamp: number }> };
  /** Of the assertion that will be shown. */
  claims?: SignInAttempt['assertion'];
}

type IdentityOptions = TokenCredentialOptions & { disableInstanceDiscovery: true };

function application(
  options: ApplicationOptions,
  shows: NonNullable<SignInAttempt['shows']>,
  make: (how: IdentityOptions) => Promise<Made>,
): Credential {
  const { clientId, tenantId, authority, description: by, subscriptionId, sender, clock, log } = options;
  const token = cachedTokens(clock, async (scope) => {
    // Before anything is asked there: MSAL looks up an authority that it doesn't know.
    sender.trust.mayCarry('entra-assertion', new URL(authority));
    const heard = listening(azureHttpClient(sender, 'entra-assertion', { repeatable: true }), log);
    const { credential, claims } = await make({
      ...SENDER_DECIDES,
      authorityHost: authority.replace(/\/+$/, ''),
      disableInstanceDiscovery: true,
      httpClient: heard.client,
    });
    try {
      const { token: value, expiresOnTimestamp } = await credential.getToken(scope);
      return { token: value, expiresOn: expiresOnTimestamp };
    } catch (error) {
      const refusal = heard.refusal();
      if (refusal === undefined)
        throw unanswered(`sign in as ${clientId} by ${by}`, heard.fault() ?? heard.strange() ?? error);
      throw refused(
        { by, shows, scope, clientId, tenantId, ...(claims === undefined ? {} : { assertion: claims }) },
        refusal,
      );
    }
  });
  return { description: by, token, subscriptionId: async () => subscriptionId?.toLowerCase() };
}

/** Passes everything on, and remembers what MSAL would hide: the last refusal, fault, and answer that is none of Entra's. */
function listening(
  client: HttpClient,
  log: Pick<Log, 'secret'>,
): {
  client: HttpClient;
  refusal(): Refusal | undefined;
  fault(): unknown;
  strange(): unknown;
} {
  let refusal: Refusal | undefined;
  let fault: unknown;
  let strange: unknown;
  return {
    refusal: () => refusal,
    fault: () => fault,
    strange: () => strange,
    client: {
      async sendRequest(request) {
        try {
          const response = await client.sendRequest(request);
          const body = response.bodyAsText ?? '';
          const token = asText(at(parseJson(body), 'access_token'));
          // Before MSAL, or anyone it tells, has it.
          if (token !== undefined) log.secret(token);
          if (parseJson(body) === undefined) {
            const type = response.headers.get('content-type') ?? 'no content type';
            strange = new Error(
              `${new URL(request.url).host} answered HTTP ${response.status} with what is no JSON (${type}): something else may answer in its place`,
            );
          }
          if (response.status >= 400) {
            refusal = readRefusal(body) ?? { code: undefined, said: `HTTP ${response.status}` };
          }
          return response;
        } catch (error) {
          fault = error;
          throw error;
        }
      },
    },
  };
}
