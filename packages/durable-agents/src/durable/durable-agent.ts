import { type ChatMessage, toMessages } from '../agent/message.ts';
import { formatJsonSchema, type ResponseFormat, type TypedResponse } from '../agent/response-format.ts';
import { writeRunRequest } from '../entity/run-request.ts';
import { RequestError } from '../errors.ts';
import { checkSessionKey, formatSessionId } from '../ids.ts';
import type { JsonObject, JsonSchema, JsonValue } from '../json.ts';
import { agentCallOrchestrator, startCall } from './agent-call.ts';
import { type AgentRetryOptions, retryPolicy } from './agent-retry.ts';
import { type AgentTask, asAgentTask } from './agent-task.ts';
import type { AgentSession, DurableTask, OrchestrationCalls } from './orchestration-calls.ts';

export interface DurableRunOptions<Format extends ResponseFormat = JsonSchema> {
  /** The conversation to go on with. Default: a new session for this call. */
  session?: AgentSession | undefined;
  /**
   * What a structured answer looks like; it is then in `response.value`, with the type of a Standard Schema. That must
   * answer at once and always the same, like all in an orchestration.
   */
  responseFormat?: Format | undefined;
  /** Whether the agent may call tools. Default: true. */
  enableToolCalls?: boolean | undefined;
  /** Names of the tools it may call. Default: all of the agent's. */
  enableToolNames?: readonly string[] | undefined;
  /**
   * Where the turn belongs in a trace (W3C: `traceparent`, `tracestate`), such as what the orchestration's input
   * brings along. Default: the orchestration's own place, where its host knows it.
   */
  traceContext?: JsonObject | undefined;
  /** Who asks, for tools (`context.caller`). Anything that JSON can carry; it is stored, so no secrets. */
  caller?: JsonValue | undefined;
  /** Repeats a call that failed in a way that may pass. Default: it fails at once. */
  retry?: AgentRetryOptions | undefined;
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
   * @throws RequestError `sessionOfOtherAgent` if the session belongs to another agent; ConfigurationError if the
   * response format or the retry policy cannot be used.
   */
  run<Format extends ResponseFormat = JsonSchema>(
    input: string | ChatMessage | readonly ChatMessage[],
    options: DurableRunOptions<Format> = {},
  ): AgentTask<Task, TypedResponse<Format>> {
    const { session = this.createSession(), responseFormat, enableToolCalls, enableToolNames, caller } = options;
    const { traceContext = this.#calls.traceContext } = options;
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
      responseFormat: formatJsonSchema(responseFormat),
      enableToolCalls,
      enableToolNames,
      caller,
      traceContext,
    };
    const agentName = this.name;
    const call = {
      agentName,
      sessionKey,
      durability: this.#durability,
      request: JSON.stringify(writeRunRequest(request)),
    };
    const task =
      options.retry === undefined
        ? startCall(this.#calls, call)
        : this.#calls.callSubOrchestrator(agentCallOrchestrator, { ...call, retry: retryPolicy(options.retry) });
    return asAgentTask(task, { agentName, sessionKey, correlationId }, responseFormat);
  }

  #newId(): string {
    return this.#calls.newGuid().replaceAll('-', '');
  }
}
