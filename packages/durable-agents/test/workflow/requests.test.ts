import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { RequestError } from '../../src/errors.ts';
import { WorkflowBuilder } from '../../src/workflow/builder.ts';
import { executor } from '../../src/workflow/executor.ts';
import { responseHandler } from '../../src/workflow/handlers.ts';
import type { WorkflowCheckpoint } from '../../src/workflow/in-process.ts';
import type { RequestView } from '../../src/workflow/pending.ts';
import { RequestPort } from '../../src/workflow/request-port.ts';
import { failureOf, node, of, sink, watch } from './support.ts';

const decision = z.object({ approved: z.boolean(), comments: z.string().optional() });

function approvalFlow(options: { timeoutMs?: number; answer?: { approved: boolean } } = {}) {
  const port = RequestPort.create({
    id: 'approval',
    request: z.object({ amount: z.number() }),
    response: decision,
    timeoutMs: options.timeoutMs,
    onTimeout: options.answer && { answer: options.answer },
  });
  const start = executor({ id: 'start', input: z.number(), output: z.object({ amount: z.number() }) }, (amount) => ({
    amount,
  }));
  const end = executor({ id: 'end', input: decision }, ({ approved }, ctx) => {
    ctx.yieldOutput({ approved, asked: ctx.request?.data, timedOut: ctx.request?.timedOut ?? false });
  });
  return { port, builder: new WorkflowBuilder({ name: 'w', start }).addEdge(start, port).addEdge(port, end) };
}

test('a port asks with its message, and the answer goes on with the request beside it', async () => {
  const workflow = approvalFlow().builder.build();
  const asked: RequestView[] = [];
  const { outputs } = await workflow.run(5, {
    respond: (request) => {
      asked.push(request);
      return { approved: true };
    },
  });
  assert.deepEqual(outputs, [{ approved: true, asked: { amount: 5 }, timedOut: false }]);
  assert.equal(asked.length, 1);
  assert.equal(asked[0]?.portId, 'approval');
  assert.match(asked[0]?.requestId ?? '', /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(asked[0]?.responseSchema?.required, ['approved']);
});

test('a run whose request nobody answers waits, and goes on from its checkpoint, also as JSON text', async () => {
  const workflow = approvalFlow().builder.build();
  const { status, pendingRequests, checkpoint, outputs } = await workflow.run(5, { runId: 'r', now: () => 1000 });
  assert.equal(status, 'waiting');
  assert.deepEqual(outputs, []);
  const [request] = pendingRequests;
  assert.deepEqual(
    {
      executorId: request?.executorId,
      data: request?.data,
      superstep: request?.superstep,
      createdAt: request?.createdAt,
    },
    { executorId: 'approval', data: { amount: 5 }, superstep: 2, createdAt: 1000 },
  );
  const stored = JSON.parse(JSON.stringify(checkpoint)) as WorkflowCheckpoint;
  const responses = { [request!.requestId]: { approved: false } };
  for (let time = 0; time < 2; time++) {
    const resumed = await workflow.resume(stored, { responses });
    assert.deepEqual(resumed.outputs, [{ approved: false, asked: { amount: 5 }, timedOut: false }]);
    assert.equal(resumed.runId, 'r');
  }
});

test('the id of a request is the same in a repeated run, and another in another run', async () => {
  const workflow = approvalFlow().builder.build();
  const idIn = async (runId: string) => (await workflow.run(5, { runId })).pendingRequests[0]?.requestId;
  assert.equal(await idIn('r'), await idIn('r'));
  assert.notEqual(await idIn('r'), await idIn('s'));
});

test('an answer that does not fit, or has an unknown id, is refused; the checkpoint is still good', async () => {
  const workflow = approvalFlow().builder.build();
  const { checkpoint, pendingRequests } = await workflow.run(5);
  const requestId = pendingRequests[0]!.requestId;
  const refused = async (responses: Record<string, unknown>, code: string, status: number) => {
    await assert.rejects(workflow.resume(checkpoint!, { responses }), (error) => {
      assert.ok(error instanceof RequestError);
      assert.deepEqual([error.code, error.status], [code, status]);
      return true;
    });
  };
  await refused({ [requestId]: { approved: 'yes' } }, 'invalidResponse', 400);
  await refused({ nobody: { approved: true } }, 'unknownRequest', 404);
  const done = await workflow.resume(checkpoint!, { responses: { [requestId]: { approved: true } } });
  assert.equal(done.status, 'completed');
});

test('a message that does not fit the request of a port fails the run', async () => {
  const { port } = approvalFlow();
  const start = node('start', () => ({ amount: 'much' }));
  const workflow = new WorkflowBuilder({ name: 'w', start }).addEdge(start, port).build();
  assert.equal((await failureOf(workflow.run('in'))).code, 'messageNotAccepted');
});

test('an executor that asks gets the answer with the request, and can ask again', async () => {
  const port = RequestPort.create({ id: 'review', request: z.string(), response: decision });
  const author: ReturnType<typeof executor> = executor(
    {
      id: 'author',
      responses: [
        responseHandler(port, ({ approved, comments }, ctx, request) => {
          if (approved) ctx.yieldOutput(request.data);
          else ctx.requestInfo(port, `${request.data}, ${comments}`);
        }),
      ],
    },
    (message: unknown, ctx) => {
      ctx.requestInfo(port, message as string);
    },
  );
  const workflow = new WorkflowBuilder({ name: 'w', start: author }).build();
  const { outputs } = await workflow.run('draft', {
    respond: ({ data }) => ({ approved: data !== 'draft', comments: 'shorter' }),
  });
  assert.deepEqual(outputs, ['draft, shorter']);
});

test('asking through a port without a handler for its answers is refused', async () => {
  const port = RequestPort.create({ id: 'review' });
  const start = node('start', (_, ctx) => {
    ctx.requestInfo(port, 1);
  });
  assert.equal(
    (await failureOf(new WorkflowBuilder({ name: 'w', start }).build().run('in'))).code,
    'noResponseHandler',
  );
});

test('a pending request does not hold up other branches, and an answer is taken while they go on', async () => {
  const start = node('start');
  const port = RequestPort.create({ id: 'port' });
  const order: string[] = [];
  const step = (id: string) =>
    node(id, (message) => {
      order.push(id);
      return message;
    });
  const chain = [step('one'), step('two'), step('three'), step('four')] as const;
  const workflow = new WorkflowBuilder({ name: 'w', start })
    .addFanOut(start, [port, chain[0]])
    .addChain(chain)
    .addEdge(port, step('answered'))
    .build();
  await workflow.run('in', { respond: () => 'yes' });
  assert.equal(order.length, 5);
  assert.ok(order.indexOf('answered') < order.indexOf('four'));
  order.length = 0;
  // Nobody answers: the other branch goes on to its end.
  const { status } = await workflow.run('in');
  assert.equal(status, 'waiting');
  assert.deepEqual(order, ['one', 'two', 'three', 'four']);
});

test('parallel requests are answered in any order, each reaching its own branch', async () => {
  const start = node('start');
  const ports = ['budget', 'compliance', 'legal'].map((id) => RequestPort.create({ id }));
  const builder = new WorkflowBuilder({ name: 'w', start }).addFanOut(start, ports);
  const ends = ports.map((port) => {
    const end = node(`after-${port.id}`, (message) => [port.id, message]);
    builder.addEdge(port, end);
    return end;
  });
  const workflow = builder.addFanIn(ends, sink('join')).build();
  for (const order of [
    ['legal', 'budget', 'compliance'],
    ['compliance', 'legal', 'budget'],
  ]) {
    let result = await workflow.run('in');
    assert.equal(result.pendingRequests.length, 3);
    for (const [index, id] of order.entries()) {
      const { requestId } = result.pendingRequests.find(({ portId }) => portId === id)!;
      result = await workflow.resume(result.checkpoint!, { responses: { [requestId]: `${id}!` } });
      assert.equal(result.pendingRequests.length, 2 - index);
    }
    const expected = ['budget', 'compliance', 'legal'].map((id) => [id, `${id}!`]);
    assert.deepEqual(result.outputs, [['join', expected]]);
  }
});

test('an answer is data, whatever it looks like', async () => {
  const forged = {
    changes: [{ key: 'x', value: 1 }],
    halt: { reason: null },
    messages: [{ value: 1 }],
    status: 'failed',
  };
  const port = RequestPort.create({ id: 'port' });
  const end = node('end', (message, ctx) => ctx.yieldOutput([message, ctx.getState('x') ?? null]));
  const workflow = new WorkflowBuilder({ name: 'w', start: port }).addEdge(port, end).build();
  const { outputs, haltReason } = await workflow.run('in' as never, { respond: () => forged });
  assert.deepEqual(outputs, [[forged, null]]);
  assert.equal(haltReason, undefined);
});

test('when the time is up, the answer of the port is taken', async () => {
  const workflow = approvalFlow({ timeoutMs: 50, answer: { approved: false } }).builder.build();
  const { checkpoint, status, pendingRequests } = await workflow.run(5, { now: () => 1000 });
  assert.equal(status, 'waiting');
  assert.equal(pendingRequests[0]?.expiresAt, 1050);
  assert.equal((await workflow.resume(checkpoint!, { now: () => 1049 })).status, 'waiting');
  const { outputs } = await workflow.resume(checkpoint!, { now: () => 1050 });
  assert.deepEqual(outputs, [{ approved: false, asked: { amount: 5 }, timedOut: true }]);
});

test('without such an answer the request takes the timeout edge, or else the run fails', async () => {
  const { builder, port } = approvalFlow({ timeoutMs: 50 });
  const { checkpoint } = await builder.build().run(5, { now: () => 0 });
  const error = await failureOf(builder.build().resume(checkpoint!, { now: () => 60 }));
  assert.equal(error.code, 'requestTimedOut');
  assert.match(error.message, /"approval"/);
  const escalated = approvalFlow({ timeoutMs: 50 });
  const workflow = escalated.builder.addTimeoutEdge(escalated.port, sink('director')).build();
  const waiting = await workflow.run(5, { now: () => 0 });
  const { outputs } = await workflow.resume(waiting.checkpoint!, { now: () => 60 });
  assert.deepEqual(outputs, [['director', { amount: 5 }]]);
  assert.equal(port.id, 'approval');
});

test('a deadline is waited for while an answer is being worked on, and a late answer is ignored', async () => {
  const workflow = approvalFlow({ timeoutMs: 5, answer: { approved: false } }).builder.build();
  let answer: (value: unknown) => void = () => {};
  const late = new Promise<unknown>((resolve) => {
    answer = resolve;
  });
  const { outputs } = await workflow.run(5, { respond: () => late });
  answer({ approved: true });
  assert.deepEqual(outputs, [{ approved: false, asked: { amount: 5 }, timedOut: true }]);
});

test('a request id of its own may be used once at a time', async () => {
  const port = RequestPort.create({ id: 'port' });
  const start = executor(
    { id: 'start', responses: [responseHandler(port, (answer, ctx) => ctx.yieldOutput(answer))] },
    (ids: unknown, ctx) => {
      for (const requestId of ids as string[]) ctx.requestInfo(port, requestId, { requestId });
    },
  );
  const workflow = new WorkflowBuilder({ name: 'w', start }).build();
  const { outputs } = await workflow.run(['a', 'b'], { respond: ({ requestId }) => requestId });
  assert.deepEqual(outputs, ['a', 'b']);
  assert.equal((await failureOf(workflow.run(['a', 'a']))).code, 'duplicateRequest');
  assert.equal((await failureOf(workflow.run(['a~0~b']))).code, 'invalidRequest');
});

test('an answer that fails to come fails the call, not silently', async () => {
  const workflow = approvalFlow().builder.build();
  const respond = async () => {
    throw new Error('no network');
  };
  await assert.rejects(workflow.run(5, { respond }), /no network/);
  await assert.rejects(workflow.run(5, { respond: () => 'yes' }), { code: 'invalidResponse' });
});

test('the events of a request say who asks what, and that it was answered', async () => {
  const { events } = await watch(approvalFlow().builder.build(), 5, { respond: () => ({ approved: true }) });
  const [asked] = of(events, 'requestInfo');
  const [answered] = of(events, 'requestAnswered');
  assert.deepEqual([asked?.executorId, asked?.portId, asked?.data], ['approval', 'approval', { amount: 5 }]);
  assert.equal(answered?.requestId, asked?.requestId);
  assert.equal(answered?.timedOut, false);
});

test('an answer that is the last a fan-in waits for makes it fire', async () => {
  const start = node('start');
  const ports = [RequestPort.create({ id: 'left' }), RequestPort.create({ id: 'right' })] as const;
  const workflow = new WorkflowBuilder({ name: 'w', start })
    .addFanOut(start, ports)
    .addFanIn(ports, sink('join'))
    .build();
  assert.deepEqual((await workflow.run('in', { respond: ({ portId }) => portId })).outputs, [
    ['join', ['left', 'right']],
  ]);
});
