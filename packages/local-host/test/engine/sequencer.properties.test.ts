import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { AppExecutor } from '../../src/durable/app-executor.ts';
import { finishEpisode, planEpisode } from '../../src/engine/episode.ts';
import { EventType, type HistoryEvent } from '../../src/engine/history.ts';
import { httpActivityName } from '../../src/engine/http-call.ts';
import {
  type ActivityMessage,
  type Instance,
  type InstanceMessage,
  isFinal,
  type Outgoing,
} from '../../src/engine/instance.ts';
import { type EntityMessage, EventFactory } from '../../src/engine/scheduling.ts';
import { sequence } from '../../src/engine/sequencer.ts';
import { testApp } from '../hub/harness.ts';

type Step =
  | { k: 'act' | 'sub' | 'entity'; id: string }
  | { k: 'retry'; id: string; attempts: number }
  | { k: 'http'; id: string; polls: number }
  | { k: 'timer' | 'longTimer' }
  | { k: 'signal' }
  | { k: 'event'; name: string }
  | { k: 'all' | 'any'; of: Step[] };

const leaf: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ k: fc.constantFrom('act' as const, 'sub' as const, 'entity' as const), id: fc.uuid() }),
  fc.record({ k: fc.constant('retry' as const), id: fc.uuid(), attempts: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ k: fc.constant('http' as const), id: fc.uuid(), polls: fc.integer({ min: 0, max: 2 }) }),
  fc.record({ k: fc.constantFrom('timer' as const, 'longTimer' as const) }),
  fc.record({ k: fc.constant('event' as const), name: fc.constantFrom('A', 'B') }),
);
const { step } = fc.letrec<{ step: Step }>((tie) => ({
  step: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.record({
      k: fc.constantFrom('all' as const, 'any' as const),
      of: fc.array(tie('step'), { minLength: 1, maxLength: 4 }),
    }),
  ),
}));
const program: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof({ arbitrary: step, weight: 5 }, { arbitrary: fc.constant<Step>({ k: 'signal' }), weight: 1 }),
  {
    minLength: 1,
    maxLength: 6,
  },
);

function leaves(steps: readonly Step[]): Step[] {
  return steps.flatMap((entry) => (entry.k === 'all' || entry.k === 'any' ? leaves(entry.of) : [entry]));
}

/** Plays a program to its end: `choose(n)` picks how many and which of the waiting answers come next. */
async function play(executor: AppExecutor, steps: Step[], choose: (n: number) => number): Promise<Instance> {
  const executionId = 'x';
  let instance: Instance = {
    instanceId: 'i',
    name: 'interpret',
    version: '',
    executionId,
    status: 'Pending',
    input: JSON.stringify(steps),
    output: null,
    customStatus: null,
    createdAt: 0,
    updatedAt: 0,
    parent: null,
  };
  const base = { EventId: -1, IsPlayed: false, Timestamp: new Date(0) };
  const history: HistoryEvent[] = [];
  const failures = new Map(
    leaves(steps).flatMap((entry, i) => (entry.k === 'retry' ? [[entry.id, i % 4] as const] : [])),
  );
  const pool: HistoryEvent[] = leaves(steps).flatMap((entry) =>
    entry.k === 'event'
      ? [{ ...base, EventType: EventType.EventRaised, Name: entry.name, Input: JSON.stringify(entry.name) }]
      : [],
  );
  let inbox: HistoryEvent[] = [
    {
      ...base,
      EventType: EventType.ExecutionStarted,
      Name: 'interpret',
      Version: '',
      Input: instance.input,
      OrchestrationInstance: { InstanceId: 'i', ExecutionId: executionId },
    },
  ];
  let now = 1_000_000;
  for (;;) {
    const fired = inbox.map((event) => (event.EventType === EventType.TimerFired ? Date.parse(event.FireAt) : 0));
    now = Math.max(now + 5_000, ...fired);
    const plan = planEpisode(history, inbox, now);
    const outcome = await executor.runOrchestrator(instance, [...history, ...plan.events]);
    const result = finishEpisode({ instance, history, plan, outcome, now, newExecutionId: () => 'y' });
    assert.equal(result.fault, undefined);
    for (const event of result.append) event.IsPlayed = true;
    history.push(...result.append);
    instance = result.instance;
    const replay = sequence(history, outcome.actions, new EventFactory('i', executionId, new Date(now)));
    assert.deepEqual(replay.scheduled, [], 'a replay of the same history schedules nothing new');
    for (const message of result.outgoing) {
      const answer = answerTo(message, failures, base);
      if (answer !== undefined) pool.push(answer);
    }
    if (isFinal(instance.status)) return instance;
    assert.ok(pool.length > 0, 'the orchestration waits for something that can come');
    const count = 1 + choose(Math.min(3, pool.length));
    inbox = Array.from({ length: count }, () => pool.splice(choose(pool.length), 1)[0]!);
  }
}

function answerTo(message: Outgoing, failures: Map<string, number>, base: object): HistoryEvent | undefined {
  if (message.lane === 'activity') {
    const { name, input, taskId } = JSON.parse(message.body) as ActivityMessage;
    if (name === httpActivityName) return { ...base, ...httpAnswer(taskId, input!) } as HistoryEvent;
    const id = JSON.parse(JSON.parse(input!) as string) as string;
    const left = name === 'flaky' ? (failures.get(id) ?? 0) : 0;
    if (left > 0) {
      failures.set(id, left - 1);
      return {
        ...base,
        EventType: EventType.TaskFailed,
        TaskScheduledId: taskId,
        Reason: 'out of luck',
        Details: '',
      } as HistoryEvent;
    }
    return {
      ...base,
      EventType: EventType.TaskCompleted,
      TaskScheduledId: taskId,
      Result: JSON.stringify(id),
    } as HistoryEvent;
  }
  if (message.lane === 'entity') {
    const { id, input, signal } = JSON.parse(message.body) as EntityMessage;
    if (signal) return undefined;
    return {
      ...base,
      EventType: EventType.EventRaised,
      Name: id,
      Input: JSON.stringify({ result: input }),
    } as HistoryEvent;
  }
  const { event } = JSON.parse(message.body) as InstanceMessage;
  if (event.EventType !== EventType.ExecutionStarted)
    return { ...event, IsPlayed: false, Timestamp: new Date(event.Timestamp) };
  const { TaskScheduleId } = event.ParentInstance!;
  return {
    ...base,
    EventType: EventType.SubOrchestrationInstanceCompleted,
    TaskScheduledId: TaskScheduleId,
    Result: event.Input!,
  } as HistoryEvent;
}

/** 202 as often as the address says, then the answer. */
function httpAnswer(taskId: number, input: string): object {
  const { uri } = JSON.parse(input) as { uri: string };
  const url = new URL(uri);
  const left = Number(url.searchParams.get('polls'));
  url.searchParams.set('polls', String(left - 1));
  const response =
    left > 0
      ? { statusCode: 202, content: '', headers: { location: url.href, 'Retry-After': '5' } }
      : { statusCode: 200, content: url.pathname.slice(1), headers: {} };
  return { EventType: EventType.TaskCompleted, TaskScheduledId: taskId, Result: JSON.stringify(response) };
}

for (const strict of [false, true]) {
  describe(`sequence ids (${strict ? 'strict' : 'live'})`, () => {
    let executor: AppExecutor;
    before(async () => {
      executor = new AppExecutor(await testApp(), { strict });
    });

    test('whatever order answers come in, every step gets its own result and replays schedule nothing new', async () => {
      await fc.assert(
        fc.asyncProperty(program, fc.infiniteStream(fc.nat({ max: 999 })), async (steps, numbers) => {
          const choose = (n: number) => (numbers.next().value as number) % n;
          const ended = await play(executor, steps, choose);
          assert.equal(ended.output, '"every step had its own result"', `${ended.status}: ${ended.output}`);
        }),
        { numRuns: strict ? 150 : 400 },
      );
    });
  });
}
