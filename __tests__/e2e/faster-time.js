/**
 * Loaded before a bundle that waits for minutes: what it waits, and the clock that it reads, pass FASTER_TIME times faster.
 * The network keeps the machine's time.
 */
import { syncBuiltinESMExports } from 'node:module';
import promises from 'node:timers/promises';

const speed = Number(process.env.FASTER_TIME);
if (!(speed > 0)) throw new Error('FASTER_TIME says how much faster');

const { now } = Date;
const began = now();
Date.now = () => Math.round(began + (now() - began) * speed);

const { setTimeout: wait } = promises;
promises.setTimeout = (ms, ...rest) => wait(ms / speed, ...rest);
syncBuiltinESMExports();
