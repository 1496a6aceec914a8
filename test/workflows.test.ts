import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { WorkflowApp } from './apps/workflows/client.ts';
import { eventually } from './support/host-process.ts';

const yes = { approved: true };
const no = { approved: false, comments: 'too much' };

/** The same in both ways in which the local host runs orchestrations. */
function inBothModes(name: string, run: (t: TestContext, args: string[]) => Promise<void>): void {
  test(name, (t) => run(t, []));
  test(`${name} (strict)`, (t) => run(t, ['--strict']));
}

inBothModes('a run goes through functions and agents, and gives what they yield', async (t, args) => {
  const app = await WorkflowApp.start(t, { args });
  const { status, body } = await app.run('Article', '  bees ');
  assert.equal(status, 200);
  assert.equal(body.workflowStatus, 'Completed');
  assert.deepEqual(body.output, [{ published: '1: bees' }]);
  assert.deepEqual(body.result, { published: '1: bees' });
  assert.deepEqual(app.effects(), ['clean', 'publish']);
});

inBothModes('an agent hears the whole conversation before it', async (t, args) => {
  const app = await WorkflowApp.start(t, { args });
  const { body } = await app.run('Desk', 'bees');
  const texts = app.model.requests.at(-1)?.messages.filter(({ role }) => role !== 'system');
  assert.equal(texts?.length, 2);
  assert.match(JSON.stringify(texts), /about bees.*1: about bees/);
  assert.deepEqual((body.result as string[]).slice(0, 2), ['user: about bees', 'assistant: 1: about bees']);
});

inBothModes('fan-out, fan-in and switch route as in the graph', async (t, args) => {
  const app = await WorkflowApp.start(t, { args });
  assert.deepEqual((await app.run('Diamond', 4)).body.output, [[5, 40]]);
  assert.deepEqual((await app.run('Sorting', 3)).body.output, ['3 is small']);
  assert.deepEqual((await app.run('Sorting', 30)).body.output, ['30 is large']);
});

inBothModes('a loop of fifty rounds keeps its history short and does each round once', async (t, args) => {
  const app = await WorkflowApp.start(t, { args });
  const { body } = await app.run('Loop', 0);
  assert.deepEqual(body.output, ['counted to 50']);
  assert.equal(app.effects().length, 50);
  const instance = await app.host.instance(body.runId, '?showHistory=true');
  // Fifty rounds in one history would be more than a hundred events.
  assert.ok((instance?.historyEvents ?? []).length < 60, `${instance?.historyEvents?.length} events`);
});

inBothModes(
  'requests to several people are answered in any order, and the run sees each answer once',
  async (t, args) => {
    const app = await WorkflowApp.start(t, { args });
    const run = await app.begin('Expenses', { amount: 500 });
    const [manager] = await app.requests('Expenses', run);
    assert.equal(manager?.sourceExecutor, 'ManagerApproval');
    assert.deepEqual(manager?.requestData, { amount: 500 });
    assert.equal((await app.answer('Expenses', run, manager?.requestId, yes)).status, 200);
    const both = await app.requests('Expenses', run, 2);
    assert.deepEqual(both.map(({ requestType }) => requestType).sort(), ['BudgetApproval', 'ComplianceApproval']);
    const [first, second] = both.toReversed();
    assert.equal((await app.answer('Expenses', run, first?.requestId, yes)).status, 200);
    // What is answered is not pending any more, at once.
    const left = (await app.status('Expenses', run)).body;
    assert.deepEqual(
      left.pendingHumanInputRequests?.map(({ requestId }) => requestId),
      [second?.requestId],
    );
    assert.equal((await app.answer('Expenses', run, second?.requestId, no)).status, 200);
    const ended = await app.ended('Expenses', run);
    // In the order of the graph, whatever the order of the answers.
    assert.deepEqual(ended.output, [{ approved: false, answers: [no, yes] }]);
    assert.equal(app.effects().filter((name) => name === 'finance').length, 1);
  },
);

test('of the answers to a request the first stands: the same again gets the same reply, another is refused', async (t) => {
  const app = await WorkflowApp.start(t);
  const run = await app.begin('Reviewing', 'text');
  const [request] = await app.requests('Reviewing', run);
  const id = request?.requestId as string;
  const replies = await Promise.all(
    Array.from({ length: 8 }, (_, i) => app.answer('Reviewing', run, id, { approved: false, comments: `${i}` })),
  );
  assert.deepEqual(replies.map(({ status }) => status).sort(), [200, ...Array.from({ length: 7 }, () => 409)]);
  const winner = replies.findIndex(({ status }) => status === 200);
  const again = await app.answer('Reviewing', run, id, { comments: `${winner}`, approved: false });
  assert.deepEqual([again.status, again.body.repeated], [200, true]);
  const [next] = await app.requests('Reviewing', run);
  assert.equal(next?.requestData, 'text!');
  await app.answer('Reviewing', run, next?.requestId, yes);
  assert.deepEqual((await app.ended('Reviewing', run)).output, ['final: text!']);
  assert.equal(app.effects().filter((name) => name === 'review').length, 2);
  const late = await app.answer('Reviewing', run, next?.requestId, yes);
  assert.deepEqual([late.status, late.body.repeated], [200, true], 'a repeated answer is as good after the end');
  const other = await app.answer('Reviewing', run, next?.requestId, no);
  assert.deepEqual([other.status, other.body.errorCode], [409, 'alreadyAnswered']);
});

test('an answer that does not fit is refused with the reasons, and the run still waits', async (t) => {
  const app = await WorkflowApp.start(t);
  const run = await app.begin('Reviewing', 'text');
  const [request] = await app.requests('Reviewing', run);
  const bad = await app.answer('Reviewing', run, request?.requestId, { approved: 'perhaps' });
  assert.deepEqual([bad.status, bad.body.errorCode], [400, 'invalidResponse']);
  assert.match(bad.body.error, /approved/);
  const byEvent = await app.post(`workflows/Reviewing/respond/${run}`, { eventName: 'Review', response: 'yes' });
  assert.equal(byEvent.status, 400);
  assert.equal((await app.requests('Reviewing', run)).length, 1);
  const good = await app.post(`workflows/Reviewing/respond/${run}`, { eventName: 'Review', response: yes });
  assert.deepEqual([good.status, good.body.requestId, good.body.validated], [202, request?.requestId, true]);
  assert.deepEqual((await app.ended('Reviewing', run)).output, ['final: text']);
});

test('answers to what is not there are refused: unknown request, unknown run, foreign run, run that is over', async (t) => {
  const app = await WorkflowApp.start(t);
  const run = await app.begin('Reviewing', 'text');
  const [request] = await app.requests('Reviewing', run);
  const id = request?.requestId as string;
  const codes = async (workflow: string, runId: string, requestId: string) => {
    const { status, body } = await app.answer(workflow, runId, requestId, yes);
    return [status, body.errorCode];
  };
  assert.deepEqual(await codes('Reviewing', run, 'early'), [404, 'unknownRequest']);
  assert.deepEqual(await codes('Reviewing', run, 'constructor'), [404, 'unknownRequest']);
  assert.deepEqual(await codes('Reviewing', run, 'a~0~b~x~c'), [404, 'unknownRequest']);
  assert.deepEqual(await codes('Reviewing', 'nobody', id), [404, 'runNotFound']);
  assert.deepEqual(await codes('Expenses', run, id), [404, 'runNotFound']);
  assert.equal((await app.status('Expenses', run)).status, 404);
  assert.equal((await app.post(`workflows/Expenses/cancel/${run}`, {})).status, 404);
  const wrongPort = await app.post(`workflows/Reviewing/respond/${run}`, { eventName: 'Other', response: yes });
  assert.deepEqual([wrongPort.status, wrongPort.body.errorCode], [400, 'unknownRequest']);
  const noBody = await app.post(`workflows/Reviewing/respond/${run}`, { eventName: 'Review' });
  assert.equal(noBody.status, 400);
  await app.post(`workflows/Reviewing/cancel/${run}`, { reason: 'not needed & gone' });
  assert.equal((await app.ended('Reviewing', run)).status, 'Terminated');
  assert.deepEqual(await codes('Reviewing', run, id), [409, 'runOver']);
  const byEvent = await app.post(`workflows/Reviewing/respond/${run}`, { eventName: 'Review', response: yes });
  assert.deepEqual([byEvent.status, byEvent.body.errorCode], [400, 'runOver']);
  assert.equal((await app.post(`workflows/Reviewing/cancel/${run}`, {})).status, 409);
});

inBothModes('a request in a sub-workflow two levels down is answered through the outermost run', async (t, args) => {
  const app = await WorkflowApp.start(t, { args });
  const run = await app.begin('Nested', 'text');
  const [request] = await app.requests('Nested', run);
  assert.match(String(request?.requestId), /^sub~0~inner~0~[0-9a-f-]{36}$/);
  assert.equal(request?.sourceExecutor, 'sub~0~inner~0~draft');
  assert.equal((await app.answer('Nested', run, request?.requestId.replace('inner~0', 'inner~1'), yes)).status, 404);
  assert.equal((await app.answer('Nested', run, request?.requestId, { approved: 1 })).status, 400);
  assert.equal((await app.answer('Nested', run, request?.requestId, no)).status, 200);
  const [again] = await app.requests('Nested', run);
  assert.equal(again?.requestData, 'text!');
  assert.equal((await app.answer('Nested', run, again?.requestId, yes)).status, 200);
  assert.deepEqual((await app.ended('Nested', run)).output, ['outer final: text!']);
  assert.deepEqual(app.effects(), ['begin', 'draft', 'review', 'review', 'close']);
  assert.equal((await app.status('Reviewing', `${run}::sub::0::inner::0`)).status, 404, 'it is not a run of its own');
});

inBothModes('a request is pending, and can be answered, while another branch is at work', async (t, args) => {
  const app = await WorkflowApp.start(t, { args });
  app.hold('slow');
  const run = await app.begin('Beside', 'x');
  const [request] = await app.requests('Beside', run);
  await eventually('the slow branch', async () => (app.effects().includes('slow') ? true : undefined));
  assert.equal((await app.answer('Beside', run, request?.requestId, yes)).status, 200);
  assert.equal((await app.status('Beside', run)).body.waitingForInput, null);
  app.release('slow');
  assert.deepEqual((await app.ended('Beside', run)).output.length, 2);
});

inBothModes(
  'a request that nobody answers in time takes its default answer, and no answer after that',
  async (t, args) => {
    const app = await WorkflowApp.start(t, { args });
    app.hold('told');
    const run = await app.begin('Timing', 'x');
    const [request] = await app.requests('Timing', run);
    assert.ok(Date.parse(String(request?.expiresAt)) > Date.parse(String(request?.createdAt)));
    await eventually('the end of time', async () => (app.effects().includes('told') ? true : undefined));
    const late = await app.answer('Timing', run, request?.requestId, yes);
    assert.deepEqual([late.status, late.body.errorCode], [409, 'requestExpired']);
    app.release('told');
    const ended = await app.ended('Timing', run);
    assert.deepEqual(ended.output, [{ answer: { approved: false }, timedOut: true }]);
  },
);

inBothModes(
  'an executor is tried again as its policy says, and a failure names it, without a stack',
  async (t, args) => {
    const app = await WorkflowApp.start(t, { args });
    assert.deepEqual((await app.run('Flakes', 3)).body.output, ['done at 3']);
    const { status, body } = await app.run('Flakes', 9);
    assert.deepEqual([status, body.workflowStatus, body.result], [200, 'Failed', null]);
    assert.match(body.error, /flaky.*attempt 3 failed.*no connection/);
    assert.deepEqual([body.failure.executorId, body.failure.attempts], ['flaky', 3]);
    assert.doesNotMatch(JSON.stringify(body), /\.mjs|at async|node:/);
    const seen = (await app.status('Flakes', body.runId, '?graph=true')).body;
    assert.deepEqual([seen.status, seen.output, seen.error], ['Failed', null, body.error]);
    assert.equal(seen.graph.nodes[0]?.state, 'failed');
    assert.doesNotMatch(JSON.stringify(seen), /\.mjs|at async|node:/);
  },
);
