import { describe, expect, it } from '@jest/globals';
import { parseReference } from '../../../src/core/deployables/reference.js';

const D = `sha256:${'a'.repeat(64)}`;

describe('a reference in full', () => {
  it.each([
    ['nginx', 'docker.io/library/nginx:latest'],
    ['nginx:1.27', 'docker.io/library/nginx:1.27'],
    ['grafana/grafana', 'docker.io/grafana/grafana:latest'],
    ['index.docker.io/nginx', 'docker.io/library/nginx:latest'],
    ['contoso.azurecr.io/app', 'contoso.azurecr.io/app:latest'],
    ['Contoso.azurecr.io/team/app:1.2', 'contoso.azurecr.io/team/app:1.2'],
    [`contoso.azurecr.io/app@${D}`, `contoso.azurecr.io/app@${D}`],
    [`contoso.azurecr.io/app:1@${D}`, `contoso.azurecr.io/app:1@${D}`],
    ['localhost/app:1', 'localhost/app:1'],
    ['localhost:5000/app', 'localhost:5000/app:latest'],
    ['[::1]:5000/app:1', '[::1]:5000/app:1'],
    ['host:5000/a__b/c-d/e.f', 'host:5000/a__b/c-d/e.f:latest'],
    ['team/app', 'docker.io/team/app:latest'],
    ['contoso.azurecr.io/app:V_1.2-x', 'contoso.azurecr.io/app:V_1.2-x'],
  ])('%s is %s', (text, name) => {
    expect(parseReference(text)).toMatchObject({ name });
  });
});

it('is told in a time that does not depend on who wrote it', () => {
  for (const part of ['a', 'a.', 'a-', '${', 'a/', '@', ':', 'a__'])
    expect(parseReference(`${part.repeat(100_000)}@`)).toHaveProperty('problem');
});

describe('no registry would accept', () => {
  it.each([
    ['', /empty/],
    ['contoso.azurecr.io/App:1', /lower-case/],
    ['contoso.azurecr.io/app:', /tag/],
    ['contoso.azurecr.io/app:.1', /tag/],
    [`contoso.azurecr.io/app:${'t'.repeat(129)}`, /tag/],
    ['contoso.azurecr.io/', /names no repository/],
    [':1', /names no repository/],
    ['contoso.azurecr.io//app', /repository/],
    ['contoso.azurecr.io/a..b', /repository/],
    ['contoso.azurecr.io/app@sha256:12', /digest/],
    [`contoso.azurecr.io/app@${D}@${D}`, /more than one/],
    ['https://contoso.azurecr.io/app:1', /scheme/],
    ['contoso.azurecr.io/app:1 ', /white space/],
    ...[
      '${IMAGE}',
      '${REGISTRY}/web:${TAG}',
      'contoso.azurecr.io/app:$TAG',
      '$(registry)/app:1',
      'contoso.azurecr.io/app:{{ .Values.tag }}',
      'contoso.azurecr.io/app:#{tag}#',
      'contoso.azurecr.io/app:<tag>',
      'contoso.azurecr.io/app:%TAG%',
    ].map((text): [string, RegExp] => [text, /^"[^"]*" is a placeholder that something fills in later$/]),
    ['-bad.azurecr.io/app', /host/],
    ['a'.repeat(64), /id/],
    [`contoso.azurecr.io/${'a'.repeat(256)}`, /longer/],
  ])('%j', (text, why) => {
    const parsed = parseReference(text);
    expect('problem' in parsed ? parsed.problem : parsed).toMatch(why);
  });
});
