import { EventType, type HistoryEvent } from '../../src/engine/history.ts';
import { type ActivityMessage, type Instance, isFinal } from '../../src/engine/instance.ts';
import type { Commit } from '../../src/store/store.ts';
import { continuesAsNew, isArrival, isOverride, known, type Run, startedBy } from './commit-facts.ts';
import type { Disk, Row } from './disk.ts';
import { wrongIn } from './expected.ts';
import { HistoryModel } from './history-model.ts';
import type { Judge, Markers } from './judge.ts';
import type { Program } from './program.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { World } from './world.ts';

interface Arrival {
  row: Row;
  /** The instance it is for. */
  id: string;
  executionId: string | null;
  event: HistoryEvent;
  /** The event as the history would hold it. */
  text: string;
}

/** Looks at each step of an orchestration before it is written: what it takes in, what it records, what it sends. */
export class StepChecker {
  readonly #disk: Disk;
  readonly #world: World;
  readonly #time: VirtualTime;
  readonly #judge: Judge;
  readonly #markers: Markers;
  readonly #histories = new Map<string, HistoryModel>();
  /** Messages that were withdrawn or purged and may have been on their way already. */
  readonly #withdrawn = new Map<number, Row>();
  readonly #requested = new Set<string>();
  /** The newest event from outside that each instance has taken in. */
  readonly #newest = new Map<string, number>();

  readonly #copies: boolean;
  /** The message that began the current run of each id. */
  readonly #began = new Map<string, number>();
  /** For executions that go on with a run as new: which execution it began with. */
  readonly #firstOf = new Map<string, string>();
  /** Executions that had to make room for another. */
  readonly #replaced = new Set<string>();
  /** Messages that were withdrawn or purged and may have been on their way already. */

  /** @param copies whether a fault stores messages twice, so that a result may be recorded twice */
  constructor(ports: { disk: Disk; world: World; time: VirtualTime; judge: Judge; markers: Markers }, copies: boolean) {
    this.#copies = copies;
    this.#disk = ports.disk;
    this.#world = ports.world;
    this.#time = ports.time;
    this.#judge = ports.judge;
    this.#markers = ports.markers;
  }

  check(commit: Commit): void {
    this.#purges(commit);
    const rows = this.#consumed(commit);
    const continues = this.#replacement(commit, rows);
    if (commit.history !== undefined) this.#history(commit, commit.history, continues);
    this.#arrivals(commit, rows, continues);
    for (const { target, tag } of commit.withdraw ?? []) {
      for (const row of this.#disk.queue('orchestration', target)) {
        if (row.tag === tag) this.#withdrawn.set(row.id, row);
      }
    }
    for (const message of commit.outgoing ?? []) {
      if (message.lane === 'activity') this.#request(message.body);
    }
  }

  #purges(commit: Commit): void {
    for (const id of commit.purge ?? []) {
      const instance = this.#disk.instance(id);
      this.#judge.require(
        instance === undefined || isFinal(instance.status),
        'W9',
        () => `${id} is purged while it is ${instance!.status}`,
      );
      for (const row of this.#disk.purged(id)) {
        this.#withdrawn.set(row.id, row);
        const { event } = JSON.parse(row.body) as { event: HistoryEvent };
        this.#judge.require(
          event.EventType !== EventType.ExecutionStarted || known(instance, event.OrchestrationInstance.ExecutionId),
          'W8',
          () => `The purge of ${id} deletes a start that nobody has answered`,
        );
      }
    }
  }

  #consumed(commit: Commit): Row[] {
    const rows: Row[] = [];
    for (const id of commit.consume ?? []) {
      const row = this.#disk.messages.get(id) ?? this.#withdrawn.get(id);
      this.#withdrawn.delete(id);
      this.#judge.require(row !== undefined, 'W11', () => `Message ${id} is taken off a second time`);
      if (row === undefined) continue;
      rows.push(row);
      this.#judge.require(row.due <= this.#time.latest, 'W3', () => `Message ${id} is handled before its time`);
    }
    return rows;
  }

  /** @returns whether the step makes the instance continue as new */
  #replacement(commit: Commit, rows: readonly Row[]): boolean {
    const { instance: next } = commit;
    if (next === undefined) return false;
    const id = next.instanceId;
    const before = this.#disk.instance(id);
    const continues = continuesAsNew(commit);
    const same = before?.executionId === next.executionId;
    if (continues) {
      const running = before !== undefined && !isFinal(before.status);
      this.#firstOf.set(next.executionId, this.#first(running ? before.executionId : startedBy(rows)));
    }
    if (before === undefined) return continues;
    if (isFinal(before.status)) {
      this.#judge.require(!same, 'W9', () => `${id} changes from ${before.status} to ${next.status}`);
      return continues;
    }
    if (same) return false;
    if (rows.some(({ target, body }) => target === id && isOverride(body))) {
      this.#markers.sometimes('a running instance is replaced on purpose');
      this.#replaced.add(before.executionId);
      return continues;
    }
    this.#judge.require(continues, 'W9', () => `${id} is replaced by another run while it is ${before.status}`);
    return continues;
  }

  #history(commit: Commit, history: NonNullable<Commit['history']>, continues: boolean): void {
    const { instanceId, replace, from, events } = history;
    const stored = replace ? 0 : (this.#disk.histories.get(instanceId)?.length ?? 0);
    this.#judge.require(
      from === stored,
      'W11',
      () => `The history of ${instanceId} goes on at ${from}, not at ${stored}`,
    );
    const next = commit.instance!;
    let model = this.#histories.get(next.executionId);
    if (model === undefined || replace) {
      model = new HistoryModel(instanceId, this.#judge, this.#copies);
      this.#histories.set(next.executionId, model);
    }
    for (const text of events) {
      const event = JSON.parse(text) as HistoryEvent;
      model.add(event);
      if (event.EventType === EventType.TaskCompleted) {
        this.#judge.require(
          this.#world.hasRun(next.executionId, event.TaskScheduledId),
          'W1',
          () => `Step ${event.TaskScheduledId} of ${instanceId} has a result and never ran`,
        );
      }
    }
    if (continues) this.#markers.sometimes('an instance continues as new');
    if (next.status === 'Terminated' && model.open > 2) this.#markers.sometimes('an order ends a fan-out');
    if (next.status === 'Completed') this.#result(next);
    else if (next.status === 'Failed') this.#failure(next);
  }

  #failure({ instanceId, output }: Instance): void {
    const meant = output?.includes('failed: thrown by the program');
    this.#judge.require(meant === true, 'W2', () => `${instanceId} has failed by itself: ${output}`);
  }

  #result({ instanceId, input, output }: Instance): void {
    const wrong = wrongIn(JSON.parse(input!) as Program, JSON.parse(output!));
    this.#judge.require(wrong === undefined, 'W1', () => `${instanceId} has a wrong result: ${wrong}`);
  }

  /** W9, W4, W11: what is taken in is recorded, all of it and in order, unless it is for a run that is over. */
  #arrivals(commit: Commit, rows: Row[], continues: boolean): void {
    const recorded = (commit.history?.events ?? []).filter(isArrival);
    const results = [...recorded];
    const arrivals = rows.flatMap((row): Arrival[] => {
      if (row.lane === 'activity') return resultArrival(commit, row, results);
      if (row.lane !== 'orchestration') return [];
      const { executionId, event } = JSON.parse(row.body) as { executionId: string | null; event: HistoryEvent };
      const text = row.body.slice(row.body.indexOf(',"event":') + 9, -1);
      return [{ row, id: row.target, executionId, event, text }];
    });
    if (arrivals.length === 0) return;
    const { id } = arrivals[0]!;
    if (arrivals.some(({ row }) => row.lane === 'activity')) {
      this.#markers.sometimes('a result is taken in that was never a message');
    }
    let current: Run | undefined = this.#disk.instance(id);
    const expected: string[] = [];
    const open: Row[] = [];
    for (const { row, executionId, event, text } of arrivals) {
      if (event.EventType === EventType.ExecutionStarted) {
        const { ExecutionId } = event.OrchestrationInstance;
        const same = known(current, ExecutionId);
        const free = same || current === undefined || isFinal(current.status) || isOverride(row.body);
        if (!free || !(continues || known(commit.instance, ExecutionId))) {
          this.#refusal(commit, current, event);
          continue;
        }
        if (!same) expected.length = open.length = 0;
        else if (expected.includes(text) || !(continues || recorded.includes(text))) continue;
        current = { executionId: ExecutionId, status: 'Running' };
        if (!this.#firstOf.has(ExecutionId)) this.#began.set(id, row.id);
        expected.unshift(text);
        continue;
      }
      const over = current === undefined || isFinal(current.status) || !this.#isFor(current, executionId, event);
      if (over) {
        this.#late(event, current !== undefined && !isFinal(current.status));
        continue;
      }
      expected.push(text);
      if (executionId !== null) continue;
      open.push(row);
      if (event.EventType === EventType.EventRaised) this.#inOrder(id, row.id);
    }
    const began = this.#began.get(id) ?? 0;
    for (const row of open) {
      this.#judge.require(row.id > began, 'W9', () => `${row.body} was for a run of ${id} before this one`);
    }
    const wanted = continues ? [] : expected;
    this.#judge.require(
      recorded.length === wanted.length && recorded.every((text, index) => text === wanted[index]),
      'W4',
      () => `${id} took in ${wanted.join(' ') || 'nothing'} and recorded ${recorded.join(' ') || 'nothing'}`,
    );
  }

  #first(executionId: string): string {
    return this.#firstOf.get(executionId) ?? executionId;
  }

  /** The order to end a child is for its whole run; all else that names an execution is for that one only. */
  #isFor({ executionId: current }: Run, executionId: string | null, event: HistoryEvent): boolean {
    if (executionId === null || executionId === current) return true;
    return event.EventType === EventType.ExecutionTerminated && executionId === this.#first(current);
  }

  /** A start that finds its id taken is for a parent that must hear of it. */
  #refusal(commit: Commit, current: Run | undefined, event: HistoryEvent): void {
    if (event.EventType !== EventType.ExecutionStarted) return;
    const { ExecutionId } = event.OrchestrationInstance;
    if (known(current, ExecutionId) || this.#replaced.has(ExecutionId)) return;
    const { ParentInstance: parent } = event;
    const told =
      parent !== undefined &&
      (commit.outgoing ?? []).some(({ target }) => target === parent.OrchestrationInstance.InstanceId);
    this.#judge.require(told, 'W8', () => `A start of ${ExecutionId} is dropped and nobody is told`);
    this.#markers.sometimes('a sub-orchestration finds its id taken');
  }

  #inOrder(id: string, messageId: number): void {
    const newest = this.#newest.get(id) ?? 0;
    this.#judge.require(messageId > newest, 'W4', () => `${id} takes event ${messageId} after event ${newest}`);
    this.#newest.set(id, messageId);
  }

  #late(event: HistoryEvent, nextRuns: boolean): void {
    if (nextRuns) this.#markers.sometimes('a late answer finds the next execution running');
    if (event.EventType === EventType.TaskCompleted) this.#markers.sometimes('a result comes after the end');
    if (event.EventType === EventType.TimerFired) this.#markers.sometimes('a timer fires after the end');
    if (event.EventType === EventType.EventRaised) this.#markers.sometimes('an event or answer comes after the end');
  }

  #request(body: string): void {
    const { executionId, taskId, name, instanceId } = JSON.parse(body) as ActivityMessage;
    const key = `${executionId}/${taskId}`;
    this.#judge.require(
      !this.#requested.has(key),
      'W1',
      () => `Activity '${name}' (step ${taskId} of ${instanceId}) is requested twice`,
    );
    this.#requested.add(key);
  }
}

/**
 * A result that its orchestration takes in with the activity's own message, or drops with it.
 *
 * @param recorded what the step records; the result is taken from it, since a copy of its message has one of its own
 */
function resultArrival({ instance, outgoing = [] }: Commit, row: Row, recorded: string[]): Arrival[] {
  const { instanceId: id, executionId, taskId } = JSON.parse(row.body) as ActivityMessage;
  const isResult = (event: HistoryEvent) =>
    (event.EventType === EventType.TaskCompleted || event.EventType === EventType.TaskFailed) &&
    event.TaskScheduledId === taskId;
  const isLate = !known(instance, executionId);
  const isStored = outgoing.some(
    ({ target, body }) => target === id && isResult((JSON.parse(body) as { event: HistoryEvent }).event),
  );
  if (isStored) return [];
  const at = isLate ? -1 : recorded.findIndex((event) => isResult(JSON.parse(event) as HistoryEvent));
  const text = at < 0 ? `the result of step ${taskId}` : recorded.splice(at, 1)[0]!;
  return [{ row, id, executionId, event: { EventType: EventType.TaskCompleted } as HistoryEvent, text }];
}
