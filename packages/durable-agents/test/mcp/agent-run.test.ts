import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent } from '../../src/agent/agent.ts';
import { textMessage } from '../../src/agent/message.ts';
import { resolveAgent, type SourcedAgent } from '../../src/agent/resolve-tools.ts';
import { runInline } from '../../src/agent/run-inline.ts';
import { tool } from '../../src/agent/tool.ts';
import type { ToolSource } from '../../src/agent/tool-source.ts';
import { mcpTools } from '../../src/mcp.ts';
import { type ScriptedStep, scriptedModel } from '../../src/testing.ts';
import { runContext } from '../agent/support.ts';
import { startHttpServer } from './http-server.ts';
import { stdioSource } from './support.ts';
import { weatherServer } from './weather-server.ts';

/** One run of an agent that has a tool of its own, "note", and the sources. */
async function run(sources: ToolSource[], steps: ScriptedStep[]) {
  const model = scriptedModel(steps);
  const note = tool({ name: 'note', description: 'Notes.', execute: () => 'noted' });
  const agent: Agent & SourcedAgent = new Agent({ name: 'guide', model, tools: [note], durability: 'step' });
  Object.assign(agent, { toolSources: sources });
  const resolved = await resolveAgent(agent, runContext());
  return { outcome: await runInline(resolved, [textMessage('user', 'Weather?')], runContext()), model };
}

async function httpSource(t: { after(work: () => Promise<void>): void }, prefix: string): Promise<ToolSource> {
  const server = await startHttpServer(() => weatherServer());
  t.after(() => server.stop());
  const source = mcpTools({ transport: { url: server.url }, name: 'remote', prefix });
  t.after(() => source.close());
  return source;
}

test('a model calls tools of two servers and of the agent in one answer; results come in the order of the calls', async (t) => {
  const sources = [stdioSource(t), await httpSource(t, 'far_')];
  const { outcome, model } = await run(sources, [
    {
      toolCalls: [
        { name: 'far_forecast_get', arguments: { city: 'Rome' } },
        { name: 'note' },
        { name: 'fail' },
        { name: 'forecast_get', arguments: { city: 'Oslo', days: 3 } },
      ],
    },
    'Sun.',
  ]);
  assert.equal(outcome.status, 'completed');
  const results = outcome.response.messages[1]?.contents.map((part) => part.type === 'functionResult' && part.result);
  assert.deepEqual(results, [
    'Sun in Rome for 1 day(s).',
    'noted',
    { error: { code: 'toolFailed', message: 'Tool "fail" failed. McpToolError: The station is closed.' } },
    'Sun in Oslo for 3 day(s).',
  ]);
  const offered = model.requests[0]?.tools.map(({ name }) => name) ?? [];
  assert.deepEqual(offered.slice(0, 2), ['note', 'forecast_get']);
  assert.ok(offered.includes('far_forecast_get'));
});

test('two servers with the same tool names need a prefix', async (t) => {
  const sources = [stdioSource(t), await httpSource(t, '')];
  await assert.rejects(run(sources, ['never']), {
    code: 'duplicateTool',
    message: 'agent "guide": "weather" and "remote" both have a tool named "forecast_get".',
  });
});
