/** Places that `simulate` prints variables for. In a file of its own: the help needs no more. */
export const SHELLS = ['bash', 'powershell', 'workflow', 'azure-pipelines'] as const;
export type ShellName = (typeof SHELLS)[number];
