/** kubectl's --raw: one request as it is, its answer as it comes (kubernetes/kubectl pkg/rawhttp). */
import { NotModelled } from '../../../net/exchange.js';
import { printWarnings } from './desk.js';
import type { Desk } from './desk.js';
import { KubectlFailure, read } from './failure.js';
import { manifestText } from './manifests.js';

export async function rawRequest(
  desk: Desk,
  method: 'GET' | 'POST' | 'DELETE',
  target: string,
): Promise<number> {
  if (!target.startsWith('/')) throw new NotModelled(`kubectl's --raw ${target}`);
  if (desk.args.words.length > 0)
    throw new KubectlFailure('error: arguments may not be passed when --raw is specified');
  const files = method === 'GET' ? [] : desk.args.texts('filename');
  if (files.length > 1 || (method === 'POST' && files.length === 0))
    throw new NotModelled(`kubectl's --raw with ${files.length} files`);
  const [file] = files;
  const url = new URL(target, 'https://cluster.invalid');
  const answer = await desk.client.send(method, url.pathname, {
    query: Object.fromEntries(url.searchParams),
    ...(file === undefined ? {} : { body: manifestText(desk, file) }),
  });
  printWarnings(desk, answer.warnings);
  if (answer.status >= 400) read(answer);
  desk.process.out(answer.text);
  return 0;
}
