import { type ChatMessage, toMessages } from '../agent/message.ts';
import { writeRunRequest } from '../entity/run-request.ts';
import { RequestError } from '../errors.ts';
import { checkSessionKey, entityName, formatSessionId, turnOrchestratorName } from '../ids.ts';
import type { JsonSchema } from '../json.ts';
import { type AgentTask, asAgentTask } from './agent-task.ts';
import type { AgentSession, DurableTask, OrchestrationCalls } from './orchestration-calls.ts';

export interface DurableRunOptions {
  /** The conversation to go on with. Default: a new session for this call. */
  session?: AgentSession | undefined;
  /** JSON Schema of a structured answer, then in `response.value`. */
  responseFormat?: JsonSchema | undefined;
  /** Whether the agent may call tools. Default: true. */
  enableToolCalls?: boolean | undefined;
  /** Names of the tools it may call. Default: all of the agent's. */
  enableToolNames?: readonly string[] | undefined;
}

/**
 * An agent inside an orchestration. A run is a call of the session's entity whose result is in the orchestration's
 * history: a replay takes it from there and calls no model.
 */
export class DurableAgent<Task extends DurableTask = DurableTask> {
  readonly name: string;
  readonly #calls: OrchestrationCalls<Task>;
  readonly #durability: 'turn' | 'step';

  /** @param durability how the agent's turns run: as an operation of the session, or as an orchestration */
  constructor(name: string, calls: OrchestrationCalls<Task>, durability: 'turn' | 'step' = 'turn') {
    this.name = name;
    this.#calls = calls;
    this.#durability = durability;
  }

  /**
   * Begins a conversation, or goes on with the one of that key. Without a key it is a new one, the same on a replay.
   *
   * @throws RequestError `invalidSessionId`.
   */
  createSession(key?: string): AgentSession {
    const checked = checkSessionKey(key ?? this.#newId());
    return { agentName: this.name, key: checked, id: formatSessionId(this.name, checked) };
  }

  /**
   * Sends a message to the agent. `const response = yield* agent.run(…)` waits for its typed response; the task can
   * also be yielded, or given to `context.df.Task.all`.
   *
   * The call fails with AgentCallError.
   * @throws RequestError `sessionOfOtherAgent` if the session belongs to another agent.
   */
  run(input: string | ChatMessage | readonly ChatMessage[], options: DurableRunOptions = {}): AgentTask<Task> {
    const { session = this.createSession(), responseFormat, enableToolCalls, enableToolNames } = options;
    if (session.agentName.toLowerCase() !== this.name.toLowerCase()) {
      throw new RequestError(
        'sessionOfOtherAgent',
        400,
        `The session belongs to agent "${session.agentName}" and cannot be used with "${this.name}".`,
        { fix: 'Make a session with createSession() of the agent that you call.' },
      );
    }
    // The session may have travelled as JSON, through a caller's hands.
    const sessionKey = checkSessionKey(session.key);
    const correlationId = this.#newId();
    const request = {
      messages: toMessages(input),
      correlationId,
      orchestrationId: this.#calls.instanceId,
      responseFormat,
      enableToolCalls,
      enableToolNames,
    };
    const written = writeRunRequest(request);
    const task =
      this.#durability === 'step'
        ? this.#calls.callSubOrchestrator(turnOrchestratorName, {
            agentName: this.name,
            sessionKey,
            correlationId,
            request: JSON.stringify(written),
          })
        : this.#calls.callEntity(entityName(this.name), sessionKey, 'run', written);
    return asAgentTask(task, { agentName: this.name, sessionKey, correlationId });
  }

  #newId(): string {
    return this.#calls.newGuid().replaceAll('-', '');
  }
}
