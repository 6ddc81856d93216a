/** A cluster that isn't AKS: its login out of the kubeconfig that the user named, and the connection by it. */
import { dirname, isAbsolute, join } from 'node:path';
import type { AzureSession } from '../azure/session.js';
import type { ClusterConnection } from '../kubernetes/connection.js';
import { contextOf, filesNamedIn, KubeconfigError, parseKubeconfig } from '../kubernetes/kubeconfig.js';
import type { ClusterLogin } from '../kubernetes/kubeconfig.js';
import { FileUnreadable } from '../ports.js';
import type { Files, KubeconfigRef, Ports } from '../ports.js';
import { InputErrors } from '../request.js';
import { straightTo } from './reach.js';

/** A cluster that a kubeconfig names. */
export interface NamedLogin {
  /** The context's. */
  name: string;
  ref: KubeconfigRef;
  login: ClusterLogin;
}

/** What holds whoever runs a plugin: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins */
const NO_PLUGINS =
  'its user signs in by a plugin (exec or auth-provider), and programs that a kubeconfig names are not run here. Use a user with a client certificate, a token or a tokenFile: kubectl create token makes one of a service account';

/**
 * Reads the kubeconfig and the files that it names. Everything in them that is secret is told to the host to be masked,
 * and none of it is quoted.
 *
 * @throws {InputErrors} when it can't be read or used
 */
export async function readLogin(ref: KubeconfigRef, { files, log }: Ports): Promise<NamedLogin> {
  const { path, context } = ref;
  const unusable = (why: string): InputErrors =>
    new InputErrors([{ input: 'kubeconfig', value: path, wanted: `a kubeconfig that can be used: ${why}` }]);
  if (files === undefined) throw unusable('this host reads no files');
  try {
    const text = await files.read(path);
    const ground = { ...(context === undefined ? {} : { context }) };
    const read = new Map<string, string>();
    for (const named of filesNamedIn(text, ground)) read.set(named, await readBeside(path, named, files));
    const login = parseKubeconfig(text, { ...ground, files: read });
    const { credential } = login;
    if (credential.kind === 'exec') throw unusable(NO_PLUGINS);
    if (credential.kind === 'none') throw unusable('its user has no client certificate and no token');
    log.secret(credential.kind === 'token' ? credential.token : credential.key);
    return { name: contextOf(text, ground), ref, login };
  } catch (error) {
    if (error instanceof KubeconfigError || error instanceof FileUnreadable) throw unusable(error.message);
    throw error;
  }
}

/** @throws {FileUnreadable} that says which file */
async function readBeside(kubeconfig: string, named: string, files: Files): Promise<string> {
  try {
    return await files.read(isAbsolute(named) ? named : join(dirname(kubeconfig), named));
  } catch (error) {
    if (error instanceof FileUnreadable)
      throw new FileUnreadable(`${named}, which it names: ${error.message}`);
    throw error;
  }
}

/**
 * The connection. That its credential may go to the server that stands beside it is the user's word, who named the file:
 * it is what kubectl does with it too.
 */
export function connectAs({ login }: NamedLogin, azure: AzureSession, ports: Ports): ClusterConnection {
  azure.trust.admitApiServer(new URL(login.server).host);
  return straightTo(login, azure, ports);
}
