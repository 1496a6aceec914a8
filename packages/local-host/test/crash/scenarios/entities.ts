import assert from 'node:assert/strict';
import type { Client } from '../client.ts';
import { once, type Scenario } from '../scenario.ts';

interface Tally {
  sum: number;
  seen: string[];
}

/** Increments by signals of clients and by signals and calls of an orchestration, all at the same time. */
export const counters: Scenario = {
  name: 'counters',
  async run(client) {
    await client.start('tallies', 'counters', { key: 'counters', entity: 'shared' });
    const signals = Array.from({ length: 5 }, async (_, i) => {
      const id = `signal-${i}`;
      return { id, acknowledged: await client.signal('Tally', 'shared', 'add', { id, amount: 1 }) };
    });
    const sent = await Promise.all(signals);
    const ended = await client.ended('counters');
    const own = ['call-0', 'call-1', 'call-2', 'signal-0', 'signal-1', 'signal-2'].map((id) => `counters/${id}`);
    const due = [...own, ...sent.filter(({ acknowledged }) => acknowledged).map(({ id }) => id)];
    const { sum, seen } = await client.eventually('all increments', async () => {
      const tally = await client.entity<Tally>('Tally', 'shared');
      return tally !== undefined && due.every((id) => tally.seen.includes(id)) ? tally : undefined;
    });
    assert.equal(new Set(seen).size, seen.length, `each increment counts once: ${seen}`);
    const possible = new Set([...own, ...sent.map(({ id }) => id)]);
    assert.ok(seen.every((id) => possible.has(id)));
    assert.equal(sum, 330 + seen.length - own.length);
    for (const [i, position] of (ended.output as number[]).entries()) {
      assert.equal(seen[position - 1], `counters/call-${i}`, 'each call got its own answer');
    }
    return { result: [ended.runtimeStatus, ended.events], effects: {} };
  },
};

interface Account {
  balance: number;
  touched: string[];
}

/** Two transfers between the same accounts, each in a critical section, in both directions. */
export const locks: Scenario = {
  name: 'locks',
  async run(client) {
    const transfers = [
      { id: 'locks-1', from: 'a', to: 'b', amount: 30 },
      { id: 'locks-2', from: 'b', to: 'a', amount: 7 },
    ];
    await Promise.all(transfers.map(({ id, ...rest }) => client.start('transfer', id, { key: id, ...rest })));
    const result: unknown[] = [];
    for (const { id } of transfers) {
      const ended = await client.ended(id);
      assert.equal(ended.output, 200, 'what a critical section sees is whole');
      result.push(ended);
    }
    for (const key of ['a', 'b']) result.push((await free(client, key)).balance);
    assert.deepEqual(result.slice(-2), [77, 123]);
    return { result, effects: once(transfers.flatMap(({ id }) => [`${id}/inside`, `${id}/outside`])) };
  },
};

/** A locked entity takes no signal of others: that it takes one shows that it is free. */
async function free(client: Client, key: string): Promise<Account> {
  await client.until(async () => (await client.signal('Account', key, 'touch', 'test')) || undefined);
  return client.eventually(`account ${key} to be free`, async () => {
    const account = await client.entity<Account>('Account', key);
    return account?.touched.includes('test') ? account : undefined;
  });
}

interface Session {
  turns: { key: string; text: string; answer: string }[];
}

/** An agent in small: messages to one session; a client that gets no answer asks again with the same id. */
export const session: Scenario = {
  name: 'session',
  async run(client) {
    const keys = [1, 2, 3, 4].map((turn) => `session/${turn}`);
    for (const key of keys) {
      const answer = await client.eventually(`the answer to ${key}`, async () => {
        const reply = await client.request('POST', '/api/ask/s1', { key, text: `text of ${key}` });
        if (reply !== undefined) assert.equal(reply.status, 200);
        return (reply?.body as { answer: string } | undefined)?.answer;
      });
      assert.match(answer, new RegExp(`^answer \\d to text of ${key}$`), 'each client gets its own answer');
    }
    const state = await client.entity<Session>('Session', 's1');
    assert.deepEqual(
      state?.turns.map(({ key }) => key),
      keys,
      'each message is in the session once, in order',
    );
    return { result: state, effects: once(keys) };
  },
};
