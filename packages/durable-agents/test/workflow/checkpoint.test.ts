import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent } from '../../src/agent/agent.ts';
import { messageText } from '../../src/agent/message.ts';
import { scriptedModel } from '../../src/testing.ts';
import { WorkflowBuilder } from '../../src/workflow/builder.ts';
import type { WorkflowCheckpoint } from '../../src/workflow/in-process.ts';
import { node, sink } from './support.ts';

function counting(rounds: number, version?: string) {
  const count = node('count', (message, ctx) => {
    ctx.setState('rounds', ((ctx.getState('rounds') as number) ?? 0) + 1);
    return (message as number) + 1;
  });
  const end = node('end', (message, ctx) => ctx.yieldOutput([message, ctx.getState('rounds')]));
  return new WorkflowBuilder({ name: 'w', start: count, version })
    .addSwitch(count, (on) => on.case((message) => (message as number) < rounds, count).default(end))
    .build();
}

async function checkpoints(workflow: ReturnType<typeof counting>): Promise<WorkflowCheckpoint[]> {
  const taken: WorkflowCheckpoint[] = [];
  await workflow.run(0, { onCheckpoint: (checkpoint) => taken.push(checkpoint) });
  return taken;
}

test('there is a checkpoint after each superstep, and from each the run comes to the same end', async () => {
  const workflow = counting(4);
  const taken = await checkpoints(workflow);
  assert.deepEqual(
    taken.map(({ state }) => state.superstep),
    [1, 2, 3, 4, 5],
  );
  for (const checkpoint of taken) {
    const text = JSON.stringify(checkpoint);
    const { outputs, supersteps } = await workflow.resume(JSON.parse(text));
    assert.deepEqual([outputs, supersteps], [[[4, 4]], 5]);
    // A checkpoint is not used up.
    assert.equal(JSON.stringify(checkpoint), text);
  }
});

test('a checkpoint of a changed definition is refused, and says what to do', async () => {
  const [checkpoint] = await checkpoints(counting(4));
  const changed = new WorkflowBuilder({ name: 'w', start: node('count') }).build();
  await assert.rejects(changed.resume(checkpoint!), (error) => {
    const { code, message, fix } = error as { code: string; message: string; fix: string };
    assert.equal(code, 'definitionChanged');
    assert.match(message, /"w" has changed since run/);
    assert.match(fix, /version/);
    return true;
  });
  await assert.rejects(counting(4, '2').resume(checkpoint!), { code: 'definitionChanged' });
  // What the functions do is not part of the definition.
  assert.equal((await counting(2).resume(checkpoint!)).status, 'completed');
});

test('a checkpoint of another workflow, of a later library, or of nothing is refused', async () => {
  const [checkpoint] = await checkpoints(counting(4));
  const workflow = counting(4);
  const other = new WorkflowBuilder({ name: 'other', start: sink('count') }).build();
  await assert.rejects(other.resume(checkpoint!), { code: 'otherWorkflow' });
  const later = { ...checkpoint!, state: { ...checkpoint!.state, schema: 2 } };
  await assert.rejects(workflow.resume(later), { code: 'checkpointVersion' });
  await assert.rejects(workflow.resume({ ...checkpoint!, schema: 2 as 1 }), { code: 'checkpointVersion' });
  await assert.rejects(workflow.resume({} as WorkflowCheckpoint), { code: 'checkpointVersion' });
});

test('what agents remember is in the checkpoint', async () => {
  const model = scriptedModel(['one', 'two', 'two again']);
  const agent = new Agent({ name: 'a', model });
  const ask = node('ask', () => 'and then?');
  const workflow = new WorkflowBuilder({ name: 'w', start: agent })
    .addEdge(agent, ask, { maxPasses: 1 })
    .addEdge(ask, agent)
    .build();
  const taken: WorkflowCheckpoint[] = [];
  await workflow.run('first', { onCheckpoint: (checkpoint) => taken.push(checkpoint) });
  await workflow.resume(taken[1]!);
  const heard = model.requests.map(({ messages }) => messages.map(messageText));
  assert.deepEqual(heard[2], ['first', 'one', 'and then?']);
  assert.deepEqual(heard[2], heard[1]);
});
