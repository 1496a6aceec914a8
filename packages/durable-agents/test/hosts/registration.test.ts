import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FunctionsCore } from './functions-core.ts';

const core = FunctionsCore.install();
const { AgentFunctionApp } = await import('../../src/azure-functions.ts');
const { Agent } = await import('../../src/agent/agent.ts');
const { scriptedModel } = await import('../../src/model/scripted-chat-client.ts');
const { callHttp } = await import('./http-call.ts');

function agent(name: string) {
  return new Agent({ name, model: scriptedModel([]) });
}

const json = { accept: 'application/json' };

describe('AgentFunctionApp', () => {
  beforeEach(() => core.functions.clear());

  it('registers an entity and a run endpoint for each agent, a fallback, and health', () => {
    new AgentFunctionApp({ agents: [agent('TravelPlanner'), agent('joker')] });
    const registered = [...core.functions.keys()].map((name) => {
      const { type, route, methods, authLevel } = core.trigger(name);
      return [name, type, route, methods, authLevel];
    });
    assert.deepEqual(registered, [
      ['dafx-TravelPlanner', 'entityTrigger', undefined, undefined, undefined],
      ['dafx-joker', 'entityTrigger', undefined, undefined, undefined],
      ['http-TravelPlanner', 'httpTrigger', 'agents/TravelPlanner/run', ['POST'], 'function'],
      ['http-joker', 'httpTrigger', 'agents/joker/run', ['POST'], 'function'],
      ['http-agent-not-found', 'httpTrigger', 'agents/{agentName}/run', ['POST'], 'function'],
      ['health_check', 'httpTrigger', 'health', ['GET'], 'function'],
    ]);
    const bindings = Object.values(core.functions.get('http-joker')?.metadata.bindings ?? {});
    assert.deepEqual(bindings.map(({ type }) => type).sort(), ['durableClient', 'http', 'httpTrigger']);
  });

  it('takes another key level for its endpoints', () => {
    new AgentFunctionApp({ agents: [agent('joker')], httpAuthLevel: 'anonymous' });
    for (const name of ['http-joker', 'http-agent-not-found', 'health_check']) {
      assert.equal(core.trigger(name).authLevel, 'anonymous');
    }
  });

  it('has no endpoint where it is switched off, for one agent or for all', () => {
    new AgentFunctionApp({
      agents: [{ agent: agent('inner'), enableHttp: false }, agent('joker')],
      enableHealthCheck: false,
    });
    assert.deepEqual([...core.functions.keys()], ['dafx-inner', 'dafx-joker', 'http-joker', 'http-agent-not-found']);
    core.functions.clear();
    new AgentFunctionApp({
      agents: [agent('a'), { agent: agent('b'), enableHttp: true }],
      enableHttp: false,
      enableHealthCheck: false,
    });
    assert.deepEqual([...core.functions.keys()], ['dafx-a', 'dafx-b', 'http-b', 'http-agent-not-found']);
    core.functions.clear();
    new AgentFunctionApp({ agents: [agent('a')], enableHttp: false, enableHealthCheck: false });
    assert.deepEqual([...core.functions.keys()], ['dafx-a']);
  });

  const wrong: [string, () => unknown, string, RegExp][] = [
    ['no agents', () => new AgentFunctionApp({ agents: [] }), 'noAgents', /no agents/],
    [
      'names that differ in case only',
      () => new AgentFunctionApp({ agents: [agent('Joker'), agent('joker')] }),
      'duplicateAgent',
      /"joker"/,
    ],
    [
      'the name of the fallback',
      () => new AgentFunctionApp({ agents: [agent('Agent-Not-Found')] }),
      'reservedAgentName',
      /Agent-Not-Found/,
    ],
    [
      'a wait of nothing',
      () => new AgentFunctionApp({ agents: [agent('a')], waitTimeoutMs: 0 }),
      'invalidOption',
      /waitTimeoutMs/,
    ],
    [
      'a wait beyond what timers do',
      () => new AgentFunctionApp({ agents: [agent('a')], waitTimeoutMs: 2 ** 31 }),
      'invalidOption',
      /waitTimeoutMs/,
    ],
    [
      'a body limit that is no number',
      () => new AgentFunctionApp({ agents: [agent('a')], maxBodyBytes: Number.NaN }),
      'invalidOption',
      /maxBodyBytes/,
    ],
  ];
  for (const [name, construct, code, message] of wrong) {
    it(`refuses ${name} and registers nothing`, () => {
      assert.throws(construct, { name: 'ConfigurationError', code, message });
      assert.equal(core.functions.size, 0);
    });
  }
});

describe('health', () => {
  it('names the agents, their endpoints and their models', async () => {
    core.functions.clear();
    new AgentFunctionApp({ agents: [agent('Joker'), { agent: agent('inner'), enableHttp: false }] });
    const { status, json: body } = await callHttp(core, 'health_check', undefined, { method: 'GET' });
    assert.equal(status, 200);
    const model = { provider: 'scripted', modelId: 'scripted', simulated: true };
    assert.deepEqual(body, {
      status: 'healthy',
      agents: [
        { name: 'Joker', type: 'Agent', http_endpoint_enabled: true, mcp_tool_enabled: false, model },
        { name: 'inner', type: 'Agent', http_endpoint_enabled: false, mcp_tool_enabled: false, model },
      ],
      agent_count: 2,
      workflows: [],
      workflow_count: 0,
    });
  });
});

describe('an agent that does not exist', () => {
  const before = process.env.AZURE_FUNCTIONS_ENVIRONMENT;
  beforeEach(() => {
    core.functions.clear();
    new AgentFunctionApp({ agents: [agent('Joker'), { agent: agent('inner'), enableHttp: false }] });
  });
  afterEach(() => {
    if (before === undefined) delete process.env.AZURE_FUNCTIONS_ENVIRONMENT;
    else process.env.AZURE_FUNCTIONS_ENVIRONMENT = before;
  });
  const call = { headers: json, params: { agentName: 'nobody' }, body: 'hi' };

  it('is 404 with the agents that there are, in development', async () => {
    process.env.AZURE_FUNCTIONS_ENVIRONMENT = 'Development';
    const { status, json: body } = await callHttp(core, 'http-agent-not-found', undefined, call);
    assert.equal(status, 404);
    assert.equal(body.errorCode, 'agentNotFound');
    assert.equal(body.error, 'There is no agent "nobody". Registered: Joker.');
  });

  it('is 404 without them in production', async () => {
    delete process.env.AZURE_FUNCTIONS_ENVIRONMENT;
    const { status, text } = await callHttp(core, 'http-agent-not-found', undefined, { ...call, headers: {} });
    assert.equal(status, 404);
    assert.equal(text, 'There is no agent "nobody".');
  });
});
