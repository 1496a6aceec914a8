import type { JsonObject, JsonValue } from '../json.ts';
import { boundResult } from './bound-result.ts';
import { describeError } from './describe-error.ts';
import type { RunContext } from './run-context.ts';
import { toJsonResult } from './to-json-result.ts';

/** What a tool said while it ran. */
export interface ToolProgress {
  callId: string;
  /** Name of the tool. */
  name: string;
  data: JsonValue;
}

/**
 * The `emit` of one tool call, and what ends it: progress of a call that is over must not come after its result. Data
 * longer than `maxBytes` is cut as a result would be.
 */
export function progressOf(
  call: { callId: string; name: string },
  { onEvent, log }: Pick<RunContext, 'onEvent' | 'log'>,
  maxBytes: number,
): { emit: (data: JsonObject) => void; end: () => void } {
  let open = onEvent !== undefined;
  return {
    emit(data) {
      if (!open) return;
      try {
        const { callId, name } = call;
        onEvent?.({ callId, name, data: boundResult(toJsonResult(data), maxBytes) });
      } catch (error) {
        // Neither data without a JSON form nor a broken listener is a reason for the tool to fail.
        log.warn('Progress of a tool call was not reported.', { tool: call.name, error: describeError(error) });
      }
    },
    end() {
      open = false;
    },
  };
}
