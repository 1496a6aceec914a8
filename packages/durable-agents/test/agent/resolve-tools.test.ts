import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent } from '../../src/agent/agent.ts';
import { resolveAgent, resolveFor, type SourcedAgent } from '../../src/agent/resolve-tools.ts';
import { type AnyTool, tool } from '../../src/agent/tool.ts';
import { isToolSource, type ToolSource } from '../../src/agent/tool-source.ts';
import { ConfigurationError } from '../../src/errors.ts';
import { scriptedModel } from '../../src/testing.ts';
import { recordingLogger, runContext } from './support.ts';

const named = (name: string, needsApproval = false): AnyTool =>
  tool({ name, description: 'A tool.', needsApproval, execute: () => name });

function source(name: string, tools: () => AnyTool[] | Promise<AnyTool[]>): ToolSource {
  return { name, tools: async () => tools(), close: async () => {} };
}

/** An agent that has the tool "own" and the sources. */
function agentOf(sources: ToolSource[], durability: 'turn' | 'step' = 'step'): Agent & SourcedAgent {
  const agent = new Agent({ name: 'helper', model: scriptedModel(['Hello.']), tools: [named('own')], durability });
  return Object.assign(agent, { toolSources: sources });
}

test('an agent without sources is given back as it is', async () => {
  const agent = agentOf([]);
  assert.equal(await resolveAgent(agent, runContext()), agent);
});

test('the tools of the sources come after the agent’s own, in the order of the sources', async () => {
  const slow = source('slow', () => new Promise((resolve) => setImmediate(() => resolve([named('a'), named('b')]))));
  const agent = agentOf([slow, source('fast', () => [named('c')])]);
  const resolved = await resolveAgent(agent, runContext());
  assert.deepEqual(
    resolved.tools.map(({ name }) => name),
    ['own', 'a', 'b', 'c'],
  );
  assert.deepEqual(
    agent.tools.map(({ name }) => name),
    ['own'],
  );
});

test('a resolved agent is an agent still, and resolving it again asks nobody', async () => {
  let asked = 0;
  const agent = agentOf([
    source('counted', () => {
      asked++;
      return [named('a')];
    }),
  ]);
  const resolved = await resolveAgent(agent, runContext());
  assert.equal(await resolveAgent(resolved, runContext()), resolved);
  assert.equal(asked, 1);
  assert.ok(resolved instanceof Agent);
  assert.equal((await resolved.run('Hi.')).text, 'Hello.');
  assert.deepEqual({ ...resolved, tools: 0, toolSources: 0 }, { ...agent, tools: 0, toolSources: 0 });
});

test('a source is asked again for each run', async () => {
  const tools = [named('a')];
  const agent = agentOf([source('growing', () => tools)]);
  await resolveAgent(agent, runContext());
  tools.push(named('b'));
  assert.equal((await resolveAgent(agent, runContext())).tools.length, 3);
});

test('where all named tools are the agent’s own, no source is asked', async () => {
  const agent = agentOf([source('some', () => [named('a')])]);
  assert.equal(await resolveFor(agent, ['own'], runContext()), agent);
  assert.equal((await resolveFor(agent, ['own', 'a'], runContext())).tools.length, 2);
});

test('a source that fails makes the run fail, retryable, with the cause in the log only', async () => {
  const log = recordingLogger();
  const agent = agentOf([
    source('good', () => [named('a')]),
    source('bad', () => {
      throw new Error('password=1234');
    }),
  ]);
  await assert.rejects(resolveAgent(agent, runContext({ log })), {
    code: 'toolSourceUnavailable',
    message: 'The tools of "bad" are not available.',
    retryable: true,
  });
  assert.deepEqual(
    log.lines.map(({ level, fields }) => [level, fields?.source, fields?.error]),
    [['error', 'bad', 'Error: password=1234']],
  );
});

test('a source’s own error of this library keeps its code', async () => {
  const agent = agentOf([
    source('bad', () => {
      throw new ConfigurationError('mcpSdkMissing', 'No SDK.');
    }),
  ]);
  await assert.rejects(resolveAgent(agent, runContext()), { code: 'mcpSdkMissing' });
});

test('the same name from two sources, or from a source and the agent, is refused with both owners', async () => {
  const two = agentOf([source('left', () => [named('find')]), source('right', () => [named('find')])]);
  await assert.rejects(resolveAgent(two, runContext()), {
    code: 'duplicateTool',
    message: 'agent "helper": "left" and "right" both have a tool named "find".',
  });
  const own = agentOf([source('left', () => [named('own')])]);
  await assert.rejects(resolveAgent(own, runContext()), {
    code: 'duplicateTool',
    message: /the agent itself and "left"/,
  });
});

test('a tool that needs approval is refused where turns are not recorded step by step', async () => {
  const sources = [source('left', () => [named('pay', true)])];
  await assert.rejects(resolveAgent(agentOf(sources, 'turn'), runContext()), {
    code: 'invalidAgent',
    message: /"pay"/,
  });
  assert.equal((await resolveAgent(agentOf(sources), runContext())).tools.length, 2);
});

test('a run that is stopped while a source is asked ends as canceled', async () => {
  const controller = new AbortController();
  const agent = agentOf([
    source('slow', () => {
      controller.abort();
      throw new Error('aborted');
    }),
  ]);
  await assert.rejects(resolveAgent(agent, runContext({ signal: controller.signal })), { code: 'canceled' });
});

test('tools and sources are told apart', () => {
  assert.equal(isToolSource(source('left', () => [])), true);
  assert.equal(isToolSource(named('own')), false);
});
