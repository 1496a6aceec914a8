import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { WorkflowBuilder } from '../../src/workflow/builder.ts';
import { executor } from '../../src/workflow/executor.ts';
import type { RetryOptions } from '../../src/workflow/retry.ts';
import { failureOf, node, of, warnings, watch } from './support.ts';

function flaky(failures: number, retry?: RetryOptions, idempotent?: boolean) {
  const keys: string[] = [];
  const start = executor({ id: 'flaky', retry, idempotent }, (_: unknown, ctx) => {
    keys.push(`${ctx.attempt} ${ctx.idempotencyKey}`);
    if (keys.length <= failures) throw new Error(`failure ${keys.length}`);
    ctx.yieldOutput(ctx.attempt);
  });
  return { workflow: new WorkflowBuilder({ name: 'w', start }).build(), keys };
}

test('an executor that throws fails the run with its id, message, attempts and causes, without a stack', async () => {
  const start = node('start', () => {
    throw new TypeError('outer', { cause: Object.assign(new Error('inner'), { code: 'EINNER' }) });
  });
  const { failure, outputs, message } = await failureOf(new WorkflowBuilder({ name: 'w', start }).build().run('in'));
  assert.deepEqual(failure, {
    code: 'executorFailed',
    message: 'Executor "start" failed in superstep 1: TypeError: outer (cause: Error: inner)',
    executorId: 'start',
    attempts: 1,
    superstep: 1,
    cause: { name: 'TypeError', message: 'outer', cause: { name: 'Error', message: 'inner', code: 'EINNER' } },
  });
  assert.deepEqual(outputs, []);
  assert.equal(message, failure.message);
});

test('without a policy there is one attempt; an idempotent executor gets three', async () => {
  const once = flaky(1);
  await failureOf(once.workflow.run('in'));
  assert.equal(once.keys.length, 1);
  const thrice = flaky(2, { delayMs: 0 }, true);
  assert.deepEqual((await thrice.workflow.run('in')).outputs, [3]);
});

test('attempts have one idempotency key, and events that say when the next comes', async () => {
  const { workflow, keys } = flaky(2, { maxAttempts: 3, delayMs: 2, backoff: 3, maxDelayMs: 5 });
  const { result, events } = await watch(workflow, 'in', { runId: 'r' });
  assert.equal(result.status, 'completed');
  assert.deepEqual(keys, ['1 r/1/flaky/0', '2 r/1/flaky/0', '3 r/1/flaky/0']);
  assert.deepEqual(
    of(events, 'executorFailed').map(({ attempt, retryInMs }) => [attempt, retryInMs]),
    [
      [1, 2],
      [2, 5],
    ],
  );
});

test('the last failure is the one that counts, with the number of attempts', async () => {
  const error = await failureOf(flaky(9, { maxAttempts: 2, delayMs: 0 }).workflow.run('in'));
  assert.equal(error.failure.attempts, 2);
  assert.match(error.message, /after 2 attempts: Error: failure 2/);
});

test('errors that the classifier calls final, and mistakes in the use of the context, are not tried again', async () => {
  const final = flaky(9, { maxAttempts: 5, delayMs: 0, retryIf: (error) => (error as Error).message !== 'failure 2' });
  await failureOf(final.workflow.run('in'));
  assert.equal(final.keys.length, 2);
  let calls = 0;
  const start = executor({ id: 'start', retry: { maxAttempts: 5, delayMs: 0 } }, (_: unknown, ctx) => {
    calls++;
    ctx.yieldOutput(new Date());
  });
  assert.equal((await failureOf(new WorkflowBuilder({ name: 'w', start }).build().run('in'))).code, 'notJson');
  assert.equal(calls, 1);
});

test('a retry repeats only what failed', async () => {
  const calls: string[] = [];
  const start = node('start');
  const other = node('other', () => {
    calls.push('other');
  });
  const again = executor({ id: 'again', retry: { maxAttempts: 2, delayMs: 0 } }, () => {
    calls.push('again');
    if (calls.length < 3) throw new Error('not yet');
  });
  await new WorkflowBuilder({ name: 'w', start }).addFanOut(start, [other, again]).build().run('in');
  assert.deepEqual(calls, ['other', 'again', 'again']);
});

test('an executor that takes longer than its time fails, and its signal is aborted', async () => {
  let signal: AbortSignal | undefined;
  const start = executor({ id: 'slow', timeoutMs: 5 }, async (_: unknown, ctx) => {
    signal = ctx.signal;
    await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve));
  });
  const error = await failureOf(new WorkflowBuilder({ name: 'w', start }).build().run('in'));
  assert.equal(error.code, 'executorTimeout');
  assert.equal(signal?.aborted, true);
});

test('a message that no handler takes fails the run, or is dropped with an event if the workflow says so', async () => {
  const start = node('start', () => 'text');
  const end = executor({ id: 'end', input: z.number() }, () => {});
  const build = (unhandled?: 'drop') =>
    new WorkflowBuilder({ name: 'w', start, unhandled }).addEdge(start, end).build();
  const error = await failureOf(build().run('in'));
  assert.equal(error.code, 'messageNotAccepted');
  assert.match(error.message, /No handler of "end" takes a message from "start": .*expected number/);
  const { result, events } = await watch(build('drop'));
  assert.equal(result.status, 'completed');
  assert.match(of(events, 'executorBypassed')[0]?.reason ?? '', /"end"/);
});

test('what an executor sends has to fit its output', async () => {
  const start = executor({ id: 'start', output: { type: 'string' } }, () => 1 as unknown as string);
  const error = await failureOf(new WorkflowBuilder({ name: 'w', start }).build().run('in'));
  assert.equal(error.code, 'invalidOutput');
  assert.match(error.message, /"start" sent what does not fit/);
});

test('a context that is used after its handler has ended says so', async () => {
  let late: (() => void) | undefined;
  const start = node('start', (_, ctx) => {
    late = () => ctx.sendMessage('late');
  });
  await new WorkflowBuilder({ name: 'w', start }).build().run('in');
  assert.throws(() => late?.(), { code: 'contextClosed' });
});

test('a cancelled run ends as cancelled, and starts nothing more', async () => {
  const stop = new AbortController();
  const start = node('start', (message) => {
    stop.abort(new Error('enough'));
    return message;
  });
  let ran = false;
  const next = node('next', () => {
    ran = true;
  });
  const workflow = new WorkflowBuilder({ name: 'w', start }).addEdge(start, next).build();
  const error = await failureOf(workflow.run('in', { signal: stop.signal }));
  assert.equal(error.code, 'cancelled');
  assert.match(error.message, /enough/);
  assert.equal(ran, false);
});

test('a stream that nobody reads to its end stops the run', async () => {
  let signal: AbortSignal | undefined;
  let rounds = 0;
  const start = node('start', async (message, ctx) => {
    signal = ctx.signal;
    rounds++;
    await new Promise((resolve) => setImmediate(resolve));
    return message;
  });
  const workflow = new WorkflowBuilder({ name: 'w', start, maxSupersteps: 100_000 }).addEdge(start, start).build();
  for await (const event of workflow.stream('in')) if (event.type === 'superstepCompleted') break;
  assert.equal(signal?.aborted, true);
  const before = rounds;
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(rounds <= before + 1);
});

test('a stream ends with the failure, and gives the result of a failed run', async () => {
  const start = node('start', () => {
    throw new Error('broken');
  });
  const { result, events } = await watch(new WorkflowBuilder({ name: 'w', start }).build());
  assert.equal(result.status, 'failed');
  assert.deepEqual(
    events.slice(-2).map(({ type }) => type),
    ['failed', 'status'],
  );
  assert.deepEqual(warnings(events), []);
});
