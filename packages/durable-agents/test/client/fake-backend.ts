import type { DurableClientPort } from '../../src/client/durable-client-port.ts';
import type { TurnWaiters } from '../../src/client/turn-waiters.ts';
import { performOperation } from '../../src/entity/agent-entity.ts';
import type { RunAgentTurn } from '../../src/entity/run-turn.ts';
import { checkSessionKey, formatSessionId } from '../../src/ids.ts';
import type { JsonObject } from '../../src/json.ts';

/** A backend with one agent: runs operations one after the other and commits each as text. */
export class FakeBackend implements DurableClientPort {
  readonly committed = new Map<string, string>();
  readonly signals: { name: string; key: string; operation: string; input: JsonObject }[] = [];
  /** Set to make the backend refuse. */
  signalError: Error | undefined;
  readError: Error | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  readonly #runTurn: RunAgentTurn;
  readonly #waiters: TurnWaiters | undefined;

  constructor(runTurn: RunAgentTurn, waiters?: TurnWaiters) {
    this.#runTurn = runTurn;
    this.#waiters = waiters;
  }

  async signalEntity(name: string, key: string, operation: string, input: JsonObject): Promise<void> {
    if (this.signalError !== undefined) throw this.signalError;
    this.signals.push({ name, key, operation, input });
    const text = JSON.stringify(input);
    this.#queue = this.#queue.then(() => this.#perform(name, key, operation, text));
  }

  async readEntityState(name: string, key: string): Promise<unknown> {
    if (this.readError !== undefined) throw this.readError;
    return this.committed.get(`${name}/${key}`);
  }

  /** Waits until all that was signalled is done. */
  async idle(): Promise<void> {
    await this.#queue;
  }

  async #perform(name: string, key: string, operation: string, input: string): Promise<void> {
    const sessionId = formatSessionId(name.replace('dafx-', ''), checkSessionKey(key));
    const outcome = await performOperation({
      operation,
      input: () => JSON.parse(input),
      state: () => this.committed.get(`${name}/${key}`),
      agentName: 'Joker',
      sessionId,
      now: () => new Date(),
      runTurn: this.#runTurn,
    });
    if (outcome.correlationId !== undefined) this.#waiters?.wake(sessionId, outcome.correlationId);
    await Promise.resolve();
    if (outcome.state !== undefined) this.committed.set(`${name}/${key}`, JSON.stringify(outcome.state));
  }
}
