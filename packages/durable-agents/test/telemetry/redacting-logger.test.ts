import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject } from '../../src/json.ts';
import { redactingLogger } from '../../src/telemetry/redacting-logger.ts';

const secret = 'sk-canary0123456789abcdef';

describe('a redacting logger', () => {
  it('masks secrets in messages, values, nested values and by name', () => {
    const lines: string[] = [];
    const write = (message: string, fields?: JsonObject) => void lines.push(`${message} ${JSON.stringify(fields)}`);
    const log = redactingLogger({ debug: write, info: write, warn: write, error: write });
    log.error(`failed with ${secret}`, {
      list: [{ modelApiKey: 'plain', text: `Bearer ${'a'.repeat(20)}` }],
      tokens: 3,
      token: 5,
    });
    log.debug('no fields');
    assert.equal(lines[0], 'failed with *** {"list":[{"modelApiKey":"***","text":"Bearer ***"}],"tokens":3,"token":5}');
    assert.equal(lines[1], 'no fields undefined');
  });
});
