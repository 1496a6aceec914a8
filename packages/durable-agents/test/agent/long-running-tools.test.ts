import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.ts';
import { textMessage } from '../../src/agent/message.ts';
import { runInline } from '../../src/agent/run-inline.ts';
import { tool } from '../../src/agent/tool.ts';
import { durableOf } from '../../src/agent/tool-durable-client.ts';
import { scriptedModel } from '../../src/testing.ts';
import { FakeOrchestrations } from './fake-orchestrations.ts';
import { runContext } from './support.ts';

const instance = z.object({ instanceId: z.string() });

const publisherTools = [
  tool({
    name: 'start_content_workflow',
    description: 'Starts to write and publish an article.',
    parameters: z.object({ topic: z.string() }),
    execute: async ({ topic }, context) => ({
      instanceId: await durableOf(context).startOrchestration('ContentWorkflow', { input: { topic } }),
    }),
  }),
  tool({
    name: 'get_workflow_status',
    description: 'Tells how far an article is.',
    parameters: instance,
    readOnly: true,
    execute: async ({ instanceId }, context) => (await durableOf(context).getStatus(instanceId)) ?? 'not found',
  }),
  tool({
    name: 'submit_human_approval',
    description: 'Hands in what the user decided.',
    parameters: instance.extend({ approved: z.boolean(), feedback: z.string().optional() }),
    execute: ({ instanceId, approved, feedback }, context) =>
      durableOf(context).raiseEvent(instanceId, 'HumanApproval', { approved, feedback }),
  }),
];

test('a conversation starts an orchestration, approves in it, and asks for its status', async () => {
  const port = new FakeOrchestrations();
  const started = () => port.starts[0]?.instanceId ?? '';
  const model = scriptedModel([
    { toolCalls: [{ name: 'start_content_workflow', arguments: { topic: 'tea' } }] },
    'I have begun.',
    () => ({
      toolCalls: [{ name: 'submit_human_approval', arguments: { instanceId: started(), approved: true } }],
    }),
    'Approved.',
    () => ({ toolCalls: [{ name: 'get_workflow_status', arguments: { instanceId: started() } }] }),
    ({ messages }) => JSON.stringify(messages.at(-1)?.contents[0]),
  ]);
  const publisher = new Agent({ name: 'publisher', model, tools: publisherTools });
  const say = async (text: string, correlationId: string) => {
    const outcome = await runInline(
      publisher,
      [textMessage('user', text)],
      runContext({ durable: port, correlationId }),
    );
    assert.equal(outcome.status, 'completed');
    return outcome.response.text;
  };

  assert.equal(await say('Write about tea.', 'c1'), 'I have begun.');
  assert.equal(await say('I like it.', 'c2'), 'Approved.');
  port.end(started(), 'Completed', { output: 'Published: tea' });
  const answer = await say('How far is it?', 'c3');
  assert.match(answer, /Completed/);
  assert.match(answer, /tea/);
  assert.deepEqual(port.events, [{ instanceId: started(), eventName: 'HumanApproval', data: { approved: true } }]);
});

test('a turn that is repeated after a crash does not start a second orchestration', async () => {
  const port = new FakeOrchestrations();
  for (const id of ['call_first', 'call_second']) {
    const model = scriptedModel([
      { toolCalls: [{ name: 'start_content_workflow', arguments: { topic: 'tea' }, id }] },
      'I have begun.',
    ]);
    const publisher = new Agent({ name: 'publisher', model, tools: publisherTools });
    await runInline(publisher, [textMessage('user', 'Write about tea.')], runContext({ durable: port }));
  }
  assert.equal(port.starts.length, 1);
});
