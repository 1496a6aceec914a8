import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { HostProcess, root, temporaryFolder } from './host-process.ts';
import { type CompletionRequest, echo, ModelServer, textOf } from './model-server.ts';

const app = join(root, 'test/apps/sessions');

/** One whose turns run within the session, and one whose turns run in steps. */
export const agents = ['Talker', 'Stepper'] as const;

/** The app of `test/apps/sessions` with these settings of its sessions, and a model. */
export async function setUp(t: TestContext, sessions: object = {}, reply: ModelServer['reply'] = echo) {
  const model = await ModelServer.start(reply);
  t.after(() => model.stop());
  const folder = temporaryFolder(t);
  const env = { ...model.env, FOLDER: folder, SESSIONS: JSON.stringify(sessions) };
  let count = 0;
  /** A host of this app; each has data of its own, unless they are given. */
  const start = async (args: string[] = [], data = join(folder, `data-${count++}`)) => {
    const host = await startToKill(data, args);
    t.after(() => host.stop());
    return host;
  };
  /** One that the test itself ends. */
  const startToKill = (data: string, args: string[] = []) => HostProcess.start({ app, data, env, args });
  return { model, folder, start, startToKill };
}

/** What the user said last. */
export function lastWords(request: CompletionRequest): string {
  return textOf(request.messages.findLast(({ role }) => role === 'user')?.content);
}

export interface Reply {
  status: number;
  body: Record<string, unknown>;
  headers: Headers;
}

/** Asks one of the session endpoints of an agent. */
export async function sessionCall(
  host: HostProcess,
  agent: string,
  path: string,
  method: 'GET' | 'POST' | 'DELETE' = 'GET',
): Promise<Reply> {
  const reply = await fetch(`${host.url}/api/agents/${agent}/sessions${path}`, { method });
  return { status: reply.status, body: (await reply.json()) as Record<string, unknown>, headers: reply.headers };
}

/** The texts of a session's messages. */
export function textsOf({ body }: Reply): string[] {
  const messages = body.messages as { contents: { text?: string }[] }[];
  return messages.map(({ contents }) => contents.map(({ text = '' }) => text).join(''));
}
