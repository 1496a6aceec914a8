import assert from 'node:assert/strict';
import { test } from 'node:test';
import { follow, inBothModes, type Links, outputOf, send } from './sample-app.ts';

const day = 24 * 60 * 60 * 1_000;

inBothModes('human-interaction', (app) => {
  const submit = (patienceMs: number) => app.begin('expenses', { employee: 'Ann', amount: 12.5, patienceMs });
  const asked = (links: Links) => follow(links, ({ customStatus }) => customStatus !== null);

  test('an approval through the event link of the start ends the wait', async () => {
    const links = await submit(day);
    assert.deepEqual((await asked(links)).customStatus, { question: 'May Ann spend 12.5?' });
    const url = links.sendEventPostUri.replace('{eventName}', 'Decision');
    assert.equal((await send('POST', url, { approved: true })).status, 202);
    assert.deepEqual(await outputOf(links), { paid: 'Ann gets 12.5' });
    assert.equal((await send('POST', url, { approved: false })).status, 410);
  });

  test('a rejection through a function of the app ends the wait', async () => {
    const links = await submit(day);
    const decision = { approved: false, reason: 'no budget' };
    assert.equal((await app.fetch('POST', `expenses/${links.id}/decision`, decision)).status, 204);
    assert.deepEqual(await outputOf(links), { rejected: 'no budget' });
  });

  test('without an answer the timer ends the wait', async () => {
    assert.deepEqual(await outputOf(await submit(30)), { escalated: 'nobody answered Ann' });
  });
});
