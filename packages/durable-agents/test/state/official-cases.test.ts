import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Validator } from '@cfworker/json-schema';
import { parseState } from '../../src/state/codec.ts';
import { emptyState } from '../../src/state/entity-state.ts';
import { parseLosslessJson } from '../../src/state/lossless-json.ts';
import { recordTurn } from '../../src/state/record-turn.ts';
import { withContent } from './documents.ts';
import { ending, failed, request } from './turns.ts';

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

  /** Invalid in the schema but in the right shape: refusing them would lose the session. */
  const tolerated =
    /blank|whitespace|control-character|trailing newline|not omission|compaction rejects|discriminator|Unknown role/;

  for (const file of ['versioned-envelope-cases.json', 'validation-cases.json']) {
    for (const { description, tests } of groups(file)) {
      for (const { description: name, data, valid } of tests) {
        // Cases of one part have no version. What is invalid in 1.x but has the right shape is read all the same.
        if (data.schemaVersion === undefined || (data.schemaVersion.startsWith('1.') && !valid)) continue;
        it(`${description}: ${name}`, () => {
          const document = JSON.stringify(data);
          if (valid || tolerated.test(name)) assert.equal(JSON.stringify(parseState(document)), document);
          else assert.throws(() => parseState(document), { code: 'invalidState' });
        });
      }
    }
  }

  for (const file of ['2.0', '2.0-pruned', '2.0-lossless']) {
    it(`the fixture ${file} comes back as it was, also with one more turn`, () => {
      const text = readFileSync(new URL(`shared-durable-agent-state-${file}.json`, folder), 'utf8');
      const before = JSON.parse(text);
      const state = parseState(text);
      assert.deepEqual(JSON.parse(JSON.stringify(state)), before);
      const after = JSON.parse(JSON.stringify(recordTurn(state, request, ending)));
      assert.deepEqual(after.data.conversationHistory.splice(-2).length, 2);
      delete after.data.terminalResults.mine;
      delete after.data.completionReceipts.mine;
      assert.deepEqual(after, before);
    });
  }

  for (const version of ['1.1.0', '2.0.0'] as const) {
    it(`what is written as ${version} is valid in the official schema`, () => {
      const schema = JSON.parse(readFileSync(new URL('durable-agent-entity-state.2.0.json', folder), 'utf8'));
      const state = recordTurn(
        recordTurn(emptyState(version), request, ending),
        { ...request, correlationId: 'b' },
        failed,
      );
      const { valid, errors } = new Validator(schema, '2020-12').validate(JSON.parse(JSON.stringify(state)));
      assert.ok(valid, JSON.stringify(errors));
    });
  }
});
