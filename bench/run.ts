/*
 * What a durable turn costs over the model call itself. Each figure is taken beside its floor in the same run: the
 * same request to a bare HTTP server that calls the same model and stores nothing. Model time is the server's own delay.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HostProcess } from '../test/support/host-process.ts';
import { ModelServer } from '../test/support/model-server.ts';

const modelMs = 5;
const model = await ModelServer.start(async () => {
  await new Promise((resolve) => setTimeout(resolve, modelMs));
  return { text: 'An answer of ordinary length, as a model would give it to a short question.' };
});

/** The floor: HTTP in, the model called over HTTP, HTTP out; no session, no disk. */
const floor = createServer(async (_request, response) => {
  const reply = await fetch(`${model.baseUrl}/chat/completions`, { method: 'POST', body: '{"messages":[]}' });
  const { choices } = (await reply.json()) as { choices: { message: { content: string } }[] };
  response.end(JSON.stringify({ response: choices[0]?.message.content }));
});
await new Promise<void>((resolve) => floor.listen(0, '127.0.0.1', resolve));
const floorUrl = `http://127.0.0.1:${(floor.address() as AddressInfo).port}/`;

const data = mkdtempSync(join(tmpdir(), 'durable-bench-'));
const startedAt = performance.now();
const host = await HostProcess.start({ data, env: model.env });
const startMs = performance.now() - startedAt;

try {
  const bare = () => fetch(floorUrl, { method: 'POST', body: '{"message":"hello"}' }).then((reply) => reply.text());
  const turn = (sessionId?: string) => () =>
    host.run('DocumentPublisher', { message: 'hello', ...(sessionId && { sessionId }) }).then(({ status }) => {
      if (status !== 200) throw new Error(`status ${status}`);
    });
  await sample(30, bare);
  await sample(30, turn());
  const floorTimes = await sample(200, bare);
  const turnTimes = await sample(200, turn());
  row('floor: bare HTTP + model', floorTimes);
  row('one turn, new session, waited for', turnTimes);
  console.log(
    `  over the floor: p50 ${(p(turnTimes, 0.5) - p(floorTimes, 0.5)).toFixed(2)} ms, p99 ${(p(turnTimes, 0.99) - p(floorTimes, 0.99)).toFixed(2)} ms; ratio ${(p(turnTimes, 0.5) / p(floorTimes, 0.5)).toFixed(2)}`,
  );

  const long = await sample(300, turn('long'));
  row('turn 1-50 of one session', long.slice(0, 50));
  row('turn 251-300 of one session', long.slice(250));
  console.log(`  ratio ${(p(long.slice(250), 0.5) / p(long.slice(0, 50), 0.5)).toFixed(2)}`);

  const clients = 64;
  const perClient = 10;
  const floorRate = await rate(clients, perClient, () => bare);
  const turnRate = await rate(clients, perClient, (client) => turn(`client-${client}`));
  console.log(
    `${clients} clients: floor ${floorRate.toFixed(0)}/s, durable turns ${turnRate.toFixed(0)}/s; ratio ${(turnRate / floorRate).toFixed(2)}`,
  );
  console.log(`host process to ready: ${startMs.toFixed(0)} ms`);
} finally {
  await host.stop();
  model.stop();
  floor.close();
  floor.closeAllConnections();
  rmSync(data, { recursive: true, force: true });
}

async function sample(count: number, call: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const from = performance.now();
    await call();
    times.push(performance.now() - from);
  }
  return times;
}

async function rate(clients: number, each: number, call: (client: number) => () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await Promise.all(Array.from({ length: clients }, (_, client) => sample(each, call(client))));
  return (clients * each * 1000) / (performance.now() - from);
}

function p(times: readonly number[], quantile: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))]!;
}

function row(name: string, times: readonly number[]): void {
  console.log(`${name.padEnd(36)} p50 ${p(times, 0.5).toFixed(2)} ms  p99 ${p(times, 0.99).toFixed(2)} ms`);
}
