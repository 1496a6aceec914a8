import { app } from '@azure/functions';
import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

const spans = new InMemorySpanExporter();
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2_000_000_000 });

if (process.env.WITH_SDK !== 'no') {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
}

const spanJson = (span) => {
  const { traceId, spanId, traceState } = span.spanContext();
  const { name, kind, attributes, events, status, parentSpanContext } = span;
  const place = { traceId, spanId, traceState: traceState?.serialize(), parentId: parentSpanContext?.spanId };
  return { name, kind, attributes, events, status, resource: span.resource.attributes, ...place };
};

/** Everything that would leave the process. */
app.http('telemetry', {
  methods: ['GET'],
  authLevel: 'anonymous',
  handler: async () => {
    exporter.reset();
    await reader.forceFlush().catch(() => {});
    const found = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    return {
      jsonBody: {
        spans: spans.getFinishedSpans().map(spanJson),
        metrics: found.map(({ descriptor, dataPoints }) => ({
          name: descriptor.name,
          unit: descriptor.unit,
          dataPoints,
        })),
      },
    };
  },
});
