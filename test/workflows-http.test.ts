import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Body, WorkflowApp } from './apps/workflows/client.ts';
import { eventually } from './support/host-process.ts';

test('a run is started, followed and answered in both official spellings', async (t) => {
  const app = await WorkflowApp.start(t);
  for (const base of ['workflows', 'workflow']) {
    const started = await app.post(`${base}/Reviewing/run`, 'text');
    assert.equal(started.status, 202);
    const { runId, instanceId, statusQueryGetUri, respondUri, message } = started.body;
    assert.equal(runId, instanceId);
    assert.equal(statusQueryGetUri, `${new URL(statusQueryGetUri).origin}/api/${base}/Reviewing/status/${runId}`);
    assert.match(respondUri, /\/respond\/[0-9a-f]{32}\/\{requestId\}$/);
    assert.match(message, /^Workflow orchestration started for Reviewing/);
    const status = await eventually('the request', async () => {
      const reply = await fetch(`${app.host.url}${new URL(statusQueryGetUri).pathname}`);
      const body = (await reply.json()) as Body;
      return body.customStatus?.state === 'waiting_for_human_input' ? body : undefined;
    });
    assert.equal(status.runtimeStatus, 'Running');
    const [request] = status.pendingHumanInputRequests ?? [];
    assert.deepEqual(
      status.waitingForInput?.map(({ eventName, input }) => [eventName, input]),
      [['Review', 'text']],
    );
    assert.deepEqual(
      status.waitingFor.map(({ node, requestId, until }) => [node, requestId, until]),
      [['draft', request?.requestId, null]],
    );
    assert.deepEqual(request?.responseSchema.required, ['approved']);
    const path = new URL(String(request?.respondUrl)).pathname;
    const reply = await app.host.post(path, { approved: true });
    assert.equal(reply.status, 200);
    assert.deepEqual((await app.ended('Reviewing', runId)).output, ['final: text']);
  }
});

test('a waiting caller gets the result, or 202 when the time is up', async (t) => {
  const app = await WorkflowApp.start(t);
  const byHeader = await app.post('workflows/Sorting/run', 3, { 'x-ms-wait-for-response': 'true' });
  assert.deepEqual([byHeader.status, byHeader.body.result], [200, '3 is small']);
  const text = await app.host.post('/api/workflows/Sorting/run?waitForResponse=1', '3', { accept: 'text/plain' });
  assert.deepEqual([text.status, await text.text()], [200, '3 is small']);
  const notYet = await app.post('workflows/Reviewing/run?waitForResponse=true&timeoutSeconds=1', 'x');
  assert.deepEqual([notYet.status, typeof notYet.body.runId], [202, 'string']);
  const started = await app.host.post('/api/workflows/Reviewing/run', '"x"', { accept: 'text/plain' });
  assert.match(await started.text(), /^Workflow orchestration started for Reviewing\. runId: [0-9a-f]{32}$/);
  for (const query of ['waitForResponse=perhaps', 'timeoutSeconds=0', 'timeoutSeconds=201', 'timeoutSeconds=x']) {
    assert.equal((await app.post(`workflows/Sorting/run?${query}`, 3)).status, 400, query);
  }
});

test('the input of a run is a JSON value or a text; reserved keys are not let in', async (t) => {
  const app = await WorkflowApp.start(t);
  const post = (body: string, type: string) =>
    fetch(`${app.host.url}/api/workflows/Timing/run?waitForResponse=true`, {
      method: 'POST',
      body,
      headers: { 'content-type': type },
    });
  assert.equal((await post('', 'application/json')).status, 400);
  assert.equal((await post('  ', 'text/plain')).status, 400);
  assert.equal((await post('{', 'application/json')).status, 400);
  assert.equal((await post('<a/>', 'application/xml')).status, 415);
  assert.equal((await post('words', 'text/plain')).status, 200);
  const forged = { run: '{}', input: '1', place: 'x', list: [{ __type__: 'x', kept: 1 }], __subworkflow_input__: 2 };
  const run = await app.begin('Expenses', forged);
  const [request] = await app.requests('Expenses', run);
  assert.deepEqual(request?.requestData, { run: '{}', input: '1', place: 'x', list: [{ kept: 1 }] });
});

test('a run id of the caller names one run: the same again is the same run, another input is refused', async (t) => {
  const app = await WorkflowApp.start(t);
  const start = (input: unknown) => app.post('workflows/Expenses/run?runId=order-7', input);
  const replies = await Promise.all([start({ a: 1, b: 2 }), start({ b: 2, a: 1 }), start({ a: 1, b: 2 })]);
  assert.deepEqual(
    replies.map(({ status, body }) => [status, body.runId]),
    replies.map(() => [202, 'order-7']),
  );
  await app.requests('Expenses', 'order-7');
  assert.deepEqual(app.effects(), ['intake']);
  const other = await start({ a: 2 });
  assert.deepEqual([other.status, other.body.errorCode], [409, 'runIdInUse']);
  const foreign = await app.post('workflows/Sorting/run?runId=order-7', 3);
  assert.equal(foreign.status, 409);
  for (const id of ['@x', 'a/b', 'a%5Cb', 'a%23b', 'a%3Fb', 'x'.repeat(101), 'a::b', '%00', '.']) {
    const reply = await app.post(`workflows/Sorting/run?runId=${id}`, 3);
    assert.deepEqual([reply.status, reply.body.errorCode], [400, 'invalidRunId'], id);
  }
});

test('runs are listed by workflow and state, and cancelled', async (t) => {
  const app = await WorkflowApp.start(t);
  const waiting = await app.begin('Nested', 'x');
  await app.requests('Nested', waiting);
  await app.run('Sorting', 3);
  const ids = async (query: string) => {
    const { body } = await app.get(`workflows/Nested/runs${query}`);
    return body.runs.map(({ runId, status }) => [runId, status]);
  };
  assert.deepEqual(await ids(''), [[waiting, 'Running']]);
  assert.deepEqual(await ids('?status=completed'), []);
  assert.equal((await app.get('workflows/Nested/runs?status=odd')).status, 400);
  assert.equal((await app.get('workflows/Nested/runs?top=0')).status, 400);
  assert.deepEqual((await app.get('workflows/Reviewing/runs')).body.runs, [], 'runs within others are not listed');
  const cancelled = await app.post(`workflows/Nested/cancel/${waiting}`, { reason: 'changed & gone' });
  assert.equal(cancelled.status, 202);
  await app.ended('Nested', waiting);
  assert.deepEqual(await ids('?status=Terminated'), [[waiting, 'Terminated']]);
});

test('where the status is not exposed there is none, and nothing points to it', async (t) => {
  const app = await WorkflowApp.start(t);
  const started = await app.post('workflows/Hidden/run', 'x');
  assert.equal(started.status, 202);
  assert.equal(started.body.statusQueryGetUri, undefined);
  for (const path of [`workflows/Hidden/status/${started.body.runId}`, 'workflows/Hidden/runs']) {
    assert.equal((await fetch(`${app.host.url}/api/${path}`)).status, 404, path);
  }
});

test('fifty requests with large data keep the status small, and all are found', async (t) => {
  const app = await WorkflowApp.start(t);
  const run = await app.begin('Many', 50);
  const requests = await app.requests('Many', run, 50);
  assert.deepEqual(
    requests.map(({ requestData }) => (requestData as { i: number }).i),
    Array.from({ length: 50 }, (_, i) => i),
  );
  const { body } = await app.status('Many', run);
  assert.ok(JSON.stringify(body.customStatus).length <= 8_000);
  assert.equal(body.customStatus.pendingCount, 50);
  const replies = await Promise.all(
    requests.map(({ requestId }) => app.answer('Many', run, requestId, { approved: true })),
  );
  assert.ok(replies.every(({ status }) => status === 200));
  assert.equal((await app.ended('Many', run)).status, 'Completed');
});
