import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { Agent, type AgentOptions } from '../../src/agent/agent.ts';
import type { CallDecision } from '../../src/agent/effects.ts';
import { tool } from '../../src/agent/tool.ts';
import type { JsonObject } from '../../src/json.ts';
import { scriptedModel } from '../../src/testing.ts';

function cashier(needsApproval: boolean | ((args: { amount: number }) => boolean), amounts: unknown[]) {
  const paid: number[] = [];
  const pay = tool({
    name: 'pay',
    description: 'Pays.',
    parameters: z.object({ amount: z.number(), note: z.string().default('none') }),
    needsApproval,
    execute: ({ amount }) => {
      paid.push(amount);
      return { paid: amount };
    },
  });
  const toolCalls = amounts.map((amount, i) => ({ id: `c${i}`, name: 'pay', arguments: { amount } as JsonObject }));
  const model = scriptedModel([{ toolCalls }, 'done']);
  return { agent: new Agent({ name: 'Cashier', model, tools: [pay] }), paid };
}

const results = async (agent: Agent, approve?: (call: { arguments: unknown }) => CallDecision) => {
  const { messages } = await agent.run('go', approve && { approve });
  return messages.flatMap(({ contents }) =>
    contents.flatMap((part) => (part.type === 'functionResult' ? [part.result] : [])),
  );
};

describe('a tool that needs approval', () => {
  it('is not called where nobody can be asked', async () => {
    const { agent, paid } = cashier(true, [5]);
    assert.match(JSON.stringify(await results(agent)), /rejected.*nobody can be asked/);
    assert.deepEqual(paid, []);
  });

  it('is called with what was shown, defaults included', async () => {
    const { agent, paid } = cashier(true, [5]);
    const shown: unknown[] = [];
    const result = await results(agent, (call) => {
      shown.push(call.arguments);
      return { status: 'approved' };
    });
    assert.deepEqual(shown, [{ amount: 5, note: 'none' }]);
    assert.deepEqual([result, paid], [[{ paid: 5 }], [5]]);
  });

  it('asks only for the calls that its rule names, and each gets its own decision', async () => {
    const { agent, paid } = cashier(({ amount }) => amount > 10, [5, 50, 500]);
    const result = await results(agent, ({ arguments: args }) =>
      (args as { amount: number }).amount > 100 ? { status: 'rejected', reason: 'no' } : { status: 'approved' },
    );
    assert.deepEqual(paid, [5, 50]);
    assert.match(JSON.stringify(result[2]), /rejected.*no/);
  });

  it('needs approval when its rule throws', async () => {
    const { agent, paid } = cashier(() => {
      throw new Error('rule is broken');
    }, [1]);
    assert.match(JSON.stringify(await results(agent)), /rejected/);
    assert.deepEqual(paid, []);
  });

  it('is not asked about with arguments that do not fit: the model hears what is wrong', async () => {
    const { agent } = cashier(true, ['much']);
    assert.match(JSON.stringify(await results(agent, () => assert.fail('asked'))), /invalidArguments.*amount/);
  });

  it('is called with other arguments where the approver says so, and the model is told', async () => {
    const { agent, paid } = cashier(true, [500]);
    const result = await results(agent, () => ({ status: 'approved', arguments: { amount: 5 } }));
    assert.deepEqual(result, [{ approvedWithArguments: { amount: 5 }, result: { paid: 5 } }]);
    assert.deepEqual(paid, [5]);
  });
});

describe('the durability of an agent', () => {
  const make = (readOnly: boolean, needsApproval: boolean, durability?: AgentOptions['durability']) =>
    new Agent({
      name: 'A',
      model: scriptedModel([]),
      durability,
      tools: [tool({ name: 't', description: 'T.', readOnly, needsApproval, execute: () => 1 })],
    });

  it('is step by step as soon as a tool can do harm twice or needs approval', () => {
    assert.equal(new Agent({ name: 'A', model: scriptedModel([]) }).durability, 'turn');
    assert.equal(make(true, false).durability, 'turn');
    assert.equal(make(false, false).durability, 'step');
    assert.equal(make(true, true).durability, 'step');
    assert.equal(make(false, false, 'turn').durability, 'turn');
    assert.equal(make(true, false, 'step').durability, 'step');
  });

  it('cannot be the whole turn where a person has to be waited for', () => {
    assert.throws(() => make(true, true, 'turn'), { code: 'invalidAgent', message: /needs approval/ });
    assert.throws(() => make(true, false, 'half' as never), { code: 'invalidAgent', message: /durability/ });
  });
});
