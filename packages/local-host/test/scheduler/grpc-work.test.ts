import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  EntityInstanceId,
  type LockHandle,
  NoOpLogger,
  type OrchestrationContext,
  type Task,
  TaskEntity,
  TaskHubGrpcWorker,
} from '@microsoft/durabletask-js';
import { planEpisode } from '../../src/engine/episode.ts';
import { finishExplicitEpisode } from '../../src/engine/explicit/episode.ts';
import { DetailedFailure } from '../../src/engine/explicit/failure-details.ts';
import { type EventBase, EventType, type HistoryEvent } from '../../src/engine/history.ts';
import type { Instance } from '../../src/engine/instance.ts';
import { encode } from '../../src/scheduler/proto/codec.ts';
import { entityBatchOutcome, entityBatchRequest } from '../../src/scheduler/proto/entity-work.ts';
import { orchestratorOutcome, orchestratorRequest } from '../../src/scheduler/proto/orchestrator-work.ts';
import { ProtoError } from '../../src/scheduler/proto/proto-error.ts';
import { OrchestrationStatus } from '../../src/scheduler/proto/schema.ts';

class Account extends TaskEntity<number> {
  add(amount: number): number {
    this.state += amount;
    return this.state;
  }
  fail(): never {
    this.state = 1_000;
    throw new RangeError('no luck');
  }
  forward(to: string): void {
    this.context?.signalEntity(new EntityInstanceId('account', to), 'add', 3);
    this.context?.scheduleNewOrchestration('loop', { n: 1 }, { instanceId: 'started' });
  }
  protected override initializeState(): number {
    return 0;
  }
}

const worker = new TaskHubGrpcWorker({ logger: new NoOpLogger() });
worker.addNamedEntity('account', () => new Account());
worker.addNamedOrchestrator('loop', async function* loop(context: OrchestrationContext, n: number): AsyncGenerator<
  Task<unknown>,
  unknown[],
  unknown
> {
  const account = new EntityInstanceId('account', 'a');
  const sums: unknown[] = [];
  const lock = (yield context.entities.lockEntities(account)) as LockHandle;
  for (let i = 0; i < n; i++) {
    sums.push(yield context.callActivity('double', i));
    sums.push(yield context.entities.callEntity(account, 'add', i));
  }
  lock.release();
  return sums;
});

const base = (time: number): EventBase => ({ EventId: -1, IsPlayed: false, Timestamp: new Date(time) });

describe('work for a worker', () => {
  test('an orchestration is taken to its end by the SDK, each episode with the whole history before it', async () => {
    let time = 1_700_000_000_000;
    let instance: Instance = {
      instanceId: 'i1',
      name: 'loop',
      version: '',
      executionId: 'x1',
      status: 'Running',
      input: '2',
      output: null,
      customStatus: null,
      createdAt: time,
      updatedAt: time,
      parent: null,
    };
    const history: HistoryEvent[] = [];
    let inbox: HistoryEvent[] = [
      {
        ...base(time),
        EventType: EventType.ExecutionStarted,
        Name: 'loop',
        Version: '',
        Input: '2',
        OrchestrationInstance: { InstanceId: 'i1', ExecutionId: 'x1' },
      },
    ];
    let sum = 0;
    while (inbox.length > 0) {
      const plan = planEpisode(history, inbox, time++);
      const request = orchestratorRequest(instance, [...history, ...plan.events]);
      const outcome = orchestratorOutcome(await worker.processOrchestratorRequest(request));
      const result = finishExplicitEpisode({ instance, history, plan, outcome, now: time, newExecutionId: () => 'x2' });
      assert.equal(result.fault, undefined);
      instance = result.instance;
      for (const event of result.append) event.IsPlayed = true;
      history.push(...result.append);
      inbox = [];
      for (const { lane, body } of result.outgoing) {
        const message = JSON.parse(body) as { taskId: number; input: string; id: string; op: string | null };
        if (lane === 'activity') {
          const Result = String(2 * Number(message.input));
          inbox.push({ ...base(time), EventType: EventType.TaskCompleted, TaskScheduledId: message.taskId, Result });
        } else if (message.id !== undefined) {
          if (message.op !== null) sum += Number(message.input);
          const Input = message.op === null ? '{}' : JSON.stringify({ result: String(sum) });
          inbox.push({ ...base(time), EventType: EventType.EventRaised, Name: message.id, Input });
        }
      }
    }
    assert.deepEqual([instance.status, instance.output], ['Completed', '[0,0,2,1]']);
  });

  test('entity operations are run in order by the SDK; a failed one changes nothing', async () => {
    const request = entityBatchRequest({
      self: { name: 'Account', key: 'a' },
      exists: true,
      state: '5',
      batch: [
        { id: 'r1', name: 'add', input: '2', isSignal: false },
        { id: 'r2', name: 'fail', input: null, isSignal: false },
        { id: 'r3', name: 'forward', input: '"b"', isSignal: true },
      ],
    });
    const outcome = entityBatchOutcome(await worker.processEntityBatchRequest(request));
    const [added, failed] = outcome.operations;
    assert.deepEqual(added, { ok: true, result: '7' });
    assert.ok(failed?.ok === false);
    assert.deepEqual([failed.failure.ErrorType, failed.failure.ErrorMessage], ['RangeError', 'no luck']);
    assert.equal(outcome.state, '7');
    assert.deepEqual(outcome.signals, [{ target: '@account@b', operation: 'add', input: '3', due: 0 }]);
    assert.deepEqual(outcome.starts, [{ instanceId: 'started', name: 'loop', version: '', input: '{"n":1}', due: 0 }]);
  });

  test('a batch that could not be run at all is an error with the reason', () => {
    const failureDetails = { errorType: 'EntityTaskNotFound', errorMessage: 'none such' };
    assert.throws(
      () => entityBatchOutcome(encode('EntityBatchResult', { failureDetails })),
      (error) => error instanceof DetailedFailure && error.message === 'EntityTaskNotFound: none such',
    );
  });

  test('a response in parts, of another kind of work or with unknown actions is refused', () => {
    const refused = (response: Uint8Array, code: ProtoError['code']) =>
      assert.throws(
        () => orchestratorOutcome(response),
        (error) => error instanceof ProtoError && error.code === code,
      );
    refused(encode('OrchestratorResponse', { isPartial: true }), 'unexpectedResponse');
    refused(encode('OrchestratorResponse', { requiresHistory: true }), 'unexpectedResponse');
    refused(encode('OrchestratorResponse', { actions: [{ id: 1 }] }), 'unknownAction');
    refused(encode('OrchestratorResponse', { actions: [{ id: 1, sendEntityMessage: {} }] }), 'unknownAction');
    const running = { completeOrchestration: { orchestrationStatus: OrchestrationStatus.Running } };
    refused(encode('OrchestratorResponse', { actions: [{ id: 1, ...running }] }), 'unknownAction');
    refused(Buffer.from('{"isDone":true}'), 'malformedMessage');
  });
});
