import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { Agent } from '../../src/agent/agent.ts';
import { scriptedModel } from '../../src/testing.ts';
import type { AgentAnswer } from '../../src/workflow/agent-answer.ts';
import { agentExecutor } from '../../src/workflow/agent-executor.ts';
import { WorkflowBuilder } from '../../src/workflow/builder.ts';
import { Executor, executor } from '../../src/workflow/executor.ts';
import { handler, responseHandler } from '../../src/workflow/handlers.ts';
import { messageType } from '../../src/workflow/message-type.ts';
import type { AcceptsOf, SendsOf } from '../../src/workflow/node-types.ts';
import { RequestPort } from '../../src/workflow/request-port.ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_: Same<A, B>): void {}

const toText = executor({ id: 'toText', input: z.number(), output: z.string() }, (n) => String(n));
const takesText = executor({ id: 'takesText', input: z.string() }, (text) => text.length);
const takesNumber = executor({ id: 'takesNumber', input: z.number() }, () => {});
const takesTexts = executor({ id: 'takesTexts', input: z.array(z.string()) }, () => {});
const agent = new Agent({ name: 'helper', model: scriptedModel([]) });

/** The compiler reads what is in here; it never runs, so that graphs that cannot be built can stand in it. */
function compiled(_: () => void): void {}

test('types of messages come from the schemas, or else from the handler', () => {
  same<AcceptsOf<typeof toText>, number>(true);
  same<SendsOf<typeof toText>, string>(true);
  same<SendsOf<typeof takesText>, number>(true);
  same<SendsOf<typeof takesNumber>, unknown>(true);
  const annotated = executor({ id: 'annotated' }, async (order: { id: string }) => order.id);
  same<AcceptsOf<typeof annotated>, { id: string }>(true);
  same<SendsOf<typeof annotated>, string>(true);
  const typed = agentExecutor(agent, { output: z.object({ isSpam: z.boolean() }) });
  same<SendsOf<typeof typed>, AgentAnswer<{ isSpam: boolean }>>(true);
  const port = RequestPort.create({ id: 'p', request: z.string(), response: z.boolean() });
  same<AcceptsOf<typeof port>, string>(true);
  same<SendsOf<typeof port>, boolean>(true);
  assert.equal(typed.id, 'helper');
});

test('a message that the target does not accept is a compile error', () => {
  compiled(() => {
    const builder = new WorkflowBuilder({ name: 'w', start: toText });
    builder.addEdge(toText, takesText).addEdge(toText, agent).addEdge(takesNumber, takesText);
    // @ts-expect-error text does not go to an executor of numbers
    builder.addEdge(toText, takesNumber);
    builder.addChain([toText, takesText, takesNumber]);
    builder.addFanOut(toText, [takesText, agent]);
    // @ts-expect-error one of the targets takes no text
    builder.addFanOut(toText, [takesText, takesNumber]);
    builder.addFanIn([toText, toText], takesTexts);
    // @ts-expect-error a fan-in gives a list
    builder.addFanIn([toText, toText], takesText);
    // @ts-expect-error an executor of numbers is no case for text
    builder.addSwitch(toText, (on) => on.case((text) => text.length > 1, takesNumber).default(takesText));
  });
  assert.equal(toText.id, 'toText');
});

test('a condition that narrows the message decides what its target must take', () => {
  const either = executor({ id: 'either', output: z.union([z.string(), z.number()]) }, (n: number) => n);
  compiled(() => {
    new WorkflowBuilder({ name: 'w', start: either })
      .addEdge(either, takesText, { when: (message) => typeof message === 'string' })
      .addSwitch(either, (on) => on.case((message) => typeof message === 'number', takesNumber).default(agent));
    new WorkflowBuilder({ name: 'w', start: either })
      // @ts-expect-error it narrows to what the target does not take
      .addEdge(either, takesText, { when: (message) => typeof message === 'number' })
      // @ts-expect-error numbers come along too
      .addEdge(either, takesText, { when: () => true });
  });
  assert.equal(either.id, 'either');
});

test('handlers, outputs and questions are checked by the compiler', () => {
  const approval = RequestPort.create({ id: 'approval', request: z.string(), response: z.object({ ok: z.boolean() }) });
  compiled(() => {
    // @ts-expect-error a text is returned where numbers are sent
    executor({ id: 'x', output: z.number() }, () => 'text');
    executor({ id: 'x', output: z.number() }, (_, ctx) => {
      ctx.sendMessage(1);
      // @ts-expect-error only numbers are sent
      ctx.sendMessage('text');
      // @ts-expect-error the port asks with a text
      ctx.requestInfo(approval, 1);
      ctx.requestInfo(approval, 'text');
    });
    // @ts-expect-error the message is a number
    executor({ id: 'x', input: z.number() }, (text: string) => text);
    responseHandler(approval, (response, _, request) => {
      same<typeof response, { ok: boolean }>(true);
      same<typeof request.data, string>(true);
    });
    handler(messageType({ name: 'Order', schema: z.object({ id: z.string() }) }), (order) => {
      same<typeof order, { id: string }>(true);
    });
  });
  assert.equal(approval.id, 'approval');
});

test('the input of a workflow has the type of its start', () => {
  class Gate extends Executor<{ amount: number }, boolean> {
    override readonly handlers = [handler(z.object({ amount: z.number() }), ({ amount }) => amount > 10)];
  }
  compiled(() => {
    const workflow = new WorkflowBuilder({ name: 'w', start: new Gate({ id: 'gate' }) }).build<boolean>();
    void workflow.run({ amount: 1 }).then(({ outputs }) => same<typeof outputs, boolean[]>(true));
    // @ts-expect-error the start takes an amount
    void workflow.run('text');
    // A workflow is an executor of another.
    new WorkflowBuilder({ name: 'outer', start: workflow }).addEdge(
      workflow,
      executor({ id: 'end', input: z.boolean() }, () => {}),
    );
    // @ts-expect-error it gives booleans
    new WorkflowBuilder({ name: 'outer', start: workflow }).addEdge(workflow, takesText);
  });
  assert.equal(new Gate({ id: 'gate' }).id, 'gate');
});
