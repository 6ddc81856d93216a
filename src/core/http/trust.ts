/**
 * Where credentials may go: one function decides ({@link Trust.mayCarry}), and the guarded sender asks it before
 * every request that carries one.
 */
import type { Cloud } from '../azure/clouds.js';

/** What a request carries. */
export type Carried =
  /** An assertion or secret for Entra's token endpoint. */
  | 'entra-assertion'
  /** A token for ARM. */
  | 'arm-token'
  /** A token for Microsoft Graph. */
  | 'graph-token'
  /** An Entra or registry token for a registry. */
  | 'registry-token'
  /** An Entra token, client certificate or bearer for an API server. */
  | 'cluster-credential'
  /** The CI host's own bearer for its OIDC endpoint. */
  | 'ci-token';

/** A credential was about to be sent to a host that may not have it. Nothing was sent. */
export class CredentialWithheld extends Error {
  override readonly name = 'CredentialWithheld';
  constructor(
    readonly carried: Carried,
    readonly host: string,
    why: string,
  ) {
    super(`withheld ${WHAT[carried]} from ${host}: ${why}`);
  }
}

const WHAT: Readonly<Record<Carried, string>> = {
  'entra-assertion': 'the sign-in assertion',
  'arm-token': 'the Azure Resource Manager token',
  'graph-token': 'the Microsoft Graph token',
  'registry-token': 'the registry token',
  'cluster-credential': 'the cluster credential',
  'ci-token': "the CI system's token",
};

/**
 * The hosts that may receive each kind of credential. The cloud table's hosts are known from the start; login servers
 * and API servers are admitted as ARM names them in this run, the CI system's token service as the host gave it.
 */
export class Trust {
  readonly #hosts: Readonly<Record<Carried, Set<string>>>;

  constructor(cloud: Cloud) {
    this.#hosts = {
      'entra-assertion': new Set([cloud.authority, ...cloud.authorityAliases].map(hostOf)),
      'arm-token': new Set([hostOf(cloud.resourceManager)]),
      'graph-token': new Set([hostOf(cloud.microsoftGraph)]),
      'registry-token': new Set(),
      'cluster-credential': new Set(),
      'ci-token': new Set(),
    };
  }

  /** A login server as ARM named it in this run. */
  admitLoginServer(loginServer: string): void {
    this.#hosts['registry-token'].add(loginServer.toLowerCase());
  }

  /** An API server as ARM named it in this run: its FQDN. */
  admitApiServer(fqdn: string): void {
    this.#hosts['cluster-credential'].add(fqdn.toLowerCase());
  }

  /** The CI system's token service, by the url that the CI system itself gave. */
  admitTokenService(url: string): void {
    this.#hosts['ci-token'].add(new URL(url).host.toLowerCase());
  }

  /**
   * The one rule: a credential goes over https, on port 443, to a host that was admitted for its kind.
   *
   * @throws {CredentialWithheld} otherwise
   */
  mayCarry(carried: Carried, url: URL): void {
    if (url.protocol !== 'https:')
      throw new CredentialWithheld(carried, url.host, 'the address is not https');
    if (url.username !== '' || url.password !== '') {
      throw new CredentialWithheld(carried, url.hostname, 'the address holds a user name');
    }
    // `host` holds a port only when it isn't 443.
    if (!this.#hosts[carried].has(url.host.toLowerCase())) {
      throw new CredentialWithheld(
        carried,
        url.host,
        'it is not a host that this run was told to trust with it',
      );
    }
  }
}

function hostOf(url: string): string {
  return new URL(url).host.toLowerCase();
}
