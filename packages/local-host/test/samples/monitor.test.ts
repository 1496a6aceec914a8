import assert from 'node:assert/strict';
import { test } from 'node:test';
import { follow, inBothModes, outputOf } from './sample-app.ts';

inBothModes('monitor', (app) => {
  const setJob = async (job: string, state: string) =>
    assert.equal((await app.fetch('PUT', `jobs/${job}`, state)).status, 204);
  const messages = async () => (await app.fetch('GET', 'messages')).json() as Promise<string[]>;

  test('the monitor looks again and again until the job is done, and tells so once', async () => {
    await setJob('backup', 'running');
    const links = await app.begin('jobs/backup/watch');
    await follow(links, ({ customStatus }) => ((customStatus as { checks: number } | null)?.checks ?? 0) >= 2);
    await setJob('backup', 'done');
    const { checks, ...rest } = (await outputOf(links)) as { checks: number };
    assert.deepEqual(rest, { job: 'backup', state: 'done' });
    assert.ok(checks >= 3, `${checks} checks`);
    assert.deepEqual(
      (await messages()).filter((text) => text.startsWith('backup')),
      ['backup is done'],
    );
  });

  test('the monitor gives up when its time is over', async () => {
    await setJob('stuck', 'running');
    const { checks, ...rest } = (await outputOf(await app.begin('jobs/stuck/watch'))) as { checks: number };
    assert.deepEqual(rest, { job: 'stuck', state: 'given up' });
    assert.ok(checks >= 1 && checks <= 10, `${checks} checks`);
    assert.deepEqual(
      (await messages()).filter((text) => text.startsWith('stuck')),
      ['stuck took too long'],
    );
  });
});
