import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RunningSteps } from '../../src/hosts/azure-functions/running-steps.ts';
import { MemoryStreamStore } from '../../src/stream/memory-stream-store.ts';
import { ManualTimers } from '../client/manual-timers.ts';
import { FunctionsCore } from './functions-core.ts';

const core = FunctionsCore.install();
const { registerAgentEntity } = await import('../../src/hosts/azure-functions/register-agents.ts');
const { keepingSettings } = await import('../../src/entity/session-options.ts');
const { Agent } = await import('../../src/agent/agent.ts');
const { TurnWaiters } = await import('../../src/client/turn-waiters.ts');
const { formatSessionId, checkSessionKey } = await import('../../src/ids.ts');
const { scriptedModel } = await import('../../src/model/scripted-chat-client.ts');
const { runBatch } = await import('./entity-batch.ts');

const sessionId = formatSessionId('Joker', checkSessionKey('Trip'));

describe('the end of an operation', () => {
  const endings: [string, string | undefined][] = [
    ['a turn that was answered', undefined],
    [
      'a turn that was answered before',
      '{"schemaVersion":"1.1.0","data":{"conversationHistory":[{"$type":"response","correlationId":"t"}]}}',
    ],
    ['a turn whose session cannot be read', '{"schemaVersion":"9.0.0","data":{}}'],
  ];
  for (const [name, state] of endings) {
    it(`wakes those who wait for ${name}, and nobody else`, async () => {
      core.functions.clear();
      const waiters = new TurnWaiters();
      const agent = new Agent({ name: 'Joker', model: scriptedModel(['Ha.']) });
      const watching = { store: new MemoryStreamStore(), telemetry: {} };
      registerAgentEntity({ agent, keeping: keepingSettings() }, { waiters, running: new RunningSteps(), watching });
      const timers = new ManualTimers();
      const waiter = waiters.add(sessionId, 't');
      const other = waiters.add(sessionId, 'u');
      await runBatch(core, 'dafx-Joker', 'Trip', state, [
        { name: 'run', input: { message: 'Hi', correlationId: 't' } },
      ]);
      const pauses = [waiter.pause(1000, timers), other.pause(1000, timers)];
      while (timers.pending > 0) await timers.next();
      assert.deepEqual(await Promise.all(pauses), [true, false]);
    });
  }
});
