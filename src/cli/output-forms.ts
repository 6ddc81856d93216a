/** What standard output may hold. */
export const OUTPUT_FORMS = ['text', 'json', 'markdown'] as const;
export type OutputForm = (typeof OUTPUT_FORMS)[number];
