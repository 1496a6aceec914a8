import type { HttpRequest } from '@azure/functions';
import type { Agent } from '../../agent/agent.ts';
import type { Role } from '../../agent/message.ts';
import type { KeepingSettings } from '../../entity/session-keeping.ts';
import { type AppSessionOptions, keepingSettings, type SessionOptions } from '../../entity/session-options.ts';
import { ConfigurationError } from '../../errors.ts';
import { MemoryStreamStore } from '../../stream/memory-stream-store.ts';
import type { AgentStreamHandler } from '../../stream/stream-handler.ts';
import type { StreamStore } from '../../stream/stream-store.ts';
import type { TelemetryOptions } from '../../telemetry/telemetry-options.ts';
import type { AnyWorkflow } from '../../workflow/workflow.ts';
import type { Watching } from './turn-observer.ts';
import type { WorkflowRegistration } from './workflow-options.ts';

/** An agent with settings of its own. */
export interface AgentRegistration {
  agent: Agent;
  /** Whether the agent has a run endpoint. Default: the app's `enableHttp`. */
  enableHttp?: boolean | undefined;
  /** Roles that callers over HTTP may give to their message. Default: the app's `allowedRoles`. */
  allowedRoles?: readonly Role[] | undefined;
  /** How its sessions are kept. Default: as the app's `sessions` say. */
  sessions?: SessionOptions | undefined;
}

export interface AgentFunctionAppOptions {
  /** The agents of the app; their names must differ, ignoring case. Default: none, if there are workflows. */
  agents?: readonly (Agent | AgentRegistration)[] | undefined;
  /**
   * The workflows of the app; those within others come with them. Several of one name are its versions: runs keep to the
   * one that they began with, and new ones take the last.
   */
  workflows?: readonly (AnyWorkflow | WorkflowRegistration)[] | undefined;
  /** Key that callers need for the generated endpoints. Default: `function`. */
  httpAuthLevel?: 'anonymous' | 'function' | 'admin' | undefined;
  /** Whether agents have a run endpoint unless they say otherwise. Default: true. */
  enableHttp?: boolean | undefined;
  /** Whether there is `GET health`. Default: true. */
  enableHealthCheck?: boolean | undefined;
  /** How long a run request waits for its answer before it gets 202, in milliseconds. Default: 100,000. */
  waitTimeoutMs?: number | undefined;
  /** Longest request body in bytes; above it the reply is 413. Default: 1,048,576. */
  maxBodyBytes?: number | undefined;
  /**
   * Who asks, for tools (`context.caller`): identity and claims as the app reads them from a run request, such as the
   * headers of App Service authentication. Anything that JSON can carry; it is stored with the turn, so no secrets. What
   * it throws refuses the request. Default: nothing.
   */
  mapCaller?: ((request: HttpRequest) => unknown) | undefined;
  /** Also write `thread_id` and `x-ms-thread-id` in replies, for clients of the first releases. Default: false. */
  legacyThreadNames?: boolean | undefined;
  /** Roles that callers over HTTP may give to their message. Anything but `user` lets callers speak for others. Default: only `user`. */
  allowedRoles?: readonly Role[] | undefined;
  /**
   * Whether runs can be streamed as server-sent events. It needs HTTP streams (`app.setup({ enableHttpStream: true })`),
   * which the app then has for all its HTTP functions. Default: true.
   */
  enableStreaming?: boolean | undefined;
  /**
   * Where the events of running turns are kept for those who stream them. Default: the memory of this process, which is
   * right as long as there is one; with several, use `RedisStreamStore`.
   */
  streamStore?: StreamStore | undefined;
  /** Hears of every turn of every agent while it runs. */
  streamHandler?: AgentStreamHandler | undefined;
  /** What traces say. Default: sizes and tokens, no content. */
  telemetry?: TelemetryOptions | undefined;
  /** How the sessions of all agents are kept. */
  sessions?: AppSessionOptions | undefined;
}

/** An agent as the app has it, with all its settings. */
export interface RegisteredAgent {
  readonly agent: Agent;
  readonly enableHttp: boolean;
  readonly allowedRoles: readonly Role[];
  readonly keeping: KeepingSettings;
}

export type HttpSettings = ReturnType<typeof checkHttpOptions>;

/** The options of the app that concern those who watch turns, with their defaults. */
export function watchingOf({ streamStore, streamHandler, telemetry = {} }: AgentFunctionAppOptions): Watching {
  return { store: streamStore ?? new MemoryStreamStore(), handler: streamHandler, telemetry };
}

/** The options of the app that concern HTTP, with their defaults. */
export function checkHttpOptions(options: AgentFunctionAppOptions) {
  return {
    authLevel: options.httpAuthLevel ?? ('function' as const),
    waitTimeoutMs: positive('waitTimeoutMs', options.waitTimeoutMs ?? 100_000),
    maxBodyBytes: positive('maxBodyBytes', options.maxBodyBytes ?? 1_048_576),
    legacyThreadNames: options.legacyThreadNames ?? false,
    enableStreaming: options.enableStreaming ?? true,
    ...(options.mapCaller && { mapCaller: options.mapCaller }),
  };
}

/**
 * The agents of an app by lower-case name.
 *
 * @throws ConfigurationError `noAgents`, `duplicateAgent`, `reservedAgentName`.
 */
export function checkAgents(options: AgentFunctionAppOptions): ReadonlyMap<string, RegisteredAgent> {
  const agents = new Map<string, RegisteredAgent>();
  for (const entry of options.agents ?? []) {
    const own: AgentRegistration = 'agent' in entry ? entry : { agent: entry };
    const name = own.agent.name.toLowerCase();
    if (agents.has(name)) {
      const fix = 'Names must differ in more than upper and lower case: rename one of the two.';
      throw new ConfigurationError('duplicateAgent', `There are two agents named "${own.agent.name}".`, { fix });
    }
    if (name === reservedName) {
      const fix = 'Give the agent another name.';
      throw new ConfigurationError('reservedAgentName', `No agent can be named "${own.agent.name}".`, { fix });
    }
    agents.set(name, {
      agent: own.agent,
      enableHttp: own.enableHttp ?? options.enableHttp ?? true,
      allowedRoles: own.allowedRoles ?? options.allowedRoles ?? ['user'],
      keeping: keepingSettings(options.sessions, own.sessions),
    });
  }
  if (agents.size > 0 || (options.workflows ?? []).length > 0) return agents;
  throw new ConfigurationError('noAgents', 'The app has no agents.', { fix: 'Pass them: { agents: [myAgent] }.' });
}

/** Its run function would have the name of the fallback for agents that do not exist. */
const reservedName = 'agent-not-found';

/** The longest wait that a timer of Node.js can do. */
const maxMs = 2_147_483_647;

function positive(name: string, value: number): number {
  if (Number.isInteger(value) && value > 0 && value <= maxMs) return value;
  throw new ConfigurationError('invalidOption', `${name} must be a whole number from 1 to ${maxMs}, not ${value}.`);
}
