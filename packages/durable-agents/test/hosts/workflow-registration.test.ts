import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FunctionsCore } from './functions-core.ts';

const core = FunctionsCore.install();
const { AgentFunctionApp } = await import('../../src/azure-functions.ts');
const { checkWorkflows } = await import('../../src/hosts/azure-functions/workflow-options.ts');
const { Agent, executor, subWorkflow, RequestPort, WorkflowBuilder } = await import('../../src/index.ts');
const { scriptedModel } = await import('../../src/model/scripted-chat-client.ts');

const node = (id: string) => executor({ id }, () => undefined);
const one = (name: string, id = 'a') => new WorkflowBuilder({ name, start: node(id) }).build();
const writer = new Agent({ name: 'Writer', model: scriptedModel([]) });

test('a workflow becomes an orchestration, activities, entities and endpoints, all named after it', () => {
  const start = node('start');
  const ask = RequestPort.create({ id: 'Ask' });
  const inner = new WorkflowBuilder({ name: 'Inner', start: node('only') }).build();
  const workflow = new WorkflowBuilder({ name: 'Flow', start })
    .addEdge(start, writer)
    .addEdge(start, ask)
    .addEdge(start, subWorkflow(inner, { id: 'sub' }))
    .build();
  new AgentFunctionApp({ workflows: [{ workflow, exposeStatusEndpoint: false }], enableStreaming: false });
  const kinds = Object.fromEntries(
    [...core.functions.keys()]
      .filter((name) => /Flow|Inner|workflow/.test(name))
      .map((name) => [name, core.trigger(name).type]),
  );
  assert.deepEqual(kinds, {
    'dafx-Flow': 'orchestrationTrigger',
    'dafx-Inner': 'orchestrationTrigger',
    'dafx-Flow-start': 'activityTrigger',
    'dafx-Flow-Ask': 'activityTrigger',
    'dafx-Inner-only': 'activityTrigger',
    'dafx-Flow-Writer': 'entityTrigger',
    'dafx-workflow-requests': 'entityTrigger',
    'http-Flow': 'httpTrigger',
    'http-dafx-Flow-start': 'httpTrigger',
    'http-Flow-respond': 'httpTrigger',
    'http-Flow-answer': 'httpTrigger',
    'http-Flow-cancel': 'httpTrigger',
    'dafx-Flow-respond': 'httpTrigger',
  });
});

test('two functions of one name are refused at start, with the names of both sides', () => {
  const refused = (names: string[], agents: string[], pattern: RegExp, id = 'a') =>
    assert.throws(
      () =>
        checkWorkflows(
          names.map((name) => one(name, id)),
          true,
          agents,
        ),
      { code: 'duplicateFunction', message: pattern },
    );
  refused(['Desk'], ['desk'], /Workflow "Desk" and Agent "desk"/);
  refused(['Desk'], ['Desk-status'], /http-Desk-status|dafx-Desk-status/);
  refused(['turn'], [], /this library/);
  refused(['Desk', 'Desk-x'], [], /Desk-x/, 'x');
});

test('an app needs agents or workflows', () => {
  assert.throws(() => new AgentFunctionApp({ enableStreaming: false }), { code: 'noAgents' });
});
