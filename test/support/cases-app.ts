import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { eventually, HostProcess, root, temporaryFolder } from './host-process.ts';
import { type CompletionRequest, type ModelReply, ModelServer, textOf } from './model-server.ts';

export interface JsonReply {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

/** What a user's message is: the calls that the model makes, round by round, before it says what came of the last. */
export type Rounds = [name: string, args?: unknown, id?: string][][];

/** Makes the calls that the last user message lists; a message that lists none is said back. */
export function obey({ messages }: CompletionRequest): ModelReply {
  const last = messages.findLastIndex(({ role }) => role === 'user');
  const said = textOf(messages[last]?.content);
  if (!said.startsWith('[[')) return { text: `heard: ${said}` };
  const since = messages.slice(last + 1);
  const done = since.filter(({ role }) => role === 'assistant').length;
  const calls = (JSON.parse(said) as Rounds)[done];
  if (calls !== undefined) {
    return {
      calls: calls.map(([name, args = {}, id], index) => ({ id: id ?? `${done}-${index}`, name, arguments: args })),
    };
  }
  const results = since.slice(since.findLastIndex(({ role }) => role === 'assistant') + 1);
  return { text: results.map(({ content }) => textOf(content).slice(0, 2_000)).join(' & ') };
}

/** The app of the cases, with its model and a folder in which its tools leave their marks. */
export async function setUpCases(t: TestContext, env: Record<string, string> = {}) {
  const model = await ModelServer.start(obey);
  t.after(() => model.stop());
  const folder = temporaryFolder(t);
  const app = join(root, 'test/apps/cases');
  const start = async (args: string[] = []) => {
    const options = { app, args, data: join(folder, 'data'), env: { ...model.env, FOLDER: folder, ...env } };
    const host = await HostProcess.start(options);
    return { host, ...callsOf(host) };
  };
  /** The lines that tools have written into a file. */
  const lines = (name: string) =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8').trim().split('\n') : [];
  return { model, folder, start, lines };
}

function callsOf(host: HostProcess) {
  const call = async (method: string, path: string, body?: unknown): Promise<JsonReply> => {
    const init = { method, ...(body !== undefined && { body: JSON.stringify(body) }) };
    const reply = await fetch(host.url + path, { ...init, headers: { 'content-type': 'application/json' } });
    const text = await reply.text();
    const parsed = text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
    return { status: reply.status, headers: reply.headers, body: parsed };
  };
  const sessionPath = (agent: string, session: string) =>
    `/api/agents/${agent}/sessions/${encodeURIComponent(session)}`;
  return {
    call,
    ask: (agent: string, message: string | Rounds, session?: string, more: object = {}) =>
      host.run(agent, {
        message: typeof message === 'string' ? message : JSON.stringify(message),
        ...(session !== undefined && { sessionId: session }),
        ...more,
      }),
    decide: (agent: string, session: string, callId: string, decision: object) =>
      call('POST', `${sessionPath(agent, session)}/approvals/${encodeURIComponent(callId)}`, decision),
    view: (agent: string, session: string) => call('GET', sessionPath(agent, session)),
    /** The last text of a session, once it has so many turns. */
    answer: (agent: string, session: string, turns: number) =>
      eventually(`${turns} turns in ${session}`, async () => {
        const history = (await host.session(agent, session))?.data.conversationHistory ?? [];
        return history.length >= 2 * turns ? history.at(-1)?.messages.at(-1)?.contents[0]?.text : undefined;
      }),
  };
}
