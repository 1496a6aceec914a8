import { describeError } from '../agent/describe-error.ts';
import type { AgentResponse } from '../agent/response.ts';
import type { Logger } from '../log.ts';
import type { ChatUpdate } from '../model/chat-client.ts';

/** What a handler knows of the turn it hears of. */
export interface AgentStreamContext {
  readonly agentName: string;
  readonly sessionId: string;
  readonly correlationId: string;
  /** Text of the message that the turn answers. */
  readonly requestText: string;
  /**
   * Which try of the present model call it is, from 1. When it rises, forget the updates of this call so far. A turn
   * that is repeated after a crash calls the handler again from the start.
   */
  readonly attempt: number;
}

/**
 * Code that hears of a turn while it runs, where it runs. Calls come one at a time, in order, and a slow handler holds up
 * nothing but its own later calls. What it throws is logged and changes nothing.
 */
export interface AgentStreamHandler {
  /** Called with every update of the model. */
  onUpdate?(update: ChatUpdate, context: AgentStreamContext): void | Promise<void>;
  /**
   * Called with the answer of a turn that has succeeded, once it is on disk: no crash takes it back. A crash during the
   * call repeats it. `attempt` is 1 here.
   */
  onResponse?(response: AgentResponse, context: AgentStreamContext): void | Promise<void>;
}

/** Calls a handler without letting it disturb the turn. */
export class HandlerCalls {
  readonly #handler: AgentStreamHandler;
  readonly #context: Omit<AgentStreamContext, 'attempt'>;
  readonly #log: Logger;
  #last: Promise<void> = Promise.resolve();

  constructor(handler: AgentStreamHandler, context: Omit<AgentStreamContext, 'attempt'>, log: Logger) {
    this.#handler = handler;
    this.#context = context;
    this.#log = log;
  }

  update(update: ChatUpdate, attempt: number): void {
    this.#call('onUpdate', () => this.#handler.onUpdate?.(update, { ...this.#context, attempt }));
  }

  response(response: AgentResponse): void {
    this.#call('onResponse', () => this.#handler.onResponse?.(response, { ...this.#context, attempt: 1 }));
  }

  /** Resolves when all calls so far have ended. */
  settled(): Promise<void> {
    return this.#last;
  }

  #call(name: string, call: () => void | Promise<void>): void {
    this.#last = this.#last.then(call).catch((error: unknown) => {
      const { agentName, correlationId } = this.#context;
      this.#log.error(`The stream handler's ${name} failed. The turn goes on.`, {
        agent: agentName,
        correlationId,
        error: describeError(error),
      });
    });
  }
}
