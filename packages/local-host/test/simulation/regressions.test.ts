import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeEvent, EventType } from '../../src/engine/history.ts';
import type { HubPolicy } from '../../src/hub/hub-policy.ts';
import type { Step } from './program.ts';
import { ScriptedHost } from './scripted-host.ts';

/** One race that the simulation has found, step by step. */
function race(name: string, run: (host: ScriptedHost) => Promise<void>, policy: HubPolicy = {}): void {
  test(name, async () => {
    const host = new ScriptedHost(policy);
    try {
      await host.flush();
      await run(host);
      assert.equal(host.judge.first, undefined);
    } finally {
      host.dispose();
    }
  });
}

const wait: Step = { k: 'event', name: 'A' };
const act = (id: string): Step => ({ k: 'act', id });
const sub = (as: string, ...steps: Step[]): Step => ({
  k: 'sub',
  as,
  program: { run: as, steps, rounds: 0, round: 0 },
});
const status = (host: ScriptedHost, id: string) => host.disk.instance(id)?.status;

race('a purge takes the run that had ended, not one that starts at the same instant', async (host) => {
  void host.start('i', act('s'));
  await host.rest();
  const started = host.start('i', wait);
  void host.hub.purge('i');
  await host.toQuiet();
  assert.equal(await started, 'i');
  assert.equal(status(host, 'i'), 'Running');
});

race('a sub-orchestration whose first step the disk refused is not forgotten over a start of its id', async (host) => {
  void host.start('parent', sub('i', wait));
  await host.end('orchestrator parent');
  await host.flush();
  await host.end('orchestrator parent');
  await host.flush();
  await host.end('orchestrator i');
  await host.flush('full');
  host.start('i', wait).catch(() => undefined);
  await host.toQuiet();
});

race('a start and the first step of a sub-orchestration with the same id: one of the two is told', async (host) => {
  void host.start('parent', sub('i', wait));
  await host.flush();
  await host.end('orchestrator parent');
  await host.flush();
  const answer = host.start('i', wait).then(
    () => 'started',
    () => 'refused',
  );
  await host.end('orchestrator i');
  await host.toQuiet();
  const child = host.disk.instance('i')!;
  assert.equal(await answer, child.parent === null ? 'started' : 'refused');
});

race('a disk that is full while a start is counted does not end the process', async (host) => {
  void host.start('i', act('s'));
  await host.flush();
  await host.end('orchestrator i');
  await host.flush();
  host.crash();
  await host.flush('full');
  await host.toQuiet();
  assert.equal(status(host, 'i'), 'Completed');
});

race('no activity starts for an instance that has ended while its turn as a suspect had not come', async (host) => {
  for (const id of ['i', 'j']) void host.start(id, act(id));
  await host.flush();
  await host.end('orchestrator');
  await host.flush();
  for (let starts = 0; starts < 3; starts++) {
    host.crash();
    await host.flush();
  }
  void host.hub.terminate('j', 'enough');
  await host.flush();
  await host.flush();
  assert.equal(status(host, 'j'), 'Terminated');
  await host.toQuiet();
  assert.equal(status(host, 'i'), 'Completed');
});

race('the start of a sub-orchestration that is stored twice is recorded once', async (host) => {
  host.twice = ({ body }) => body.includes('"ParentInstance"');
  void host.start('parent', sub('i', wait));
  await host.toQuiet();
  const events = host.disk.histories.get('i')!.map(decodeEvent);
  assert.equal(events.filter(({ EventType: type }) => type === EventType.ExecutionStarted).length, 1);
});

race('the time of an instance does not run back when the clock is set back', async (host) => {
  void host.start('i', wait, wait);
  await host.rest();
  void host.hub.suspend('i', '');
  host.time.pass(1_000);
  await host.rest();
  host.time.jump(-500);
  void host.hub.resume('i', '');
  await host.rest();
  void host.hub.raiseEvent('i', 'A', '"A:1"');
  await host.rest();
  const times = host.disk.histories
    .get('i')!
    .map(decodeEvent)
    .filter(({ EventType: type }) => type === EventType.OrchestratorStarted)
    .map(({ Timestamp }) => Timestamp.getTime());
  assert.deepEqual(times, [...times].sort());
});

race('a program that ends in a critical section gives its entities free, though it waits for a child', async (host) => {
  const child = sub('child', { k: 'lock', keys: ['a'], body: [act('t')] });
  void host.start('i', { k: 'any', of: [child, act('s')] }, { k: 'lock', keys: ['a'], body: [{ k: 'throw' }] });
  await host.flush();
  await host.end('orchestrator i');
  await host.flush();
  await host.end('activity');
  await host.flush();
  await host.end('orchestrator i');
  await host.toQuiet();
  assert.deepEqual([status(host, 'i'), status(host, 'child')], ['Failed', 'Completed']);
});

race(
  'a parent hears that its sub-orchestration was replaced by another start of its id',
  async (host) => {
    void host.start('parent', sub('i', wait));
    await host.toQuiet();
    void host.start('i', wait);
    await host.toQuiet();
    assert.equal(status(host, 'parent'), 'Completed');
  },
  { overridable: 'AnyState' },
);

race(
  'an event for a run that is replaced does not reach the next one',
  async (host) => {
    void host.start('i', wait);
    await host.toQuiet();
    void host.hub.raiseEvent('i', 'A', '"A:1"');
    void host.start('i', wait);
    await host.toQuiet();
    assert.equal(status(host, 'i'), 'Running');
  },
  { overridable: 'AnyState' },
);

race('a terminated parent takes a child with it whose id had another run before', async (host) => {
  void host.start('i', act('s'));
  await host.toQuiet();
  void host.start('parent', sub('i', wait));
  await host.flush();
  await host.end('orchestrator parent');
  await host.flush();
  await host.end('orchestrator i');
  await host.flush('full');
  void host.hub.terminate('parent', 'enough');
  await host.toQuiet();
  assert.deepEqual([status(host, 'parent'), status(host, 'i')], ['Terminated', 'Terminated']);
});

race('a purge leaves the start of a sub-orchestration that takes the id over', async (host) => {
  void host.start('i', act('s'));
  await host.toQuiet();
  void host.start('parent', sub('i', wait));
  await host.flush();
  await host.end('orchestrator parent');
  void host.hub.purge('i');
  await host.flush('unreported');
  host.crash();
  await host.toQuiet();
  assert.equal(status(host, 'i'), 'Running');
});

race('a terminated parent takes a child with it that has continued as new', async (host) => {
  const program = { run: 'child', steps: [wait], rounds: 1, round: 0 };
  void host.start('parent', { k: 'sub', as: 'child', program });
  await host.toQuiet();
  void host.hub.raiseEvent('child', 'A', '"A:1"');
  await host.toQuiet();
  void host.hub.terminate('parent', 'enough');
  await host.toQuiet();
  assert.deepEqual([status(host, 'parent'), status(host, 'child')], ['Terminated', 'Terminated']);
});
