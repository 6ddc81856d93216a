/**
 * Has to be imported before azure-pipelines-task-lib. That prints every value it reads as a debug command, secrets too,
 * unless it is told not to while debugging is off; and it looks at both only once, while it loads
 * (azure-pipelines-task-lib, internal.js). So it never learns that debugging is on: what helps whoever debugs is told by
 * our own log, which knows what a secret is.
 */

/** Whether the pipeline runs with System.Debug. */
export const debugging = process.env.SYSTEM_DEBUG?.toLowerCase() === 'true';

process.env.DISTRIBUTEDTASK_TASKS_NODE_SKIPDEBUGLOGSWHENDEBUGMODEOFF = 'true';
delete process.env.SYSTEM_DEBUG;
