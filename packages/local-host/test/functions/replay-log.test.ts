import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { createAppFolder } from './fixtures/app-folder.ts';
import { endOf, startOrchestration } from './fixtures/durable-status.ts';
import { eventually } from './fixtures/eventually.ts';
import { HostProcess } from './fixtures/host-process.ts';

const APP = `
const { app } = require('@azure/functions');
const df = require('durable-functions');
app.hook.log((context) => { if (context.message.startsWith('line')) context.message = '#' + context.message + '#'; });

df.app.activity('echo', { handler: (value, context) => { context.log('activity ' + value); return value; } });
df.app.orchestration('talks', function* (context) {
  const say = (text) => context.log('line ' + context.df.instanceId + ' ' + text);
  say('begin');
  say('one ' + (yield context.df.callActivity('echo', 1)));
  say('two ' + (yield context.df.callActivity('echo', 2)));
  const tasks = [3, 4, 5].map((value) => context.df.callActivity('echo', value));
  say('fan out');
  say('fan in ' + (yield context.df.Task.all(tasks)));
  const [early, late] = [context.df.callActivity('echo', 6), context.df.waitForExternalEvent('Go')];
  yield context.df.Task.any([early, late]);
  say('before the event');
  yield late;
  say('after the event');
  // Ended in an earlier episode, so this goes on at once: new code, though the library says that it is replaying.
  say('early ' + (yield early));
  say('end');
});
`;

const LINES = [
  'begin',
  'one 1',
  'two 2',
  'fan out',
  'fan in 3,4,5',
  'before the event',
  'after the event',
  'early 6',
  'end',
];

for (const args of [[], ['--strict']]) {
  describe(`lines an orchestrator logs${args.map((arg) => ` (${arg})`).join('')}`, () => {
    const app = createAppFolder({
      'package.json': { main: 'app.js' },
      'app.js': APP,
      'host.json': { logging: { logLevel: { default: 'Warning', Function: 'Debug' } } },
    });

    test('each is printed once, also when the host is restarted in the middle, and hooks see it once', async (t) => {
      const data = join(app, 'state');
      mkdirSync(data);
      const first = await HostProcess.start({ app, data, args });
      t.after(() => first.stop());
      await startOrchestration(first.url, 'talks', 'a');
      await startOrchestration(first.url, 'talks', 'b');
      const seen = (host: HostProcess, id: string) => host.lines(`#line ${id} `);
      for (const id of ['a', 'b']) {
        await eventually(
          'the line before the event',
          () =>
            seen(first, id)
              .at(-1)
              ?.match(/before the event/)?.[0],
        );
      }
      await first.stop();

      const second = await HostProcess.start({ app, data, args });
      t.after(() => second.stop());
      for (const id of ['a', 'b']) {
        const event = `/runtime/webhooks/durabletask/instances/${id}/raiseEvent/Go`;
        const raised = await fetch(second.url + event, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{}',
        });
        assert.equal(raised.status, 202);
        assert.equal((await endOf(second.url, id)).runtimeStatus, 'Completed');
      }
      await second.stop();
      for (const id of ['a', 'b']) {
        const expected = LINES.map((line) => `#line ${id} ${line}#`);
        assert.deepEqual([...seen(first, id), ...seen(second, id)], expected);
        assert.equal(seen(first, id).length, 6);
      }
    });
  });
}
