import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sendRaw } from '../functions/fixtures/raw-http.ts';
import { DurableHost, request } from './durable-host.ts';

const host = await DurableHost.start();
const go = { body: { ok: true } };

/** Follows every link of a reply as it is given. */
const follow = async (links: Record<string, unknown>, id: string) => {
  const link = (name: string) => String(links[name]).replace('{eventName}', 'go').replace('{text}', 'why');
  const status = await request('GET', link('statusQueryGetUri'));
  assert.deepEqual([status.status, status.json.instanceId], [202, id]);
  // Where a poll sends its caller next has to work as well.
  const next = await request('GET', status.headers.get('location') ?? '');
  assert.deepEqual([next.status, next.json.instanceId], [202, id]);
  assert.equal((await request('POST', link('suspendPostUri'))).status, 202);
  assert.equal((await request('POST', link('resumePostUri'))).status, 202);
  assert.equal((await request('POST', link('sendEventPostUri'), go)).status, 202);
  assert.deepEqual((await host.reaches(id)).output, { ok: true });
  assert.equal((await request('POST', `${link('restartPostUri')}&restartWithNewInstanceId=false`)).status, 202);
  assert.equal((await request('POST', link('terminatePostUri'))).status, 202);
  assert.equal((await host.reaches(id)).output, 'why');
  assert.equal((await request('DELETE', link('purgeHistoryDeleteUri'))).status, 200);
  assert.equal((await request('GET', link('statusQueryGetUri'))).status, 404);
};

const good = [
  'order 7 + 8%2',
  'a b',
  'a+b',
  '50%',
  'a%2Fb',
  '%2e%2e%2f',
  'ż-🧵',
  'CON',
  'a@b',
  'a&b=c;d',
  '~!$\'()*,:"<>|^`{}',
  'x'.repeat(256),
];

test('whatever a good id holds, every URL of the reply works as it is given', async () => {
  for (const id of good) {
    const started = await host.call('POST', `orchestrators/waits/${encodeURIComponent(id)}`);
    assert.equal(started.status, 202, started.text);
    assert.equal(started.json.id, id);
    assert.equal(started.headers.get('location'), String(started.json.statusQueryGetUri));
    await follow(started.json, id);
  }
});

test('an id is in the list as it was given, and its prefix finds it', async () => {
  for (const id of good) {
    await host.start('waits', id);
    const { json } = await host.call('GET', `instances/?instanceIdPrefix=${encodeURIComponent(id)}`);
    assert.ok(
      json.some(({ instanceId }) => String(instanceId) === id),
      id,
    );
  }
  const { json } = await host.call('GET', 'instances/');
  assert.deepEqual(json.map(({ instanceId }) => String(instanceId)).toSorted(), good.toSorted());
});

test('ids are told apart by case', async () => {
  await host.start('echo', 'same', 'lower');
  await host.start('echo', 'SAME', 'upper');
  assert.equal((await host.reaches('same')).input, 'lower');
  assert.equal((await host.reaches('SAME')).input, 'upper');
});

test('an id that is refused at the start is refused everywhere, with the rule in words', async () => {
  const bad: [id: string, rule: RegExp][] = [
    ['a/b', /must not contain/],
    ['../../secret', /must not contain/],
    ['a\\b', /must not contain/],
    ['a#b', /must not contain/],
    ['a?b', /must not contain/],
    ['a\u0000b', /must not contain/],
    ['a\r\nSet-Cookie: x=1', /must not contain/],
    ['a\n', /must not contain/],
    ['a\u0085b', /must not contain/],
    ['@x@y', /start with '@'/],
    ['x'.repeat(257), /longer than 256/],
    ['x'.repeat(5_000), /longer than 256/],
  ];
  for (const [id, rule] of bad) {
    const encoded = encodeURIComponent(id);
    const replies = [
      await host.call('POST', `orchestrators/waits/${encoded}`),
      await host.call('GET', `instances/${encoded}`),
      await host.call('POST', `instances/${encoded}/raiseEvent/go`, go),
      await host.call('POST', `instances/${encoded}/terminate`),
      await host.call('POST', `instances/${encoded}/suspend`),
      await host.call('POST', `instances/${encoded}/resume`),
      await host.call('DELETE', `instances/${encoded}`),
    ];
    for (const reply of replies) {
      assert.equal(reply.status, 400, `${JSON.stringify(id)}: ${reply.text}`);
      assert.match(String(reply.json.ExceptionMessage), rule);
      assert.equal(reply.headers.get('set-cookie'), null);
    }
  }
});

test('an id with a slash that is not escaped reaches no instance of a part of it', async () => {
  await host.start('waits', 'part');
  await host.tells('part');
  const start = await host.call('POST', 'orchestrators/waits/part/more');
  assert.equal(start.status, 400);
  assert.match(String(start.json.ExceptionMessage), /must not contain \//);
  assert.equal((await host.call('GET', 'instances/part/more')).status, 404);
  assert.equal((await host.call('DELETE', 'instances/part/more')).status, 404);
  assert.equal((await host.call('POST', 'instances/part/more/terminate')).status, 404);
  assert.equal((await host.call('GET', 'instances/part')).json.runtimeStatus, 'Running');
});

test('a path of dots is what a URL makes of it: the folder, never a file or another instance', async () => {
  const raw = async (line: string) => {
    const port = Number(new URL(host.host.url).port);
    const reply = await sendRaw(
      port,
      `${line} HTTP/1.1\r\nhost: localhost:${port}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
    );
    return Number(reply.split(' ')[1]);
  };
  const api = '/runtime/webhooks/durabletask';
  for (const dots of ['..', '%2e%2e', '.%2E']) {
    assert.equal(await raw(`POST ${api}/orchestrators/waits/${dots}`), 400);
    assert.equal(await raw(`GET ${api}/instances/${dots}`), 404);
    assert.equal(await raw(`POST ${api}/instances/${dots}/terminate`), 404);
    assert.equal(await raw(`DELETE ${api}/instances/${dots}`), 404);
    assert.equal(await raw(`GET ${api}/instances/${dots}/${dots}/${dots}/${dots}/${dots}/etc/passwd`), 404);
  }
  // A single dot is no part of a path either, so this is the list and a purge without a time.
  assert.equal(await raw(`GET ${api}/instances/.`), 200);
  assert.equal(await raw(`DELETE ${api}/instances/.`), 400);
});
