import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkflowBuilder } from '../../src/workflow/builder.ts';
import { executor } from '../../src/workflow/executor.ts';
import { failureOf, node, of, sink, warnings, watch } from './support.ts';

test('a fan-in runs once, however long its branches are, with all messages in the order of its sources', async () => {
  const start = node('start');
  const [fast, slow1, slow2, slow3] = [node('fast', () => 'f'), node('slow1'), node('slow2'), node('slow3', () => 's')];
  const workflow = new WorkflowBuilder({ name: 'w', start })
    .addFanOut(start, [fast, slow1])
    .addChain([slow1, slow2, slow3])
    .addFanIn([slow3, fast], sink('join'))
    .build();
  assert.deepEqual((await workflow.run('in')).outputs, [['join', ['s', 'f']]]);
});

test('a source that sends twice is in the list twice, and does not fill the place of another', async () => {
  const start = node('start');
  const twice = node('twice', (_, ctx) => {
    ctx.sendMessage(1);
    ctx.sendMessage(2);
  });
  const late = node('late');
  const once = node('once', () => 3);
  let sources: readonly string[] = [];
  const join = node('join', (message, ctx) => {
    sources = ctx.sources;
    ctx.yieldOutput(message);
  });
  const workflow = new WorkflowBuilder({ name: 'w', start })
    .addFanOut(start, [twice, late])
    .addEdge(late, once)
    .addFanIn([twice, once], join)
    .build();
  assert.deepEqual((await workflow.run('in')).outputs, [[1, 2, 3]]);
  assert.deepEqual(sources, ['twice', 'twice', 'once']);
});

test('in a loop the fan-in fires once a round, with the messages of that round', async () => {
  const gate = node('gate', (message) => (Array.isArray(message) ? (message[0] as number) + 1 : message));
  const workers = [node('left'), node('right')] as const;
  const rounds: unknown[] = [];
  const join = node('join', (message) => {
    rounds.push(message);
    return message;
  });
  const workflow = new WorkflowBuilder({ name: 'w', start: gate })
    .addFanOut(gate, workers, { select: (message, ids) => ((message as number) <= 3 ? ids : []) })
    .addEdge(gate, sink('exit'), { when: (message) => (message as number) > 3 })
    .addFanIn(workers, join)
    .addEdge(join, gate)
    .build();
  assert.deepEqual((await workflow.run(1)).outputs, [['exit', 4]]);
  assert.deepEqual(rounds, [
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
});

function unfillable(options: { unfilledJoin?: 'complete' } = {}, withOutput = false) {
  const start = node('start');
  const [a, b] = [node('a'), node('b')];
  const builder = new WorkflowBuilder({ name: 'w', start, ...options })
    .addEdge(start, a)
    .addEdge(start, b, { when: () => false })
    .addFanIn([a, b], sink('join'));
  if (withOutput) builder.addEdge(start, sink('other'));
  return builder.build();
}

test('a run without output whose fan-in never fills fails, and names who waits for whom', async () => {
  const error = await failureOf(unfillable().run('in'));
  assert.equal(error.code, 'joinNeverFilled');
  assert.match(error.message, /"join" waits for "b"/);
});

test('with an output, or if the workflow says so, it completes with a warning that names them', async () => {
  for (const workflow of [unfillable({}, true), unfillable({ unfilledJoin: 'complete' })]) {
    const { result, events } = await watch(workflow);
    assert.equal(result.status, 'completed');
    assert.deepEqual(warnings(events), ['joinNeverFilled']);
    assert.match(of(events, 'warning')[0]?.message ?? '', /"join" waits for "b"/);
  }
});

function branches(onFailure: 'fail' | 'continue', depth: 1 | 2) {
  const start = node('start');
  const good = (id: string) => node(id, () => id);
  let attempts = 0;
  const bad = executor({ id: 'bad', onFailure, retry: { maxAttempts: 2, delayMs: 0 } }, () => {
    attempts++;
    throw new Error('broken');
  });
  const after = node('after');
  const join = node('join', (message, ctx) => ctx.yieldOutput({ message, failures: ctx.failures }));
  const [one, three] = [good('one'), good('three')];
  const graph = new WorkflowBuilder({ name: 'w', start }).addFanOut(start, [one, bad, three]);
  if (depth === 2) graph.addEdge(bad, after);
  return { workflow: graph.addFanIn([one, depth === 2 ? after : bad, three], join).build(), attempts: () => attempts };
}

test('by default a branch that fails after its retries fails the run with its error; the others have ended', async () => {
  const { workflow, attempts } = branches('fail', 1);
  const { result, events } = await watch(workflow);
  assert.equal(result.status, 'failed');
  assert.equal(attempts(), 2);
  assert.equal(result.failure?.executorId, 'bad');
  assert.equal(result.failure?.attempts, 2);
  assert.match(result.failure?.message ?? '', /"bad" failed in superstep 2 after 2 attempts: Error: broken/);
  const completed = of(events, 'executorCompleted').map(({ executorId }) => executorId);
  assert.deepEqual(completed, ['start', 'one', 'three']);
});

test('with "continue" the fan-in gets what there is and the failure, also if the branch goes on behind it', async () => {
  for (const depth of [1, 2] as const) {
    const { outputs } = await branches('continue', depth).workflow.run('in');
    const failure = { executorId: 'bad', superstep: 2, code: 'executorFailed', message: 'Error: broken', attempts: 2 };
    assert.deepEqual(outputs, [{ message: ['one', 'three'], failures: [failure] }]);
  }
});
