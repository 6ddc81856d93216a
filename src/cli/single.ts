#!/usr/bin/env node
/** Entry of the version that is one file: without the simulated Azure, and without anything beside it. */
import { start } from './start.js';

await start({
  preflight: () => import(/* webpackMode: "eager" */ './preflight.js'),
  explain: () => import(/* webpackMode: "eager" */ './explain.js'),
  known: () => import(/* webpackMode: "eager" */ './known.js'),
});
