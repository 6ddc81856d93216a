/** Other tools' verdicts. */
import type { Causes } from '../cause.js';
import { check } from '../fix-commands.js';
import { fix } from '../fixes.js';

export const TOOL = {
  'check-acr-tool-failure': {
    title: 'az aks check-acr could not do its check',
    seen: '"exec /canipull: exec format error", "\'serverVersion\'", "Failed to load azure.json".',
    why: 'Its image is for Linux on amd64 and reads the node’s files; on other nodes, or without a login to the cluster, it ends before it has checked anything.',
    fix: (facts) => fix('Its failure says nothing about pulls. Prove one instead.', check(facts)),
    confirm: 'A check passes.',
    sources: ['Azure/azure-cli#22353', 'MicrosoftDocs/SupportArticles-docs#1761', 'aks-canipull'],
  },
  'check-ok': {
    title: 'az aks check-acr found nothing wrong',
    seen: '"Your cluster can pull images".',
    why: 'check-acr looks up the name and exchanges a token, and stops there: no role on a repository, no manifest and no layer were asked for, so pulls may still fail.',
    fix: (facts) => fix('Prove a pull of the image that you mean.', check(facts)),
    confirm: 'A check passes.',
    sources: ['Azure/azure-cli#16490', 'MicrosoftDocs/SupportArticles-docs#756', 'aks-canipull'],
  },
} as const satisfies Causes;
