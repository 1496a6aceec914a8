import type { AppInvocationContext } from './core-types.ts';

/** What is read of the durable library's context. */
interface DurableContext {
  readonly isReplaying?: unknown;
  readonly taskOrchestratorExecutor?: { readonly _isReplaying?: unknown } | null;
}

/**
 * Whether an orchestrator is only going again over what it did in earlier episodes, so that what it logs was logged then.
 *
 * The public `df.isReplaying` is not enough: it is also true when new code asks for a task that had ended before, and a
 * line dropped for that would be lost. The library's own position in the history tells the two apart, where it has one.
 */
export function isReplaying(context: AppInvocationContext | undefined): boolean {
  const df = context?.df as DurableContext | null | undefined;
  const position = df?.taskOrchestratorExecutor?._isReplaying;
  return (typeof position === 'boolean' ? position : df?.isReplaying) === true;
}
