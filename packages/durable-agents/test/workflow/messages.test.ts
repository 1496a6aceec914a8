import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { JsonValue } from '../../src/json.ts';
import { WorkflowBuilder } from '../../src/workflow/builder.ts';
import { Executor, executor } from '../../src/workflow/executor.ts';
import type { ExecutorContext } from '../../src/workflow/executor-context.ts';
import { handler } from '../../src/workflow/handlers.ts';
import { messageType } from '../../src/workflow/message-type.ts';
import { toPlainJson } from '../../src/workflow/plain-json.ts';
import { failureOf, node, watch } from './support.ts';

const order = messageType({ name: 'Order', schema: z.object({ id: z.string() }) });
const note = messageType({ name: 'Note', schema: z.object({ id: z.string() }) });

class Clerk extends Executor {
  readonly seen: unknown[] = [];
  override readonly handlers = [
    handler(order, ({ id }) => this.#take('order', id)),
    handler(note, ({ id }) => this.#take('note', id)),
    handler(z.number(), (n) => this.#take('number', n)),
    handler(z.string(), (text) => this.#take('text', text)),
  ];
  #take(kind: string, value: unknown): void {
    this.seen.push([kind, value]);
  }
}

async function sentTo(clerk: Clerk, send: (ctx: ExecutorContext) => void): Promise<unknown[]> {
  const start = node('start', (_, ctx) => send(ctx));
  await new WorkflowBuilder({ name: 'w', start }).addEdge(start, clerk).build().run('in');
  return clerk.seen;
}

test('the type of a message chooses the handler of a class; without one the first that fits takes it', async () => {
  const seen = await sentTo(new Clerk({ id: 'clerk' }), (ctx) => {
    ctx.sendMessage({ id: '1' }, { type: note });
    ctx.sendMessage({ id: '2' }, { type: order });
    ctx.sendMessage({ id: '3' });
    ctx.sendMessage(4);
    ctx.sendMessage('five');
  });
  assert.deepEqual(seen, [
    ['note', '1'],
    ['order', '2'],
    ['order', '3'],
    ['number', 4],
    ['text', 'five'],
  ]);
});

test('a message of a type that its handler refuses is not given to another handler of types', async () => {
  const clerk = new Clerk({ id: 'clerk' });
  const start = node('start', (_, ctx) => ctx.sendMessage({ no: 'id' }, { type: note }));
  const error = await failureOf(new WorkflowBuilder({ name: 'w', start }).addEdge(start, clerk).build().run('in'));
  assert.equal(error.code, 'messageNotAccepted');
  assert.match(error.message, /its type is "Note"/);
  assert.deepEqual(clerk.seen, []);
});

test('an executor whose output is a message type sends messages of that type, which conditions see', async () => {
  const start = executor({ id: 'start', output: order }, () => ({ id: '1' }));
  const types: unknown[] = [];
  const clerk = new Clerk({ id: 'clerk' });
  await new WorkflowBuilder({ name: 'w', start })
    .addEdge(start, clerk, {
      when: (_, { type, source }) => {
        types.push([type, source]);
        return true;
      },
    })
    .build()
    .run('in');
  assert.deepEqual(clerk.seen, [['order', '1']]);
  assert.deepEqual(types, [['Order', 'start']]);
});

test('a codec carries what is no JSON', async () => {
  const due = messageType<Date>({
    name: 'Due',
    codec: { encode: (date) => date.toISOString(), decode: (json: JsonValue) => new Date(json as string) },
  });
  const start = executor({ id: 'start', output: due }, () => new Date('2026-01-02T03:04:05Z'));
  const end = executor({ id: 'end', input: due }, (date, ctx) => {
    assert.ok(date instanceof Date);
    ctx.yieldOutput(date.getUTCHours());
  });
  const workflow = new WorkflowBuilder({ name: 'w', start }).addEdge(start, end).build();
  assert.deepEqual((await workflow.run('in')).outputs, [3]);
});

test('the schema of the input decides what the handler gets: defaults are filled in', async () => {
  const start = executor({ id: 'start', input: z.object({ n: z.number().default(7) }) }, ({ n }, ctx) =>
    ctx.yieldOutput(n),
  );
  assert.deepEqual((await new WorkflowBuilder({ name: 'w', start }).build().run({})).outputs, [7]);
});

test('what is no JSON is refused with its path', () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  class Money {}
  const cases: [unknown, RegExp][] = [
    [{ a: [{ b: new Map() }] }, /^message\.a\[0\]\.b is an instance of Map/],
    [{ a: new Date() }, /^message\.a is an instance of Date/],
    [[1, 2n], /^message\[1\] is a bigint/],
    [{ f: () => 1 }, /^message\.f is a function/],
    [new Money(), /^message is an instance of Money/],
    [{ n: Number.NaN }, /^message\.n is NaN/],
    [circular, /^message\.self is circular/],
    [undefined, /^message is undefined/],
    [JSON.parse('{"__proto__":1}'), /__proto__/],
  ];
  for (const [value, expected] of cases) {
    assert.throws(
      () => toPlainJson(value, 'message'),
      (error) => expected.test((error as Error).message),
    );
  }
});

test('what is JSON comes back equal, apart from undefined and -0', () => {
  const value = { a: [1, 'x', null, { b: false }], c: undefined };
  assert.deepEqual(toPlainJson(value, 'message'), { a: [1, 'x', null, { b: false }] });
  assert.ok(Object.is(toPlainJson(-0, 'message'), 0));
  assert.deepEqual(toPlainJson([undefined, 1], 'message'), [null, 1]);
  const shared = { x: 1 };
  assert.deepEqual(toPlainJson([shared, shared], 'message'), [{ x: 1 }, { x: 1 }]);
});

test('what a handler does to its message does not reach others', async () => {
  const start = node('start', () => ({ list: [1] }));
  const change = (id: string) =>
    node(id, (message, ctx) => {
      const { list } = message as { list: number[] };
      list.push(2);
      ctx.yieldOutput(list);
    });
  const workflow = new WorkflowBuilder({ name: 'w', start }).addFanOut(start, [change('a'), change('b')]).build();
  assert.deepEqual((await workflow.run('in')).outputs, [
    [1, 2],
    [1, 2],
  ]);
});

test('custom events and the order of the others are the story of the run', async () => {
  const start = node('start', (message, ctx) => {
    ctx.emit('progress', { done: 1 });
    return message;
  });
  const { events } = await watch(new WorkflowBuilder({ name: 'w', start }).build(), 'in', { runId: 'r' });
  assert.deepEqual(events, [
    { superstep: 0, type: 'started', workflow: 'w', runId: 'r' },
    { superstep: 0, type: 'status', status: 'started' },
    { superstep: 1, type: 'status', status: 'inProgress' },
    { superstep: 1, type: 'superstepStarted', executorIds: ['start'] },
    { superstep: 1, type: 'executorInvoked', executorId: 'start', sources: [] },
    { superstep: 1, type: 'executorCompleted', executorId: 'start' },
    { superstep: 1, type: 'custom', executorId: 'start', name: 'progress', data: { done: 1 } },
    { superstep: 1, type: 'output', executorId: 'start', data: 'in' },
    { superstep: 1, type: 'superstepCompleted' },
    { superstep: 1, type: 'completed', outputs: 1 },
    { superstep: 1, type: 'status', status: 'idle' },
  ]);
});
