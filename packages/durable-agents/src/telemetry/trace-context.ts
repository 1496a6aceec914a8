import { context, createTraceState, isSpanContextValid, type Span, type SpanContext, trace } from '@opentelemetry/api';
import type { JsonObject } from '../json.ts';

/**
 * A place in a trace, as W3C Trace Context writes it. It travels in run requests and step inputs, from process to
 * process. Written here and not by the app's propagator: both ends are ours, whatever the app speaks to others.
 */
export interface TraceCarrier extends JsonObject {
  traceparent: string;
  tracestate?: string;
}

const traceParent = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
/** Longest tracestate that is passed on, in characters. */
const maxTraceState = 512;

/**
 * The present place in the trace. Without a tracing SDK there is none of our own: then `incoming`, the caller's, is
 * passed on, so that a trace is not cut by a part that does not trace.
 */
export function injectTrace(incoming?: TraceCarrier): TraceCarrier | undefined {
  const span = trace.getActiveSpan();
  return (span && carrierOf(span)) ?? incoming;
}

/** The place of a span. */
export function carrierOf(span: Span): TraceCarrier | undefined {
  const spanContext = span.spanContext();
  if (!isSpanContextValid(spanContext)) return undefined;
  const { traceId, spanId, traceFlags, traceState } = spanContext;
  const flags = traceFlags.toString(16).padStart(2, '0');
  return readTrace(`00-${traceId}-${spanId}-${flags}`, traceState?.serialize());
}

/** What a caller sent as `traceparent` and `tracestate`; `undefined` if it is absent or not valid. */
export function readTrace(traceparent: unknown, tracestate?: unknown): TraceCarrier | undefined {
  if (typeof traceparent !== 'string' || parse(traceparent) === undefined) return undefined;
  const isUsable = typeof tracestate === 'string' && tracestate !== '' && tracestate.length <= maxTraceState;
  return { traceparent, ...(isUsable && { tracestate }) };
}

/** The carrier in a stored or received request; whatever else is there counts as none. */
export function readCarrier(value: unknown): TraceCarrier | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { traceparent, tracestate } = value as Record<string, unknown>;
  return readTrace(traceparent, tracestate);
}

/** Calls `work` so that spans begun in it are children of the carrier's. Without one it is just called. */
export function withRemoteParent<Result>(carrier: TraceCarrier | undefined, work: () => Result): Result {
  const parent = carrier && parse(carrier.traceparent);
  if (carrier === undefined || parent === undefined) return work();
  const { tracestate } = carrier;
  const traceState = tracestate === undefined ? {} : { traceState: createTraceState(tracestate) };
  return context.with(trace.setSpanContext(context.active(), { ...parent, ...traceState }), work);
}

function parse(text: string): SpanContext | undefined {
  const [, version, traceId, spanId, flags, rest] = traceParent.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  // Version 00 ends after the flags, later ones may go on; ff is not allowed.
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  const spanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(spanContext) ? spanContext : undefined;
}
