import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { FunctionsCore } from './functions-core.ts';

const core = FunctionsCore.install();
const { Agent } = await import('../../src/agent/agent.ts');
const { scriptedModel } = await import('../../src/model/scripted-chat-client.ts');
const { registerSessionExpiry, registerSessionTriggers } = await import(
  '../../src/hosts/azure-functions/session-triggers.ts'
);
const { keepingSettings } = await import('../../src/entity/session-options.ts');
const { callHttp } = await import('./http-call.ts');
const { play } = await import('../durable/orchestration-player.ts');

const agent = new Agent({ name: 'Joker', model: scriptedModel([]) });
const http = {
  authLevel: 'function' as const,
  waitTimeoutMs: 1,
  maxBodyBytes: 1,
  legacyThreadNames: false,
  enableStreaming: false,
};

before(() => {
  registerSessionTriggers({ agent, keeping: keepingSettings() }, http, { has: () => false });
  registerSessionExpiry();
});

describe('the endpoints of sessions', () => {
  let server: Server;
  const asked: [string, string | undefined][] = [];
  /** Serves two pages of entities, as the Durable extension does. */
  before(async () => {
    server = createServer(({ url = '', headers }, response) => {
      const token = headers['x-ms-continuation-token'] as string | undefined;
      asked.push([url, token]);
      const key = token === undefined ? 'zażółć' : 'b';
      const rows = [{ entityId: { name: 'dafx-joker', key }, lastOperationTime: '2026-03-01T10:00:00Z' }];
      const next = token === undefined ? 'page-2' : 'bnVsbA==';
      const isList = url.includes('/entities/dafx-joker?');
      response.writeHead(isList ? 200 : 404, { 'content-type': 'application/json', 'x-ms-continuation-token': next });
      response.end(JSON.stringify(isList ? rows : {}));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  after(() => new Promise((resolve) => server.close(resolve)));

  const backend = () => {
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/durabletask`;
    const clientData = (useRpc: boolean) => ({
      string: JSON.stringify({
        taskHubName: 'Hub',
        creationUrls: {},
        managementUrls: { id: 'X' },
        baseUrl,
        requiredQueryStringParameters: 'code=key',
        ...(useRpc && { rpcBaseUrl: `${baseUrl}/` }),
      }),
    });
    return { clientData } as never;
  };

  it('have the routes, methods and key level of the agent', () => {
    const routes = [...core.functions.keys()]
      .filter((name) => name.endsWith('-Joker'))
      .map((name) => {
        const { route, methods, authLevel } = core.trigger(name);
        return [name, route, methods, authLevel];
      });
    const base = 'agents/Joker/sessions';
    assert.deepEqual(routes, [
      ['listSessions-Joker', base, ['GET'], 'function'],
      ['readSession-Joker', `${base}/{sessionId}`, ['GET'], 'function'],
      ['deleteSession-Joker', `${base}/{sessionId}`, ['DELETE'], 'function'],
      ['resetSession-Joker', `${base}/{sessionId}/reset`, ['POST'], 'function'],
      ['readRun-Joker', `${base}/{sessionId}/runs/{correlationId}`, ['GET'], 'function'],
    ]);
  });

  for (const useRpc of [true, false]) {
    it(`list sessions over ${useRpc ? 'the local' : 'the public'} address`, async () => {
      asked.length = 0;
      const first = await callHttp(core, 'listSessions-Joker', backend(), {
        method: 'GET',
        query: { top: '1' },
        useRpc,
      });
      const lastUsedAt = '2026-03-01T10:00:00Z';
      assert.deepEqual(first.json, {
        agent: 'Joker',
        sessions: [{ sessionId: 'zażółć', lastUsedAt }],
        continuation: 'page-2',
      });
      const query = { top: '1', continuation: first.json.continuation };
      const second = await callHttp(core, 'listSessions-Joker', backend(), { method: 'GET', query, useRpc });
      assert.deepEqual(second.json, { agent: 'Joker', sessions: [{ sessionId: 'b', lastUsedAt }] });
      const path = `/durabletask/entities/dafx-joker?${useRpc ? '' : 'code=key&'}top=1&fetchState=false`;
      assert.deepEqual(asked, [
        [path, undefined],
        [path, 'page-2'],
      ]);
    });
  }

  it('a session that is not there is 404', async () => {
    const params = { sessionId: 's1', correlationId: 't' };
    for (const [name, method] of [
      ['readSession', 'GET'],
      ['deleteSession', 'DELETE'],
      ['resetSession', 'POST'],
      ['readRun', 'GET'],
    ] as const) {
      assert.equal((await callHttp(core, `${name}-Joker`, backend(), { method, params })).status, 404, name);
    }
  });
});

describe('the orchestration that waits for the end of a session, in the real library', () => {
  const input = (dueAt: string) => ({ entity: 'dafx-joker', key: 'zażółć', dueAt });

  it('asks the session when it is due and ends with it', async () => {
    const { output, calls } = await play(core, 'dafx-session-expiry', input('2026-01-01T00:00:00Z'), () => ({
      result: { status: 'deleted' },
    }));
    assert.equal(output, 'deleted');
    assert.deepEqual(calls, [
      { instanceId: '@dafx-joker@zażółć', operation: 'CheckAndDeleteIfExpired', input: { instanceId: 'i1' } },
    ]);
  });

  it('sets a timer before that', async () => {
    const waiting = play(core, 'dafx-session-expiry', input('2026-03-10T00:00:00Z'), () => ({ result: null }));
    await assert.rejects(waiting, /waits for nothing that could come/);
  });

  it('a session that throws is asked again', async () => {
    const played = await play(core, 'dafx-session-expiry', input('2026-01-01T00:00:00Z'), () => ({
      exception: 'broken',
    }));
    assert.equal(played.error, undefined);
    assert.equal(played.output, 'waiting');
    assert.equal(played.calls.length, 1);
  });
});
