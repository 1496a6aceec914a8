import type { IncomingHttpHeaders } from 'node:http';
import type { TraceContext } from './core-types.ts';

/** The trace a caller is part of, from its `traceparent`; absent when there is none or it is malformed. */
export function traceContextOf(headers: IncomingHttpHeaders): TraceContext | undefined {
  const { traceparent, tracestate } = headers;
  if (typeof traceparent !== 'string' || !/^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(traceparent)) {
    return undefined;
  }
  return {
    traceParent: traceparent,
    attributes: {},
    ...(typeof tracestate === 'string' && { traceState: tracestate }),
  };
}
