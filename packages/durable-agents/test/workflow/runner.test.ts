import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkflowBuilder } from '../../src/workflow/builder.ts';
import type {
  Arrival,
  CallOutcome,
  ExecutorCall,
  WorkflowEffect,
  WorkflowEffectResult,
  WorkflowOutcome,
} from '../../src/workflow/effects.ts';
import { RequestPort } from '../../src/workflow/request-port.ts';
import { newRunState, type RunState } from '../../src/workflow/run-state.ts';
import { runWorkflow } from '../../src/workflow/runner.ts';
import { subWorkflow } from '../../src/workflow/sub-workflow.ts';
import type { AnyWorkflow } from '../../src/workflow/workflow.ts';
import { node, sink } from './support.ts';

interface Driver {
  call?: (call: ExecutorCall) => CallOutcome;
  /** What arrives with the results of calls. */
  during?: (call: ExecutorCall) => Arrival[];
  wait?: (effect: WorkflowEffect & { type: 'wait' }) => Arrival[];
}

/** Plays a run without any executor: what calls give is made up. */
function play({ graph }: AnyWorkflow, driver: Driver = {}, state: RunState = newRunState(graph, 'r', 'in')) {
  const effects: WorkflowEffect[] = [];
  const steps = runWorkflow(graph, state, 0);
  let step = steps.next();
  while (!step.done) {
    effects.push(structuredClone(step.value));
    step = steps.next(perform(step.value, driver));
  }
  const calls = effects.flatMap((effect) => (effect.type === 'call' ? effect.calls : []));
  return { outcome: step.value as WorkflowOutcome, effects, calls };
}

const pass = (call: ExecutorCall): CallOutcome =>
  call.kind === 'handler'
    ? { status: 'completed', returned: { value: call.delivery.value } }
    : { status: 'finished', outputs: [] };

function perform(effect: WorkflowEffect, { call = pass, during, wait }: Driver): WorkflowEffectResult {
  switch (effect.type) {
    case 'emit':
      return { type: 'emit' };
    case 'call':
      return {
        type: 'call',
        now: 0,
        outcomes: effect.calls.map(call),
        arrivals: effect.calls.flatMap((c) => during?.(c) ?? []),
      };
    case 'checkpoint':
      return { type: 'checkpoint', now: 0 };
    case 'wait':
      return { type: 'wait', now: 0, arrivals: wait?.(effect) ?? assert.fail('it waits') };
  }
}

const start = node('start');

test('a superstep is one call effect with all executors, then a checkpoint', () => {
  const workflow = new WorkflowBuilder({ name: 'w', start }).addFanOut(start, [node('a'), node('b')]).build();
  const { outcome, effects } = play(workflow);
  assert.deepEqual(
    effects
      .filter(({ type }) => type !== 'emit')
      .map((effect) => (effect.type === 'call' ? effect.calls.map((c) => c.id) : effect.type)),
    [['1/start/0'], 'checkpoint', ['2/a/0', '2/b/0'], 'checkpoint'],
  );
  assert.deepEqual(outcome, { status: 'completed', outputs: ['in', 'in'], supersteps: 2 });
});

test('the messages of one executor are one call effect after the other, with the state that the call before left', () => {
  const workflow = new WorkflowBuilder({ name: 'w', start }).addEdge(start, sink('end')).build();
  const { calls } = play(workflow, {
    call: (call) =>
      call.executorId === 'start'
        ? { status: 'completed', messages: [{ value: 1 }, { value: 2 }] }
        : { status: 'completed', changes: [{ key: `k${call.id.at(-1)}`, value: true }] },
  });
  const end = calls.filter(({ executorId }) => executorId === 'end');
  assert.deepEqual(
    end.map((call) => call.kind === 'handler' && call.state),
    [{}, { default: { k0: true } }],
  );
});

test('the same results give the same effects, event for event', () => {
  const workflow = new WorkflowBuilder({ name: 'w', start })
    .addFanOut(start, [node('a'), RequestPort.create({ id: 'p' })])
    .build();
  const answer = ({ requests }: WorkflowEffect & { type: 'wait' }): Arrival[] =>
    requests.map(({ requestId }) => ({ type: 'response', requestId, value: 'yes' }));
  assert.deepEqual(play(workflow, { wait: answer }), play(workflow, { wait: answer }));
});

test('from a stored state a run goes on with the effects that would have come', () => {
  const workflow = new WorkflowBuilder({ name: 'w', start }).addChain([start, node('a'), node('b'), sink('c')]).build();
  const whole = play(workflow);
  for (const effect of whole.effects) {
    if (effect.type !== 'checkpoint') continue;
    const rest = play(workflow, {}, JSON.parse(JSON.stringify(effect.state)) as RunState);
    assert.deepEqual(rest.outcome, whole.outcome);
    assert.deepEqual(rest.calls, whole.calls.slice(effect.state.superstep));
  }
});

test('an answer that arrives during a superstep is handled in the next one', () => {
  const port = RequestPort.create({ id: 'p' });
  const chain = [node('a'), node('b'), node('c')] as const;
  const workflow = new WorkflowBuilder({ name: 'w', start })
    .addFanOut(start, [port, chain[0]])
    .addChain(chain)
    .addEdge(port, sink('answered'))
    .build();
  let requestId = '';
  const steps = runWorkflow(workflow.graph, newRunState(workflow.graph, 'r', 'in'), 0);
  const order: string[][] = [];
  let step = steps.next();
  while (!step.done) {
    const effect = step.value;
    if (effect.type === 'checkpoint') requestId = effect.state.requests[0]?.requestId ?? requestId;
    if (effect.type === 'call') order.push(effect.calls.map(({ executorId }) => executorId));
    const arrives = effect.type === 'call' && effect.calls.some(({ executorId }) => executorId === 'b');
    const during = (): Arrival[] => (arrives ? [{ type: 'response', requestId, value: 'yes' }] : []);
    step = steps.next(perform(effect, { during }));
  }
  assert.deepEqual(order, [['start'], ['a'], ['b'], ['c', 'answered']]);
});

test('a sub-workflow may go on beside the run; its end arrives later', () => {
  const inner = new WorkflowBuilder({ name: 'inner', start: node('x') }).build();
  const child = subWorkflow(inner, { id: 'child' });
  const workflow = new WorkflowBuilder({ name: 'w', start })
    .addFanOut(start, [child, node('a')])
    .addEdge(
      child,
      node('b', () => 'b'),
    )
    .build();
  const { outcome, effects } = play(workflow, {
    call: (call) => (call.kind === 'workflow' ? { status: 'suspended' } : pass(call)),
    wait: ({ children }) =>
      children.map((one) => ({ type: 'child', ...one, outcome: { status: 'finished', outputs: ['done'] } })),
  });
  assert.deepEqual(outcome.outputs, ['in', 'done']);
  const waits = effects.filter((effect) => effect.type === 'wait');
  assert.deepEqual(
    waits.map(({ children }) => children),
    [[{ executorId: 'child', ordinal: 0 }]],
  );
});

test('answers to nothing and ends of unknown children are warnings, not failures', () => {
  const workflow = new WorkflowBuilder({ name: 'w', start }).build();
  const { outcome, effects } = play(workflow, {
    during: () => [
      { type: 'response', requestId: 'gone', value: 1 },
      { type: 'expired', requestId: 'gone' },
      { type: 'child', executorId: 'start', ordinal: 3, outcome: { status: 'finished', outputs: [1] } },
    ],
  });
  assert.deepEqual(outcome.outputs, ['in']);
  const codes = effects.flatMap((effect) =>
    effect.type === 'emit' ? effect.events.flatMap((event) => (event.type === 'warning' ? [event.code] : [])) : [],
  );
  assert.deepEqual(codes, ['unknownRequest', 'unknownChild']);
});

test('a wide fan-out keeps one copy of the message in the state', () => {
  const targets = Array.from({ length: 50 }, (_, index) => node(`t${index}`));
  const workflow = new WorkflowBuilder({ name: 'w', start }).addFanOut(start, targets).build();
  const big = 'x'.repeat(10_000);
  const { effects } = play(workflow, {}, newRunState(workflow.graph, 'r', big));
  const [first] = effects.filter((effect) => effect.type === 'checkpoint');
  assert.equal(first?.state.queue.length, 1);
  assert.ok(JSON.stringify(first?.state).length < 12_000);
});

test('a driver that answers out of kind is told so', () => {
  const workflow = new WorkflowBuilder({ name: 'w', start }).build();
  const steps = runWorkflow(workflow.graph, newRunState(workflow.graph, 'r', 'in'), 0);
  steps.next();
  assert.equal(steps.next({ type: 'emit' }).done, false);
  assert.throws(() => steps.next({ type: 'call', outcomes: [], now: 0 }), /one outcome a call/);
});
