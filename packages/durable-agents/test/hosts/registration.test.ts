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

/** Without HTTP streams: the functions here are called one by one. */
const makeApp = (options: ConstructorParameters<typeof AgentFunctionApp>[0]) =>
  new AgentFunctionApp({ enableStreaming: false, ...options });
/** What every app has, whatever its agents. */
const shared = [
  'dafx-session-expiry',
  'dafx-session-sweep',
  'dafx-turn',
  'dafx-agent-call',
  'dafx-turn-model',
  'dafx-turn-tool',
  'dafx-turn-approval-need',
  'dafx-turn-tools',
];
const endpoints = (name: string) => [
  `http-${name}`,
  `approveCall-${name}`,
  `cancelRun-${name}`,
  `listSessions-${name}`,
  `readSession-${name}`,
  `deleteSession-${name}`,
  `resetSession-${name}`,
  `readRun-${name}`,
];
const json = { accept: 'application/json' };

describe('AgentFunctionApp', () => {
  beforeEach(() => core.functions.clear());

  it('registers an entity and a run endpoint for each agent, a fallback, and health', () => {
    makeApp({ agents: [agent('TravelPlanner'), agent('joker')] });
    const rows = [...core.functions.keys()].map((name) => {
      const { type, route, methods, authLevel } = core.trigger(name);
      return [name, type, route, methods, authLevel];
    });
    const find = (name: string) => rows.find(([own]) => own === name)?.slice(1);
    assert.deepEqual(
      rows.map(([name]) => name),
      [
        'dafx-TravelPlanner',
        'dafx-joker',
        ...shared,
        ...endpoints('TravelPlanner'),
        ...endpoints('joker'),
        'http-agent-not-found',
        'health_check',
      ],
    );
    for (const name of ['TravelPlanner', 'joker']) {
      const base = `agents/${name}/sessions`;
      assert.deepEqual(find(`dafx-${name}`), ['entityTrigger', undefined, undefined, undefined]);
      assert.deepEqual(find(`http-${name}`), ['httpTrigger', `agents/${name}/run`, ['POST'], 'function']);
      assert.deepEqual(find(`listSessions-${name}`), ['httpTrigger', base, ['GET'], 'function']);
      assert.deepEqual(find(`deleteSession-${name}`), ['httpTrigger', `${base}/{sessionId}`, ['DELETE'], 'function']);
      const run = `${base}/{sessionId}/runs/{correlationId}`;
      assert.deepEqual(find(`readRun-${name}`), ['httpTrigger', run, ['GET'], 'function']);
      assert.deepEqual(find(`cancelRun-${name}`), ['httpTrigger', `${run}/cancel`, ['POST'], 'function']);
    }
    assert.deepEqual(find('http-agent-not-found'), ['httpTrigger', 'agents/{agentName}/run', ['POST'], 'function']);
    assert.deepEqual(find('health_check'), ['httpTrigger', 'health', ['GET'], 'function']);
    const bindings = Object.values(core.functions.get('http-joker')?.metadata.bindings ?? {});
    assert.deepEqual(bindings.map(({ type }) => type).sort(), ['durableClient', 'http', 'httpTrigger']);
  });

  it('takes another key level for its endpoints', () => {
    makeApp({ agents: [agent('joker')], httpAuthLevel: 'anonymous' });
    for (const name of [...endpoints('joker'), 'http-agent-not-found', 'health_check']) {
      assert.equal(core.trigger(name).authLevel, 'anonymous');
    }
  });

  it('has no endpoint where it is switched off, for one agent or for all', () => {
    makeApp({
      agents: [{ agent: agent('inner'), enableHttp: false }, agent('joker')],
      enableHealthCheck: false,
    });
    assert.deepEqual(
      [...core.functions.keys()],
      ['dafx-inner', 'dafx-joker', ...shared, ...endpoints('joker'), 'http-agent-not-found'],
    );
    core.functions.clear();
    makeApp({
      agents: [agent('a'), { agent: agent('b'), enableHttp: true }],
      enableHttp: false,
      enableHealthCheck: false,
    });
    assert.deepEqual(
      [...core.functions.keys()],
      ['dafx-a', 'dafx-b', ...shared, ...endpoints('b'), 'http-agent-not-found'],
    );
    core.functions.clear();
    makeApp({ agents: [agent('a')], enableHttp: false, enableHealthCheck: false });
    assert.deepEqual([...core.functions.keys()], ['dafx-a', ...shared]);
  });

  const wrong: [string, () => unknown, string, RegExp][] = [
    ['no agents', () => makeApp({ agents: [] }), 'noAgents', /no agents/],
    [
      'names that differ in case only',
      () => makeApp({ agents: [agent('Joker'), agent('joker')] }),
      'duplicateAgent',
      /"joker"/,
    ],
    [
      'the name of the fallback',
      () => makeApp({ agents: [agent('Agent-Not-Found')] }),
      'reservedAgentName',
      /Agent-Not-Found/,
    ],
    ['a wait of nothing', () => makeApp({ agents: [agent('a')], waitTimeoutMs: 0 }), 'invalidOption', /waitTimeoutMs/],
    [
      'a wait beyond what timers do',
      () => makeApp({ agents: [agent('a')], waitTimeoutMs: 2 ** 31 }),
      'invalidOption',
      /waitTimeoutMs/,
    ],
    [
      'a body limit that is no number',
      () => makeApp({ agents: [agent('a')], maxBodyBytes: Number.NaN }),
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
    makeApp({ agents: [agent('Joker'), { agent: agent('inner'), enableHttp: false }] });
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
    makeApp({ agents: [agent('Joker'), { agent: agent('inner'), enableHttp: false }] });
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
