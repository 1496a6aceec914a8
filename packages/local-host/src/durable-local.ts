#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Compiled code is kept beside this file, as far as it may be written there: most of a start is compiling. Set before
// anything else is loaded, and for this process only; NODE_COMPILE_CACHE, where it is set, goes first.
enableCompileCache(join(import.meta.dirname, '../compile-cache'));
await import('./cli.ts');
