import type { RunOutcome } from '../../src/agent/effects.ts';
import { textMessage } from '../../src/agent/message.ts';
import { type OperationOutcome, performOperation } from '../../src/entity/agent-entity.ts';
import type { TurnInput } from '../../src/entity/run-turn.ts';
import { checkSessionKey, formatSessionId } from '../../src/ids.ts';

/** A session whose state is kept as text between operations, as a backend keeps it. */
export class TestSession {
  text: string | undefined;
  /** What the agent was given, turn by turn. */
  readonly turns: TurnInput[] = [];
  readonly #script: (RunOutcome | Error)[];

  constructor(...script: (RunOutcome | Error)[]) {
    this.#script = script;
  }

  async perform(operation: string | undefined, input?: unknown): Promise<OperationOutcome> {
    const outcome = await performOperation({
      operation,
      input: () => input,
      state: () => this.text,
      agentName: 'Joker',
      sessionId: formatSessionId('Joker', checkSessionKey('s1')),
      now: () => new Date('2026-01-02T03:04:05.678Z'),
      runTurn: async (turn) => {
        this.turns.push(structuredClone(turn));
        const step = this.#script.shift();
        if (step === undefined) throw new Error('The agent was run once too often.');
        if (step instanceof Error) throw step;
        return step;
      },
    });
    if (outcome.state !== undefined) this.text = JSON.stringify(outcome.state);
    return outcome;
  }

  run(correlationId: string, message = 'Hi'): Promise<OperationOutcome> {
    return this.perform('run', { message, correlationId });
  }

  get history(): { $type: string; [field: string]: unknown }[] {
    return JSON.parse(this.text ?? '{}').data?.conversationHistory ?? [];
  }
}

export function says(text: string): RunOutcome {
  return { status: 'completed', response: { text, messages: [textMessage('assistant', text)], finishReason: 'stop' } };
}
