import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Entity } from '../../src/engine/entity.ts';
import { type ExplicitBatchOutcome, finishExplicitBatch } from '../../src/engine/explicit/entity-batch.ts';
import { EventType } from '../../src/engine/history.ts';
import type { InstanceMessage } from '../../src/engine/instance.ts';
import type { EntityMessage } from '../../src/engine/scheduling.ts';

const now = 1_700_000_000_000;
const lock = { id: 'c', parent: 'i1', parentExecution: 'x1' };
const entity: Entity = { id: '@counter@a', state: '1', exists: true, lastOperationAt: 0, lock };
const call = (id: string): EntityMessage => ({ op: 'add', id, parent: 'i1', parentExecution: 'x1' });
const nothing: ExplicitBatchOutcome = { operations: [], state: '1', signals: [], starts: [] };

describe('a batch of entity operations as a worker answers it', () => {
  test('calls are answered with result or failure, signals are not', () => {
    const failure = { ErrorType: 'RangeError', ErrorMessage: 'no luck' };
    const messages: EntityMessage[] = [call('r1'), { op: 'add', id: 's', signal: true, parent: 'i1' }, call('r2')];
    const {
      outgoing,
      handled,
      entity: next,
    } = finishExplicitBatch(
      entity,
      messages,
      {
        ...nothing,
        state: '2',
        operations: [
          { ok: true, result: '2' },
          { ok: true, result: null },
          { ok: false, failure },
        ],
      },
      now,
    );
    assert.equal(handled, 3);
    assert.deepEqual([next.state, next.exists, next.lastOperationAt, next.lock], ['2', true, now, lock]);
    const answers = outgoing.map(({ target, body }) => {
      const { executionId, event } = JSON.parse(body) as InstanceMessage;
      assert.ok(event.EventType === EventType.EventRaised);
      return [target, executionId, event.Name, JSON.parse(event.Input!)];
    });
    assert.deepEqual(answers, [
      ['i1', 'x1', 'r1', { result: '2' }],
      ['i1', 'x1', 'r2', { result: '"no luck"', exceptionType: 'no luck', failureDetails: failure }],
    ]);
  });

  test('an entity whose state is absent does not exist any more', () => {
    const outcome: ExplicitBatchOutcome = { ...nothing, state: null, operations: [{ ok: true, result: null }] };
    const { entity: next } = finishExplicitBatch(entity, [call('r')], outcome, now);
    assert.deepEqual([next.state, next.exists], [null, false]);
  });

  test('operations that the worker did not come to are not answered', () => {
    const outcome: ExplicitBatchOutcome = { ...nothing, operations: [{ ok: true, result: '1' }] };
    const { outgoing, handled } = finishExplicitBatch(entity, [call('r1'), call('r2')], outcome, now);
    assert.deepEqual([outgoing.length, handled], [1, 1]);
  });

  test('signals and starts go out, each in its time', () => {
    const outcome: ExplicitBatchOutcome = {
      ...nothing,
      signals: [
        { target: '@Counter@B', operation: 'add', input: '5', due: 0 },
        { target: '@counter@c', operation: 'add', input: null, due: now + 1_000 },
      ],
      starts: [{ instanceId: 'new', name: 'orders', version: '2', input: '1', due: now + 2_000 }],
    };
    const { outgoing } = finishExplicitBatch(entity, [], outcome, now);
    assert.deepEqual(
      outgoing.map(({ lane, target, due }) => [lane, target, due]),
      [
        ['entity', '@counter@B', 0],
        ['entity', '@counter@c', now + 1_000],
        ['orchestration', 'new', now + 2_000],
      ],
    );
    const { event } = JSON.parse(outgoing[2]!.body) as InstanceMessage;
    assert.ok(event.EventType === EventType.ExecutionStarted);
    assert.deepEqual([event.Name, event.Version, event.Input], ['orders', '2', '1']);
  });
});
