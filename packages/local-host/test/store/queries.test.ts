import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { before, test } from 'node:test';
import { afterPrefix, idRange } from '../../src/store/id-range.ts';
import { instanceListing } from '../../src/store/instance-listing.ts';
import { migrate } from '../../src/store/migrations.ts';
import { SqliteStore } from '../../src/store/sqlite-store.ts';
import type { InstanceQuery } from '../../src/store/store.ts';
import { instance, temporaryFolder } from './support.ts';

const db = new DatabaseSync(':memory:');
before(() => {
  migrate(db, 'memory');
});

function plan(sql: string, values: (string | number | null)[]): string[] {
  return db
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...values)
    .map(({ detail }) => String(detail));
}

function planOf(query: InstanceQuery): string[] {
  const { sql, values } = instanceListing(query);
  return plan(sql, values);
}

const queries: [string, InstanceQuery][] = [
  ['all', { limit: 100 }],
  ['a page after an id', { after: 'x', limit: 100 }],
  ['an id prefix', { idPrefix: 'order-', limit: 100 }],
  ['an id prefix and a time', { idPrefix: 'order-', createdFrom: 5, limit: 100 }],
  ['one status', { statuses: ['Running'], limit: 100 }],
  ['two statuses', { statuses: ['Running', 'Pending'], limit: 100 }],
  ['a status and a time', { statuses: ['Failed'], createdFrom: 5, createdTo: 9, limit: 100 }],
  ['a time', { createdFrom: 5, limit: 100 }],
];

for (const [name, query] of queries) {
  test(`listing by ${name} searches an index and never goes through the table`, () => {
    const steps = planOf(query);
    assert.ok(
      steps.some((step) => step.startsWith('SEARCH instances USING')),
      steps.join('\n'),
    );
    assert.deepEqual(
      steps.filter((step) => /^SCAN instances/.test(step)),
      [],
    );
  });
}

test('listing by status needs no sorting: it reads as many entries as the page is long', () => {
  const steps = planOf({ statuses: ['Running', 'Pending'], limit: 100 });
  assert.ok(steps.includes('MERGE (UNION ALL)'), steps.join('\n'));
  assert.ok(
    !planOf({ statuses: ['Running'], limit: 100 })
      .join('\n')
      .includes('TEMP B-TREE FOR ORDER BY'),
  );
});

test('what is done by target, tag and instance uses an index', () => {
  for (const sql of [
    "DELETE FROM messages WHERE target = ? AND lane = 'orchestration'",
    'DELETE FROM messages WHERE target = ? AND tag = ?',
    'DELETE FROM history WHERE instance = (SELECT number FROM instances WHERE instance_id = ?)',
  ]) {
    assert.deepEqual(
      plan(sql, Array(sql.split('?').length - 1).fill('x')).filter((step) => step.startsWith('SCAN')),
      [],
      sql,
    );
  }
});

test('a prefix ends before the first id that does not begin with it', () => {
  const ids = [
    '',
    'a',
    'a\u{ffff}',
    'a\u{10ffff}',
    'ab',
    'a\u{d7ff}',
    'a\u{d7ff}x',
    'a\u{e000}',
    'b',
    '\u{10ffff}x',
    'é',
  ];
  for (const prefix of ['a', 'a\u{d7ff}', 'a\u{10ffff}', '\u{10ffff}', 'ab', 'é']) {
    const end = afterPrefix(prefix);
    const found = db
      .prepare(`SELECT value FROM json_each(?) WHERE value >= ? ${end === undefined ? '' : 'AND value < ?'}`)
      .all(JSON.stringify(ids), prefix, ...(end === undefined ? [] : [end]))
      .map(({ value }) => value);
    assert.deepEqual(
      found,
      ids.filter((id) => id.startsWith(prefix)),
      JSON.stringify(prefix),
    );
  }
  assert.equal(afterPrefix('\u{10ffff}\u{10ffff}'), undefined);
});

test('every filter gives what going through all instances gives, page by page', async (t) => {
  const store = SqliteStore.open(temporaryFolder(t));
  t.after(() => store.close());
  const statuses = ['Pending', 'Running', 'Completed', 'Failed'] as const;
  const all = Array.from({ length: 60 }, (_, n) => instance(`${'ab'[n % 2]}${n % 7}-${n}`, statuses[n % 4], n % 13));
  await Promise.all(all.map((row) => store.commit({ instance: row })));
  all.sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1));
  const options = { statuses: [undefined, [], ['Running'], ['Failed', 'Completed'], ['Terminated']] as const };
  for (const chosen of options.statuses) {
    for (const idPrefix of [undefined, 'a', 'b3', 'zz']) {
      for (const [from, to] of [
        [undefined, undefined],
        [4, undefined],
        [undefined, 6],
        [5, 5],
      ] as const) {
        const query = {
          ...(chosen && { statuses: [...chosen] }),
          ...(idPrefix && { idPrefix }),
          ...(from !== undefined && { createdFrom: from }),
          ...(to !== undefined && { createdTo: to }),
        };
        const wanted = all.filter(
          ({ instanceId, status, createdAt }) =>
            (!chosen || chosen.length === 0 || (chosen as readonly string[]).includes(status)) &&
            instanceId.startsWith(idPrefix ?? '') &&
            createdAt >= (from ?? 0) &&
            createdAt <= (to ?? 99),
        );
        const found = [];
        for (let after = ''; ; after = found.at(-1)!.instanceId) {
          const page = store.instances({ ...query, after, limit: 7 });
          found.push(...page);
          if (page.length < 7) break;
        }
        assert.deepEqual(found, wanted, JSON.stringify(query));
      }
    }
  }
});

test('a prefix and a place to go on from are one range, with one lower bound', () => {
  const range = (prefix: string, after: string) => idRange('id', { prefix, after });
  assert.deepEqual(range('a', 'ab'), { where: ['id > ?', 'id < ?'], values: ['ab', 'b'] });
  assert.deepEqual(range('b', 'ab'), { where: ['id >= ?', '+id > ?', 'id < ?'], values: ['b', 'ab', 'c'] });
  assert.deepEqual(range('', 'ab'), { where: ['id > ?'], values: ['ab'] });
  const { where, values } = range('@a@', '');
  assert.match(
    plan(`SELECT * FROM entities WHERE present = 1 AND ${where.join(' AND ')} ORDER BY id LIMIT 5`, values).join(),
    /^SEARCH entities USING INDEX \S+ \(id>\? AND id<\?\)$/,
  );
});

test('entities are listed by name, page after page, without those that are only locked', async (t) => {
  const store = SqliteStore.open(temporaryFolder(t));
  t.after(() => store.close());
  const entity = (id: string, exists = true) => ({ id, state: exists ? '1' : null, exists, lastOperationAt: 1 });
  const lock = { id: 'l', parent: 'i', parentExecution: null };
  for (const id of ['@a@1', '@a@2', '@ab@1', '@b@1']) await store.commit({ entity: { ...entity(id), lock: null } });
  await store.commit({ entity: { ...entity('@a@3', false), lock } });
  const ids = (query: Parameters<SqliteStore['entities']>[0]) => store.entities(query).map(({ id }) => id);
  assert.deepEqual(ids({ limit: 9 }), ['@a@1', '@a@2', '@ab@1', '@b@1']);
  assert.deepEqual(ids({ name: 'A', limit: 9 }), ['@a@1', '@a@2']);
  assert.deepEqual(ids({ name: 'a', after: '@a@1', limit: 9 }), ['@a@2']);
});
