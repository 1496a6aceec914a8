import type { AppInvocationContext, RetryContext, TraceContext } from './core-types.ts';
import type { NamedBinding, RegisteredFunction } from './registered-function.ts';
import type { TypedData } from './typed-data.ts';

/**
 * A value for a binding. `live` hands the object over as it is, without a round trip through text; `data` takes the way
 * it takes on Azure.
 */
export type InputValue =
  | { readonly kind: 'live'; readonly value: unknown }
  | { readonly kind: 'data'; readonly data: TypedData };

export interface InvokeRequest {
  readonly trigger: InputValue;
  readonly triggerMetadata?: Readonly<Record<string, TypedData>>;
  /** By binding name. What is not here is asked of `ResolveInput`. */
  readonly extraInputs?: Readonly<Record<string, InputValue>>;
  readonly retryContext?: RetryContext;
  readonly traceContext?: TraceContext;
  /** Give back what the handler returned instead of its wire form. Output bindings are then not converted. */
  readonly raw?: boolean;
  /** Default: a new UUID. */
  readonly invocationId?: string;
}

/** Supplies an input binding that is not a trigger (durable clients). `undefined` leaves the binding without a value. */
export type ResolveInput = (
  binding: NamedBinding,
  invocation: { readonly invocationId: string; readonly fn: RegisteredFunction },
) => TypedData | undefined;

export interface InvokeResult {
  readonly invocationId: string;
  /** The `InvocationContext` that the handler was given. */
  readonly context: AppInvocationContext;
  /** What the handler returned, after the hooks. */
  readonly result: unknown;
  /** `result` when `raw` was asked for, else its wire form (`TypedData`, null or undefined). */
  readonly returnValue: unknown;
  readonly outputData: readonly { readonly name: string; readonly data: TypedData }[];
}
