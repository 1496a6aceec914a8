import assert from 'node:assert/strict';
import { test } from 'node:test';
import { executor, subWorkflow, WorkflowBuilder } from '../../src/index.ts';
import { newRunState } from '../../src/workflow/run-state.ts';
import { customStatus } from '../../src/workflow-run/custom-status.ts';
import { lettersAfter, newLetters, readLetters } from '../../src/workflow-run/node-letters.ts';
import {
  digestOf,
  type RunRecord,
  readWorkflowInput,
  writeResume,
  writeStart,
} from '../../src/workflow-run/run-record.ts';
import { childInstanceId, executorFunction, nodeSessionKey } from '../../src/workflow-run/workflow-names.ts';
import { WorkflowSet } from '../../src/workflow-run/workflow-set.ts';

const node = (id: string) => executor({ id }, () => undefined);
const one = (name: string, version?: string, id = 'a') =>
  new WorkflowBuilder({ name, start: node(id), ...(version !== undefined && { version }) }).build();

function record(requests = 0): RunRecord {
  const { graph } = one('Flow');
  const state = newRunState(graph, 'run', null);
  for (let i = 0; i < requests; i++) {
    const requestId = `${i}`.padEnd(128, 'x');
    state.requests.push({
      requestId,
      executorId: 'a',
      portId: 'p',
      data: 'x'.repeat(5_000),
      superstep: 1,
      createdAt: 0,
    });
  }
  return { state, nodes: newLetters(graph), asked: [], usedDesk: false, children: {} };
}

test('what a caller sends is never read as the inside of a run', () => {
  for (const input of [
    { run: '{}' },
    { input: 'x' },
    { input: '1', fingerprint: 'f', digest: 'd' },
    'text',
    null,
    [1],
  ]) {
    const read = readWorkflowInput(writeStart(input, 'print'));
    assert.deepEqual(read, { kind: 'start', input, fingerprint: 'print', digest: digestOf(input) });
  }
});

test('an orchestration that is started by hand takes its input as it is, also in the form of other runtimes', () => {
  assert.deepEqual(readWorkflowInput({ input: '{"a":1}' }), {
    kind: 'start',
    input: { a: 1 },
    digest: digestOf({ a: 1 }),
  });
  assert.deepEqual(readWorkflowInput({ input: 'plain words' }), {
    ...{ kind: 'start', input: 'plain words', digest: digestOf('plain words') },
  });
  const own = { input: 'x', amount: 3 };
  assert.deepEqual(readWorkflowInput(own), { kind: 'start', input: own, digest: digestOf(own) });
  assert.deepEqual(readWorkflowInput(undefined), { kind: 'start', input: null, digest: digestOf(null) });
});

test('a run goes on from its record as it was', () => {
  const resume = { record: record(2), arrivals: [] };
  const read = readWorkflowInput(JSON.parse(JSON.stringify(writeResume(resume, 'd'))));
  assert.deepEqual(read, { kind: 'resume', resume, digest: 'd' });
});

test('a digest does not depend on the order of keys, and on everything else', () => {
  assert.equal(digestOf({ a: [1, { b: 2, c: null }], d: 'x' }), digestOf({ d: 'x', a: [1, { c: null, b: 2 }] }));
  const all = [{}, [], null, 0, '', '0', [0], ['0'], { a: 0 }, { a: [] }, [1, 2], [2, 1], { a: { b: 1 } }];
  assert.equal(new Set(all.map((value) => digestOf(value))).size, all.length);
});

test('the status of a run stays small, whatever it waits for', () => {
  for (const count of [0, 1, 50, 1_000]) {
    const status = customStatus(record(count), { state: 'running' });
    assert.ok(JSON.stringify(status).length <= 8_000);
    assert.equal(status.pendingCount, count);
  }
  const failure = {
    code: 'x',
    message: 'm'.repeat(100_000),
    superstep: 1,
    cause: { name: 'E', message: 'c'.repeat(100_000) },
  };
  assert.ok(JSON.stringify(customStatus(record(1_000), { state: 'failed', failure })).length <= 8_000);
});

test('nodes are told by letters', () => {
  const b = node('b');
  const a = node('a');
  const { graph } = new WorkflowBuilder({ name: 'Two', start: a }).addEdge(a, b).build();
  let letters = newLetters(graph);
  assert.deepEqual(readLetters(graph, letters), {});
  letters = lettersAfter(graph, letters, { type: 'executorInvoked', executorId: 'b', sources: [], superstep: 1 });
  assert.deepEqual(readLetters(graph, letters), { b: 'running' });
  letters = lettersAfter(graph, letters, { type: 'executorCompleted', executorId: 'b', superstep: 1 });
  letters = lettersAfter(graph, letters, {
    type: 'executorInvoked',
    executorId: 'elsewhere',
    sources: [],
    superstep: 1,
  });
  assert.deepEqual(readLetters(graph, letters), { b: 'completed' });
});

test('names fit their place, however executors and runs are called', () => {
  assert.equal(executorFunction('Flow', 'step_1'), 'dafx-Flow-step_1');
  for (const id of ['a b', 'ä', 'x/y', 'x'.repeat(128)]) {
    assert.match(executorFunction('Flow', id), /^dafx-Flow-[0-9a-f]{16}$/);
    assert.notEqual(executorFunction('Flow', id), executorFunction('Flow', `${id}.`));
  }
  assert.equal(childInstanceId('run::sub::0', 0), 'run::sub::0');
  assert.equal(childInstanceId('run::sub::0', 2), 'run::sub::0::r2');
  for (const id of ['run::a/b::0', `run::${'x'.repeat(128)}::0`, 'run::ä::0']) {
    assert.match(childInstanceId(id, 0), /^dafx-[0-9a-f]{32}$/);
    assert.notEqual(childInstanceId(id, 0), childInstanceId(id, 1));
    assert.match(nodeSessionKey(id), /^[0-9a-f]{32}$/);
  }
  assert.equal(nodeSessionKey('run'), 'run');
  assert.notEqual(nodeSessionKey('run', '1/a/0'), nodeSessionKey('run', '2/a/0'));
});

test('workflows of one name are versions of it, or a mistake', () => {
  const [first, second] = [one('Flow'), one('Flow', 'two', 'b')];
  const set = new WorkflowSet([first, second]);
  assert.equal(set.graphOf('flow', undefined, 'run'), second.graph);
  assert.equal(set.graphOf('Flow', first.fingerprint, 'run'), first.graph);
  assert.throws(() => set.graphOf('Flow', 'gone', 'run'), { code: 'definitionChanged' });
  assert.throws(() => new WorkflowSet([one('Flow'), one('FLOW', 'two', 'b')]), { code: 'duplicateWorkflow' });
  assert.throws(() => new WorkflowSet([one('Flow'), one('Flow', undefined, 'b')]), { code: 'duplicateWorkflow' });
  assert.throws(() => new WorkflowSet([one('Flow'), one('Flow')]), { code: 'duplicateWorkflow' });
});

test('a workflow in others is there once, and not for callers unless it is listed', () => {
  const inner = one('Inner');
  const outer = (name: string) => new WorkflowBuilder({ name, start: subWorkflow(inner, { id: 'sub' }) }).build();
  const set = new WorkflowSet([outer('A'), outer('B')]);
  assert.deepEqual(
    [...set.families.values()].map(({ name, isPublic }) => [name, isPublic]),
    [
      ['A', true],
      ['Inner', false],
      ['B', true],
    ],
  );
  assert.equal(new WorkflowSet([outer('A'), inner]).families.get('inner')?.isPublic, true);
});
