import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import type { JsonObject } from '../../src/json.ts';
import { injectTrace, readCarrier, readTrace, withRemoteParent } from '../../src/telemetry/trace-context.ts';
import { traceTurn } from '../../src/telemetry/turn-telemetry.ts';
import { setUpTelemetry } from './spans.ts';

const telemetry = setUpTelemetry();
const remote = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'vendor=1' };
const facts = {
  agentName: 'Joker',
  sessionId: '@dafx-joker@s',
  correlationId: 'run1',
  model: { provider: 'openai', modelId: 'gpt-5' },
  traceContext: remote,
};

after(() => telemetry.stop());

describe('a trace carrier', () => {
  it('is that of the present span; else the one that came in', async () => {
    assert.equal(injectTrace(), undefined);
    assert.deepEqual(injectTrace(remote), remote);
    let carrier: JsonObject | undefined;
    await traceTurn(facts, {}, async () => {
      carrier = injectTrace(remote);
      return { status: 'completed', response: { text: '', messages: [] } };
    });
    const { spanId } = telemetry.spans.getFinishedSpans()[0]!.spanContext();
    assert.deepEqual(carrier, {
      traceparent: `00-0af7651916cd43dd8448eb211c80319c-${spanId}-01`,
      tracestate: 'vendor=1',
    });
  });

  it('that is not valid is none', () => {
    const id = '0af7651916cd43dd8448eb211c80319c';
    const bad = [
      '',
      'x',
      `00-${id}-b7ad6b7169203331`,
      `ff-${id}-b7ad6b7169203331-01`,
      `00-${id.toUpperCase()}-b7ad6b7169203331-01`,
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
      `00-${id}-${'0'.repeat(16)}-01`,
      `00-${id}-b7ad6b7169203331-01-more`,
      `00-${id}-b7ad6b7169203331-01\r\nx: y`,
    ];
    for (const traceparent of bad) assert.equal(readTrace(traceparent), undefined, traceparent);
    for (const value of [undefined, null, 'text', 1, {}, { traceparent: 1 }])
      assert.equal(readCarrier(value), undefined);
    assert.deepEqual(readCarrier({ ...remote, other: 1 }), remote);
    assert.deepEqual(readTrace(remote.traceparent, 'x'.repeat(10_000)), { traceparent: remote.traceparent });
    assert.equal(
      withRemoteParent(undefined, () => 'called'),
      'called',
    );
    assert.equal(
      withRemoteParent({ traceparent: 'bad' }, () => 'called'),
      'called',
    );
  });
});
