import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setUpCases } from './support/cases-app.ts';
import { eventually } from './support/host-process.ts';

for (const args of [[], ['--strict']]) {
  test(`an orchestrator that takes another way after a restart fails, and says which step was which (${args[0] ?? 'live'})`, async (t) => {
    const { start, folder } = await setUpCases(t);
    const first = await start(args);
    const path = '/runtime/webhooks/durabletask';
    const { body } = await first.call('POST', `${path}/orchestrators/fickle`, {});
    const id = String(body.id);
    const status = async (host: typeof first.host) =>
      (await host.instance(id)) as { runtimeStatus: string; customStatus?: unknown; output: unknown } | undefined;
    await eventually('the first step', async () =>
      (await status(first.host))?.customStatus === 'red' ? true : undefined,
    );
    await first.host.kill();

    writeFileSync(join(folder, 'blue'), '');
    const second = await start(args);
    t.after(() => second.host.stop());
    await second.call('POST', `${path}/instances/${id}/raiseEvent/go`, {});
    const ended = await eventually('the end', async () => {
      const seen = await status(second.host);
      return seen?.runtimeStatus === 'Running' || seen?.runtimeStatus === 'Pending' ? undefined : seen;
    });
    assert.equal(ended.runtimeStatus, 'Failed');
    assert.match(String(ended.output), /activity .red.*activity .blue.*depends on time/);
  });
}
