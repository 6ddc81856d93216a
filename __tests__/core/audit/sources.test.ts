/** What in a repository is said to make credentials, and what is not. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { lookThrough, readSources } from '../../../src/core/audit/sources.js';
import { openRepository, repositoryRoot } from '../../../src/host/repository.js';

const FACTS = { registry: 'contoso', loginServer: 'contoso.azurecr.io' };
const found = (file: string, text: string, names: string[] = []): string[] =>
  lookThrough(file, text, FACTS, names).map(({ id, line }) => `${line} ${id}`);

describe('a line that makes a credential', () => {
  it.each<[string, string, string[]]>([
    ['deploy.sh', 'az acr login -n contoso --expose-token', ['1 code-exposes-token']],
    [
      'deploy.sh',
      'set -e\nkubectl -n apps create secret \\\n  docker-registry acr \\\n  --docker-server contoso.azurecr.io',
      ['2 code-makes-pull-secret'],
    ],
    ['deploy.ps1', 'docker login `\r\n  contoso.azurecr.io -u x', ['1 code-logs-in-docker']],
    ['deploy.sh', 'az acr login \\\n  -n contoso \\\n  --expose-token', ['3 code-exposes-token']],
    ['deploy.sh', 'docker login ghcr.io\necho contoso.azurecr.io', []],
    ['deploy.ps1', 'Connect-AzContainerRegistry -Name contoso -ExposeToken', ['1 code-exposes-token']],
    ['ci.yml', 'steps:\n  - run: kubectl create secret docker-registry acr \\', ['2 code-makes-pull-secret']],
    ['values.yaml', 'type: kubernetes.io/dockerconfigjson', ['1 code-makes-pull-secret']],
    ['main.tf', 'type = "kubernetes.io/dockercfg"', ['1 code-makes-pull-secret']],
    [
      'pipeline.yml',
      "- task: KubernetesManifest@1\n  inputs:\n    action: 'createSecret'",
      ['3 code-makes-pull-secret'],
    ],
    ['Makefile', '\thelm registry login contoso.azurecr.io -u x', ['1 code-logs-in-helm']],
    ['a/Jenkinsfile', 'sh "docker login contoso.azurecr.io -u $U -p $P"', ['1 code-logs-in-docker']],
    [
      'ci.yml',
      'uses: docker/login-action@v3\nwith:\n  registry: contoso.azurecr.io',
      ['1 code-logs-in-docker'],
    ],
    ['deploy.sh', 'az acr credential show -n contoso', ['1 code-uses-admin-user']],
    ['acr.bicep', 'adminUserEnabled: true', ['1 code-uses-admin-user']],
    ['acr.json', '"adminUserEnabled": true', ['1 code-uses-admin-user']],
    ['acr.tf', '  admin_enabled = true', ['1 code-uses-admin-user']],
    [
      'main.bicep',
      "resource s 'Microsoft.Resources/deploymentScripts@2023-08-01' = {\n}\nvar role = 'b24988ac-6180-42a0-ab88-20f7382dd24c'",
      ['1 deployment-script-broad-identity'],
    ],
    [
      'main.tf',
      'resource "azurerm_resource_deployment_script_azure_cli" "s" {}\nresource "x" "y" {\n  role_definition_name = "Contributor"\n}',
      ['1 deployment-script-broad-identity'],
    ],
    [
      'main.json',
      '{"type": "Microsoft.Resources/deploymentScripts", "script": "az acr login -n c --expose-token\\nkubectl create secret docker-registry acr\\nhelm registry login c.azurecr.io"}',
      ['1 code-exposes-token', '1 code-makes-pull-secret', '1 code-logs-in-helm'],
    ],
  ])('%s: %s', (file, text, wanted) => {
    expect(found(file, text)).toEqual(wanted);
  });

  it.each<[string, string]>([
    ['deploy.sh', 'az acr login -n contoso'],
    ['deploy.sh', '# az acr login -n contoso --expose-token'],
    ['main.bicep', '// az acr login --expose-token'],
    ['ci.yml', 'uses: docker/login-action@v3\nwith:\n  registry: ghcr.io'],
    ['deploy.sh', 'docker login ghcr.io'],
    ['main.bicep', "resource s 'Microsoft.Resources/deploymentScripts@2023-08-01' = {}"],
    ['acr.bicep', 'adminUserEnabled: false'],
    ['deploy.sh', 'kubectl create secret generic x'],
  ])('is not: %s: %s', (file, text) => {
    expect(found(file, text)).toEqual([]);
  });

  it('is one that names a pull secret that was found, in any form of the list', () => {
    const names = ['acr'];
    expect(found('a.yaml', 'imagePullSecrets:\n- name: acr\ncontainers: acr', names)).toEqual([
      '2 code-names-pull-secret',
    ]);
    expect(found('a.yaml', 'imagePullSecrets: [{name: acr}]', names)).toEqual(['1 code-names-pull-secret']);
    expect(found('a.json', '"imagePullSecrets": [\n  {\n    "name": "acr"\n  }\n]', names)).toEqual([
      '3 code-names-pull-secret',
    ]);
    expect(found('a.yaml', 'imagePullSecrets:\n  - name: acr-of-others\nname: acr', names)).toEqual([]);
  });

  it('is never quoted', () => {
    const [finding] = lookThrough('a.sh', 'docker login contoso.azurecr.io -u me -p hunter2', FACTS);
    expect(JSON.stringify(finding)).not.toContain('hunter2');
  });
});

describe('the files of a repository', () => {
  it('are read without version control, packages, links and what is too large', async () => {
    const root = await mkdtemp(join(tmpdir(), 'sources-'));
    const line = 'az acr login --expose-token\n';
    try {
      for (const file of [
        'a.sh',
        '.github/b.yml',
        '.git/c.sh',
        'x/node_modules/d.sh',
        'notes.md',
        'e/f.sh',
      ]) {
        await mkdir(dirname(join(root, file)), { recursive: true });
        await writeFile(join(root, file), line);
      }
      await writeFile(join(root, 'large.sh'), line + '#'.repeat(1_000_001));
      await symlink(join(root, 'e'), join(root, 'link'));
      await symlink(join(root, 'a.sh'), join(root, 'link.sh'));
      const read = await readSources(openRepository(root), FACTS, [], new AbortController().signal);
      expect(read.findings.map(({ file }) => file)).toEqual(['.github/b.yml', 'a.sh', 'e/f.sh']);
      expect(read).toMatchObject({ files: 3, left: 1 });
      const few = await openRepository(root).list(1, () => true);
      expect(few).toMatchObject({ paths: ['.github/b.yml'], left: 4 });
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });
  it('are none where there is no such folder', async () => {
    expect(await openRepository('/nowhere/at/all').list(1, () => true)).toEqual({ paths: [], left: 0 });
  });
  it('are those that the CI system checked out', () => {
    expect(repositoryRoot({ GITHUB_WORKSPACE: '/a', BUILD_SOURCESDIRECTORY: '/b' })).toBe('/a');
    expect(repositoryRoot({ BUILD_SOURCESDIRECTORY: '/b' })).toBe('/b');
    expect(repositoryRoot({})).toBe(process.cwd());
  });
});
