import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { obey, setUpCases } from './support/cases-app.ts';
import { eventually } from './support/host-process.ts';
import { textOf } from './support/model-server.ts';

const agents = ['Turner', 'Stepper'];

test('tools that misbehave', async (t) => {
  const { start, lines, model } = await setUpCases(t, {
    OPTIONS: JSON.stringify({ agentOptions: { maxIterations: 8 } }),
  });
  const { host, ask } = await start();
  t.after(() => host.stop());

  for (const agent of agents) {
    await t.test(
      `five calls at once, of which one throws and one is slow: five results in their order (${agent})`,
      async () => {
        const { body } = await ask(
          agent,
          [
            [
              ['say', { text: 'a' }],
              ['say', { text: 'b' }],
              ['fail', { what: 'error' }],
              ['say', { text: 'd', ms: 150 }],
              ['say', { text: 'e' }],
            ],
          ],
          'five',
        );
        const results = String(body.response).split(' & ');
        assert.deepEqual([results[0], results[1], results[3], results[4], results.length], ['a', 'b', 'd', 'e', 5]);
        assert.match(results[2]!, /"toolFailed".*first line\\nsecond line\\nthird line.*the reason behind it/);
        assert.doesNotMatch(results[2]!, /tools\.mjs/, 'the model gets no stack');
        const history = (await host.session(agent, 'five'))?.data.conversationHistory.at(-1)?.messages ?? [];
        const kinds = history.flatMap(({ contents }) => contents.map(({ $type }) => $type));
        assert.deepEqual(kinds, [...Array(5).fill('functionCall'), ...Array(5).fill('functionResult'), 'text']);
      },
    );

    await t.test(
      `calls that cannot be made, in one answer: each has its error, and the turn succeeds (${agent})`,
      async () => {
        model.reply = (request) => {
          const reply = obey(request);
          for (const call of 'calls' in reply ? reply.calls : []) {
            if (call.arguments === 'garbage') call.arguments = 'x'.repeat(2_000_000);
          }
          return reply;
        };
        const { status, body } = await ask(
          agent,
          [
            [
              ['getWheather', { city: 'Oslo' }],
              ['pay', { amount: 1 }],
              ['say', { txt: 'x' }],
              ['fill', 'no object'],
              ['fill', [1]],
              ['fill', 7],
              ['fill', 'garbage'],
            ],
            [['say', { text: 'corrected' }]],
          ],
          'wrong',
        );
        assert.deepEqual([status, body.response], [200, 'corrected']);
        const told = model.requests.at(-2)!.messages.filter(({ role }) => role === 'tool');
        const texts = told.map(({ content }) => textOf(content));
        assert.deepEqual(
          texts.map((text) => (JSON.parse(text) as { error: { code: string } }).error.code),
          ['unknownTool', 'unknownTool', ...Array(5).fill('invalidArguments')],
        );
        assert.match(texts[0]!, /say.*fill.*hang.*fail.*charge/, 'the tools that there are');
        for (const text of texts) assert.ok(Buffer.byteLength(text) < 1024, text.slice(0, 60));
      },
    );

    await t.test(`whatever is thrown, the model is told and the session goes on (${agent})`, async () => {
      const { body } = await ask(
        agent,
        [
          [
            ['fail', { what: 'text' }],
            ['fail', { what: 'nothing' }],
            ['fail', { what: 'object' }],
            ['fail', { what: 'many' }],
          ],
        ],
        'thrown',
      );
      const results = String(body.response).split(' & ');
      assert.match(results[0]!, /only a text/);
      assert.match(results[1]!, /undefined was thrown/);
      assert.match(results[2]!, /an object/);
      assert.match(results[3]!, /one of many.*another/);
      assert.equal((await ask(agent, 'next', 'thrown')).body.response, 'heard: next');
      assert.ok(host.output.includes('the reason behind it'), 'the log has the whole error');
    });

    await t.test(`a tool that never ends is stopped at its limit, and the turn goes on (${agent})`, async () => {
      const before = lines('aborted.log').length;
      const { body } = await ask(agent, [[['hang'], ['say', { text: 'beside it' }]]], 'hang');
      assert.match(String(body.response), /"toolTimeout".* & beside it/);
      assert.equal(lines('aborted.log').length, before + 1);
    });

    await t.test(
      `a model that only calls tools is stopped, its work is kept, the next message answered (${agent})`,
      async () => {
        const before = lines('said.log').length;
        const rounds = Array.from({ length: 20 }, (_, i) => [['say', { text: `${i}` }] as [string, object]]);
        const { status, body } = await ask(agent, rounds, 'endless');
        assert.deepEqual([status, body.errorCode], [500, 'maxIterations']);
        assert.equal(lines('said.log').length - before, 7, 'the calls of the last answer are not made');
        const history = (await host.session(agent, 'endless'))?.data.conversationHistory;
        const contents = history?.at(-1)?.messages.flatMap((message) => message.contents) ?? [];
        assert.equal(contents.filter(({ $type }) => $type === 'functionResult').length >= 7, true);
        assert.equal((await ask(agent, 'next', 'endless')).body.response, 'heard: next');
      },
    );

    await t.test(
      `ten results of 512 KB and a hundred of 5 KB: the model gets excerpts, the state stays bounded (${agent})`,
      async () => {
        const long = Array.from({ length: 10 }, () => ['fill', { length: 512 * 1024 }] as [string, object]);
        assert.equal((await ask(agent, [long], 'long')).status, 200);
        const results = model.requests.at(-1)!.messages.filter(({ role }) => role === 'tool');
        assert.equal(results.length, 10);
        for (const { content } of results) {
          assert.ok(Buffer.byteLength(textOf(content)) <= 65_536);
          assert.match(textOf(content), /"totalBytes":524290/, 'it says how long the whole was');
        }
        const many = Array.from({ length: 100 }, () => ['fill', { length: 5 * 1024 }] as [string, object]);
        assert.equal((await ask(agent, [many], 'many')).status, 200);
        assert.equal(model.requests.at(-1)!.messages.filter(({ role }) => role === 'tool').length, 100);
        for (const session of ['long', 'many']) {
          const bytes = JSON.stringify(await host.session(agent, session)).length;
          assert.ok(bytes < 1_048_576, `${session}: ${bytes}`);
          assert.equal((await ask(agent, 'next', session)).body.response, 'heard: next');
        }
      },
    );
  }
});

for (const agent of agents) {
  test(`a process that dies inside a charge repeats that call at most, under the same key, and keeps one result (${agent})`, async (t) => {
    const { start, lines, folder } = await setUpCases(t);
    writeFileSync(join(folder, 'hold'), '');
    const first = await start();
    await first.ask(agent, [[['say', { text: 'before' }]], [['charge']]], 's', { waitForResponse: false });
    await eventually('the charge', async () => (lines('charges.log').length > 0 ? true : undefined));
    await first.host.kill();
    rmSync(join(folder, 'hold'));
    const second = await start();
    t.after(() => second.host.stop());
    const next = await second.ask(agent, 'next', 's');
    assert.equal(next.body.response, 'heard: next');
    assert.equal(await second.answer(agent, 's', 2), 'heard: next');
    const charges = lines('charges.log');
    assert.deepEqual([charges.length, new Set(charges).size], [2, 1]);
    assert.equal(lines('said.log').length, agent === 'Stepper' ? 1 : 2, 'the call before, where steps are recorded');
    const document = JSON.stringify(await second.host.session(agent, 's'));
    assert.equal(document.match(/"result":"charged"/g)?.length, 1);
  });

  test(`a tool that outlasts the time limit of functions ends with a clear error, and is not begun again (${agent})`, async (t) => {
    const { start, lines } = await setUpCases(t, {
      AzureFunctionsJobHost__functionTimeout: '00:00:01',
      OPTIONS: JSON.stringify({ waitTimeoutMs: 200, agentOptions: { turnTimeoutMs: 500 } }),
    });
    const { host, ask, call } = await start();
    t.after(() => host.stop());
    const { status, body } = await ask(agent, [[['say', { text: 'late', ms: 2_500 }]]], 's');
    assert.equal(status, 202);
    const run = await eventually('the end of the turn', async () => {
      const reply = await call('GET', `/api/agents/${agent}/sessions/s/runs/${String(body.correlationId)}`);
      return reply.status === 202 ? undefined : reply;
    });
    // A turn in steps goes on with what the call ended in.
    assert.equal(run.status, agent === 'Stepper' ? 200 : 500);
    assert.match(JSON.stringify(run.body), agent === 'Stepper' ? /gave no result.*00:00:01/ : /turnTimeout.*500 ms/);
    await eventually('the late end', async () => (lines('said.log').length > 0 ? true : undefined));
    assert.equal((await ask(agent, 'next', 's')).body.response, 'heard: next');
    assert.equal(lines('said.log').length, 1);
  });
}
