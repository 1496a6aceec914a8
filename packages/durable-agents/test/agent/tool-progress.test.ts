import assert from 'node:assert/strict';
import { test } from 'node:test';
import { executeToolCall } from '../../src/agent/execute-tool-call.ts';
import { type ToolContext, tool } from '../../src/agent/tool.ts';
import type { ToolProgress } from '../../src/agent/tool-progress.ts';
import { recordingLogger, runContext, toolCall } from './support.ts';
import { agentWith } from './tool-agents.ts';

function emitting(work: (context: ToolContext) => unknown) {
  return agentWith([tool({ name: 'work', description: 'Works.', execute: (_, context) => work(context) })]);
}

test('what a tool emits reaches whoever watches the run, in order, as JSON', async () => {
  const events: ToolProgress[] = [];
  const agent = emitting(async ({ emit }) => {
    emit({ percent: 10 });
    await null;
    emit({ percent: Number.NaN });
    return 'done';
  });
  const context = runContext({ onEvent: (event) => events.push(event) });
  assert.equal(await executeToolCall(agent, toolCall('work'), context), 'done');
  assert.deepEqual(events, [
    { callId: 'call_1', name: 'work', data: { percent: 10 } },
    { callId: 'call_1', name: 'work', data: { percent: null } },
  ]);
});

test('nobody watching, a broken watcher and data without a JSON form are nothing to a tool', async () => {
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  const agent = emitting(({ emit }) => {
    emit(loop as never);
    return 'done';
  });
  assert.equal(await executeToolCall(agent, toolCall('work'), runContext()), 'done');
  const log = recordingLogger();
  const broken = runContext({
    log,
    onEvent: () => {
      throw new Error('no');
    },
  });
  assert.equal(await executeToolCall(agent, toolCall('work'), broken), 'done');
  const plain = emitting(({ emit }) => {
    emit({});
    return 'done';
  });
  assert.equal(await executeToolCall(plain, toolCall('work'), broken), 'done');
  assert.deepEqual(
    log.lines.map(({ level, fields }) => [level, fields?.tool]),
    [
      ['warn', 'work'],
      ['warn', 'work'],
    ],
  );
});

test('progress that comes after the end of its call is dropped', async () => {
  const events: ToolProgress[] = [];
  let emitLater: () => void = () => {};
  const agent = emitting(({ emit }) => {
    emitLater = () => emit({ late: true });
  });
  await executeToolCall(agent, toolCall('work'), runContext({ onEvent: (event) => events.push(event) }));
  emitLater();
  assert.deepEqual(events, []);
});

test('long progress is cut like a result', async () => {
  const events: ToolProgress[] = [];
  const agent = emitting(({ emit }) => emit({ text: 'x'.repeat(100_000) }));
  await executeToolCall(agent, toolCall('work'), runContext({ onEvent: (event) => events.push(event) }));
  assert.equal((events[0]!.data as { truncated?: boolean }).truncated, true);
});
