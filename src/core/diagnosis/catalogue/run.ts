/** Causes in the run itself. */
import type { Causes } from '../cause.js';
import { say } from '../fixes.js';

export const RUN = {
  'manifests-unreadable': {
    title: 'something that is to be deployed could not be read',
    seen: 'The check names file and line.',
    why: 'What could not be read may name any image, so whether its images can be pulled is not known. All else was checked.',
    fix: say('Correct what the check names, file by file; a pattern that begins with ! leaves a file out.'),
    confirm: 'The same check reads all files.',
    sources: ['docs/preflight.md'],
  },
  undetermined: {
    title: 'the node refused the image for a reason that is not known here',
    seen: 'Words of the node that no rule knows, or that several causes fit.',
    why: "The message is none of the known ones; the node's own words stand beside it.",
    fix: say("Read the node's own words."),
    confirm: 'The next message is one that a page here has.',
    sources: ['docs/messages.md'],
  },
  'credential-withheld': {
    title: 'a credential would have gone to a host that may not have it',
    seen: 'An answer names a host that Azure has not named in this run.',
    why: 'An answer pointed to a host that this run has no reason to trust, so nothing was sent.',
    fix: say('Find out who changed the address: the kubeconfig, the registry or a proxy on the way.'),
    confirm: 'The address is again one that Azure names.',
    sources: ['docs/security.md'],
  },
  'ended-early': {
    title: 'the run was ended before it was done',
    seen: 'The CI system, or the limit, ended the run.',
    why: 'It was cancelled, or it reached its limit.',
    fix: say('Run it again, with a longer timeout if it was the limit.'),
    confirm: 'A run comes to its end.',
    sources: ['docs/contract.md'],
  },
} as const satisfies Causes;
