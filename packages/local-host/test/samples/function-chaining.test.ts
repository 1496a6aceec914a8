import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inBothModes, outputOf, send } from './sample-app.ts';

inBothModes('function-chaining', (app) => {
  const parcel = { to: 'Łódź', items: [{ grams: 700 }, { grams: 900 }] };

  test('each activity gets what the one before it returned', async () => {
    const links = await app.begin('parcels', parcel);
    assert.deepEqual(await outputOf(links), { label: 'Łódź: 2 items, 8 EUR' });
  });

  test('the failure of an activity can be caught, with its message', async () => {
    const links = await app.begin('parcels', { to: 'x', items: [{ grams: 30_001 }] });
    const { refused } = (await outputOf(links)) as { refused: string };
    assert.match(refused, /Activity function 'price' failed: 30001 g is too heavy/);
  });

  test('the links lead back to the address that was asked, under either name of this machine', async () => {
    for (const name of ['127.0.0.1', 'localhost']) {
      const origin = `http://${name}:${new URL(app.url).port}`;
      const reply = await send('POST', `${origin}/api/parcels`, parcel);
      const links = (await reply.json()) as Record<string, string>;
      const { id, ...urls } = links;
      assert.match(id ?? '', /^[0-9a-f]{32}$/);
      for (const url of Object.values(urls)) assert.ok(url.startsWith(`${origin}/`), url);
      assert.deepEqual(await outputOf({ statusQueryGetUri: links.statusQueryGetUri! }), {
        label: 'Łódź: 2 items, 8 EUR',
      });
    }
  });
});
