/** What standard output may hold. */
export const OUTPUT_FORMS = ['text', 'json', 'markdown'] as const;
export type OutputForm = (typeof OUTPUT_FORMS)[number];

/** What `simulate` writes; json: one object a line. */
export const SIMULATE_OUTPUTS = ['text', 'json'] as const;
export type SimulateOutput = (typeof SIMULATE_OUTPUTS)[number];
