import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, type HostProcess } from './support/host-process.ts';
import type { CompletionRequest, ModelReply } from './support/model-server.ts';
import { agents, lastWords, sessionCall, setUp, textsOf } from './support/session-app.ts';

/** Runs the app's orchestration to its end; its output. */
async function plan(host: HostProcess, input: object): Promise<Record<string, unknown>> {
  const started = await host.post('/runtime/webhooks/durabletask/orchestrators/plan', input);
  const { id } = (await started.json()) as { id: string };
  const ended = await eventually('the orchestration', async () => {
    const status = await host.instance(id);
    return status?.runtimeStatus === 'Completed' || status?.runtimeStatus === 'Failed' ? status : undefined;
  });
  assert.equal(ended.runtimeStatus, 'Completed', JSON.stringify(ended));
  return ended.output as Record<string, unknown>;
}

const down: ModelReply = { status: 503, body: { error: { message: 'busy' } } };
const retry = { maxAttempts: 3, firstDelayMs: 10 };

for (const args of [[], ['--strict']]) {
  const mode = args.length === 0 ? 'live' : 'strict';

  test(`a called agent is asked again while its failure may pass, and the model sees the message once (${mode})`, async (t) => {
    let failures = 2;
    const { start, model } = await setUp(t, {}, () => (failures-- > 0 ? down : { text: 'at last' }));
    const host = await start(args);
    for (const agent of agents) {
      failures = 2;
      model.requests.length = 0;
      const answered = await plan(host, { agent, message: 'go', session: 's', retry });
      assert.deepEqual(answered, { text: 'at last' });
      assert.equal(model.requests.length, 3);
      assert.equal(model.requests[2]?.messages.filter(({ role }) => role === 'user').length, 1);
      assert.equal((await host.session(agent, 's'))?.data.conversationHistory.length, 6, 'each attempt is on record');

      failures = 5;
      const failed = await plan(host, { agent, message: 'go on', session: 's', retry });
      assert.deepEqual([failed.code, failed.agent, failed.retryable], ['modelUnavailable', agent, true]);
      assert.equal(model.requests.length, 6);
      const run = await sessionCall(host, agent, `/s/runs/${String(failed.correlationId)}`);
      assert.equal(run.status, 500, 'it is the last attempt that is named');

      failures = 1;
      assert.equal((await plan(host, { agent, message: 'once', session: 's' })).code, 'modelUnavailable');
      assert.equal(model.requests.length, 7, 'without a policy once');
    }
  });

  test(`a called agent's failure that would come again is not repeated (${mode})`, async (t) => {
    const { start, model } = await setUp(t, {}, () => ({ status: 400, body: { error: { message: 'no' } } }));
    const host = await start(args);
    for (const agent of agents) {
      model.requests.length = 0;
      assert.equal((await plan(host, { agent, message: 'go', session: 's', retry })).code, 'modelBadRequest');
      assert.equal(model.requests.length, 1);
    }
  });

  test(`a called agent answers with what the schema makes of it, or fails by its rules (${mode})`, async (t) => {
    const city = (request: CompletionRequest) => (lastWords(request).includes('sunken') ? 'Atlantis' : 'Gdańsk');
    const { start } = await setUp(t, {}, (request) => ({
      text: JSON.stringify({ city: city(request), on: '2031-05-01' }),
    }));
    const host = await start(args);
    for (const agent of agents) {
      for (const more of [{}, { retry }]) {
        const typed = await plan(host, { agent, message: 'go', typed: true, ...more });
        assert.deepEqual([typed.city, typed.days, typed.year], ['Gdańsk', 2, 2031], JSON.stringify(typed));
        const failed = await plan(host, { agent, message: 'somewhere sunken', typed: true, ...more });
        assert.deepEqual([failed.code, failed.agent], ['invalidStructuredOutput', agent]);
      }
    }
  });
}

test('tools of a called agent know who asks', async (t) => {
  const { start } = await setUp(t, {}, (request) => {
    const result = request.messages.find(({ role }) => role === 'tool');
    return result === undefined
      ? { calls: [{ id: 'c', name: 'caller', arguments: {} }] }
      : { text: String(result.content) };
  });
  const host = await start();
  for (const agent of agents) {
    const { text } = await plan(host, { agent, message: 'go', session: 's', caller: { user: 'ana' } });
    assert.equal(text, '{"user":"ana"}');
    assert.ok(textsOf(await sessionCall(host, agent, '/s')).includes('go'));
  }
});
