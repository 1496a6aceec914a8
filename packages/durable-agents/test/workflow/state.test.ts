import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkflowBuilder } from '../../src/workflow/builder.ts';
import type { ExecutorContext } from '../../src/workflow/executor-context.ts';
import { failureOf, node, of, warnings, watch } from './support.ts';

test('what an executor writes it sees at once, and others in the next superstep', async () => {
  const seen: Record<string, unknown> = {};
  const start = node('start');
  const writer = node('writer', (message, ctx) => {
    ctx.setState('key', 'new');
    seen.writer = ctx.getState('key');
    return message;
  });
  const beside = node('beside', (_, ctx) => {
    seen.beside = ctx.getState('key') ?? null;
  });
  const after = node('after', (_, ctx) => {
    seen.after = ctx.getState('key');
  });
  await new WorkflowBuilder({ name: 'w', start })
    .addFanOut(start, [writer, beside])
    .addEdge(writer, after)
    .build()
    .run('in');
  assert.deepEqual(seen, { writer: 'new', beside: null, after: 'new' });
});

test('of two that write one key in one superstep the last in graph order stands, with a warning', async () => {
  const start = node('start');
  const write = (id: string, wait: number) =>
    node(id, async (message, ctx) => {
      for (let turn = 0; turn < wait; turn++) await new Promise((resolve) => setImmediate(resolve));
      ctx.setState('key', id);
      return message;
    });
  // The first in the graph is the last to end.
  const [a, b] = [write('a', 5), write('b', 0)];
  const end = node('end', (_, ctx) => ctx.yieldOutput(ctx.getState('key')));
  const workflow = new WorkflowBuilder({ name: 'w', start }).addFanOut(start, [a, b]).addFanIn([a, b], end).build();
  const { result, events } = await watch(workflow);
  assert.deepEqual(result.outputs, ['b']);
  assert.deepEqual(warnings(events), ['stateConflict']);
  assert.match(of(events, 'warning')[0]?.message ?? '', /"a" and "b" changed "key"/);
});

test('messages that one executor handles in one superstep see what it wrote for the earlier ones', async () => {
  const start = node('start', (_, ctx) => {
    for (let n = 1; n <= 3; n++) ctx.sendMessage(n);
  });
  const sum = node('sum', (message, ctx) => {
    ctx.setState('sum', ((ctx.getState('sum') as number) ?? 0) + (message as number));
    ctx.yieldOutput(ctx.getState('sum'));
  });
  const { result, events } = await watch(new WorkflowBuilder({ name: 'w', start }).addEdge(start, sum).build());
  assert.deepEqual(result.outputs, [1, 3, 6]);
  assert.deepEqual(warnings(events), []);
});

/** Two executors in sequence; gives what the second gives. */
async function inSequence(first: (ctx: ExecutorContext) => unknown, second: (ctx: ExecutorContext) => unknown) {
  const a = node('a', (_, ctx) => {
    first(ctx);
    return 'on';
  });
  const b = node('b', (_, ctx) => ctx.yieldOutput(second(ctx)));
  return (await new WorkflowBuilder({ name: 'w', start: a }).addEdge(a, b).build().run('in')).outputs[0];
}

test('scopes keep keys apart; they can be listed and cleared', async () => {
  const write = (ctx: ExecutorContext) => {
    ctx.setState('key', 1);
    ctx.setState('key', 2, 'shipping');
    ctx.setState('other', 3, 'shipping');
  };
  const read = (ctx: ExecutorContext) => [
    ctx.getState('key'),
    ctx.getState('key', 'shipping'),
    ctx.stateKeys('shipping'),
  ];
  assert.deepEqual(await inSequence(write, read), [1, 2, ['key', 'other']]);
  const cleared = (ctx: ExecutorContext) => {
    write(ctx);
    ctx.clearState('shipping');
    ctx.setState('later', 4, 'shipping');
    ctx.deleteState('key');
  };
  const keys = (ctx: ExecutorContext) => [ctx.stateKeys(), ctx.stateKeys('shipping')];
  assert.deepEqual(await inSequence(cleared, keys), [[], ['later']]);
});

test('a value is made on the first read, and a null that is there counts as a value', async () => {
  const first = (ctx: ExecutorContext) => {
    ctx.initState('made', () => 'first');
    ctx.setState('nothing', null);
  };
  const second = (ctx: ExecutorContext) => [ctx.initState('made', () => 'second'), ctx.initState('nothing', () => 1)];
  assert.deepEqual(await inSequence(first, second), ['first', null]);
});

test('changing what was read, or what was written, does not change the state', async () => {
  const list: number[] = [1];
  const first = (ctx: ExecutorContext) => {
    ctx.setState('list', list);
    list.push(2);
    ctx.getState<number[]>('list')?.push(3);
  };
  assert.deepEqual(await inSequence(first, (ctx) => ctx.getState('list')), [1]);
});

test('reserved names are refused, names of object members are ordinary keys', async () => {
  const reserved = node('a', (_, ctx) => ctx.setState('_mine', 1));
  const error = await failureOf(new WorkflowBuilder({ name: 'w', start: reserved }).build().run('in'));
  assert.equal(error.code, 'reservedStateKey');
  const read = (ctx: ExecutorContext) => [ctx.getState('constructor') ?? null, ctx.getState('x', 'toString') ?? null];
  assert.deepEqual(await inSequence(() => {}, read), [null, null]);
});

test('an executor that fails leaves no change behind', async () => {
  const start = node('start');
  const bad = node('bad', (_, ctx) => {
    ctx.setState('key', 1);
    ctx.yieldOutput('lost');
    throw new Error('broken');
  });
  const after = node('after', (_, ctx) => ctx.yieldOutput(ctx.getState('key') ?? null));
  const beside = node('beside');
  const workflow = new WorkflowBuilder({ name: 'w', start, onFailure: 'continue' })
    .addFanOut(start, [bad, beside])
    .addEdge(beside, after)
    .build();
  assert.deepEqual((await workflow.run('in')).outputs, [null]);
});
