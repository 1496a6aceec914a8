import assert from 'node:assert/strict';
import { test } from 'node:test';
import { executeToolCall } from '../../src/agent/execute-tool-call.ts';
import { type ToolContext, tool } from '../../src/agent/tool.ts';
import { durableOf, toolDurableClient } from '../../src/agent/tool-durable-client.ts';
import { FakeOrchestrations } from './fake-orchestrations.ts';
import { errorOf, runContext, toolCall } from './support.ts';
import { agentWith } from './tool-agents.ts';

test('a call that is repeated finds what it started, in any state, and starts nothing more', async () => {
  const port = new FakeOrchestrations();
  const first = await toolDurableClient(port, 'key').startOrchestration('Publish', { input: { topic: 'tea' } });
  port.end(first, 'Completed');
  const again = await toolDurableClient(port, 'key').startOrchestration('Publish', { input: { topic: 'tea' } });
  assert.equal(again, first);
  assert.deepEqual(port.starts, [{ name: 'Publish', instanceId: first, input: { topic: 'tea' } }]);
});

test('two starts of one call are two instances, the same two when the call is repeated', async () => {
  const port = new FakeOrchestrations();
  const startBoth = async () => {
    const client = toolDurableClient(port, 'key');
    return Promise.all([
      client.startOrchestration('A'),
      client.startOrchestration('A'),
      client.startOrchestration('B'),
    ]);
  };
  const ids = await startBoth();
  assert.equal(new Set(ids).size, 3);
  assert.deepEqual(await startBoth(), ids);
  assert.equal(port.starts.length, 3);
  assert.notEqual(await toolDurableClient(port, 'other key').startOrchestration('A'), ids[0]);
});

test('an instance id of the tool’s own is used as it is', async () => {
  const port = new FakeOrchestrations();
  assert.equal(await toolDurableClient(port, 'key').startOrchestration('A', { instanceId: 'order-7' }), 'order-7');
});

test('inputs and events are sent in the form that results have', async () => {
  const port = new FakeOrchestrations();
  const client = toolDurableClient(port, 'key');
  const id = await client.startOrchestration('A', { input: { at: new Date(0), skip: undefined } });
  await client.raiseEvent(id, 'Approved', { by: new Map([['name', 'Ann']]) });
  assert.deepEqual(port.starts[0]?.input, { at: '1970-01-01T00:00:00.000Z' });
  assert.deepEqual(port.events, [{ instanceId: id, eventName: 'Approved', data: { by: { name: 'Ann' } } }]);
});

test('an unknown instance has no status, and raising an event for it is a tool error with the backend’s words', async () => {
  const port = new FakeOrchestrations();
  const notify = tool({
    name: 'notify',
    description: 'Notifies.',
    execute: async (_, context) => {
      assert.equal(await durableOf(context).getStatus('nope'), undefined);
      await durableOf(context).raiseEvent('nope', 'Go');
    },
  });
  const result = await executeToolCall(agentWith([notify]), toolCall('notify'), runContext({ durable: port }));
  assert.match(errorOf(result).message, /no instance "nope"/);
});

test('terminate gives a reason', async () => {
  const port = new FakeOrchestrations();
  const client = toolDurableClient(port, 'key');
  const id = await client.startOrchestration('A');
  await client.terminate(id);
  assert.equal((await client.getStatus(id))?.runtimeStatus, 'Terminated');
  assert.deepEqual(port.reasons, ['Terminated by a tool.']);
});

test('outside a durable host the client is absent, and asking for it says what to do', async () => {
  let seen: ToolContext | undefined;
  const start = tool({
    name: 'start',
    description: 'Starts.',
    execute: (_, context) => {
      seen = context;
      return durableOf(context).startOrchestration('A');
    },
  });
  const result = await executeToolCall(agentWith([start]), toolCall('start'), runContext());
  assert.equal(seen !== undefined && 'durable' in seen, false);
  assert.match(errorOf(result).message, /"helper" runs outside a durable host/);
  assert.throws(() => durableOf({ agentName: 'helper' }), { code: 'noDurableHost' });
});
