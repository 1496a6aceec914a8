import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  type DataPoint,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';

/** Sets up tracing and metrics of this process, in memory. Once a test file: they are global. */
export function setUpTelemetry() {
  const spans = new InMemorySpanExporter();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
  const exporter = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2_000_000_000 });
  // The SDK may bring its own copy of the API, with types of its own.
  type Provider = Parameters<typeof metrics.setGlobalMeterProvider>[0];
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }) as unknown as Provider);
  return {
    spans,
    /** The data points since the last call, by metric. */
    async metrics(): Promise<Map<string, DataPoint<number | Histogram>[]>> {
      exporter.reset();
      await reader.forceFlush();
      const found = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
      return new Map(
        found.map(({ descriptor, dataPoints }) => [descriptor.name, dataPoints as DataPoint<number | Histogram>[]]),
      );
    },
    stop: () => reader.shutdown(),
  };
}
