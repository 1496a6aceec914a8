import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DurableHost, type Reply, request } from './durable-host.ts';

const host = await DurableHost.start();
const json = { 'content-type': 'application/json' };

const refused = (reply: Reply, status: number, message: RegExp) => {
  assert.equal(reply.status, status, reply.text);
  assert.equal(reply.json.Message, 'One or more of the arguments submitted is incorrect');
  assert.match(String(reply.json.ExceptionMessage), message);
};

test('a start answers 202 with the links of the instance, where to ask, and when', async () => {
  const { status, headers, json } = await host.call('POST', 'orchestrators/waits/links');
  assert.equal(status, 202);
  assert.equal(headers.get('location'), String(json.statusQueryGetUri));
  assert.equal(headers.get('retry-after'), '10');
  const { id, ...links } = json;
  assert.equal(id, 'links');
  const base = `${host.base}/instances/links`;
  const query = 'taskHub=ApiHub&connection=Storage';
  assert.deepEqual(links, {
    statusQueryGetUri: `${base}?${query}`,
    sendEventPostUri: `${base}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${base}/terminate?reason={text}&${query}`,
    rewindPostUri: `${base}/rewind?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${base}?${query}`,
    restartPostUri: `${base}/restart?${query}`,
    suspendPostUri: `${base}/suspend?reason={text}&${query}`,
    resumePostUri: `${base}/resume?reason={text}&${query}`,
  });
});

test('each link works as it is given', async () => {
  const { json: links } = await host.call('POST', 'orchestrators/waits/followed');
  const post = async (link: string, body?: unknown) =>
    (await request('POST', link.replace('{text}', 'why').replace('{eventName}', 'go'), { body })).status;
  assert.equal((await request('GET', String(links.statusQueryGetUri))).status, 202);
  assert.equal(await post(String(links.suspendPostUri)), 202);
  await host.reaches('followed', 'Suspended');
  assert.equal(await post(String(links.resumePostUri)), 202);
  await host.reaches('followed', 'Running');
  assert.equal(await post(String(links.sendEventPostUri), { ok: true }), 202);
  assert.deepEqual((await host.reaches('followed')).output, { ok: true });
  const again = await request('POST', String(links.restartPostUri));
  assert.equal(again.status, 202);
  assert.equal(await post(String(again.json.terminatePostUri)), 202);
  assert.equal((await host.reaches(String(again.json.id))).output, 'why');
  assert.equal((await request('DELETE', String(links.purgeHistoryDeleteUri))).status, 200);
  assert.equal((await request('GET', String(links.statusQueryGetUri))).status, 404);
});

test('the body is the input, whatever its content type; no body is no input', async () => {
  const inputs: [body: string | undefined, headers: Record<string, string>, input: unknown][] = [
    ['{"a":[1,"ż"]}', json, { a: [1, 'ż'] }],
    ['"text"', json, 'text'],
    ['""', json, ''],
    ['7', { 'content-type': 'text/plain' }, 7],
    ['null', json, null],
    ['', json, null],
    [undefined, {}, null],
  ];
  for (const [body, headers, input] of inputs) {
    const started = await host.call('POST', 'orchestrators/echo', { body, headers });
    assert.equal(started.status, 202, started.text);
    const ended = await host.reaches(String(started.json.id));
    assert.deepEqual([ended.input, ended.output!.input ?? null], [input, input], String(body));
  }
});

test('without an id each start gets one of its own', async () => {
  const ids = new Set<string>();
  for (const path of ['orchestrators/echo', 'orchestrators/echo/', 'ORCHESTRATORS/echo']) {
    const { json } = await host.call('POST', path);
    assert.match(String(json.id), /^[0-9a-f]{32}$/);
    ids.add(String(json.id));
  }
  assert.equal(ids.size, 3);
});

test('the version asked for reaches the orchestrator', async () => {
  const { json } = await host.call('POST', 'orchestrators/echo?version=2.1');
  assert.equal((await host.reaches(String(json.id))).output!.version, '2.1');
});

test('what cannot be started is refused with the reason, and nothing is stored', async () => {
  refused(await host.call('POST', 'orchestrators/nothing/refused'), 400, /'nothing' doesn't exist.*waits/);
  refused(await host.call('POST', 'orchestrators/double/refused'), 400, /not an orchestrator function/);
  refused(await host.call('POST', 'orchestrators'), 400, /doesn't exist/);
  for (const body of ['{"message": "hi", ', '{', 'nul', '{}{}']) {
    refused(await host.call('POST', 'orchestrators/echo/refused', { body, headers: json }), 400, /not valid JSON/);
  }
  refused(await host.call('POST', 'orchestrators/echo/refused?timeout=1&pollingInterval=2'), 400, /pollingInterval/);
  assert.equal((await host.call('GET', 'orchestrators/echo/refused')).status, 404);
  assert.equal((await host.call('GET', 'instances/refused')).status, 404);
});

test('a start that waits answers with the output, and with the status when it does not complete', async () => {
  const wait = 'timeout=10&pollingInterval=0.01';
  const completed = await host.call('POST', `orchestrators/echo?${wait}`, { body: { a: 1 } });
  assert.deepEqual([completed.status, completed.json], [200, { input: { a: 1 }, version: '' }]);
  const failed = await host.call('POST', `orchestrators/fails?${wait}`);
  assert.deepEqual([failed.status, failed.json.runtimeStatus], [200, 'Failed']);
  const waiting = host.call('POST', `orchestrators/waits/stopped?${wait}`);
  await host.reaches('stopped', 'Running');
  await host.call('POST', 'instances/stopped/terminate?reason=enough');
  const stopped = await waiting;
  assert.deepEqual([stopped.status, stopped.json.runtimeStatus, stopped.json.output], [200, 'Terminated', 'enough']);
});

test('a start that waits in vain answers as one that does not wait, which one wait alone does too', async () => {
  for (const query of [
    'timeout=0.05&pollingInterval=0.01',
    'timeout=0&pollingInterval=0',
    'timeout=60',
    'pollingInterval=60',
  ]) {
    const { status, json } = await host.call('POST', `orchestrators/waits?${query}`);
    assert.deepEqual([status, typeof json.statusQueryGetUri], [202, 'string'], query);
  }
});

test('an id that runs is taken: 409, and what runs is untouched', async () => {
  await host.start('waits', 'taken', 'first');
  refused(await host.call('POST', 'orchestrators/echo/taken', { body: '"second"' }), 409, /'taken' already exists/);
  await host.call('POST', 'instances/taken/raiseEvent/go', { body: { first: true } });
  const { name, input, output } = await host.reaches('taken');
  assert.deepEqual([name, input, output], ['waits', 'first', { first: true }]);
});

test('of many starts with one id at the same instant exactly one is taken', async () => {
  for (let round = 0; round < 5; round++) {
    const starts = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        host.call('POST', `orchestrators/waits/race-${round}`, { body: String(i), headers: json }),
      ),
    );
    const won = starts.findIndex(({ status }) => status === 202);
    const others = starts.filter((_, i) => i !== won);
    assert.deepEqual(new Set(others.map(({ status }) => status)), new Set([409]));
    assert.equal((await host.call('GET', `instances/race-${round}`)).json.input, won);
  }
});

test('a restart runs the same input again under a new id, or under the same one when asked', async () => {
  await host.start('echo', 'again', { n: 1 });
  await host.reaches('again');
  const fresh = await host.call('POST', 'instances/again/restart');
  assert.equal(fresh.status, 202);
  assert.notEqual(fresh.json.id, 'again');
  assert.equal(fresh.headers.get('location'), String(fresh.json.statusQueryGetUri));
  assert.deepEqual((await host.reaches(String(fresh.json.id))).output, { input: { n: 1 }, version: '' });
  const wait = 'restartWithNewInstanceId=False&timeout=10&pollingInterval=0.01';
  const same = await host.call('POST', `instances/again/restart?${wait}`);
  assert.deepEqual([same.status, same.json], [200, { input: { n: 1 }, version: '' }]);
});

test('what is unknown, or runs under the id asked for, cannot be restarted', async () => {
  refused(await host.call('POST', 'instances/nobody/restart'), 400, /No instance with ID 'nobody' found/);
  await host.start('waits', 'busy');
  refused(await host.call('POST', 'instances/busy/restart?restartWithNewInstanceId=false'), 409, /'busy' already/);
});

test('links lead back to the origin that the caller used', async () => {
  for (const name of ['127.0.0.1', 'localhost']) {
    const base = host.base.replace(/localhost|127\.0\.0\.1/, name);
    const { json: links } = await request('POST', `${base}/orchestrators/waits/from-${name}`);
    assert.equal(new URL(String(links.statusQueryGetUri)).hostname, name);
    assert.equal((await request('GET', String(links.statusQueryGetUri))).status, 202);
  }
});
