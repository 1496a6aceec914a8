import { type Counter, type Histogram, type MeterProvider, metrics, type Tracer, trace } from '@opentelemetry/api';

/** The name under which telemetry of this library is found. */
export const instrumentationName = 'durable-agents';

/** Bucket borders that the GenAI conventions ask for. */
const tokenBuckets = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];
const secondBuckets = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

export interface Instruments {
  tokenUsage: Histogram;
  modelDuration: Histogram;
  timeToFirstChunk: Histogram;
  turnDuration: Histogram;
  toolDuration: Histogram;
  turns: Counter;
  modelRetries: Counter;
  queueWait: Histogram;
}

let made: { provider: MeterProvider; instruments: Instruments } | undefined;

/** The instruments of the present meter provider; an app may set its own up after this library is loaded. */
export function instruments(): Instruments {
  const provider = metrics.getMeterProvider();
  if (made?.provider !== provider) made = { provider, instruments: make(provider) };
  return made.instruments;
}

/** Does nothing until the app sets up a tracing SDK. */
export function tracer(): Tracer {
  return trace.getTracer(instrumentationName);
}

function make(provider: MeterProvider): Instruments {
  const meter = provider.getMeter(instrumentationName);
  const seconds = (name: string, description: string) =>
    meter.createHistogram(name, {
      description,
      unit: 's',
      advice: { explicitBucketBoundaries: secondBuckets },
    });
  return {
    tokenUsage: meter.createHistogram('gen_ai.client.token.usage', {
      description: 'Number of input and output tokens used.',
      unit: '{token}',
      advice: { explicitBucketBoundaries: tokenBuckets },
    }),
    modelDuration: seconds('gen_ai.client.operation.duration', 'Duration of model calls, with their retries.'),
    timeToFirstChunk: seconds('gen_ai.client.operation.time_to_first_chunk', 'Time until a model began to answer.'),
    turnDuration: seconds('gen_ai.invoke_agent.duration', 'Duration of turns.'),
    toolDuration: seconds('gen_ai.execute_tool.duration', 'Duration of tool calls.'),
    turns: meter.createCounter('durable_agents.turns', {
      description: 'Turns that ended, by outcome.',
      unit: '{turn}',
    }),
    modelRetries: meter.createCounter('durable_agents.model.retries', {
      description: 'Model calls that were repeated after an error.',
      unit: '{retry}',
    }),
    queueWait: seconds('durable_agents.turn.queue_wait', 'Time from a message to the beginning of its turn.'),
  };
}
