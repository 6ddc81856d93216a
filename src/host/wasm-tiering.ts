/**
 * Keeps V8 from compiling undici's HTTP parser for speed. It is WebAssembly with one very large function, whose compiling
 * takes 190 ms of processor time (measured with 20 requests, on Node 20.20 and 24.21); a run of some dozens of requests
 * never earns that back. Loaded before undici.
 */
import { setFlagsFromString } from 'node:v8';

/** V8 takes 1,800,000 (node --v8-options), which the first answers use up. About the most that it takes: hundreds of them. */
const BUDGET = 2_000_000_000;
/** Of the last Node that was seen to know the flag: one that doesn't would say so on standard error. */
const LAST_MAJOR = 24;

if (Number.parseInt(process.versions.node, 10) <= LAST_MAJOR)
  setFlagsFromString(`--wasm-tiering-budget=${BUDGET}`);
