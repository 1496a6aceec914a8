import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WorkflowApp } from './apps/workflows/client.ts';
import { eventually } from './support/host-process.ts';

const yes = { approved: true };
const no = { approved: false };

test('killed in each step of a run, what has ended does not run again', async (t) => {
  for (const point of ['clean', 'publish']) {
    const app = await WorkflowApp.start(t);
    app.hold(point);
    const run = await app.begin('Article', 'bees');
    await eventually(point, async () => (app.effects().includes(point) ? true : undefined));
    await app.restart();
    app.release(point);
    assert.deepEqual((await app.ended('Article', run)).output, [{ published: '1: bees' }]);
    const others = app.effects().filter((name) => name !== point);
    // The step in flight may have run twice; nothing else has.
    assert.deepEqual(
      others,
      ['clean', 'publish'].filter((name) => name !== point),
    );
    assert.equal(app.model.requests.length, 1);
  }
});

test('killed in one branch, the branches that have ended do not run again', async (t) => {
  const app = await WorkflowApp.start(t);
  app.hold('right');
  const run = await app.begin('Diamond', 4);
  await eventually('both branches', async () => (app.effects().length === 3 ? true : undefined));
  // The end of the other branch is on disk when the history has it.
  await eventually('the end of the left branch', async () => {
    const events = (await app.host.instance(run, '?showHistory=true'))?.historyEvents ?? [];
    return events.filter(({ FunctionName }) => /left/i.test(FunctionName ?? '')).length > 0 ? true : undefined;
  });
  await app.restart();
  app.release('right');
  assert.deepEqual((await app.ended('Diamond', run)).output, [[5, 40]]);
  const counts = Map.groupBy(app.effects(), (name) => name);
  assert.deepEqual(
    ['split', 'left'].map((name) => counts.get(name)?.length),
    [1, 1],
  );
});

test('a run that waits for people outlives restarts, and takes answers of before and after', async (t) => {
  const app = await WorkflowApp.start(t);
  const run = await app.begin('Reviewing', 'text');
  for (let round = 0; round < 3; round++) {
    const [request] = await app.requests('Reviewing', run);
    await app.restart();
    assert.deepEqual(await app.requests('Reviewing', run), [
      { ...request, respondUrl: (await app.requests('Reviewing', run))[0]?.respondUrl },
    ]);
    const reply = await app.answer('Reviewing', run, request?.requestId, round < 2 ? no : yes);
    assert.equal(reply.status, 200);
    // At once after the acknowledgement: an accepted answer is on disk.
    await app.restart();
  }
  assert.deepEqual((await app.ended('Reviewing', run)).output, ['final: text!!']);
  const nested = await app.begin('Nested', 'text');
  const [request] = await app.requests('Nested', nested);
  await app.restart();
  assert.equal((await app.answer('Nested', nested, request?.requestId, yes)).status, 200);
  await app.restart();
  assert.deepEqual((await app.ended('Nested', nested)).output, ['outer final: text']);
});

test('a long loop goes on where it was when the process dies in the middle of it', async (t) => {
  const app = await WorkflowApp.start(t);
  const run = await app.begin('Loop', 0);
  for (const least of [5, 25]) {
    await eventually(`${least} rounds`, async () => (app.effects().length >= least ? true : undefined));
    await app.restart();
  }
  assert.deepEqual((await app.ended('Loop', run)).output, ['counted to 50']);
  const twice = app.effects().length - 50;
  assert.ok(twice >= 0 && twice <= 2, `${twice} rounds were repeated by two kills`);
});

test('a definition that has changed under a run is told; as a version beside the old one the run goes on', async (t) => {
  const app = await WorkflowApp.start(t);
  const run = await app.begin('Changing', 'x');
  const kept = await app.begin('Changing', 'y');
  const [request] = await app.requests('Changing', kept);
  await app.requests('Changing', run);
  await app.restart({ LOOK_VERSION: 'both' });
  assert.equal((await app.answer('Changing', kept, request?.requestId, yes)).status, 200);
  assert.deepEqual((await app.ended('Changing', kept)).output, [yes]);
  const fresh = await app.begin('Changing', 'z');
  await app.requests('Changing', fresh);
  assert.ok(app.effects().includes('extra'), 'new runs take the new version');
  await app.restart({ LOOK_VERSION: 'two' });
  const [open] = await app.requests('Changing', run);
  await app.answer('Changing', run, open?.requestId, yes);
  const ended = await app.ended('Changing', run);
  assert.equal(ended.status, 'Failed');
  assert.equal(ended.failure.code, 'definitionChanged');
  assert.match(ended.error, /Workflow "Changing" has changed since run/);
});
