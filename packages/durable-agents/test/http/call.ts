import { textMessage } from '../../src/agent/message.ts';
import type { AgentResponse } from '../../src/agent/response.ts';
import type { RunAgentCall, RunAgentResult } from '../../src/client/agent-client.ts';
import { readBody } from '../../src/http/read-body.ts';
import type { HttpReply } from '../../src/http/reply.ts';
import { type RunEndpoint, serveRun } from '../../src/http/run-endpoint.ts';
import type { CorrelationId, SessionKey } from '../../src/ids.ts';
import type { JsonObject } from '../../src/json.ts';

export interface Call {
  headers?: Record<string, string>;
  /** Short for the header. */
  type?: string;
  query?: string;
  /** Text or bytes as they are; anything else is sent as JSON. */
  body?: unknown;
}

export interface Served {
  reply: HttpReply;
  /** The body of a JSON reply. */
  json: JsonObject;
  /** What the client was asked to do; empty if the request was refused. */
  calls: RunAgentCall[];
  logged: string[];
}

export const response: AgentResponse = {
  text: 'Day 1: Wawel.',
  messages: [{ ...textMessage('assistant', 'Day 1: Wawel.'), authorName: 'Planner' }],
  usage: { inputTokenCount: 41 },
  agentId: 'Planner',
  responseId: 'r1',
  createdAt: '2026-01-01T00:00:00.000Z',
  finishReason: 'stop',
  metadata: { provider: 'offline', simulated: true },
};

type Outcome = Omit<Extract<RunAgentResult, { status: 'completed' }>, 'sessionKey' | 'correlationId'>;
type OtherOutcome =
  | { status: 'accepted' | 'timeout' }
  | Omit<Extract<RunAgentResult, { status: 'failed' }>, 'sessionKey' | 'correlationId'>;

/** Serves one request with a client that answers as told. Bodies that are not text are JSON. */
export async function serve(
  call: Call,
  options: Partial<RunEndpoint> = {},
  outcome: Outcome | OtherOutcome | Error = { status: 'completed', response, messageCount: 2 },
): Promise<Served> {
  const { body } = call;
  const isRaw = typeof body === 'string' || body instanceof Uint8Array || body === undefined;
  const headers = new Headers({ ...(call.type !== undefined && { 'content-type': call.type }), ...call.headers });
  if (!isRaw && !headers.has('content-type')) headers.set('content-type', 'application/json');
  const bytes = new Blob([isRaw ? ((body ?? '') as string) : JSON.stringify(body)]);
  const calls: RunAgentCall[] = [];
  const logged: string[] = [];
  const log = (message: string, fields?: JsonObject) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const endpoint: RunEndpoint = {
    agentName: 'Planner',
    allowedRoles: ['user'],
    maxBodyBytes: 1000,
    legacyThreadNames: false,
    waitTimeoutMs: 1234,
    log: { debug: log, info: log, warn: log, error: log },
    client: {
      async runAgent(asked) {
        calls.push(asked);
        if (outcome instanceof Error) throw outcome;
        const turn = { sessionKey: asked.sessionKey as SessionKey, correlationId: 'c0ffee' as CorrelationId };
        return asked.wait === false ? { status: 'accepted', ...turn } : { ...outcome, ...turn };
      },
    },
    ...options,
  };
  const raw = {
    header: (name: string) => headers.get(name),
    query: new URLSearchParams(call.query ?? ''),
    readBody: (maxBytes: number) => readBody(bytes.stream(), headers.get('content-length'), maxBytes),
  };
  const reply = await serveRun(raw, endpoint);
  const isJson = reply.headers['content-type']?.startsWith('application/json');
  return { reply, json: isJson ? JSON.parse(reply.body) : {}, calls, logged };
}
