import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { ConfigurationError } from '../../src/errors.ts';
import { WorkflowBuilder } from '../../src/workflow/builder.ts';
import { Executor, executor } from '../../src/workflow/executor.ts';
import { handler } from '../../src/workflow/handlers.ts';
import { messageType } from '../../src/workflow/message-type.ts';
import { RequestPort } from '../../src/workflow/request-port.ts';
import { node, problemsOf } from './support.ts';

const a = node('a');
const b = node('b');
const c = node('c');

function codes(build: () => unknown): string[] {
  return problemsOf(build).map(({ code }) => code);
}

function builder(start = a) {
  return new WorkflowBuilder({ name: 'w', start });
}

test('two executors with one id are refused, the same executor twice is one node', () => {
  const twin = node('a');
  const [problem] = problemsOf(() => builder().addEdge(a, twin).build());
  assert.equal(problem?.code, 'duplicateExecutor');
  assert.match(problem?.message ?? '', /"a"/);
  const workflow = builder().addEdge(a, b).addEdge(b, c).addEdge(a, c).build();
  assert.deepEqual([...workflow.graph.nodes.keys()], ['a', 'b', 'c']);
});

test('an executor that no way leads to is refused by its name', () => {
  const [problem] = problemsOf(() => builder().addEdge(b, c).build());
  assert.equal(problem?.code, 'unreachable');
  assert.match(problem?.message ?? '', /from the start "a" to "b"/);
  assert.match(problem?.fix ?? '', /"b"/);
});

test('duplicate edges are refused, of each kind', () => {
  assert.deepEqual(
    codes(() => builder().addEdge(a, b).addEdge(a, b).build()),
    ['duplicateEdge'],
  );
  assert.deepEqual(
    codes(() => builder().addFanOut(a, [b, c]).addFanOut(a, [b, c]).build()),
    ['duplicateEdge'],
  );
  assert.deepEqual(
    codes(() => builder().addFanOut(a, [b, b]).build()),
    ['duplicateEdge'],
  );
});

test('a fan-out or fan-in of one is refused', () => {
  assert.deepEqual(
    codes(() => builder().addFanOut(a, [b]).build()),
    ['fanOutTargets'],
  );
  assert.deepEqual(
    codes(() => builder().addFanIn([a], b).build()),
    ['fanInSources'],
  );
});

test('a switch needs a case and exactly one default', () => {
  assert.deepEqual(
    codes(() =>
      builder()
        .addSwitch(a, (on) => on.case(() => true, b))
        .build(),
    ),
    ['switchDefault'],
  );
  assert.deepEqual(
    codes(() =>
      builder()
        .addSwitch(a, (on) => on.default(b))
        .build(),
    ),
    ['switchCases'],
  );
  assert.deepEqual(
    codes(() =>
      builder()
        .addSwitch(a, (on) =>
          on
            .case(() => true, b)
            .default(b)
            .default(c),
        )
        .build(),
    ),
    ['switchDefault'],
  );
});

test('async conditions and selectors are refused when the workflow is built', () => {
  const when = (async () => true) as unknown as () => boolean;
  const select = (async () => []) as unknown as () => string[];
  assert.deepEqual(
    codes(() => builder().addEdge(a, b, { when }).build()),
    ['asyncCondition'],
  );
  assert.deepEqual(
    codes(() => builder().addFanOut(a, [b, c], { select }).build()),
    ['asyncCondition'],
  );
  assert.deepEqual(
    codes(() =>
      builder()
        .addSwitch(a, (on) => on.case(when, b).default(c))
        .build(),
    ),
    ['asyncCondition'],
  );
});

test('schemas that cannot meet are refused with both executors and what they send and take', () => {
  const text = executor({ id: 'text', output: { type: 'string' } }, () => 'x');
  const object = executor({ id: 'object', input: { type: 'object' } }, () => {});
  const [problem] = problemsOf(() => new WorkflowBuilder({ name: 'w', start: text }).addEdge(text, object).build());
  assert.equal(problem?.code, 'typeMismatch');
  assert.match(problem?.message ?? '', /"object" does not accept what comes from "text": it sends string/);
  const fit = executor({ id: 'fit', input: { type: ['object', 'string'] } }, () => {});
  new WorkflowBuilder({ name: 'w', start: text }).addEdge(text, fit).build();
});

test('a fan-in to an executor that takes no list is refused', () => {
  const single = executor({ id: 'single', input: { type: 'string' } }, () => {});
  const found = problemsOf(() =>
    builder()
      .addFanOut(a, [b, c])
      .addFanIn([b, c], single as never)
      .build(),
  );
  assert.deepEqual(
    found.map(({ code }) => code),
    ['typeMismatch'],
  );
  const list = executor({ id: 'list', input: z.array(z.unknown()) }, () => {});
  builder()
    .addFanOut(a, [b, c])
    .addFanIn([b, c], list as never)
    .build();
});

test('an executor with handlers for other message types only is refused', () => {
  const order = messageType({ name: 'Order' });
  const invoice = messageType({ name: 'Invoice' });
  class Clerk extends Executor {
    override readonly handlers = [handler(order, () => {})];
  }
  const sends = executor({ id: 'sends', output: invoice }, () => ({}));
  const clerk = new Clerk({ id: 'clerk' });
  const [problem] = problemsOf(() => new WorkflowBuilder({ name: 'w', start: sends }).addEdge(sends, clerk).build());
  assert.equal(problem?.code, 'typeMismatch');
  assert.match(problem?.fix ?? '', /"Order"/);
});

test('outputs designated to executors that are not there or give none are refused', () => {
  const port = RequestPort.create({ id: 'port' });
  const build = (outputFrom: string[]) => () =>
    new WorkflowBuilder({ name: 'w', start: a, outputFrom }).addEdge(a, port).build();
  assert.deepEqual(codes(build(['z'])), ['unknownExecutor']);
  assert.deepEqual(codes(build(['port'])), ['noOutput']);
});

test('names, limits and choices are checked, and all that is wrong is said at once', () => {
  const found = codes(() =>
    new WorkflowBuilder({ name: '1st', start: a, maxSupersteps: 0, onFailure: 'ignore' as 'fail' })
      .addEdge(a, b, { maxPasses: 0 })
      .build(),
  );
  assert.deepEqual(found, ['invalidWorkflowName', 'invalidOption', 'invalidOption', 'invalidOption']);
  for (const id of ['', 'a~b', 'x'.repeat(129), '__proto__', 'constructor']) {
    assert.throws(() => node(id), ConfigurationError);
  }
});

test('what cannot be an executor is refused by what it is', () => {
  assert.throws(
    () => builder().addEdge(a, function plain() {} as never),
    (error) => ConfigurationError.is(error) && error.code === 'notAnExecutor' && /plain/.test(error.message),
  );
});

test('an inner workflow of the same name but another definition is refused, at any depth', () => {
  const inner = new WorkflowBuilder({ name: 'w', start: b }).build();
  const middle = new WorkflowBuilder({ name: 'middle', start: c }).addEdge(c, inner).build();
  assert.deepEqual(
    codes(() => builder().addEdge(a, middle).build()),
    ['duplicateWorkflow'],
  );
  const other = new WorkflowBuilder({ name: 'other', start: b }).build();
  const twice = new WorkflowBuilder({ name: 'twice', start: c }).addEdge(c, other).build();
  builder().addFanOut(a, [other, twice]).build();
});

test('what may be meant is a warning: loops without a bound, joins behind a switch, timeouts without a time', () => {
  const port = RequestPort.create({ id: 'port' });
  const workflow = builder()
    .addEdge(a, a)
    .addSwitch(a, (on) => on.case(() => true, b).default(c))
    .addFanIn([b, c], port)
    .addTimeoutEdge(port, a)
    .build();
  assert.deepEqual(workflow.warnings.map(({ code }) => code).sort(), ['joinNeverFills', 'noTimeout', 'unboundedLoop']);
  assert.deepEqual(builder().addEdge(a, a, { maxPasses: 3 }).build().warnings, []);
});

test('the fingerprint follows the graph, not the texts and functions', () => {
  const one = builder()
    .addEdge(a, b, { when: () => true })
    .build();
  const same = new WorkflowBuilder({ name: 'w', start: node('a'), description: 'x', maxSupersteps: 5 }).addEdge(
    node('a'),
    b,
    { when: () => false, label: 'never' },
  );
  // Two objects with one id are two nodes; the graph with one of them is the same as before.
  assert.deepEqual(
    codes(() => same.build()),
    ['duplicateExecutor'],
  );
  const again = new WorkflowBuilder({ name: 'w', start: a, description: 'x', maxSupersteps: 5 });
  assert.equal(again.addEdge(a, b, { when: () => false }).build().fingerprint, one.fingerprint);
  assert.notEqual(builder().addEdge(a, b).build().fingerprint, one.fingerprint);
  assert.notEqual(
    builder()
      .addEdge(a, b, { when: () => true })
      .addEdge(b, c)
      .build().fingerprint,
    one.fingerprint,
  );
  const version = new WorkflowBuilder({ name: 'w', start: a, version: '2' }).addEdge(a, b, { when: () => true });
  assert.notEqual(version.build().fingerprint, one.fingerprint);
});
