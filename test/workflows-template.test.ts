import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually, HostProcess, temporaryFolder } from './support/host-process.ts';
import { ModelServer, textOf } from './support/model-server.ts';

test('a document is written, sent back with feedback, written again with the first draft in mind, and published', async (t) => {
  const model = await ModelServer.start(({ messages }) => {
    const said = messages.filter(({ role }) => role === 'user').map(({ content }) => textOf(content));
    return { text: `draft ${said.length} of ${said[0]}` };
  });
  t.after(() => model.stop());
  const host = await HostProcess.start({ data: join(temporaryFolder(t), 'data'), env: model.env });
  t.after(() => host.stop());
  const started = await host.post('/api/workflows/DocumentReview/run', '"bees"');
  const { runId } = (await started.json()) as { runId: string };
  const status = async () =>
    (await (await fetch(`${host.url}/api/workflows/DocumentReview/status/${runId}`)).json()) as {
      status: string;
      output: unknown;
      waitingForInput: { requestId: string; eventName: string; input: { content: string } }[] | null;
    };
  const draft = (content: string) =>
    eventually(`the review of "${content}"`, async () =>
      (await status()).waitingForInput?.some(({ input }) => input.content === content) ? true : undefined,
    );
  const answer = (response: unknown) =>
    host.post(`/api/workflows/DocumentReview/respond/${runId}`, { eventName: 'DocumentReview', response });

  await draft('draft 1 of bees');
  assert.equal((await answer({ feedback: 'no decision' })).status, 400);
  assert.equal((await answer({ approved: false, feedback: 'more honey' })).status, 202);
  await draft('draft 2 of bees');
  const heard = JSON.stringify(model.requests.at(-1)?.messages);
  assert.match(heard, /draft 1 of bees.*more honey/);
  assert.equal((await answer({ approved: true })).status, 202);
  const output = await eventually('the end', async () => {
    const seen = await status();
    return seen.status === 'Completed' ? seen.output : undefined;
  });
  assert.deepEqual(output, [{ status: 'published', content: 'draft 2 of bees' }]);
});
