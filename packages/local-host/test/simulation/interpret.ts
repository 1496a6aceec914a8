import type { Program, Step } from './program.ts';

/** The part of a durable task that programs use; both the SDK's tasks and the small runtime's have it. */
export interface Task {
  readonly isCompleted: boolean;
  readonly isFaulted: boolean;
  readonly result?: unknown;
  readonly children?: Task[];
  cancel?(): void;
}

/** The part of the orchestration context that programs use. Entity ids and retry options are made by `Tools`. */
export interface Context<Entity, Retry> {
  readonly currentUtcDateTime: Date;
  readonly Task: { all(tasks: Task[]): Task; any(tasks: Task[]): Task };
  callActivity(name: string, input: unknown): Task;
  callActivityWithRetry(name: string, options: Retry, input: unknown): Task;
  callSubOrchestrator(name: string, input: unknown, instanceId?: string): Task;
  createTimer(fireAt: Date): Task;
  waitForExternalEvent(name: string): Task;
  callEntity(entity: Entity, operation: string, input: unknown): Task;
  signalEntity(entity: Entity, operation: string, input: unknown): void;
  lock(entities: Entity[]): Task;
  continueAsNew(input: unknown): void;
  setCustomStatus(status: unknown): void;
}

export interface Tools<Entity, Retry> {
  entity(key: string): Entity;
  retry(attempts: number, timeoutMs: number | undefined): Retry;
}

type Play = Generator<Task, unknown, unknown>;

/** Plays a program; its output is every value that it saw. The same code runs on the SDK and on the small runtime. */
export function* interpret<Entity, Retry>(
  df: Context<Entity, Retry>,
  tools: Tools<Entity, Retry>,
  program: Program,
): Play {
  const values: unknown[] = [];
  for (const step of program.steps) values.push(yield* play(df, tools, step));
  if (program.round < program.rounds) {
    df.continueAsNew({ ...program, round: program.round + 1 });
    return undefined;
  }
  return { run: program.run, values };
}

function* play<Entity, Retry>(df: Context<Entity, Retry>, tools: Tools<Entity, Retry>, step: Step): Play {
  switch (step.k) {
    case 'signal':
      df.signalEntity(tools.entity(step.key), 'add', { n: step.n });
      return null;
    case 'status':
      df.setCustomStatus(step.value);
      return null;
    case 'throw':
      throw new Error('thrown by the program');
    case 'bump': {
      const entity = tools.entity(step.key);
      const { sum } = (yield df.callEntity(entity, 'get', { id: step.id })) as { sum: number };
      return yield df.callEntity(entity, 'swap', { id: step.id, expect: sum, n: sum + step.n });
    }
    case 'lock': {
      const lock = (yield df.lock(step.keys.map((key) => tools.entity(key)))) as { release(): void };
      const values: unknown[] = [];
      for (const inner of step.body) values.push(yield* play(df, tools, inner));
      lock.release();
      return values;
    }
    default: {
      const task = make(df, tools, step);
      let value: unknown;
      try {
        value = yield task;
      } catch {
        return 'failed';
      }
      if (step.k === 'any') cancelTimers(step.of, task);
      return seen(step, task, value);
    }
  }
}

function make<Entity, Retry>(df: Context<Entity, Retry>, tools: Tools<Entity, Retry>, step: Step): Task {
  switch (step.k) {
    case 'act':
    case 'bad':
    case 'bomb':
      return df.callActivity(step.k, { id: step.id });
    case 'retry': {
      const { id, failures, attempts, timeoutMs } = step;
      return df.callActivityWithRetry('flaky', tools.retry(attempts, timeoutMs), { id, failures });
    }
    case 'sub':
      return df.callSubOrchestrator('program', step.program, step.as ?? undefined);
    case 'timer':
      return df.createTimer(new Date(df.currentUtcDateTime.getTime() + step.ms));
    case 'event':
      return df.waitForExternalEvent(step.name);
    case 'call':
      return df.callEntity(tools.entity(step.key), step.op, { id: step.id, n: step.n });
    case 'all':
    case 'any':
      return df.Task[step.k](step.of.map((child) => make(df, tools, child)));
    default:
      throw new Error(`Not a task: ${step.k}`);
  }
}

function cancelTimers(steps: readonly Step[], task: Task): void {
  for (const [index, child] of task.children!.entries()) {
    if (steps[index]!.k === 'timer' && !child.isCompleted) child.cancel!();
  }
}

function seen(step: Step, task: Task, value: unknown): unknown {
  if (step.k === 'timer') return null;
  if (step.k === 'all') return step.of.map((child, i) => seen(child, task.children![i]!, (value as unknown[])[i]));
  if (step.k !== 'any') return value;
  const winner = value as Task;
  const index = task.children!.indexOf(winner);
  return { index, value: winner.isFaulted ? 'failed' : seen(step.of[index]!, winner, winner.result) };
}
