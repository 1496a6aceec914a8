import type { DurableTask } from '../durable/orchestration-calls.ts';
import type { JsonObject, JsonValue } from '../json.ts';

/** What a turn needs of the orchestration it runs as. Everything here gives the same again on a replay. */
export interface TurnCalls<Task extends DurableTask> {
  readonly instanceId: string;
  /** Time of the present step, epoch ms. */
  now(): number;
  callEntity(name: string, key: string, operation: string, input: JsonObject): Task;
  callActivity(name: string, input: JsonObject): Task;
  waitForEvent(name: string): Task;
  /** @param at epoch ms */
  timer(at: number): Task & { cancel(): void };
  all(tasks: Task[]): Task;
  any(tasks: Task[]): Task;
}

/** The input of a turn's orchestration. */
export interface TurnInput extends JsonObject {
  agentName: string;
  sessionKey: string;
  correlationId: string;
}

/** The input of one that an orchestration of the app called: it brings its message along. */
export type CalledTurnInput = TurnInput & {
  /** JSON text: the SDK changes some values of an orchestration's input, and would find them in here. */
  request?: string;
};

export type TurnResult = JsonValue;
