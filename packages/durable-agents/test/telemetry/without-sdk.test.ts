import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunOutcome } from '../../src/agent/effects.ts';
import { silentLogger } from '../../src/log.ts';
import { traceToolCall } from '../../src/telemetry/tool-telemetry.ts';
import { injectTrace, withRemoteParent } from '../../src/telemetry/trace-context.ts';
import { traceLogger } from '../../src/telemetry/trace-logger.ts';
import { traceTurn } from '../../src/telemetry/turn-telemetry.ts';

const remote = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
const outcome: RunOutcome = { status: 'completed', response: { text: 'a', messages: [] } };
const call = { callId: 'c', name: 'look', iteration: 1, index: 0 };
const model = { provider: 'openai', modelId: undefined };

describe('without a telemetry SDK', () => {
  it('the work is done, errors come through, and the trace of the caller is passed on', async () => {
    const facts = { agentName: 'Joker', sessionId: 's', correlationId: 'r', model, traceContext: remote };
    const result = await traceTurn(facts, {}, async () => {
      const seen = await traceToolCall({ agentName: 'Joker', sessionId: 's', call }, {}, async () => 'seen');
      assert.equal(seen, 'seen');
      assert.deepEqual(injectTrace(remote), remote);
      return outcome;
    });
    assert.equal(result, outcome);
    const broken = traceTurn(facts, {}, async () => {
      throw new RangeError('broken');
    });
    await assert.rejects(broken, RangeError);
    assert.deepEqual(
      withRemoteParent(remote, () => injectTrace(remote)),
      remote,
    );
    const fields: unknown[] = [];
    traceLogger({ ...silentLogger, info: (_, given) => void fields.push(given) }).info('x', { a: 1 });
    assert.deepEqual(fields, [{ a: 1 }]);
  });
});
