import { boundText } from './bound-text.ts';

const maxDepth = 5;

/**
 * One line for whatever was thrown: name and message, the cause chain, the members of an AggregateError.
 * No stack. At most `maxBytes` bytes of UTF-8.
 */
export function describeError(thrown: unknown, maxBytes = 1024): string {
  try {
    return boundText(describe(thrown, 0), maxBytes);
  } catch {
    // A getter of the thrown value threw in turn.
    return 'An error that cannot be read was thrown.';
  }
}

/** The stack of whatever was thrown, for logs only. */
export function errorStack(thrown: unknown): string | undefined {
  try {
    return thrown instanceof Error && typeof thrown.stack === 'string' ? boundText(thrown.stack, 16_384) : undefined;
  } catch {
    // Stacks are made on demand, from getters that may throw.
    return undefined;
  }
}

function describe(thrown: unknown, depth: number): string {
  if (!(thrown instanceof Error)) return describeNonError(thrown);
  let text = thrown.message === '' ? thrown.name : `${thrown.name}: ${thrown.message}`;
  if (depth >= maxDepth) return text;
  if (thrown instanceof AggregateError && thrown.errors.length > 0) {
    const shown = thrown.errors.slice(0, 5).map((inner) => describe(inner, depth + 1));
    const left = thrown.errors.length - shown.length;
    text += ` [${shown.join('; ')}${left > 0 ? `; and ${left} more` : ''}]`;
  }
  if (thrown.cause !== undefined) text += ` (cause: ${describe(thrown.cause, depth + 1)})`;
  return text;
}

function describeNonError(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown === '' ? 'An empty string was thrown.' : thrown;
  if (typeof thrown !== 'object' || thrown === null) return `${String(thrown)} was thrown instead of an Error.`;
  try {
    return `An object was thrown instead of an Error: ${JSON.stringify(thrown)}`;
  } catch {
    // A circular object or a throwing getter: its type is all that can be said safely.
    return `An object was thrown instead of an Error: ${Object.prototype.toString.call(thrown)}`;
  }
}
