import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callWithRetry, type RetriedCall } from '../../src/durable/agent-call.ts';
import { type AgentRetryOptions, retryPolicy } from '../../src/durable/agent-retry.ts';
import type { DurableTask, OrchestrationCalls } from '../../src/durable/orchestration-calls.ts';
import type { JsonObject } from '../../src/json.ts';

/** Plays the call; each answer is the session's result, or the error that its operation threw. */
function play(answers: (object | Error)[], durability: 'turn' | 'step', retry: AgentRetryOptions) {
  const ids: unknown[] = [];
  const waits: number[] = [];
  let guids = 0;
  const task = (what: unknown) => ({ isCompleted: false, isFaulted: false, what }) as DurableTask;
  const sent = (request: JsonObject) => {
    ids.push(request.correlationId);
    assert.deepEqual(request.messages, [{ role: 'user' }]);
    return task('call');
  };
  const calls: OrchestrationCalls<DurableTask> = {
    instanceId: 'i',
    newGuid: () => `new-${++guids}`,
    now: () => 5_000,
    timer: (at) => {
      waits.push(at - 5_000);
      return task('timer');
    },
    callEntity: (name, key, operation, input) => {
      assert.deepEqual([name, key, operation], ['dafx-joker', 's', 'run']);
      return sent(input);
    },
    callSubOrchestrator: (name, input) => {
      assert.deepEqual([name, input.agentName, input.sessionKey], ['dafx-turn', 'Joker', 's']);
      const request = JSON.parse(String(input.request)) as JsonObject;
      assert.equal(input.correlationId, request.correlationId);
      return sent(request);
    },
  };
  const request = JSON.stringify({ correlationId: 'first', messages: [{ role: 'user' }] });
  const call: RetriedCall = { agentName: 'Joker', sessionKey: 's', durability, request, retry: retryPolicy(retry) };
  const steps = callWithRetry(calls, call);
  let step = steps.next();
  const left = [...answers];
  while (!step.done) {
    if ((step.value as unknown as { what: string }).what === 'timer') step = steps.next();
    else {
      const answer = left.shift();
      step = answer instanceof Error ? steps.throw(answer) : steps.next(answer);
    }
  }
  return { result: step.value, ids, waits };
}

const answer = { messages: [], correlationId: 'x' };
const failed = (retryable: boolean, retryAfterMs?: number) => ({
  status: 'failed',
  error: { code: 'c', message: 'm', retryable, ...(retryAfterMs !== undefined && { retryAfterMs }) },
});

for (const durability of ['turn', 'step'] as const) {
  describe(`a call with a retry policy (${durability})`, () => {
    it('is a new turn after a failure, and the same one again where nobody knows what became of it', () => {
      const dashed = [failed(true), new Error('lost'), new Error('lost'), failed(true), answer];
      const { result, ids } = play(dashed, durability, { maxAttempts: 9 });
      assert.deepEqual(result, answer);
      assert.deepEqual(ids, ['first', 'new1', 'new1', 'new1', 'new2']);
    });

    it('waits longer each time, up to a limit, and as long as the provider asks for', () => {
      const { waits } = play([failed(true), failed(true), failed(true, 9_000), new Error('lost'), answer], durability, {
        maxAttempts: 9,
        firstDelayMs: 100,
        backoff: 3,
        maxDelayMs: 500,
      });
      assert.deepEqual(waits, [100, 300, 9_000, 500]);
    });

    it('ends with the last failure, whichever it is', () => {
      const { result, ids, waits } = play([failed(true), failed(true)], durability, { maxAttempts: 2 });
      assert.deepEqual(result, failed(true));
      assert.deepEqual([ids.length, waits.length], [2, 1]);
      assert.throws(() => play([failed(true), new Error('lost')], durability, { maxAttempts: 2 }), /lost/);
    });

    it('does not repeat a failure that would come again', () => {
      assert.equal(play([failed(false)], durability, { maxAttempts: 9 }).ids.length, 1);
    });
  });
}

describe('a retry policy', () => {
  for (const options of [
    { maxAttempts: 0 },
    { maxAttempts: 1.5 },
    { maxAttempts: 101 },
    { maxAttempts: 2, firstDelayMs: -1 },
    { maxAttempts: 2, maxDelayMs: Number.NaN },
    { maxAttempts: 2, backoff: 0.5 },
  ]) {
    it(`${JSON.stringify(options)} is refused`, () => {
      assert.throws(() => retryPolicy(options), { code: 'invalidOption' });
    });
  }
});
