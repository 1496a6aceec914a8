import { isSpanContextValid, trace } from '@opentelemetry/api';
import type { JsonObject } from '../json.ts';
import type { Logger } from '../log.ts';

/** A logger that adds `trace_id` and `span_id` of the present span, so that logs can be found from a trace. */
export function traceLogger(log: Logger): Logger {
  const write = (level: keyof Logger) => (message: string, fields?: JsonObject) => {
    const spanContext = trace.getActiveSpan()?.spanContext();
    if (spanContext === undefined || !isSpanContextValid(spanContext)) return log[level](message, fields);
    return log[level](message, { ...fields, trace_id: spanContext.traceId, span_id: spanContext.spanId });
  };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
