import assert from 'node:assert/strict';
import { test } from 'node:test';
import { follow, inBothModes, send } from './sample-app.ts';

inBothModes('eternal-orchestration', (app) => {
  test('it goes on round after round without a growing history, once at a time, until it is terminated', async () => {
    const links = await app.begin('clean-up');
    assert.equal(links.id, 'clean-up');
    const round = (number: number) =>
      follow(links, ({ customStatus }) => ((customStatus as { round: number } | null)?.round ?? 0) >= number);
    assert.match(JSON.stringify((await round(3)).customStatus), /removed what was old in round \d/);
    assert.equal((await app.fetch('POST', 'clean-up')).status, 409);
    await round(8);
    const status = await follow({ statusQueryGetUri: `${links.statusQueryGetUri}&showHistory=true` }, () => true);
    assert.equal(status.runtimeStatus, 'Running');
    // A round has a start, an activity and a timer.
    assert.ok(status.historyEvents!.length <= 3, JSON.stringify(status.historyEvents));

    const stop = links.terminatePostUri.replace('{text}', 'maintenance');
    assert.equal((await send('POST', stop)).status, 202);
    const ended = await follow(links);
    assert.deepEqual([ended.runtimeStatus, ended.output], ['Terminated', 'maintenance']);
    assert.equal((await app.begin('clean-up')).id, 'clean-up');
    assert.equal((await send('POST', stop)).status, 202);
    await follow(links);
  });
});
