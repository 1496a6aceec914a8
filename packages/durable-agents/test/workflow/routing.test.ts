import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkflowBuilder } from '../../src/workflow/builder.ts';
import { failureOf, node, of, sink, warnings, watch } from './support.ts';

const number = (message: unknown) => message as number;

test('a chain hands on what each executor returns, and what the last returns is the output', async () => {
  const add = (id: string) => node(id, (message) => `${message}>${id}`);
  const nodes = [add('a'), add('b'), add('c')];
  const workflow = new WorkflowBuilder({ name: 'w', start: nodes[0]! }).addChain(nodes).build();
  const { outputs, supersteps } = await workflow.run('in');
  assert.deepEqual(outputs, ['in>a>b>c']);
  assert.equal(supersteps, 3);
});

test('conditions are independent: none, one or both edges take a message', async () => {
  const start = node('start');
  const workflow = new WorkflowBuilder({ name: 'w', start })
    .addEdge(start, sink('big'), { when: (message) => number(message) > 10 })
    .addEdge(start, sink('even'), { when: (message) => number(message) % 2 === 0 })
    .build();
  assert.deepEqual((await workflow.run(12)).outputs, [
    ['big', 12],
    ['even', 12],
  ]);
  assert.deepEqual((await workflow.run(2)).outputs, [['even', 2]]);
  const { result, events } = await watch(workflow, 1);
  assert.deepEqual([result.status, result.outputs], ['completed', []]);
  assert.deepEqual(warnings(events), ['messageDropped']);
});

test('a condition that throws counts as not met, with a warning', async () => {
  const start = node('start');
  const workflow = new WorkflowBuilder({ name: 'w', start })
    .addEdge(start, sink('a'), {
      when: () => {
        throw new TypeError('broken');
      },
    })
    .addEdge(start, sink('b'))
    .build();
  const { result, events } = await watch(workflow);
  assert.deepEqual(result.outputs, [['b', 'in']]);
  assert.deepEqual(warnings(events), ['conditionFailed']);
  assert.match(of(events, 'warning')[0]?.message ?? '', /from "start" to "a".*TypeError: broken/);
});

test('a condition that gives a promise fails the run', async () => {
  const start = node('start');
  const when = (() => Promise.resolve(true)) as unknown as () => boolean;
  const workflow = new WorkflowBuilder({ name: 'w', start }).addEdge(start, sink('a'), { when }).build();
  assert.equal((await failureOf(workflow.run('in'))).code, 'asyncCondition');
});

test('a switch takes the first case that is met, a case that throws counts as not met, else the default', async () => {
  const start = node('start');
  const workflow = new WorkflowBuilder({ name: 'w', start })
    .addSwitch(start, (on) =>
      on
        .case((message) => {
          if (message === 'broken') throw new Error('no');
          return message === 'one';
        }, sink('one'))
        .case((message) => message !== 'three', sink('two'))
        .default(sink('rest')),
    )
    .build();
  assert.deepEqual((await workflow.run('one')).outputs, [['one', 'one']]);
  assert.deepEqual((await workflow.run('broken')).outputs, [['two', 'broken']]);
  assert.deepEqual((await workflow.run('three')).outputs, [['rest', 'three']]);
});

test('a fan-out gives a message to all targets, with a selector to some, in the order of the targets', async () => {
  const start = node('start');
  const build = (select?: () => string[]) =>
    new WorkflowBuilder({ name: 'w', start })
      .addFanOut(start, [sink('a'), sink('b'), sink('c')], select ? { select } : {})
      .build();
  const ids = async (select?: () => string[]) =>
    (await build(select).run('in')).outputs.map((output) => (output as string[])[0]);
  assert.deepEqual(await ids(), ['a', 'b', 'c']);
  assert.deepEqual(await ids(() => ['c', 'a', 'c']), ['a', 'c']);
  assert.deepEqual(await ids(() => []), []);
});

test('a selector that names an executor outside of its targets, or throws, fails the run', async () => {
  const start = node('start');
  const build = (select: () => string[]) =>
    new WorkflowBuilder({ name: 'w', start }).addFanOut(start, [sink('a'), sink('b')], { select }).build();
  const unknown = await failureOf(build(() => ['a', 'start']).run('in'));
  assert.equal(unknown.code, 'selectorFailed');
  assert.equal(unknown.failure.executorId, 'start');
  assert.match(unknown.message, /"start", which is not one of its targets/);
  const thrown = await failureOf(
    build(() => {
      throw new Error('no idea');
    }).run('in'),
  );
  assert.match(thrown.message, /no idea/);
});

test('a message with a target goes there only, and its edge must take it', async () => {
  const start = node('start', (message, ctx) => {
    ctx.sendMessage(message, { to: message as string });
  });
  const workflow = new WorkflowBuilder({ name: 'w', start })
    .addFanOut(start, [sink('a'), sink('b')])
    .addEdge(start, sink('c'), { when: () => false })
    .build();
  assert.deepEqual((await workflow.run('b')).outputs, [['b', 'b']]);
  assert.deepEqual((await workflow.run('c')).outputs, []);
  const error = await failureOf(workflow.run('d'));
  assert.equal(error.code, 'targetNotConnected');
  assert.match(error.message, /"start" sent to "d"/);
});

test('a loop runs until its condition ends it', async () => {
  const count = node('count', (message) => number(message) + 1);
  const workflow = new WorkflowBuilder({ name: 'w', start: count })
    .addEdge(count, count, { when: (message) => number(message) < 5 })
    .addEdge(count, sink('end'), { when: (message) => number(message) >= 5 })
    .build();
  const { outputs, supersteps } = await workflow.run(0);
  assert.deepEqual(outputs, [['end', 5]]);
  assert.equal(supersteps, 6);
});

test('an edge with a bound carries that many messages in a run; a bounded case then leaves them to the next', async () => {
  const start = node('start', (message) => number(message) + 1);
  const workflow = new WorkflowBuilder({ name: 'w', start })
    .addSwitch(start, (on) => on.case(() => true, start, { maxPasses: 3 }).default(sink('end')))
    .build();
  assert.deepEqual((await workflow.run(0)).outputs, [['end', 4]]);
  const { result, events } = await watch(
    new WorkflowBuilder({ name: 'w', start }).addEdge(start, start, { maxPasses: 2 }).build(),
    0,
  );
  assert.equal(result.supersteps, 3);
  assert.deepEqual(warnings(events), ['edgeExhausted', 'messageDropped']);
});

test('work left after the last superstep fails the run and names the limit and who has messages', async () => {
  const ping = node('ping');
  const pong = node('pong');
  const workflow = new WorkflowBuilder({ name: 'w', start: ping, maxSupersteps: 7 })
    .addEdge(ping, pong)
    .addEdge(pong, ping)
    .build();
  const error = await failureOf(workflow.run('in'));
  assert.equal(error.code, 'superstepLimit');
  assert.match(error.message, /did not converge after 7 supersteps.*"pong"/);
  // As many supersteps as are allowed are no failure.
  const chain = new WorkflowBuilder({ name: 'c', start: ping, maxSupersteps: 2 }).addEdge(ping, pong).build();
  assert.equal((await chain.run('in')).status, 'completed');
});

test('several messages to one executor are handled one after the other, by source, then as they were sent', async () => {
  const start = node('start');
  let running = 0;
  const seen: unknown[] = [];
  const end = node('end', async (message) => {
    assert.equal(++running, 1);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    seen.push(message);
  });
  const send = (id: string) =>
    node(id, (_, ctx) => {
      ctx.sendMessage(`${id}1`);
      ctx.sendMessage(`${id}2`);
      return `${id}3`;
    });
  const [b, c] = [send('b'), send('c')];
  // c is named first in its edge to the end, b first in the graph: the graph decides.
  const workflow = new WorkflowBuilder({ name: 'w', start })
    .addFanOut(start, [b, c])
    .addEdge(c, end)
    .addEdge(b, end)
    .build();
  await workflow.run('in');
  assert.deepEqual(seen, ['b1', 'b2', 'b3', 'c1', 'c2', 'c3']);
});

test('executors of one superstep run at the same time', async () => {
  const start = node('start');
  let waiting = 0;
  let release = () => {};
  const both = new Promise<void>((resolve) => {
    release = resolve;
  });
  const meet = (id: string) =>
    node(id, async () => {
      if (++waiting === 2) release();
      await both;
      return id;
    });
  const workflow = new WorkflowBuilder({ name: 'w', start }).addFanOut(start, [meet('a'), meet('b')]).build();
  assert.deepEqual((await workflow.run('in')).outputs, ['a', 'b']);
});

test('null is a message, and what is returned besides sent messages is one more', async () => {
  const start = node('start', (_, ctx) => {
    ctx.sendMessage(1);
    return null;
  });
  const workflow = new WorkflowBuilder({ name: 'w', start }).addEdge(start, sink('end')).build();
  assert.deepEqual((await workflow.run('in')).outputs, [
    ['end', 1],
    ['end', null],
  ]);
});

test('outputs are those of the designated executors; others are intermediate events, or hidden', async () => {
  const make = (id: string) =>
    node(id, (message, ctx) => {
      ctx.yieldOutput(id);
      return message;
    });
  const [a, b, c] = [make('a'), make('b'), sink('c')];
  const build = (options: { outputFrom?: string[]; intermediateOutputFrom?: string[] }) =>
    new WorkflowBuilder({ name: 'w', start: a, ...options }).addChain([a, b, c]).build();
  const all = await watch(build({}));
  assert.deepEqual(all.result.outputs, ['a', 'b', ['c', 'in']]);
  const some = await watch(build({ outputFrom: ['b'], intermediateOutputFrom: ['a'] }));
  assert.deepEqual(some.result.outputs, ['b']);
  assert.deepEqual(
    of(some.events, 'intermediate').map(({ data }) => data),
    ['a'],
  );
  const others = await watch(build({ intermediateOutputFrom: ['a', 'c'] }));
  assert.deepEqual(others.result.outputs, ['b']);
});

test('halt ends the run after its superstep, with the outputs so far', async () => {
  const start = node('start');
  const stop = node('stop', (_, ctx) => {
    ctx.halt('enough');
    return 'on';
  });
  const beside = node('beside', (_, ctx) => ctx.yieldOutput('beside'));
  const workflow = new WorkflowBuilder({ name: 'w', start })
    .addFanOut(start, [stop, beside])
    .addEdge(stop, sink('after'))
    .build();
  const { status, outputs, haltReason } = await workflow.run('in');
  assert.deepEqual({ status, outputs, haltReason }, { status: 'completed', outputs: ['beside'], haltReason: 'enough' });
});
