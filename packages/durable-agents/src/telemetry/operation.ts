import { type Attributes, type Span, type SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { DurableAgentError } from '../errors.ts';
import { tracer } from './instruments.ts';
import type { TraceCarrier } from './trace-context.ts';
import { withRemoteParent } from './trace-context.ts';

export interface Operation<Result> {
  /** The span's name. */
  name: string;
  kind: SpanKind;
  /** Known at the start, so that samplers see them. */
  attributes: Attributes;
  /** Where the span belongs; default: under the present span. */
  parent?: TraceCarrier | undefined;
  /** Code of the error that a result stands for, if it stands for one. */
  errorOf?: ((result: Result) => string | undefined) | undefined;
  /** Called at the end, whatever it was. */
  record?:
    | ((end: { seconds: number; errorType: string | undefined; result: Result | undefined; span: Span }) => void)
    | undefined;
}

/**
 * Does some work in a span of its own. Errors leave their code in the span and nothing of their text, which may quote
 * what a user said or hold a secret.
 */
export async function inSpan<Result>(
  operation: Operation<Result>,
  work: (span: Span) => Promise<Result>,
): Promise<Result> {
  const { name, kind, attributes, parent, errorOf, record } = operation;
  return withRemoteParent(parent, () =>
    tracer().startActiveSpan(name, { kind, attributes }, async (span) => {
      const startedAt = performance.now();
      let result: Result | undefined;
      let errorType: string | undefined;
      try {
        result = await work(span);
        errorType = errorOf?.(result);
        return result;
      } catch (error) {
        errorType = errorTypeOf(error);
        throw error;
      } finally {
        if (errorType !== undefined) markFailed(span, errorType);
        record?.({ seconds: (performance.now() - startedAt) / 1000, errorType, result, span });
        span.end();
      }
    }),
  );
}

export function markFailed(span: Span, errorType: string): void {
  span.setAttribute('error.type', errorType);
  span.setStatus({ code: SpanStatusCode.ERROR, message: errorType });
}

/** A name for an error that is one of few: our code, or the class. */
export function errorTypeOf(error: unknown): string {
  if (DurableAgentError.is(error)) return error.code;
  return error instanceof Error && /^\w{1,64}$/.test(error.name) ? error.name : '_OTHER';
}

/** Attributes without those that are not known. */
export function known(attributes: Record<string, string | number | boolean | string[] | undefined>): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}
