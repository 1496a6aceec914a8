import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseState } from '../../src/state/codec.ts';
import { parseLosslessJson } from '../../src/state/lossless-json.ts';
import { withContent } from './documents.ts';

const folder = new URL('../../../../../shared/official/', import.meta.url);
const skip = existsSync(folder) ? false : 'The official schema cases are not on this machine.';

interface CaseGroup {
  description: string;
  schema: { $ref: string };
  tests: { description: string; data: { schemaVersion?: string }; valid: boolean }[];
}

function groups(file: string): CaseGroup[] {
  return skip ? [] : (parseLosslessJson(readFileSync(new URL(file, folder), 'utf8')) as unknown as CaseGroup[]);
}

describe('official cases', { skip }, () => {
  for (const { description, tests } of groups('content-metadata-cases.json')) {
    for (const { description: name, data, valid } of tests) {
      it(`${description}: ${name}`, () => {
        const document = JSON.stringify(withContent(data));
        if (valid) assert.equal(JSON.stringify(parseState(document)), document);
        else assert.throws(() => parseState(document), { code: 'invalidState' });
      });
    }
  }

  for (const file of ['versioned-envelope-cases.json', 'validation-cases.json']) {
    for (const { description, tests } of groups(file)) {
      for (const { description: name, data, valid } of tests) {
        const isOurs = data.schemaVersion?.startsWith('1.');
        // What is invalid in 1.x but has the right shape is read all the same: refusing it would lose the session.
        if (data.schemaVersion === undefined || (isOurs && !valid)) continue;
        it(`${description}: ${name}`, () => {
          const document = JSON.stringify(data);
          if (isOurs) assert.equal(JSON.stringify(parseState(document)), document);
          else assert.throws(() => parseState(document), /state/);
        });
      }
    }
  }
});
