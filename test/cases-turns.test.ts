import assert from 'node:assert/strict';
import { test } from 'node:test';
import { obey, setUpCases } from './support/cases-app.ts';
import { eventually, type HostProcess } from './support/host-process.ts';
import { type CompletionRequest, type ModelReply, textOf } from './support/model-server.ts';

const agents = ['Turner', 'Stepper'];
const lastWords = ({ messages }: CompletionRequest) => textOf(messages.at(-1)?.content);

/** An answer that stops in the middle. */
function cutOff(text: string): ModelReply {
  const message = { role: 'assistant', content: text };
  const choices = [{ index: 0, finish_reason: 'length', message }];
  return { status: 200, body: { id: 'c', object: 'chat.completion', created: 1, model: 'test-model', choices } };
}

async function orchestrate(host: HostProcess, name: string, input: object) {
  const start = await host.post(`/runtime/webhooks/durabletask/orchestrators/${name}`, input);
  const { id } = (await start.json()) as { id: string };
  return eventually('the orchestration', async () => {
    const status = await host.instance(id);
    return status?.runtimeStatus === 'Completed' || status?.runtimeStatus === 'Failed' ? status : undefined;
  });
}

test('models that fail', async (t) => {
  const { start, model } = await setUpCases(t);
  const { host, ask } = await start();
  t.after(() => host.stop());

  for (const agent of agents) {
    await t.test(
      `a message that the content filter refuses is asked once, and not sent again with the next (${agent})`,
      async () => {
        model.reply = (request) =>
          lastWords(request) === 'refuse this'
            ? { status: 400, body: { error: { message: 'filtered', code: 'content_filter' } } }
            : obey(request);
        assert.equal((await ask(agent, 'one', 'filter')).body.response, 'heard: one');
        const before = model.requests.length;
        const refused = await ask(agent, 'refuse this', 'filter');
        assert.deepEqual([refused.status, refused.body.errorCode], [500, 'modelRefused']);
        assert.equal(model.requests.length, before + 1);
        assert.equal((await ask(agent, 'three', 'filter')).body.response, 'heard: three');
        const sent = JSON.stringify(model.requests.at(-1)?.messages);
        assert.match(sent, /one.*three/);
        assert.doesNotMatch(sent, /refuse this/);
        assert.match(
          JSON.stringify((await host.session(agent, 'filter'))?.data.conversationHistory[3]),
          /modelRefused/,
        );
      },
    );

    await t.test(
      `a structured answer that is cut off fails with its text on record, and the session goes on (${agent})`,
      async () => {
        model.reply = () => cutOff('{"city":"Osl');
        const format = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
        const { status, body } = await ask(agent, 'where', 'cut', { response_format: format });
        assert.deepEqual([status, body.errorCode], [500, 'modelTruncated']);
        assert.match(JSON.stringify(await host.session(agent, 'cut')), /Osl/);
        model.reply = obey;
        assert.equal((await ask(agent, 'next', 'cut')).body.response, 'heard: next');
      },
    );

    await t.test(
      `a rate limit is waited out when it is short, and told to the caller at once when it is not (${agent})`,
      async () => {
        let left = 2;
        const limited = (after: string): ModelReply => ({
          status: 429,
          body: { error: { message: 'slow down' } },
          headers: { 'retry-after': after },
        });
        model.reply = (request) => (left-- > 0 ? limited('0') : obey(request));
        assert.equal((await ask(agent, 'patience', 'rate')).body.response, 'heard: patience');
        model.reply = () => limited('198300');
        const before = model.requests.length;
        const { status, body } = await ask(agent, 'too many', 'rate');
        assert.deepEqual([status, body.errorCode], [500, 'modelRateLimited']);
        const { retryable, retryAfterMs } = body.error as { retryable: boolean; retryAfterMs: number };
        assert.deepEqual([retryable, retryAfterMs], [true, 198_300_000]);
        assert.equal(model.requests.length, before + 1);
        model.reply = obey;
        assert.equal((await ask(agent, 'next', 'rate')).body.response, 'heard: next');
      },
    );

    await t.test(
      `of five messages sent at once one fails: it leaves its failure, the other four are answered (${agent})`,
      async () => {
        model.reply = (request) =>
          lastWords(request) === 'm2' ? { status: 400, body: { error: { message: 'no' } } } : obey(request);
        const replies = await Promise.all([0, 1, 2, 3, 4].map((i) => ask(agent, `m${i}`, 'batch')));
        assert.deepEqual(
          replies.map(({ status }) => status),
          [200, 200, 500, 200, 200],
        );
        // They arrive in any order; each is there with its end.
        const entries = (await host.session(agent, 'batch'))?.data.conversationHistory ?? [];
        const said = entries.map(({ messages }) => messages.at(-1)?.contents[0]);
        for (const [at, request] of said.entries()) {
          if (at % 2 === 1) continue;
          const end = said[at + 1];
          if (request?.text === 'm2') assert.equal(end?.$type, 'error');
          else assert.equal(end?.text, `heard: ${request?.text}`);
        }
        const asked = said.flatMap((content, at) => (at % 2 === 0 ? [content?.text] : []));
        assert.deepEqual(asked.sort(), ['m0', 'm1', 'm2', 'm3', 'm4']);
        model.reply = obey;
      },
    );
  }

  await t.test('a hundred agents at once, against a model with a limit, all finish', async () => {
    const perSpan = 5;
    let tokens = perSpan;
    const refill = setInterval(() => {
      tokens = perSpan;
    }, 200);
    let refused = 0;
    model.reply = (request) => {
      if (tokens-- > 0) return obey(request);
      refused++;
      return { status: 429, body: { error: { message: 'slow down' } }, headers: { 'retry-after-ms': '200' } };
    };
    const messages = Array.from({ length: 100 }, (_, i) => `n${i}`);
    const { runtimeStatus, output } = await orchestrate(host, 'asksAll', { agent: 'Turner', messages });
    clearInterval(refill);
    model.reply = obey;
    assert.equal(runtimeStatus, 'Completed', String(output));
    assert.deepEqual(
      output,
      messages.map((message) => `heard: ${message}`),
    );
    t.diagnostic(`${refused} requests were refused on the way`);
    assert.ok(refused < 150, `${refused} refusals`);
  });
});

test('conversations that are large', async (t) => {
  const { start, model } = await setUpCases(t);
  const { host, ask, view } = await start();
  t.after(() => host.stop());
  const image = (i: number) => ({
    role: 'user',
    contents: [
      { type: 'text', text: `picture ${i}` },
      { type: 'data', mediaType: 'image/png', uri: `data:image/png;base64,${'iVBORw0KGgo'.repeat(9_309)}` },
    ],
  });

  await t.test('a message of 900 KB is answered or refused by its size, and the session goes on', async () => {
    for (const agent of agents) {
      model.reply = (request) => ({ text: `${lastWords(request).length} characters` });
      const big = await ask(agent, 'x'.repeat(900 * 1024), 'big');
      assert.ok(
        big.status === 200 || /stateTooLarge|messageTooLarge/.test(String(big.body.errorCode)),
        JSON.stringify(big).slice(0, 300),
      );
      const next = await ask(agent, 'next', 'big');
      assert.deepEqual([next.status, next.body.response], [200, '4 characters']);
      assert.ok(Number((await view(agent, 'big')).body.stateBytes) <= 1_048_576);
    }
  });

  await t.test('thirty pictures of 100 KB go through one session, which stays below its limit', async () => {
    model.reply = (request) => ({ text: `seen ${request.messages.filter(({ role }) => role === 'user').length}` });
    const { runtimeStatus, output } = await orchestrate(host, 'asks', {
      agent: 'Turner',
      session: 'pictures',
      messages: Array.from({ length: 30 }, (_, i) => [image(i)]),
    });
    assert.equal(runtimeStatus, 'Completed', String(output).slice(0, 300));
    assert.equal((output as string[]).length, 30);
    const { body } = await eventually('the session to be read', async () => {
      const seen = await view('Turner', 'pictures');
      return seen.status === 200 ? seen : undefined;
    });
    assert.ok(Number(body.stateBytes) <= 1_048_576, String(body.stateBytes));
    assert.match(JSON.stringify(model.requests.at(-1)), /picture 29/);
  });
});

test('a stop with twenty turns running and fifty waiting loses none of them, and repeats none that has ended', async (t) => {
  const { start, model } = await setUpCases(t);
  const words = new Map<string, number>();
  let running = 0;
  model.reply = async (request) => {
    const word = lastWords(request);
    words.set(word, (words.get(word) ?? 0) + 1);
    running++;
    await new Promise((resolve) => setTimeout(resolve, 400));
    return obey(request);
  };
  const first = await start();
  const sessions = Array.from({ length: 20 }, (_, i) => `s${i}`);
  const sent = [...sessions, ...sessions, ...sessions, ...sessions.slice(0, 10)].map((session, i) => ({
    session,
    word: `w${i}`,
    agent: agents[Number(session.slice(1)) % 2]!,
  }));
  for (const { agent, session, word } of sent) {
    assert.equal((await first.ask(agent, word, session, { waitForResponse: false })).status, 202);
  }
  await eventually('twenty turns', async () => (running >= 20 ? true : undefined));
  const stopping = first.host.stop();
  // A connection that is still open is told to come back; a new one is not taken any more.
  const late = await eventually('a refusal', async () => {
    const reply = await first.ask('Turner', 'late', 'late', { waitForResponse: false }).catch((error: Error) => error);
    return reply instanceof Error || reply.status !== 202 ? reply : undefined;
  });
  if (late instanceof Error) assert.match(String(late.cause), /ECONNREFUSED|ECONNRESET|other side closed/);
  else assert.deepEqual([late.status, late.headers.has('retry-after')], [503, true]);
  assert.equal(await stopping, 0, 'a clean end');
  const before = new Map(words);

  const second = await start();
  t.after(() => second.host.stop());
  for (const [i, session] of sessions.entries()) {
    const agent = agents[i % 2]!;
    const own = sent.filter((message) => message.session === session).map(({ word }) => word);
    await second.answer(agent, session, own.length);
    const history = (await second.host.session(agent, session))!.data.conversationHistory;
    const texts = history.map(({ messages }) => messages.at(-1)?.contents[0]?.text);
    assert.deepEqual(
      texts,
      own.flatMap((word) => [word, `heard: ${word}`]),
    );
  }
  const repeated = [...words].filter(([, count]) => count > 1).map(([word]) => word);
  for (const word of repeated) assert.equal(before.get(word), 1, `${word} was cut off by the stop`);
  assert.ok(repeated.length <= 20, `${repeated.length} were repeated`);
});
