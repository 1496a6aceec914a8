import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkflowBuilder } from '../../src/workflow/builder.ts';
import type { WorkflowCheckpoint } from '../../src/workflow/in-process.ts';
import { RequestPort } from '../../src/workflow/request-port.ts';
import { subWorkflow } from '../../src/workflow/sub-workflow.ts';
import { failureOf, node, of, sink, warnings, watch } from './support.ts';

const start = node('start');

function doubling(name = 'inner') {
  const twice = node('twice', (message, ctx) => {
    ctx.emit('progress', message);
    ctx.yieldOutput((message as number) * 2);
    ctx.yieldOutput((message as number) * 2 + 1);
  });
  return new WorkflowBuilder({ name, start: twice }).build();
}

test('a workflow is an executor: each of its outputs is a message of its node', async () => {
  const inner = doubling();
  const workflow = new WorkflowBuilder({ name: 'w', start }).addEdge(start, inner).addEdge(inner, sink('end')).build();
  assert.deepEqual((await workflow.run(3)).outputs, [
    ['end', 6],
    ['end', 7],
  ]);
});

test('with direct output, or where no edge leads on, they are outputs of the outer workflow', async () => {
  const inner = doubling();
  const direct = subWorkflow(inner, { id: 'node', directOutput: true });
  const one = new WorkflowBuilder({ name: 'w', start }).addEdge(start, direct).addEdge(direct, sink('end')).build();
  assert.deepEqual((await one.run(3)).outputs, [6, 7]);
  const two = new WorkflowBuilder({ name: 'w', start }).addEdge(start, inner).build();
  assert.deepEqual((await two.run(3)).outputs, [6, 7]);
});

test('several messages in one superstep are several children, numbered over the run', async () => {
  const runIds: string[] = [];
  const work = node('work', (message, ctx) => {
    runIds.push(ctx.runId);
    return message;
  });
  const inner = new WorkflowBuilder({ name: 'inner', start: work }).build();
  const first = node('first', (_, ctx) => {
    ctx.sendMessage(1);
    ctx.sendMessage(2);
  });
  const workflow = new WorkflowBuilder({ name: 'w', start: first })
    .addEdge(first, inner)
    .addEdge(inner, inner, { when: (message) => message === 2, maxPasses: 1 })
    .build();
  await workflow.run('in', { runId: 'r' });
  assert.deepEqual(runIds.sort(), ['r::inner::0', 'r::inner::1', 'r::inner::2']);
});

test('shared state is not shared with a child', async () => {
  const write = node('write', (message, ctx) => {
    ctx.setState('key', 1);
    return message;
  });
  const read = node('read', (_, ctx) => ctx.getState('key') ?? null);
  const inner = new WorkflowBuilder({ name: 'inner', start: read }).build();
  const workflow = new WorkflowBuilder({ name: 'w', start: write }).addEdge(write, inner).build();
  assert.deepEqual((await workflow.run('in')).outputs, [null]);
});

test('a child that fails fails its node; the cause is that of the child', async () => {
  const bad = node('bad', () => {
    throw new RangeError('too deep');
  });
  const inner = new WorkflowBuilder({ name: 'inner', start: bad }).build();
  const workflow = new WorkflowBuilder({ name: 'w', start }).addEdge(start, inner).build();
  const { failure } = await failureOf(workflow.run('in'));
  assert.equal(failure.executorId, 'inner');
  assert.match(failure.message, /"inner" failed in superstep 2: Executor "bad" failed in superstep 1: RangeError/);
  assert.equal(failure.cause?.name, 'RangeError');
  const goOn = new WorkflowBuilder({ name: 'w', start })
    .addEdge(start, subWorkflow(inner, { onFailure: 'continue' }))
    .build();
  const { result, events } = await watch(goOn);
  assert.equal(result.status, 'completed');
  assert.deepEqual(warnings(events), ['branchFailed']);
});

test('events of a child come with the id of its node before theirs; its outputs are not outputs of the run', async () => {
  const inner = doubling();
  const workflow = new WorkflowBuilder({ name: 'w', start }).addEdge(start, inner).addEdge(inner, sink('end')).build();
  const { events } = await watch(workflow, 3);
  assert.deepEqual(
    of(events, 'custom').map(({ executorId }) => executorId),
    ['inner~0~twice'],
  );
  assert.deepEqual(
    of(events, 'output').map(({ executorId }) => executorId),
    ['end', 'end'],
  );
  assert.equal(of(events, 'started').length, 1);
});

function nested() {
  const port = RequestPort.create({ id: 'review' });
  const gate = new WorkflowBuilder({ name: 'gate', start: port }).build();
  const before = node('before');
  const middle = new WorkflowBuilder({ name: 'middle', start: before }).addEdge(before, gate).build();
  const workflow = new WorkflowBuilder({ name: 'w', start })
    .addFanOut(start, [middle, node('other', () => 'other')])
    .addEdge(middle, sink('end'))
    .build();
  return workflow;
}

test('a request two levels down has a qualified id, holds nothing else up, and is answered through the outer run', async () => {
  const workflow = nested();
  const { status, outputs, pendingRequests, checkpoint } = await workflow.run('text', { runId: 'r' });
  assert.equal(status, 'waiting');
  assert.deepEqual(outputs, ['other']);
  assert.equal(pendingRequests.length, 1);
  const [{ requestId, executorId, portId, data }] = pendingRequests as [(typeof pendingRequests)[0]];
  assert.match(requestId, /^middle~0~gate~0~[0-9a-f-]{36}$/);
  assert.deepEqual([executorId, portId, data], ['middle~0~gate~0~review', 'review', 'text']);
  const stored = JSON.parse(JSON.stringify(checkpoint)) as WorkflowCheckpoint;
  const done = await workflow.resume(stored, { responses: { [requestId]: 'fine' } });
  assert.deepEqual(done.outputs, ['other', ['end', 'fine']]);
  assert.deepEqual((await workflow.run('text', { respond: () => 'fine' })).outputs, ['other', ['end', 'fine']]);
});

test('of two children that wait, each gets its own answer', async () => {
  const port = RequestPort.create({ id: 'ask' });
  const inner = new WorkflowBuilder({ name: 'inner', start: port }).build();
  const split = node('split', (_, ctx) => {
    ctx.sendMessage('a');
    ctx.sendMessage('b');
  });
  const workflow = new WorkflowBuilder({ name: 'w', start: split }).addEdge(split, inner).build();
  let result = await workflow.run('in');
  assert.deepEqual(
    result.pendingRequests.map(({ data }) => data),
    ['a', 'b'],
  );
  const second = result.pendingRequests[1]!.requestId;
  result = await workflow.resume(result.checkpoint!, { responses: { [second]: 'for b' } });
  assert.deepEqual(result.outputs, ['for b']);
  assert.deepEqual(
    result.pendingRequests.map(({ data }) => data),
    ['a'],
  );
  await assert.rejects(workflow.resume(result.checkpoint!, { responses: { [second]: 'again' } }), {
    code: 'unknownRequest',
  });
});
