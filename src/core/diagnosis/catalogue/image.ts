/** Causes about the image that is asked for. */
import type { Causes } from '../cause.js';
import { command, inRegistry } from '../commands.js';
import { nodes } from '../fix-commands.js';
import { fix, say } from '../fixes.js';
import { PULL_PAGE, PUSH_PAGE } from '../sources.js';

export const IMAGE = {
  'image-not-found': {
    title: 'there is no such image under this name',
    seen: 'gRPC NotFound, ending in "not found".',
    why: "The registry's name, the repository, the tag or the digest is not what was pushed. The node's words are the same for each.",
    fix: ({ registry, image }) =>
      fix(
        'Compare the name letter by letter with what is in the registry.',
        registry && image !== undefined
          ? command('az', 'acr', 'repository', 'show-tags', ...inRegistry(registry), '--repository', image)
          : undefined,
      ),
    confirm: 'The tag is in the list.',
    sources: [PULL_PAGE, 'capture: events-nocred.json'],
  },
  'image-name-invalid': {
    title: 'the image name is none that any registry can hold',
    seen: 'Status InvalidImageName, "invalid reference format".',
    why: 'Repository names are lower-case; a tag has no spaces and no second colon. Nothing was asked of any registry.',
    fix: say('Write the image as host/repository:tag, the repository in lower case.'),
    confirm: 'The pod is not in InvalidImageName any more.',
    sources: [
      'distribution: reference/reference.go',
      'CodeForPhilly/chime#371',
      'capture: events-nocred.json',
    ],
  },
  'image-never-pulled': {
    title: 'the pod forbids pulling, and the node does not have the image',
    seen: 'Status ErrImageNeverPull.',
    why: 'With imagePullPolicy: Never the kubelet uses what the node has, and asks no registry.',
    fix: say('Use imagePullPolicy: IfNotPresent or Always.'),
    confirm: 'A new pod pulls.',
    sources: ['capture: events-nocred.json'],
  },
  'platform-mismatch-os': {
    title: "the image is for another operating system than the node's",
    seen: '"no match for platform in manifest".',
    why: 'A Linux image was put on a Windows node, or the other way round.',
    fix: () => fix("Pin the pod by nodeSelector kubernetes.io/os to the image's operating system.", nodes),
    confirm: 'The pod runs on a node of the right kind.',
    sources: [PULL_PAGE, 'Azure/AKS#4055'],
  },
  'windows-version-mismatch': {
    title: "the Windows image needs another version of Windows than the node's",
    seen: '"… -based image is incompatible with a … host".',
    why: "Windows containers share the node's kernel, so their base image must be of the node's build.",
    fix: () => fix("Build on the base image of the nodes' Windows version.", nodes),
    confirm: 'The build numbers are the same.',
    sources: ['Azure/acr#179', 'moby: distribution'],
  },
  'manifest-media-type': {
    title: 'the manifest is of a kind that the node or the registry does not take',
    seen: '"media type … no longer supported", "manifest invalid", a layer larger than its manifest says.',
    why: 'Images of the old schema 1 are read no more by containerd 2.1; registries refuse manifests that are malformed or too large.',
    fix: say('Build and push the image again as an OCI image or Docker schema 2.'),
    confirm: 'The new digest pulls.',
    sources: ['ovh/cds#7735', 'moby/moby#44521', 'containerd/containerd#1893', PUSH_PAGE],
  },
  'tag-not-found': {
    title: 'the image is not in the registry',
    seen: '"manifest unknown", or gRPC NotFound from a registry that took the credential.',
    why: 'The registry answered that it has no such tag, digest or repository.',
    fix: ({ registry, image }) =>
      fix(
        'Look which tags there are.',
        registry && image !== undefined
          ? command('az', 'acr', 'repository', 'show-tags', ...inRegistry(registry), '--repository', image)
          : undefined,
      ),
    confirm: 'az acr manifest show -r NAME -n REPOSITORY:TAG prints the manifest.',
    sources: [
      'SupportArticles:cannot-pull-image-from-acr-to-aks-cluster',
      'distribution: registry/api/errcode',
    ],
  },
  'no-image-of-registry': {
    title: 'nothing that is to be deployed names an image of the registries',
    seen: 'Every image that was found is of another registry.',
    why: 'The files were read, and their images are all of other registries. Most often the wrong registry or the wrong files are named, or the image is put in later, by a value that this step does not have.',
    fix: say(
      'Name the registry that the images are in, or give this step the values (helm-values, an overlay) that the deploy has.',
    ),
    confirm: 'The check lists an image of the registry.',
    sources: ['docs/preflight.md'],
  },
  'image-unseen': {
    title: 'the registry could not be asked about every image',
    seen: '401, 403 or no answer where this login asks the registry for the manifest.',
    why: 'This login may not read the repository, or the registry does not answer from here; and these images are not among those that were really pulled.',
    fix: say(
      'Let this login read the repositories (AcrPull, or Container Registry Repository Reader with ABAC), or have more of the images pulled: max-pulls.',
    ),
    confirm: 'The check says "there" of each image.',
    sources: ['docs: container-registry/container-registry-roles'],
  },
  'image-quarantined': {
    title: 'the image is in quarantine',
    seen: '"not found" for a tag that is listed.',
    why: "The registry holds new images back until a scanner passes them, and nodes don't see them until then.",
    fix: ({ registry }) =>
      fix(
        'Wait until it was scanned, or pass it.',
        registry &&
          command('az', 'acr', 'show', ...inRegistry(registry), '--query', 'policies.quarantinePolicy'),
      ),
    confirm: 'The quarantine state of the manifest is Passed.',
    sources: ['docs: container-registry/container-registry-faq, quarantine'],
  },
  'platform-mismatch-arch': {
    title: 'the image has no version for this kind of node',
    seen: '"no match for platform in manifest", or "exec format error" once it runs.',
    why: 'An image runs only on the operating system and the architecture that it was built for, and this one was not built for those of the node pool.',
    fix: say(
      'Build and push the image for the platform of the pool too (docker buildx build --push, with --platform and all its platforms, such as linux/amd64,linux/arm64), or keep it off this pool by a nodeSelector for kubernetes.io/os and kubernetes.io/arch.',
    ),
    confirm:
      'The manifest lists the platform of the node: kubectl get nodes -L kubernetes.io/os,kubernetes.io/arch.',
    sources: [
      'SupportArticles:cannot-pull-image-from-acr-to-aks-cluster',
      'moby: distribution',
      'containers/image: docker, signature',
    ],
  },
} as const satisfies Causes;
