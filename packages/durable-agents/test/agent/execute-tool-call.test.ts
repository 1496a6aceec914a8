import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { Agent } from '../../src/agent/agent.ts';
import { utf8Bytes } from '../../src/agent/bound-text.ts';
import { executeToolCall } from '../../src/agent/execute-tool-call.ts';
import { type ToolContext, tool } from '../../src/agent/tool.ts';
import { ModelError } from '../../src/errors.ts';
import { errorOf, recordingLogger, runContext, toolCall } from './support.ts';
import { agentWith, echoAgent } from './tool-agents.ts';

function throwing(execute: () => unknown): Agent {
  return agentWith([tool({ name: 'risky', description: 'Throws.', execute })]);
}

test('an unknown tool gives an error that lists the tools there are', async () => {
  const result = await executeToolCall(echoAgent().agent, toolCall('getWheather'), runContext());
  assert.deepEqual(errorOf(result), {
    code: 'unknownTool',
    message: 'There is no tool "getWheather". Available tools: echo.',
  });
});

const thrown: [string, () => unknown, RegExp][] = [
  [
    'an Error with lines and a cause',
    () => {
      throw new RangeError('one\ntwo\nthree', { cause: new Error('disk full') });
    },
    /RangeError: one\ntwo\nthree \(cause: Error: disk full\)/,
  ],
  [
    'a string',
    () => {
      throw 'plain text';
    },
    /plain text/,
  ],
  [
    'undefined',
    () => {
      throw undefined;
    },
    /undefined was thrown/,
  ],
  [
    'an object',
    () => {
      throw { status: 503 };
    },
    /\{"status":503\}/,
  ],
  [
    'an AggregateError',
    () => {
      throw new AggregateError([new Error('a'), new TypeError('b')], 'both');
    },
    /both \[Error: a; TypeError: b\]/,
  ],
  ['a rejected promise of a non-Error', () => Promise.reject(42), /42 was thrown/],
  [
    'an Error after an await',
    async () => {
      await null;
      throw new Error('late');
    },
    /Error: late/,
  ],
  [
    'an unreadable object',
    () => {
      throw Object.defineProperty(new Error(), 'message', {
        get() {
          throw new Error('no');
        },
      });
    },
    /cannot be read/,
  ],
];
for (const [name, execute, message] of thrown) {
  test(`a tool that throws ${name} gives an error result without a stack, and a log line`, async () => {
    const log = recordingLogger();
    const result = await executeToolCall(throwing(execute), toolCall('risky'), runContext({ log }));
    assert.equal(errorOf(result).code, 'toolFailed');
    assert.match(errorOf(result).message, message);
    assert.match(errorOf(result).message, /"risky"/);
    assert.doesNotMatch(errorOf(result).message, /execute-tool-call|\.test\.ts/);
    assert.deepEqual(
      log.lines.map(({ level, fields }) => [level, fields?.tool]),
      [['error', 'risky']],
    );
    assert.match(String(log.lines[0]?.fields?.error), message);
  });
}

test('the message of a failed tool is bounded for the model and whole in the log', async () => {
  const log = recordingLogger();
  const agent = throwing(() => {
    throw new Error('x'.repeat(10_000));
  });
  const result = await executeToolCall(agent, toolCall('risky'), runContext({ log }));
  assert.ok(utf8Bytes(JSON.stringify(result)) <= 1024);
  assert.ok(String(log.lines[0]?.fields?.error).length > 10_000);
});

test('a tool that never settles is aborted at its limit and becomes an error result', async () => {
  let reason: unknown;
  const stuck = tool({
    name: 'stuck',
    description: 'Never settles.',
    timeoutMs: 20,
    execute: (_, { signal }) =>
      new Promise<never>(() => {
        signal.addEventListener('abort', () => {
          reason = signal.reason;
        });
      }),
  });
  const result = await executeToolCall(agentWith([stuck]), toolCall('stuck'), runContext());
  assert.equal(errorOf(result).code, 'toolTimeout');
  assert.match(errorOf(result).message, /"stuck".*20 ms/);
  assert.equal((reason as DOMException).name, 'TimeoutError');
});

test("the agent's limit holds for a tool without one of its own", async () => {
  const stuck = tool({ name: 'stuck', description: 'Never settles.', execute: () => new Promise<never>(() => {}) });
  const result = await executeToolCall(agentWith([stuck], { toolTimeoutMs: 5 }), toolCall('stuck'), runContext());
  assert.match(errorOf(result).message, / 5 ms/);
});

test('a result or a rejection that comes after the limit is ignored', async (t) => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', note);
  t.after(() => process.off('unhandledRejection', note));
  let settle: (error: Error) => void = () => {};
  const late = tool({
    name: 'late',
    description: 'Late.',
    timeoutMs: 5,
    execute: () =>
      new Promise<never>((_, reject) => {
        settle = reject;
      }),
  });
  const result = await executeToolCall(agentWith([late]), toolCall('late'), runContext());
  settle(new Error('too late'));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(errorOf(result).code, 'toolTimeout');
  assert.deepEqual(unhandled, []);
});

test('validation that outlasts the limit does not start the tool', async () => {
  let called = false;
  const slow = z.object({}).refine(() => new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 30)));
  const check = tool({
    name: 'check',
    description: 'Checks.',
    parameters: slow,
    timeoutMs: 5,
    execute: () => {
      called = true;
    },
  });
  const result = await executeToolCall(agentWith([check]), toolCall('check'), runContext());
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(errorOf(result).code, 'toolTimeout');
  assert.equal(called, false);
});

test('an aborted run stops a tool call with an "aborted" result', async () => {
  const controller = new AbortController();
  const stuck = tool({
    name: 'stuck',
    description: 'Never settles.',
    execute: () => {
      controller.abort();
      return new Promise<never>(() => {});
    },
  });
  const context = runContext({ signal: controller.signal });
  assert.equal(errorOf(await executeToolCall(agentWith([stuck]), toolCall('stuck'), context)).code, 'aborted');
  assert.equal(errorOf(await executeToolCall(agentWith([stuck]), toolCall('stuck'), context)).code, 'aborted');
});

test('a result without a JSON form becomes an error that names the tool', async () => {
  const loop: { self?: unknown } = {};
  loop.self = loop;
  const agent = agentWith([tool({ name: 'circle', description: 'Circular.', execute: () => loop })]);
  const { code, message } = errorOf(await executeToolCall(agent, toolCall('circle'), runContext()));
  assert.equal(code, 'invalidToolResult');
  assert.match(message, /"circle" ran.*circular/);
});

test('a result over the limit becomes an excerpt that says so', async () => {
  const agent = agentWith([tool({ name: 'dump', description: 'Dumps.', execute: () => 'y'.repeat(512 * 1024) })]);
  const result = await executeToolCall(agent, toolCall('dump'), runContext());
  const { truncated, totalBytes, excerpt } = result as { truncated: boolean; totalBytes: number; excerpt: string };
  assert.ok(utf8Bytes(JSON.stringify(result)) <= 65_536);
  assert.deepEqual([truncated, totalBytes], [true, 512 * 1024 + 2]);
  assert.ok(excerpt.length > 65_000 && /^y+$/.test(excerpt));
});

test('the idempotency key depends on session, run and position, not on the id that the model made', async () => {
  const seen: ToolContext[] = [];
  const charge = tool({
    name: 'charge',
    description: 'Charges.',
    execute: (_, context) => {
      seen.push(context);
    },
  });
  const agent = agentWith([charge]);
  for (const callId of ['call_abc', 'call_xyz']) {
    await executeToolCall(agent, toolCall('charge', {}, { callId, iteration: 2, index: 3 }), runContext());
  }
  await executeToolCall(agent, toolCall('charge', {}, { iteration: 2, index: 4 }), runContext());
  assert.deepEqual(
    seen.map(({ idempotencyKey }) => idempotencyKey),
    ['@dafx-a@s1/c1/2-3', '@dafx-a@s1/c1/2-3', '@dafx-a@s1/c1/2-4'],
  );
  assert.deepEqual(
    [seen[1]?.agentName, seen[1]?.sessionId, seen[1]?.correlationId, seen[1]?.callId],
    ['helper', '@dafx-a@s1', 'c1', 'call_xyz'],
  );
});

test('the caller’s identity, as the app gave it, reaches the tool', async () => {
  const seen: unknown[] = [];
  const who = tool({
    name: 'who',
    description: 'Who asks.',
    execute: (_, context) => {
      seen.push('caller' in context ? context.caller : 'nobody');
    },
  });
  const caller = { id: 'ann', claims: ['admin'] };
  await executeToolCall(agentWith([who]), toolCall('who'), runContext({ caller }));
  await executeToolCall(agentWith([who]), toolCall('who'), runContext());
  assert.deepEqual(seen, [caller, 'nobody']);
});

test('a model error out of a tool is in the log by its code: its text may quote what the user said', async () => {
  const log = recordingLogger();
  const agent = throwing(() => {
    throw new ModelError('modelRefused', 'Not about "my secret".', { fix: 'Ask otherwise.' });
  });
  const result = await executeToolCall(agent, toolCall('risky'), runContext({ log }));
  assert.match(errorOf(result).message, /my secret/);
  assert.doesNotMatch(JSON.stringify(log.lines), /my secret/);
  assert.equal(log.lines[0]?.fields?.code, 'modelRefused');
});
