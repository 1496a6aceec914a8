import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { finishEpisode, planEpisode } from '../../src/engine/episode.ts';
import type { Complete, ExplicitAction } from '../../src/engine/explicit/actions.ts';
import { finishExplicitEpisode } from '../../src/engine/explicit/episode.ts';
import { type EventBase, EventType, type HistoryEvent } from '../../src/engine/history.ts';
import type { Instance, InstanceMessage } from '../../src/engine/instance.ts';

const now = 1_700_000_000_000;
const base: EventBase = { EventId: -1, IsPlayed: false, Timestamp: new Date(now) };
const started: HistoryEvent = {
  ...base,
  EventType: EventType.ExecutionStarted,
  Name: 'orders',
  Version: '1',
  Input: '1',
  OrchestrationInstance: { InstanceId: 'i1', ExecutionId: 'x1' },
  Tags: { team: 'a' },
};
const instance: Instance = {
  instanceId: 'i1',
  name: 'orders',
  version: '1',
  executionId: 'x1',
  status: 'Running',
  input: '1',
  output: null,
  customStatus: '"before"',
  createdAt: now,
  updatedAt: now,
  parent: null,
};
const ended: Complete = {
  kind: 'complete',
  id: 9,
  status: 'Completed',
  result: '"ok"',
  failure: null,
  newVersion: null,
  carryover: [],
};

function finish(
  explicitActions: ExplicitAction[],
  given: { history?: HistoryEvent[]; inbox?: HistoryEvent[]; customStatus?: string; instance?: Partial<Instance> } = {},
) {
  const history = given.history ?? [];
  return finishExplicitEpisode({
    instance: { ...instance, ...given.instance },
    history,
    plan: planEpisode(history, given.inbox ?? [started], now),
    outcome: {
      explicitActions,
      ...(given.customStatus !== undefined && { customStatus: given.customStatus }),
    },
    now,
    newExecutionId: () => 'x2',
  });
}

function played(...events: object[]): HistoryEvent[] {
  return events.map((event) => ({ ...base, IsPlayed: true, ...event }) as HistoryEvent);
}

const message = (body: string) => JSON.parse(body) as InstanceMessage;
const unwanted = { tags: {}, version: '' };

describe('an episode with explicit actions', () => {
  test('records each action under its own id, in the order of the actions, and sends what it asks for', () => {
    const fireAt = now + 5_000;
    const result = finish([
      { kind: 'timer', id: 7, fireAt },
      { kind: 'activity', id: 3, name: 'charge', version: '2', input: '12345678901234567890', tags: { k: 'v' } },
      { kind: 'subOrchestration', id: 12, instanceId: '', name: 'ship', version: '3', input: null, tags: { k: 'v' } },
    ]);
    const kinds = result.append.map((event) => [event.EventType, event.EventId]);
    assert.deepEqual(kinds, [
      [EventType.OrchestratorStarted, -1],
      [EventType.ExecutionStarted, -1],
      [EventType.TimerCreated, 7],
      [EventType.TaskScheduled, 3],
      [EventType.SubOrchestrationInstanceCreated, 12],
      [EventType.OrchestratorCompleted, -1],
    ]);
    const [timer, activity, child] = result.outgoing;
    assert.deepEqual([timer?.due, timer?.tag, timer?.target], [fireAt, 'timer:x1:7', 'i1']);
    assert.deepEqual(JSON.parse(activity!.body), {
      instanceId: 'i1',
      executionId: 'x1',
      taskId: 3,
      name: 'charge',
      input: '12345678901234567890',
      version: '2',
      tags: { k: 'v' },
    });
    const start = message(child!.body).event;
    assert.equal(start.EventType === EventType.ExecutionStarted && start.ParentInstance?.TaskScheduleId, 12);
    assert.equal(start.EventType === EventType.ExecutionStarted && start.Version, '3');
    assert.equal(result.instance.status, 'Running');
  });

  test('keeps the custom status unless the worker sets one', () => {
    assert.equal(finish([]).instance.customStatus, '"before"');
    assert.equal(finish([], { customStatus: '{"n":1}' }).instance.customStatus, '{"n":1}');
    assert.equal(finish([], { customStatus: 'plain text' }).instance.customStatus, '"plain text"');
  });

  test('an id that is in the history already fails the instance and schedules nothing', () => {
    const history = played(started, { EventType: EventType.TaskScheduled, EventId: 1, Name: 'a', Input: '[]' });
    const again: ExplicitAction = { kind: 'activity', id: 1, name: 'b', input: null, ...unwanted };
    const result = finish([again], { history, inbox: [] });
    assert.equal(result.fault?.code, 'nonDeterministic');
    assert.equal(result.instance.status, 'Failed');
    assert.deepEqual(result.outgoing, []);
    const failure = { ErrorType: 'RangeError', ErrorMessage: 'the real one' };
    const broken = finish([again, { ...ended, status: 'Failed', failure }], { history, inbox: [] });
    assert.equal(broken.fault, undefined);
    assert.equal(broken.instance.output, '"RangeError: the real one"');
  });

  test('ends with its completion though timers are open: old ones are withdrawn, new ones do not go out', () => {
    const FireAt = new Date(now + 1_000).toISOString();
    const history = played(
      started,
      { EventType: EventType.TimerCreated, EventId: 1, FireAt },
      { EventType: EventType.TimerCreated, EventId: 2, FireAt },
      { EventType: EventType.TimerFired, TimerId: 1, FireAt },
    );
    const result = finish([{ kind: 'timer', id: 3, fireAt: now + 9_000 }, ended], { history, inbox: [] });
    assert.equal(result.instance.status, 'Completed');
    assert.deepEqual(result.withdraw, ['timer:x1:2', 'timer:x1:3']);
    assert.deepEqual(result.outgoing, []);
    assert.deepEqual(
      result.append.slice(-2).map((event) => event.EventType),
      [EventType.ExecutionCompleted, EventType.OrchestratorCompleted],
    );
  });

  test('tells a parent how it ended, with the failure as the worker gave it', () => {
    const parent = {
      Name: 'p',
      TaskScheduleId: 4,
      OrchestrationInstance: { InstanceId: 'p1', ExecutionId: 'px' },
    };
    const failure = { ErrorType: 'TypeError', ErrorMessage: 'boom', IsNonRetriable: true };
    const [told] = finish([{ ...ended, status: 'Failed', failure }], { instance: { parent } }).outgoing;
    const { executionId, event } = message(told!.body);
    assert.deepEqual([told!.target, executionId], ['p1', 'px']);
    assert.ok(event.EventType === EventType.SubOrchestrationInstanceFailed);
    assert.deepEqual([event.TaskScheduledId, event.Reason], [4, 'TypeError: boom']);
    assert.deepEqual(event.FailureDetails, failure);
    const [done] = finish([{ ...ended, result: null }], { instance: { parent } }).outgoing;
    const completed = message(done!.body).event;
    assert.equal(completed.EventType === EventType.SubOrchestrationInstanceCompleted && completed.Result, '');
  });

  test('continues as new with an empty history, the new version, and what is carried over behind the start', () => {
    const carried = {
      ...base,
      Timestamp: new Date(0),
      EventType: EventType.EventRaised,
      Name: 'n',
      Input: '1',
    } as const;
    const action: Complete = { ...ended, status: 'ContinuedAsNew', result: '2', newVersion: '9', carryover: [carried] };
    const signal: ExplicitAction = {
      kind: 'entity',
      id: 1,
      target: '@Counter@A',
      requestId: 'r',
      operation: 'add',
      input: '5',
      signal: true,
      due: 0,
    };
    const result = finish([signal, action]);
    assert.ok(result.replaceHistory);
    assert.deepEqual(result.append, []);
    const { executionId, version, input, customStatus, status } = result.instance;
    assert.deepEqual([executionId, version, input, customStatus, status], ['x2', '9', '2', null, 'Running']);
    const [sent, start] = result.outgoing;
    assert.equal(sent?.target, '@counter@A');
    const { event, carryover, executionId: wanted } = message(start!.body);
    assert.equal(wanted, 'x2');
    assert.ok(event.EventType === EventType.ExecutionStarted);
    assert.deepEqual([event.Version, event.Input, event.Tags], ['9', '2', { team: 'a' }]);
    assert.deepEqual(
      carryover?.map((one) => one.EventType === EventType.EventRaised && one.Name),
      ['n'],
    );
    assert.equal(String(carryover?.[0]?.Timestamp), new Date(now).toISOString());
  });

  test('gives locks free that it holds at its end, and only those', () => {
    const lock: ExplicitAction = {
      kind: 'lock',
      id: 1,
      criticalSectionId: 'c1',
      lockSet: ['@counter@a', '@counter@b'],
    };
    const released = finish([lock, ended]).outgoing.slice(1);
    assert.deepEqual(
      released.map(({ target, body }) => [target, JSON.parse(body)]),
      [
        ['@counter@a', { release: 'c1', parent: 'i1' }],
        ['@counter@b', { release: 'c1', parent: 'i1' }],
      ],
    );
    const unlocks: ExplicitAction[] = ['@counter@a', '@counter@b'].map((target, i) => ({
      kind: 'unlock',
      id: 2 + i,
      criticalSectionId: 'c1',
      target,
    }));
    assert.equal(finish([lock, ...unlocks, ended]).outgoing.length, 3);
  });

  test('an entity call names this execution, a signal for later waits for its time', () => {
    const call = { kind: 'entity', id: 1, target: '@c@K', requestId: 'r', operation: 'get', input: null } as const;
    const [first, later] = finish([
      { ...call, signal: false, due: 0 },
      { ...call, id: 2, signal: true, due: now + 60_000 },
    ]).outgoing;
    assert.deepEqual(JSON.parse(first!.body), { op: 'get', id: 'r', parent: 'i1', parentExecution: 'x1' });
    assert.equal(later?.due, now + 60_000);
  });

  test('an event for another orchestration may look like a lock and is none', () => {
    const input = '{"op":null,"id":"l","lockset":[{"name":"c","key":"k"}]}';
    const sends: ExplicitAction = { kind: 'event', id: 1, target: 'other', name: 'release', input };
    const nothing: ExplicitAction = { kind: 'event', id: 2, target: 'other', name: 'ping', input: null };
    const { outgoing } = finish([sends, nothing, ended]);
    assert.deepEqual(
      outgoing.map(({ lane, target }) => [lane, target]),
      [
        ['orchestration', 'other'],
        ['orchestration', 'other'],
      ],
    );
    const { event } = message(outgoing[1]!.body);
    assert.deepEqual(event.EventType === EventType.EventRaised && [event.Name, event.Input], ['ping', null]);
  });

  test('entity messages that the worker writes itself reach the entity in a form it can read', () => {
    const untyped = (id: number, name: string, body: object): ExplicitAction => ({
      kind: 'event',
      id,
      target: '@Counter@a',
      name,
      input: JSON.stringify(body),
    });
    const later = new Date(now + 1_000).toISOString();
    const { outgoing, append } = finish([
      untyped(1, 'op', { id: 'l', lockset: [{ name: 'counter', key: 'a' }], pos: 0, parent: 'i1' }),
      untyped(2, `op@${later}`, { op: 'add', id: 's', signal: true, input: '1' }),
      untyped(3, 'release', { id: 'l', parent: 'i1' }),
    ]);
    const [lock, signal, release] = outgoing.map((sent) => JSON.parse(sent.body));
    assert.deepEqual([lock.op, lock.parentExecution], [null, 'x1']);
    assert.deepEqual([signal.op, outgoing[1]?.due], ['add', now + 1_000]);
    assert.deepEqual(release, { release: 'l', parent: 'i1' });
    assert.ok(append.every((event) => event.EventType !== EventType.EventSent || event.Typed === undefined));
    const broken = finish([{ ...untyped(1, 'op', {}), input: 'null' } as ExplicitAction]);
    assert.equal(broken.fault?.code, 'unsupportedAction');
  });

  test('orders another orchestration to end', () => {
    const [order] = finish([{ kind: 'terminate', target: 'other', reason: 'enough', recurse: true }]).outgoing;
    const { event } = message(order!.body);
    assert.ok(event.EventType === EventType.ExecutionTerminated);
    assert.deepEqual([order!.target, event.Input, event.Recurse], ['other', '"enough"', true]);
  });

  test('an instance set aside by the host ends with that reason, whatever its history holds', () => {
    const ping = { EventType: EventType.EventSent, EventId: 1, InstanceId: 'other', Name: 'ping', Input: '' };
    const history = played(started, ping);
    const plan = planEpisode(history, [], now);
    const outcome = { isDone: false, actions: [], error: 'it took the process down' };
    const result = finishEpisode({
      instance: { ...instance },
      history,
      plan,
      outcome,
      now,
      newExecutionId: () => 'x2',
    });
    assert.equal(result.instance.status, 'Failed');
    assert.match(result.instance.output ?? '', /it took the process down/);
  });
});
