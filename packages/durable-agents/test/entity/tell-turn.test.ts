import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endedTurns } from '../../src/entity/tell-turn.ts';
import { ModelError } from '../../src/errors.ts';
import { says, TestSession } from './session.ts';

describe('the end of a turn', () => {
  it('is to be told once, by the operation that ended it', async () => {
    const session = new TestSession(says('Hello'));
    assert.deepEqual(endedTurns(await session.run('c1')), ['c1']);
    assert.deepEqual(endedTurns(await session.run('c1')), [], 'a repeated request ends nothing');
    assert.deepEqual(endedTurns(await session.perform('reset')), []);
    assert.deepEqual(endedTurns(await session.perform('run', { nothing: true })), []);
  });

  it('is told as it is recorded, and changes nothing', async () => {
    const failure = new ModelError('modelTimeout', 'Too late.');
    const usage = { inputTokenCount: 3 };
    const session = new TestSession(says('Hello'), { status: 'failed', error: failure, messages: [], usage });
    await session.run('c1', 'Hi');
    await session.run('c2', 'Again');
    const before = session.text;
    const { told, state } = await session.perform('turnTold', { correlationId: 'c1' });
    assert.deepEqual([told?.correlationId, told?.requestText, told?.answer.status], ['c1', 'Hi', 'completed']);
    const failed = (await session.perform('TURNTOLD', { correlationId: 'c2' })).told;
    assert.deepEqual(failed?.answer, {
      status: 'failed',
      error: { code: 'modelTimeout', message: 'Too late.', retryable: false },
    });
    assert.deepEqual(failed?.usage, usage);
    assert.equal(state, undefined);
    assert.equal(session.text, before);
  });

  it('is not told while it is not recorded', async () => {
    const session = new TestSession(says('Hello'));
    for (const input of [{ correlationId: 'c1' }, {}, 'text', { correlationId: 7 }]) {
      assert.deepEqual(await session.perform('turnTold', input), { result: null });
    }
    assert.equal(session.text, undefined);
  });
});
