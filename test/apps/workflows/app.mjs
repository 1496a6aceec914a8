import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  Agent,
  executor,
  messageText,
  RequestPort,
  responseHandler,
  subWorkflow,
  WorkflowBuilder,
} from 'durable-agents';
import { AgentFunctionApp } from 'durable-agents/azure-functions';
import { chatClientFromEnvironment } from 'durable-agents/openai';

const model = chatClientFromEnvironment();
const folder = process.env.EFFECTS;
/** A line for each time an executor takes effect, outside of the process. */
const effect = (name, context) => appendFileSync(join(folder, 'effects.log'), `${name} ${context.idempotencyKey}\n`);
/** Holds an executor where a test wants the process to die. */
const hold = async (name) => {
  while (existsSync(join(folder, `hold-${name}`))) await new Promise((resolve) => setTimeout(resolve, 10));
};

const writer = new Agent({ name: 'Writer', model, instructions: 'You write.' });
const editor = new Agent({ name: 'Editor', model, instructions: 'You edit.' });

const step = (id, run) =>
  executor({ id }, async (message, context) => {
    effect(id, context);
    await hold(id);
    return run(message, context);
  });

const clean = step('clean', (text) => String(text).trim());
const publish = step('publish', (answer, context) => {
  context.yieldOutput({ published: answer.text ?? answer });
});
const article = new WorkflowBuilder({ name: 'Article', start: clean }).addChain([clean, writer, publish]).build();

const say = executor({ id: 'say' }, ({ history, messages }, context) => {
  context.yieldOutput([...history, ...messages].map((message) => `${message.role}: ${messageText(message)}`));
});
const ping = step('ping', (text) => `about ${text}`);
const desk = new WorkflowBuilder({ name: 'Desk', start: ping }).addChain([ping, writer, editor, say]).build();

const split = step('split', (n) => n);
const left = step('left', (n) => n + 1);
const right = step('right', (n) => n * 10);
const join2 = executor({ id: 'join' }, (list, context) => {
  context.yieldOutput(list);
});
const diamond = new WorkflowBuilder({ name: 'Diamond', start: split })
  .addFanOut(split, [left, right])
  .addFanIn([left, right], join2)
  .build();

const sort = step('sort', (n) => n);
const small = step('small', (n) => `${n} is small`);
const large = step('large', (n) => `${n} is large`);
const sorting = new WorkflowBuilder({ name: 'Sorting', start: sort })
  .addSwitch(sort, (on) => on.case((n) => n < 10, small).default(large))
  .build();

const count = step('count', (n) => n + 1);
const counted = executor({ id: 'counted' }, (n) => `counted to ${n}`);
const loop = new WorkflowBuilder({ name: 'Loop', start: count, maxSupersteps: 200 })
  .addEdge(count, count, { when: (n) => n < 50, maxPasses: 100 })
  .addEdge(count, counted, { when: (n) => n >= 50 })
  .build();

const decision = {
  type: 'object',
  properties: { approved: { type: 'boolean' }, comments: { type: 'string' } },
  required: ['approved'],
};
const manager = RequestPort.create({ id: 'ManagerApproval', response: decision });
const budget = RequestPort.create({ id: 'BudgetApproval', response: decision });
const compliance = RequestPort.create({ id: 'ComplianceApproval', response: decision });
const intake = step('intake', (expense) => expense);
const finance = step('finance', ({ approved }) => ({ after: approved }));
const paid = executor({ id: 'paid' }, (answers, context) => {
  context.yieldOutput({ approved: answers.every(({ approved }) => approved), answers });
});
const refused = step('refused', ({ comments }) => ({ refused: comments ?? 'no reason' }));
const expenses = new WorkflowBuilder({ name: 'Expenses', start: intake })
  .addEdge(intake, manager)
  .addSwitch(manager, (on) => on.case(({ approved }) => approved, finance).default(refused))
  .addFanOut(finance, [budget, compliance])
  .addFanIn([budget, compliance], paid)
  .build();

const review = RequestPort.create({ id: 'Review', response: decision });
const draft = executor(
  {
    id: 'draft',
    responses: [
      responseHandler(review, ({ approved }, context, request) => {
        effect('review', context);
        if (approved) context.yieldOutput(`final: ${request.data}`);
        else context.requestInfo(review, `${request.data}!`);
      }),
    ],
  },
  (text, context) => {
    effect('draft', context);
    context.requestInfo(review, text);
  },
);
const reviewing = new WorkflowBuilder({ name: 'Reviewing', start: draft }).build();

const outerStart = step('begin', (text) => text);
const outerEnd = step('close', (text, context) => {
  context.yieldOutput(`outer ${text}`);
});
const middle = new WorkflowBuilder({ name: 'Middle', start: subWorkflow(reviewing, { id: 'inner' }) }).build();
const nested = new WorkflowBuilder({ name: 'Nested', start: outerStart })
  .addChain([outerStart, subWorkflow(middle, { id: 'sub' }), outerEnd])
  .build();

const flaky = executor({ id: 'flaky', retry: { maxAttempts: 3, delayMs: 10 } }, (n, context) => {
  effect('flaky', context);
  if (context.attempt < n) throw new Error(`attempt ${context.attempt} failed`, { cause: new Error('no connection') });
  return `done at ${context.attempt}`;
});
const flakes = new WorkflowBuilder({ name: 'Flakes', start: flaky }).build();

const soon = RequestPort.create({ id: 'Soon', timeoutMs: 1500, onTimeout: { answer: { approved: false } } });
const asked = step('asked', (text) => text);
const told = step('told', (answer, context) => ({ answer, timedOut: context.request?.timedOut ?? false }));
const timing = new WorkflowBuilder({ name: 'Timing', start: asked }).addChain([asked, soon, told]).build();

const before = step('before', (text) => text);
const slow = step('slow', (text) => `slow ${text}`);
const both = executor({ id: 'both' }, (value) => value);
const start2 = step('both-start', (text) => text);
const beside = new WorkflowBuilder({ name: 'Beside', start: start2 })
  .addFanOut(start2, [manager, before])
  .addChain([before, slow, both])
  .addEdge(manager, both)
  .build();

const many = executor({ id: 'many', responses: [responseHandler(review, () => {})] }, (n, context) => {
  for (let i = 0; i < n; i++) context.requestInfo(review, { i, text: 'x'.repeat(2000) });
});
const manyRequests = new WorkflowBuilder({ name: 'Many', start: many }).build();

const version = process.env.LOOK_VERSION;
const second = version === undefined ? clean : step('extra', (text) => text);
const changing = (steps, name) =>
  new WorkflowBuilder({ name: 'Changing', start: steps[0], ...(name && { version: name }) }).addChain(steps).build();
const old = changing([asked, review]);
const changed = changing([asked, second, review], version);

export const app = new AgentFunctionApp({
  agents: [new Agent({ name: 'Talker', model })],
  workflows: [
    ...[article, desk, diamond, sorting, loop, expenses, reviewing, nested, flakes, timing, beside, manyRequests],
    ...(version === undefined ? [old] : version === 'both' ? [old, changed] : [changed]),
    {
      workflow: new WorkflowBuilder({ name: 'Hidden', start: asked }).build(),
      exposeStatusEndpoint: false,
    },
  ],
});
