import type { FunctionsCore } from '../hosts/functions-core.ts';

/** An entity call that the orchestrator made. */
export interface EntityCall {
  instanceId: string;
  operation: string;
  input: Record<string, unknown>;
}

interface Action {
  actionType: number;
  compoundActions?: Action[];
  instanceId?: string;
  operation?: string;
  input?: Record<string, unknown>;
}

interface Episode {
  isDone: boolean;
  actions: Action[][];
  output?: unknown;
  error?: string;
}

export interface PlayedOrchestration {
  output?: unknown;
  /** Why it failed. */
  error?: string;
  calls: EntityCall[];
  episodes: number;
}

const callEntity = 7;
const startedAt = Date.parse('2026-03-01T10:00:00Z');

/** How an entity call ends: with its result, or as the host reports an operation that threw. */
export type EntityReply = { result: unknown } | { exception: string };

/**
 * Plays an orchestration the way the Durable extension does: runs the orchestrator on its history, again from the
 * start after each entity answer. `order` says in which order the answers to calls that are open together arrive.
 */
export async function play(
  core: FunctionsCore,
  name: string,
  input: unknown,
  reply: (call: EntityCall) => EntityReply | Promise<EntityReply>,
  order: (open: number[]) => number[] = (open) => open,
): Promise<PlayedOrchestration> {
  const history: object[] = [
    event(12, 0),
    { ...event(0, 0), Name: name, Input: JSON.stringify(input ?? null), OrchestrationInstance: { InstanceId: 'i1' } },
  ];
  const calls: EntityCall[] = [];
  for (let episodes = 1; episodes < 50; episodes++) {
    const state = await runEpisode(core, name, history, input);
    if (state.error !== undefined) return { error: state.error, calls, episodes };
    if (state.isDone) return { output: state.output, calls, episodes };
    const known = calls.length;
    calls.push(...entityCalls(state.actions.flat()).slice(known));
    const open = calls.map((_, index) => index).slice(known);
    for (const index of open) history.push(sent(index, calls[index]));
    history.push(event(13, episodes));
    if (open.length === 0) throw new Error('The orchestration waits for nothing that could come.');
    for (const index of order(open)) {
      history.push(event(12, episodes), await raised(index, calls[index] as EntityCall, reply), event(13, episodes));
    }
    // What came last is what the next episode is about.
    history.splice(history.length - 1, 1);
  }
  throw new Error('The orchestration does not end.');
}

async function runEpisode(core: FunctionsCore, name: string, history: object[], input: unknown): Promise<Episode> {
  const request = {
    history,
    input: input ?? null,
    instanceId: 'i1',
    isReplaying: false,
    parentInstanceId: null,
    upperSchemaVersion: 1,
    upperSchemaVersionNew: 2,
    longRunningTimerIntervalDuration: '3.00:00:00',
    maximumShortTimerDuration: '6.00:00:00',
    defaultHttpAsyncRequestSleepTimeMillseconds: 30_000,
  };
  try {
    const returned = await core.invoke(name, { string: JSON.stringify(request) });
    return JSON.parse(String(returned?.json));
  } catch (error) {
    const [, state] = String((error as Error).message).split('\n\n$OutOfProcData$:');
    if (state === undefined) throw error;
    return JSON.parse(state);
  }
}

function entityCalls(actions: Action[]): EntityCall[] {
  return actions.flatMap((action) => {
    if (action.compoundActions !== undefined) return entityCalls(action.compoundActions);
    if (action.actionType !== callEntity) return [];
    // The real backend keeps the input as text.
    return [
      JSON.parse(JSON.stringify({ instanceId: action.instanceId, operation: action.operation, input: action.input })),
    ];
  });
}

function event(EventType: number, episode: number): object {
  const Timestamp = new Date(startedAt + episode * 1000).toISOString();
  return { EventType, EventId: -1, IsPlayed: false, Timestamp };
}

function sent(index: number, call: EntityCall | undefined): object {
  return {
    ...event(14, 0),
    EventId: index,
    Name: 'op',
    InstanceId: call?.instanceId,
    Input: JSON.stringify({ id: `call-${index}` }),
  };
}

async function raised(
  index: number,
  call: EntityCall,
  reply: (call: EntityCall) => EntityReply | Promise<EntityReply>,
): Promise<object> {
  const answer = await reply(call);
  const message =
    'result' in answer
      ? { result: JSON.stringify(answer.result) }
      : { result: JSON.stringify(answer.exception), exceptionType: 'Error' };
  return { ...event(15, 0), Name: `call-${index}`, Input: JSON.stringify(message) };
}
