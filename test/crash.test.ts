import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually, HostProcess, temporaryFolder } from './support/host-process.ts';
import { echo, ModelServer } from './support/model-server.ts';

const kills = Number(process.env.CRASH_KILLS ?? 20);
const sessions = ['s1', 's2', 's3'];

/**
 * What the client knows, kept outside of the process that dies: only what was acknowledged counts.
 */
class ClientLog {
  readonly sent = new Map<string, string>();
  readonly acknowledged = new Map<string, string>();
  readonly started: string[] = [];
  /** Orchestrations seen as completed while a host was up, with the lines that were published for them then. */
  readonly completed = new Map<string, number>();
  counter = 0;
}

test(`after ${kills} kills at random moments nothing acknowledged is lost and nothing finished runs again`, async (t) => {
  const seed = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
  t.diagnostic(`seed ${seed} (set CRASH_SEED to repeat the moments)`);
  const random = generator(seed);
  const model = await ModelServer.start(async (request) => {
    await new Promise((resolve) => setTimeout(resolve, Math.floor(random() * 20)));
    return echo(request);
  });
  t.after(() => model.stop());
  const folder = temporaryFolder(t);
  const options = { data: join(folder, 'data'), env: { ...model.env, PUBLISH_FOLDER: folder } };
  const published = () => linesByKey(join(folder, 'published.jsonl'));
  const log = new ClientLog();

  for (let round = 0; round < kills; round++) {
    const host = await HostProcess.start(options);
    const traffic = new AbortController();
    const clients = [
      ...sessions.map((session) => talk(host, session, log, traffic.signal)),
      startOrchestrations(host, log, traffic.signal),
      watchOrchestrations(host, log, published, traffic.signal),
    ];
    // Long enough for work to come through now and then: what is running at five deaths in a row is set aside as poison.
    await new Promise((resolve) => setTimeout(resolve, 150 + Math.floor(random() * 250)));
    await host.kill();
    traffic.abort();
    await Promise.all(clients);
  }

  const host = await HostProcess.start(options);
  t.after(() => host.stop());
  for (const id of log.started) {
    const ended = await eventually(`orchestration ${id}`, async () => {
      const status = await host.instance(id);
      return status !== undefined && status.runtimeStatus !== 'Running' && status.runtimeStatus !== 'Pending'
        ? status
        : undefined;
    });
    assert.equal(ended.runtimeStatus, 'Completed', `orchestration ${id}: ${JSON.stringify(ended.output)}`);
  }
  assert.ok(log.acknowledged.size > 0, 'some messages were acknowledged');
  assert.ok(log.started.length > 0, 'some orchestrations were started');
  t.diagnostic(
    `${log.sent.size} messages sent, ${log.acknowledged.size} acknowledged; ${log.started.length} orchestrations, ` +
      `${log.completed.size} seen completed before a kill; ${model.requests.length} model calls`,
  );

  const seen = new Map<string, number>();
  for (const session of sessions) {
    const unanswered = () => [...log.acknowledged].filter(([, owner]) => owner === session).map(([text]) => text);
    const history = await eventually(`the answers of ${session}`, async () => {
      const entries = (await host.session('DocumentPublisher', session))?.data.conversationHistory ?? [];
      const texts = entries
        .filter(({ $type }) => $type === 'request')
        .map((entry) => entry.messages[0]?.contents[0]?.text);
      return unanswered().every((text) => texts.includes(text)) ? entries : undefined;
    });
    for (let i = 0; i < history.length; i += 2) {
      const [request, response] = [history[i]!, history[i + 1]];
      assert.equal(request.$type, 'request');
      assert.equal(response?.$type, 'response', `${session} entry ${i} has an answer`);
      assert.equal(response?.correlationId, request.correlationId, 'request and answer belong together');
      const text = request.messages[0]?.contents[0]?.text ?? '';
      assert.equal(log.sent.get(text), session, 'the message was sent to this session');
      seen.set(text, (seen.get(text) ?? 0) + 1);
    }
  }
  for (const [text, count] of seen) assert.equal(count, 1, `${text} is in the session once`);
  for (const text of log.acknowledged.keys())
    assert.ok(seen.has(text), `${text} was acknowledged and is in the session`);

  const lines = published();
  for (const id of log.started) assert.ok((lines.get(id) ?? 0) >= 1, `orchestration ${id} published`);
  for (const [id, count] of log.completed) {
    assert.equal(lines.get(id), count, `${id} had finished; its activity did not run again`);
  }
  const repeats = [...lines.values()].reduce((sum, count) => sum + count - 1, 0);
  assert.ok(repeats <= kills, `an activity repeats only when a kill cut it off (${repeats} repeats)`);
});

async function talk(host: HostProcess, session: string, log: ClientLog, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const message = `message-${log.counter++}`;
    const wait = log.counter % 3 !== 0;
    log.sent.set(message, session);
    try {
      const reply = await host.run('DocumentPublisher', { message, sessionId: session, waitForResponse: wait });
      assert.ok(
        reply.status === 503 || reply.status === (wait ? 200 : 202),
        `unexpected ${reply.status}: ${JSON.stringify(reply.body)}`,
      );
      if (reply.status !== 503) log.acknowledged.set(message, session);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      return;
    }
  }
}

async function startOrchestrations(host: HostProcess, log: ClientLog, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    try {
      const reply = await host.post('/api/documents', { topic: `topic-${log.started.length}` });
      if (reply.status === 202) log.started.push(((await reply.json()) as { id: string }).id);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

async function watchOrchestrations(
  host: HostProcess,
  log: ClientLog,
  published: () => Map<string, number>,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    for (const id of log.started.filter((started) => !log.completed.has(started))) {
      try {
        const status = await host.instance(id);
        assert.ok(status !== undefined, `the accepted orchestration ${id} exists`);
        if (status.runtimeStatus === 'Completed') log.completed.set(id, published().get(id) ?? 0);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

function linesByKey(file: string): Map<string, number> {
  const lines = new Map<string, number>();
  if (!existsSync(file)) return lines;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    const { key } = JSON.parse(line) as { key: string };
    lines.set(key, (lines.get(key) ?? 0) + 1);
  }
  return lines;
}

/** Mulberry32: small, seeded, good enough to choose moments. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
