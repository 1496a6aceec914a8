import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeEvent, EventType } from '../../src/engine/history.ts';
import type { HubPolicy } from '../../src/hub/hub-policy.ts';
import type { Step } from '../simulation/program.ts';
import { ScriptedHost } from '../simulation/scripted-host.ts';

/** Step by step on a host whose disk, clock and user code the test moves; the judge counts what activities do. */
function scripted(name: string, run: (host: ScriptedHost) => Promise<void>, policy: HubPolicy = {}): void {
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

const act = (id: string): Step => ({ k: 'act', id });
const both: Step = { k: 'all', of: [act('s'), act('t')] };
const status = (host: ScriptedHost) => host.disk.instance('i')?.status;
const running = (host: ScriptedHost) =>
  host.disk.queue('activity').map(({ body }) => JSON.parse(body).taskId as number);
/** Ids of the activities whose results lie on the disk as messages. */
const waiting = (host: ScriptedHost) =>
  host.disk.queue('orchestration', 'i').flatMap(({ body }) => {
    const { event } = JSON.parse(body) as { event: { EventType: number; TaskScheduledId: number } };
    return event.EventType === EventType.TaskCompleted ? [event.TaskScheduledId] : [];
  });
const recorded = (host: ScriptedHost) =>
  host.disk.histories
    .get('i')!
    .map(decodeEvent)
    .flatMap((event) => (event.EventType === EventType.TaskCompleted ? [event.TaskScheduledId] : []));

/** Starts `i` and lets its first step be written: what it waits for runs. */
async function begin(host: ScriptedHost, ...steps: Step[]): Promise<void> {
  void host.start('i', ...steps);
  await host.flush();
  await host.end('orchestrator i');
  await host.flush();
}

/** Step 0 is in the hands of the orchestrator, which has not ended; step 1 waits in memory for the step after that. */
async function oneTakenOneWaiting(host: ScriptedHost): Promise<void> {
  await begin(host, both);
  await host.end(`activity 'act' (step 0)`);
  await host.end(`activity 'act' (step 1)`);
  assert.deepEqual([running(host), waiting(host)], [[0, 1], []], 'neither result is on disk');
}

scripted('the step that a result wakes is its first and only commit', async (host) => {
  await begin(host, act('s'));
  await host.end('activity');
  await host.end('orchestrator i');
  await host.flush();
  assert.equal(status(host), 'Completed');
  assert.deepEqual(running(host), []);
});

scripted('results that come at once are taken in together', async (host) => {
  await begin(host, { k: 'all', of: Array.from({ length: 50 }, (_, i) => act(`s${i}`)) });
  await host.end('activity');
  await host.end('orchestrator i');
  await host.flush();
  assert.equal(status(host), 'Completed');
  assert.equal(recorded(host).length, 50);
});

scripted('a crash before the step is written runs the activity again', async (host) => {
  await begin(host, act('s'));
  await host.end('activity');
  await host.end('orchestrator i');
  await host.flush('lost');
  host.crash();
  assert.deepEqual(running(host), [0]);
  await host.toQuiet();
  assert.equal(status(host), 'Completed');
  assert.deepEqual(recorded(host), [0]);
});

scripted('a crash after the step is written never runs the activity again', async (host) => {
  await begin(host, act('s'), act('t'));
  await host.end('activity');
  await host.end('orchestrator i');
  await host.flush('unreported');
  host.crash();
  assert.deepEqual([running(host), recorded(host)], [[1], [0]]);
  await host.toQuiet();
  assert.deepEqual(recorded(host), [0, 1]);
});

scripted('a step that could not be written comes again with its result, and the activity does not', async (host) => {
  await begin(host, act('s'));
  await host.end('activity');
  await host.end('orchestrator i');
  await host.flush('full');
  assert.deepEqual([running(host), recorded(host)], [[0], []]);
  await host.toQuiet();
  assert.equal(status(host), 'Completed');
  assert.deepEqual(recorded(host), [0]);
});

scripted('results that wait for a suspended instance are stored', async (host) => {
  await oneTakenOneWaiting(host);
  void host.hub.suspend('i', '');
  await host.flush();
  await host.end('orchestrator i');
  await host.flush();
  await host.flush();
  assert.equal(status(host), 'Suspended');
  await host.flush();
  assert.deepEqual([running(host), waiting(host), recorded(host)], [[], [1], [0]]);
  host.crash();
  void host.hub.resume('i', '');
  await host.toQuiet();
  assert.equal(status(host), 'Completed');
});

scripted('results for a suspended instance that cannot be stored are stored later', async (host) => {
  await oneTakenOneWaiting(host);
  void host.hub.suspend('i', '');
  await host.flush();
  await host.end('orchestrator i');
  await host.flush();
  await host.flush();
  await host.flush('full');
  assert.deepEqual([status(host), running(host), waiting(host)], ['Suspended', [1], []]);
  await host.toQuiet();
  assert.deepEqual([running(host), waiting(host)], [[], [1]]);
});

scripted('a result that comes while its instance is suspended is stored', async (host) => {
  await begin(host, act('s'));
  void host.hub.suspend('i', '');
  await host.flush();
  await host.flush();
  assert.equal(status(host), 'Suspended');
  await host.end('activity');
  await host.flush();
  assert.deepEqual([running(host), waiting(host)], [[], [0]]);
});

scripted('a stop without grace stores the results that no step has taken yet', async (host) => {
  await oneTakenOneWaiting(host);
  void host.hub.stop(0);
  await host.flush();
  assert.deepEqual([running(host), waiting(host)], [[0], [1]]);
  host.crash();
  await host.toQuiet();
  assert.equal(status(host), 'Completed');
  assert.deepEqual(recorded(host).sort(), [0, 1]);
});

scripted('a stop stores the results of a step that could not be written', async (host) => {
  await oneTakenOneWaiting(host);
  void host.hub.stop(60_000);
  await host.end('orchestrator i');
  await host.flush('full');
  await host.flush();
  assert.deepEqual([running(host), waiting(host)], [[], [0, 1]]);
});

scripted('a result that comes while the host stops is stored', async (host) => {
  await begin(host, act('s'));
  void host.hub.stop(60_000);
  await host.end('activity');
  await host.flush();
  assert.deepEqual([running(host), waiting(host)], [[], [0]]);
});

scripted('what an earlier process left becomes a message before anybody sees its result', async (host) => {
  await begin(host, both);
  host.crash();
  await host.flush();
  await host.end(`activity 'act' (step 0)`);
  await host.flush();
  assert.deepEqual([running(host), waiting(host)], [[1], [0]]);
  await host.end('orchestrator i');
  await host.flush();
  await host.end(`activity 'act' (step 1)`);
  await host.flush();
  assert.deepEqual([running(host), waiting(host), recorded(host)], [[], [1], [0]]);
  await host.toQuiet();
  assert.equal(status(host), 'Completed');
});

const policy: HubPolicy = {};
scripted(
  'results for an instance whose version is not run here are stored',
  async (host) => {
    await begin(host, both);
    // A stop in good order: what it leaves counts as new.
    void host.hub.stop(0);
    host.time.advance();
    await host.flush();
    policy.versions = { current: '2', match: 'Strict', onMismatch: 'Reject' };
    host.crash();
    await host.flush();
    for (const step of [0, 1]) {
      await host.end(`activity 'act' (step ${step})`);
      await host.flush();
      await host.flush();
    }
    assert.deepEqual([running(host), waiting(host)], [[], [0, 1]]);
  },
  policy,
);
