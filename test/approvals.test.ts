import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually, HostProcess, root, temporaryFolder } from './support/host-process.ts';
import { type CompletionRequest, type ModelReply, ModelServer, textOf } from './support/model-server.ts';

const app = join(root, 'test/apps/steps');

interface Pending {
  callId: string;
  toolName: string;
  arguments: { amount: number };
  digest: string;
}

/** Asks for a refund of every amount in the message, all at once; then says what the tools said. */
function cashier(request: CompletionRequest): ModelReply {
  const last = request.messages.findLastIndex(({ role }) => role === 'user');
  const results = request.messages.slice(last + 1).filter(({ role }) => role === 'tool');
  if (results.length > 0) return { text: results.map(({ content }) => textOf(content)).join(' & ') };
  const amounts = (textOf(request.messages[last]?.content).match(/\d+/g) ?? []).map(Number);
  if (amounts.length === 0) return { text: 'hello' };
  return { calls: amounts.map((amount) => ({ id: `pay-${amount}`, name: 'refund', arguments: { amount } })) };
}

async function setUp(t: TestContext, env: Record<string, string> = {}) {
  const model = await ModelServer.start(cashier);
  t.after(() => model.stop());
  const folder = temporaryFolder(t);
  const options = { app, data: join(folder, 'data'), env: { ...model.env, EFFECTS: folder, ...env } };
  const effects = () =>
    existsSync(join(folder, 'effects.log')) ? readFileSync(join(folder, 'effects.log'), 'utf8').trim().split('\n') : [];
  const paid = () => effects().map((line) => line.split(' ')[0]);
  return { model, options, paid };
}

const decide = async (host: HostProcess, session: string, callId: string, body: unknown) => {
  const path = `/api/agents/Cashier/sessions/${session}/approvals/${encodeURIComponent(callId)}`;
  const reply = await host.post(path, body);
  return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
};
const answerOf = (host: HostProcess, session: string, entries: number) =>
  eventually(`${entries} entries in ${session}`, async () => {
    const history = (await host.session('Cashier', session))?.data.conversationHistory ?? [];
    return history.length >= entries ? history.at(-1)?.messages.at(-1)?.contents[0]?.text : undefined;
  });

test('a call that needs approval parks the turn: the run answers 202 with what waits, and nothing is paid', async (t) => {
  const { options, paid } = await setUp(t);
  const host = await HostProcess.start(options);
  t.after(() => host.stop());
  const small = await host.run('Cashier', { message: 'refund 50', sessionId: 'a' });
  assert.equal(small.body.response, '{"refunded":50}', 'no approval is needed below the limit');
  const reply = await host.run('Cashier', { message: 'refund 500', sessionId: 'a' });
  assert.equal(reply.status, 202);
  assert.equal(reply.body.status, 'waitingForApproval');
  const [pending] = reply.body.pendingApprovals as Pending[];
  assert.deepEqual([pending?.callId, pending?.toolName, pending?.arguments], ['pay-500', 'refund', { amount: 500 }]);
  assert.match(String(pending?.digest), /^[0-9a-f]{64}$/);
  assert.deepEqual(paid(), ['refund-50']);
  const decided = await decide(host, 'a', 'pay-500', { approved: true });
  assert.equal(decided.status, 200, JSON.stringify(decided.body));
  assert.equal(await answerOf(host, 'a', 4), '{"refunded":500}');
  assert.deepEqual(paid(), ['refund-50', 'refund-500']);
});

test('days and restarts later the approval still counts, once, whatever is sent afterwards', async (t) => {
  const { options, paid, model } = await setUp(t);
  const first = await HostProcess.start(options);
  assert.equal((await first.run('Cashier', { message: 'refund 300', sessionId: 's' })).status, 202);
  await first.kill();
  const second = await HostProcess.start(options);
  const waiting = second.run('Cashier', { message: 'hi there', sessionId: 's' });
  assert.equal((await decide(second, 's', 'pay-300', { approved: true })).status, 200);
  assert.equal((await waiting).body.response, 'hello', 'a message that came meanwhile is answered after the turn');
  await second.kill();
  const third = await HostProcess.start(options);
  t.after(() => third.stop());
  for (const message of ['one', 'two', 'three'])
    assert.equal((await third.run('Cashier', { message, sessionId: 's' })).body.response, 'hello');
  assert.equal((await decide(third, 's', 'pay-300', { approved: true })).body.repeated, true);
  assert.deepEqual(paid(), ['refund-300']);
  assert.equal(model.requests.length, 6);
});

test('a refusal with its reason reaches the model, and the tool is not called', async (t) => {
  const { options, paid } = await setUp(t);
  const host = await HostProcess.start(options);
  t.after(() => host.stop());
  await host.run('Cashier', { message: 'refund 400 and 60', sessionId: 'r' });
  assert.deepEqual(paid(), [], 'calls of one answer wait for each other');
  assert.equal((await decide(host, 'r', 'pay-400', { approved: false, reason: 'too much' })).status, 200);
  const answer = await answerOf(host, 'r', 2);
  assert.match(String(answer), /rejected.*too much.*&.*"refunded":60/);
  assert.deepEqual(paid(), ['refund-60']);
});

test('an approver may change the arguments; the model is told, and wrong ones are refused', async (t) => {
  const { options, paid } = await setUp(t);
  const host = await HostProcess.start(options);
  t.after(() => host.stop());
  await host.run('Cashier', { message: 'refund 900', sessionId: 'e' });
  const wrong = await decide(host, 'e', 'pay-900', { approved: true, arguments: {} });
  assert.deepEqual([wrong.status, wrong.body.errorCode], [400, 'invalidArguments']);
  assert.equal((await decide(host, 'e', 'pay-900', { approved: true, arguments: { amount: 90 } })).status, 200);
  assert.equal(await answerOf(host, 'e', 2), '{"approvedWithArguments":{"amount":90},"result":{"refunded":90}}');
  assert.deepEqual(paid(), ['refund-90']);
});

test('each call is decided once: the same again gets the same reply, another is refused', async (t) => {
  const { options, paid } = await setUp(t);
  const host = await HostProcess.start(options);
  t.after(() => host.stop());
  await host.run('Cashier', { message: 'refund 200 and 210', sessionId: 'd' });
  const early = await decide(host, 'd', 'pay-999', { approved: true });
  assert.deepEqual([early.status, early.body.errorCode], [404, 'approvalNotFound']);
  assert.equal((await decide(host, 'nobody', 'pay-200', { approved: true })).status, 404);
  const storm = await Promise.all(
    Array.from({ length: 8 }, (_, i) => decide(host, 'd', 'pay-200', { approved: i % 2 === 0, reason: 'r' })),
  );
  const ok = storm.filter(({ status }) => status === 200);
  const conflicts = storm.filter(({ status }) => status === 409);
  assert.equal(ok.length + conflicts.length, 8, JSON.stringify(storm));
  assert.equal(ok.filter(({ body }) => body.repeated === false).length, 1);
  assert.equal(new Set(ok.map(({ body }) => (body.decision as { approved: boolean }).approved)).size, 1);
  await decide(host, 'd', 'pay-210', { approved: true });
  await answerOf(host, 'd', 2);
  const won = (ok[0]!.body.decision as { approved: boolean }).approved;
  assert.deepEqual(paid().sort(), won ? ['refund-200', 'refund-210'] : ['refund-210']);
  const late = await decide(host, 'd', 'pay-210', { approved: false });
  assert.deepEqual([late.status, late.body.errorCode], [409, 'approvalConflict']);
});

test('what nobody decides in time is not done, and a late answer is told so', async (t) => {
  const { options, paid } = await setUp(t, { APPROVAL_MS: '200' });
  const host = await HostProcess.start(options);
  t.after(() => host.stop());
  assert.equal((await host.run('Cashier', { message: 'refund 700', sessionId: 'x' })).status, 202);
  assert.match(String(await answerOf(host, 'x', 2)), /approvalExpired/);
  assert.deepEqual(paid(), []);
  const late = await decide(host, 'x', 'pay-700', { approved: true });
  assert.deepEqual([late.status, late.body.errorCode], [410, 'approvalExpired']);
});

test('malformed decisions are refused and change nothing', async (t) => {
  const { options } = await setUp(t);
  const host = await HostProcess.start(options);
  t.after(() => host.stop());
  await host.run('Cashier', { message: 'refund 800', sessionId: 'm' });
  for (const body of [
    '{',
    '[]',
    '{}',
    '{"approved":"yes"}',
    '{"approved":true,"arguments":[1]}',
    '{"approved":true,"reason":1}',
    '',
  ]) {
    const { status, body: reply } = await decide(host, 'm', 'pay-800', body);
    assert.equal(status, 400, `${body}: ${JSON.stringify(reply)}`);
  }
  assert.equal((await decide(host, 'a%40b', 'pay-800', { approved: true })).status, 400);
  assert.equal((await decide(host, 'm', 'pay-800', { approved: false })).status, 200);
});

test('a running turn, a parked one and a waiting one can be cancelled; the session goes on', async (t) => {
  const { options, paid, model } = await setUp(t);
  const host = await HostProcess.start(options);
  t.after(() => host.stop());
  const cancel = async (agent: string, session: string, id: unknown) => {
    const reply = await host.post(`/api/agents/${agent}/sessions/${session}/runs/${String(id)}/cancel`, '');
    return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
  };
  const parked = await host.run('Cashier', { message: 'refund 600', sessionId: 'c' });
  const queued = await host.run('Cashier', { message: 'refund 70', sessionId: 'c', waitForResponse: false });
  assert.equal((await cancel('Cashier', 'c', queued.body.correlationId)).status, 202);
  assert.equal((await cancel('Cashier', 'c', parked.body.correlationId)).status, 202);
  assert.match(String(JSON.stringify(await sessionOf(host, 'Cashier', 'c', 4))), /canceled.*canceled/s);
  assert.deepEqual(paid(), []);
  assert.equal((await decide(host, 'c', 'pay-600', { approved: true })).status, 410);
  const again = await cancel('Cashier', 'c', parked.body.correlationId);
  assert.deepEqual([again.status, again.body.errorCode], [409, 'turnEnded']);
  assert.equal((await cancel('Cashier', 'c', 'unknown')).status, 404);

  for (const agent of ['Talker', 'Cashier']) {
    model.reply = () => new Promise(() => {});
    const slow = await host.run(agent, { message: 'think', sessionId: 'slow', waitForResponse: false });
    const before = model.requests.length;
    await eventually('the model call', async () => (model.requests.length >= before ? true : undefined));
    await eventually('the turn to be known', async () =>
      (await cancel(agent, 'slow', slow.body.correlationId)).status === 202 ? true : undefined,
    );
    assert.match(JSON.stringify(await sessionOf(host, agent, 'slow', 2)), /canceled/);
    model.reply = cashier;
    assert.equal((await host.run(agent, { message: 'hi', sessionId: 'slow' })).body.response, 'hello');
  }
});

const sessionOf = (host: HostProcess, agent: string, session: string, entries: number) =>
  eventually(`${entries} entries`, async () => {
    const document = await host.session(agent, session);
    return (document?.data.conversationHistory.length ?? 0) >= entries ? document : undefined;
  });

test('the same request with the same idempotency key is one turn, while it runs and later', async (t) => {
  const { options, model, paid } = await setUp(t);
  const host = await HostProcess.start(options);
  t.after(() => host.stop());
  for (const agent of ['Talker', 'Cashier']) {
    model.requests.length = 0;
    const send = async (message: string, key: string, session?: string) => {
      const body = { message, ...(session && { sessionId: session }) };
      const reply = await host.post(`/api/agents/${agent}/run`, body, { 'idempotency-key': key });
      return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
    };
    const replies = await Promise.all([send('hi', 'k1', 'i'), send('hi', 'k1', 'i'), send('hi', 'k1', 'i')]);
    const later = await send('hi', 'k1', 'i');
    for (const reply of [...replies, later]) assert.deepEqual(reply.body, replies[0]?.body);
    assert.equal(replies[0]?.status, 200);
    assert.equal(model.requests.length, 1, agent);
    const other = await send('something else', 'k1', 'i');
    assert.deepEqual([other.status, other.body.errorCode], [409, 'idempotencyConflict']);
    assert.equal((await send('hi', 'k1', 'other-session')).body.sessionId, 'other-session');
    const unnamed = await send('hi', 'k2');
    assert.equal((await send('hi', 'k2')).body.sessionId, unnamed.body.sessionId, 'the key names the session too');
    assert.equal(model.requests.length, 3);
    assert.equal((await send('hi', 'bad key')).status, 400);
  }
  assert.deepEqual(paid(), []);
});
