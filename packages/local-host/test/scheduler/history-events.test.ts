import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type EventBase, EventType, type HistoryEvent } from '../../src/engine/history.ts';
import { decode } from '../../src/scheduler/proto/codec.ts';
import { readEvent } from '../../src/scheduler/proto/event-reader.ts';
import { EventWriter } from '../../src/scheduler/proto/event-writer.ts';
import { referenceType } from './reference-messages.ts';

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 10 });
const key = fc.string({ minLength: 1, maxLength: 8 });
const json = fc.json({ maxDepth: 2 });
const maybeJson = fc.option(json, { nil: null });
const id = fc.nat(1_000);
const ms = fc.integer({ min: 0, max: 4_102_444_800_000 });
const iso = ms.map((time) => new Date(time).toISOString());
const tags = fc.dictionary(key, text, { minKeys: 1, maxKeys: 2, noNullPrototype: true });
const plain = fc.oneof(text, fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null));
const property = fc.oneof(plain, fc.array(plain, { maxLength: 3 }), fc.record({ inner: plain }));
const failure = fc.letrec((tie) => ({
  details: fc.record(
    {
      ErrorType: text,
      ErrorMessage: text,
      StackTrace: text,
      InnerFailure: fc.oneof({ depthSize: 'small' }, fc.constant(undefined), tie('details')),
      IsNonRetriable: fc.constant(true),
      Properties: fc.dictionary(key, property, { minKeys: 1, maxKeys: 2, noNullPrototype: true }),
    },
    { requiredKeys: ['ErrorType', 'ErrorMessage'] },
  ),
})).details;
const failed = failure.map((details) => {
  const { ErrorType, ErrorMessage } = details as { ErrorType: string; ErrorMessage: string };
  return { Reason: `${ErrorType}: ${ErrorMessage}`, Details: '', FailureDetails: clean(details) };
});
const reference = fc.record({ InstanceId: text, ExecutionId: text });
const entityId = fc.tuple(text, text).map(([name, key]) => `@${name.replaceAll('@', '').toLowerCase()}x@${key}`);

/** Undefined left out: the engine's events travel as JSON. */
function clean<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

const kinds: fc.Arbitrary<object>[] = [
  fc.record({
    EventType: fc.constant(EventType.ExecutionStarted),
    Name: text,
    Version: fc.oneof(fc.constant(''), text),
    Input: maybeJson,
    OrchestrationInstance: reference,
  }),
  fc.record({
    EventType: fc.constant(EventType.ExecutionStarted),
    Name: text,
    Version: text,
    Input: maybeJson,
    OrchestrationInstance: reference,
    ParentInstance: fc.record({ Name: text, Version: text, TaskScheduleId: id, OrchestrationInstance: reference }),
    Tags: tags,
    ScheduledStartTime: iso,
  }),
  fc.record({
    EventType: fc.constant(EventType.ExecutionCompleted),
    OrchestrationStatus: fc.constantFrom('Completed', 'Terminated'),
    Result: maybeJson,
  }),
  failed.map(({ Reason, FailureDetails }) => ({
    EventType: EventType.ExecutionCompleted,
    OrchestrationStatus: 'Failed',
    Result: JSON.stringify(Reason),
    FailureDetails,
  })),
  fc.record({ EventType: fc.constant(EventType.ExecutionTerminated), Input: maybeJson }),
  fc.record({ EventType: fc.constant(EventType.ExecutionTerminated), Input: maybeJson, Recurse: fc.constant(true) }),
  fc.record({
    EventType: fc.constant(EventType.TaskScheduled),
    Name: text,
    Input: fc.option(json, { nil: '' }).map((input) => `[${input}]`),
  }),
  fc.record({
    EventType: fc.constant(EventType.TaskScheduled),
    Name: text,
    Input: json.map((input) => `[${input}]`),
    Version: text,
    Tags: tags,
  }),
  fc.record({
    EventType: fc.constantFrom(EventType.TaskCompleted, EventType.SubOrchestrationInstanceCompleted),
    TaskScheduledId: id,
    Result: fc.oneof(fc.constant(''), json),
  }),
  fc
    .tuple(fc.constantFrom(EventType.TaskFailed, EventType.SubOrchestrationInstanceFailed), id, failed)
    .map(([type, TaskScheduledId, rest]) => ({ EventType: type, TaskScheduledId, ...rest })),
  fc.record({
    EventType: fc.constant(EventType.SubOrchestrationInstanceCreated),
    Name: text,
    InstanceId: text,
    Input: maybeJson,
  }),
  fc.record({ EventType: fc.constant(EventType.TimerCreated), FireAt: iso }),
  fc.record({ EventType: fc.constant(EventType.TimerFired), TimerId: id, FireAt: iso }),
  fc.record({ EventType: fc.constantFrom(EventType.OrchestratorStarted, EventType.OrchestratorCompleted) }),
  fc.record({ EventType: fc.constant(EventType.EventSent), InstanceId: text, Name: text, Input: json }),
  fc.record({ EventType: fc.constant(EventType.EventRaised), Name: text, Input: maybeJson }),
  fc.record({
    EventType: fc.constantFrom(EventType.ExecutionSuspended, EventType.ExecutionResumed, EventType.ExecutionRewound),
    Reason: fc.option(text, { nil: null }),
  }),
  ...[
    fc.record({ op: text, id: text, input: json, signal: fc.constant(true) }),
    fc.record({ op: text, id: text, input: json, parent: text, parentExecution: text }),
  ].map((request) =>
    fc.tuple(entityId, request, fc.option(iso, { nil: undefined })).map(([InstanceId, message, due]) => ({
      EventType: EventType.EventSent,
      InstanceId,
      Name: due === undefined ? 'op' : `op@${due}`,
      Input: JSON.stringify({ ...message, ...(due !== undefined && { due }) }),
      Typed: true,
    })),
  ),
  fc.tuple(entityId, text, text).map(([InstanceId, request, parent]) => {
    const [, name, ...key] = InstanceId.split('@');
    const lockset = [{ name, key: key.join('@') }];
    const Input = JSON.stringify({ op: null, id: request, parent, lockset, pos: 0 });
    return { EventType: EventType.EventSent, InstanceId, Name: 'op', Input, Typed: true };
  }),
  fc.tuple(entityId, text, text).map(([InstanceId, request, parent]) => ({
    EventType: EventType.EventSent,
    InstanceId,
    Name: 'release',
    Input: JSON.stringify({ parent, id: request }),
    Typed: true,
  })),
];

const historyEvent: fc.Arbitrary<HistoryEvent> = fc
  .tuple(fc.integer({ min: -1, max: 1_000 }), ms, fc.oneof(...kinds))
  .map(([EventId, time, kind]) => {
    const base: EventBase = { EventId, IsPlayed: false, Timestamp: new Date(time) };
    return { ...base, ...kind } as HistoryEvent;
  });

function reread(event: HistoryEvent): HistoryEvent {
  return readEvent(decode('HistoryEvent', new EventWriter().write(event)));
}

function at(event: object): HistoryEvent {
  return { EventId: 1, IsPlayed: false, Timestamp: new Date(5), ...event } as HistoryEvent;
}

/** The kinds that the SDK sees in a history, and its view of the last event. */
function seenBySdk(history: HistoryEvent[]): { kind: string; last: Record<string, unknown> } {
  const writer = new EventWriter();
  const events = history.map((event) =>
    referenceType('HistoryEvent').deserializeBinary(writer.write(event)).toObject(),
  );
  const last = events.at(-1)!;
  const [kind, body] = Object.entries(last).find(
    ([key, value]) => value !== undefined && key !== 'eventid' && key !== 'timestamp',
  )!;
  return { kind, last: body as Record<string, unknown> };
}

describe('history events as protobuf', () => {
  test('any event of the engine comes back as it was', () => {
    fc.assert(
      fc.property(historyEvent, (event) => {
        // Records of the generator have no prototype, so both are compared as JSON has them.
        assert.deepEqual(clean(reread(event)), clean(event));
      }),
      { numRuns: 600 },
    );
  });

  test('a number that JavaScript cannot hold passes unchanged', () => {
    const event = at({ EventType: EventType.TaskScheduled, Name: 'a', Input: '[12345678901234567890]' });
    assert.deepEqual(reread(event), event);
  });

  test('a failure of which only the reason is known has details that say so', () => {
    const event = at({ EventType: EventType.TaskFailed, TaskScheduledId: 4, Reason: 'it broke', Details: '' });
    const { kind, last } = seenBySdk([event]);
    assert.equal(kind, 'taskfailed');
    const details = last.failuredetails as Record<string, unknown>;
    assert.deepEqual([details.errortype, details.errormessage], ['(unknown)', 'it broke']);
  });

  describe('an answer of an entity is typed', () => {
    const call = { EventType: EventType.EventSent, InstanceId: '@counter@a', Name: 'op' };
    const raised = { EventType: EventType.EventRaised, Name: 'r1' };
    const typed = at({ ...call, Input: '{"op":"get","id":"r1","parent":"p"}', Typed: true });
    const untyped = at({ ...call, Input: '{"op":"get","id":"r1","parent":"p"}' });
    const lock = {
      ...call,
      Input: '{"op":null,"id":"r1","parent":"p","lockset":[{"name":"counter","key":"a"}],"pos":0}',
    };

    test('when the call was', () => {
      const { kind, last } = seenBySdk([typed, at({ ...raised, Input: '{"result":"7"}' })]);
      assert.equal(kind, 'entityoperationcompleted');
      assert.deepEqual([last.requestid, (last.output as { value: string }).value], ['r1', '7']);
    });

    test('when the operation failed, with details if there are any', () => {
      const plain = '{"result":"\\"no luck\\"","exceptionType":"Error"}';
      const first = seenBySdk([typed, at({ ...raised, Input: plain })]);
      assert.equal(first.kind, 'entityoperationfailed');
      assert.equal((first.last.failuredetails as Record<string, unknown>).errormessage, 'no luck');
      const failureDetails = { ErrorType: 'RangeError', ErrorMessage: 'no luck' };
      const detailed = JSON.stringify({ result: null, exceptionType: 'no luck', failureDetails });
      const second = seenBySdk([typed, at({ ...raised, Input: detailed })]);
      assert.equal((second.last.failuredetails as Record<string, unknown>).errortype, 'RangeError');
    });

    test('when it grants a typed lock, and has the agreed text for an untyped one', () => {
      assert.equal(seenBySdk([at({ ...lock, Typed: true }), at({ ...raised, Input: '{}' })]).kind, 'entitylockgranted');
      const { kind, last } = seenBySdk([at(lock), at({ ...raised, Input: '{}' })]);
      assert.equal(kind, 'eventraised');
      assert.equal((last.input as { value: string }).value, '{"result":"Lock Acquisition Completed"}');
    });

    test('but not when the call was not, and not for an ordinary event', () => {
      assert.equal(seenBySdk([untyped, at({ ...raised, Input: '{"result":"7"}' })]).kind, 'eventraised');
      assert.equal(seenBySdk([typed, at({ ...raised, Name: 'other', Input: '{"result":"7"}' })]).kind, 'eventraised');
    });

    test('also when the call has been encoded in an earlier episode', () => {
      seenBySdk([typed]);
      assert.equal(seenBySdk([typed, at({ ...raised, Input: '{"result":"8"}' })]).kind, 'entityoperationcompleted');
    });
  });
});
