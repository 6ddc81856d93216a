#!/usr/bin/env node
/** Entry of the command's bundle. */
import { ALL_PARTS } from './parts.js';
import { start } from './start.js';

await start(ALL_PARTS);
