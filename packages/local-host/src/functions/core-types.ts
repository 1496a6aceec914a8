import type { LogLevel } from '../log.ts';
import type { TypedData } from './typed-data.ts';

/** What `@azure/functions` expects of the module `@azure/functions-core`, as far as a host has to know. */
export interface Binding {
  readonly type: string;
  readonly name?: string;
  readonly direction?: string;
  readonly [property: string]: unknown;
}

export interface FunctionMetadata {
  readonly name?: string;
  readonly functionId?: string;
  readonly bindings: Readonly<Record<string, Binding>>;
  readonly retryOptions?: RetryOptions | undefined;
}

/** Retry policy of a whole function, as registered. Durations carry seconds. */
export interface RetryOptions {
  readonly retryStrategy?: string;
  readonly maxRetryCount?: number;
  readonly delayInterval?: { readonly seconds?: number };
  readonly minimumInterval?: { readonly seconds?: number };
  readonly maximumInterval?: { readonly seconds?: number };
}

export type FunctionCallback = (...inputs: unknown[]) => unknown;

export type CoreLogLevel = LogLevel | 'none';
export type LogCategory = 'user' | 'system' | 'customMetric';

export interface RetryContext {
  readonly retryCount: number;
  readonly maxRetryCount: number;
  readonly exception?: { readonly message?: string; readonly source?: string; readonly stackTrace?: string };
}

export interface TraceContext {
  readonly traceParent?: string;
  readonly traceState?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface InvocationRequest {
  readonly invocationId: string;
  readonly functionId: string;
  readonly inputData: readonly { readonly name: string; readonly data: TypedData }[];
  readonly triggerMetadata: Readonly<Record<string, TypedData>>;
  readonly traceContext?: TraceContext;
  readonly retryContext?: RetryContext;
}

/** The host's side of one invocation, handed to the programming model. */
export interface CoreInvocationContext {
  readonly invocationId: string;
  readonly request: InvocationRequest;
  readonly metadata: { readonly name: string; readonly bindings: Readonly<Record<string, Binding>> };
  state: 'preInvocationHooks' | 'invocation' | 'postInvocationHooks' | undefined;
  log(level: CoreLogLevel, category: LogCategory, message: string): void;
}

/** The `InvocationContext` that user code receives. Extensions hang their own fields on it (`df`). */
export interface AppInvocationContext {
  readonly invocationId: string;
  readonly functionName: string;
  readonly extraInputs: { get(name: string): unknown; set(name: string, value: unknown): void };
  readonly extraOutputs: { get(name: string): unknown; set(name: string, value: unknown): void };
  readonly [extension: string]: unknown;
}

export interface InvocationModel {
  getArguments(): Promise<{ context: AppInvocationContext; inputs: unknown[] }>;
  invokeFunction(context: AppInvocationContext, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(
    context: AppInvocationContext,
    result: unknown,
  ): Promise<{ returnValue?: TypedData | null; outputData?: { name: string; data: TypedData }[] }>;
}

/** What `@azure/functions` registers once, when its first function or hook is declared. */
export interface ProgrammingModel {
  readonly name: string;
  readonly version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel | Promise<InvocationModel>;
  getCapabilities?(defaults: Record<string, string>): Record<string, string> | Promise<Record<string, string>>;
}
