import type { EntityBatchOutcome, EntityBatchRequest } from '../../src/engine/entity.ts';
import { entityKeys } from './program.ts';

/** Input of an operation. */
export interface OperationInput {
  id?: string;
  n?: number;
  expect?: number;
}

/** What an operation returned: its own id and what it saw. */
export interface OperationResult {
  id: string | undefined;
  sum: number;
  /** Only for `swap`: whether the entity was as the critical section had left it. */
  ok?: boolean;
}

interface State {
  sum: number;
  operations: number;
}

/**
 * The entity function of all programs: a counter, in the SDK's manner (what an operation wrote before it failed stays
 * in the batch's state). Pure.
 *
 * @throws Error for the operation `break`: then the function itself is broken
 */
export function countingEntity({ self, exists, state, batch }: EntityBatchRequest): EntityBatchOutcome {
  let current: State | undefined = state === null ? undefined : (JSON.parse(state) as State);
  const outcome: EntityBatchOutcome = { entityExists: exists, results: [], signals: [] };
  for (const { name, input } of batch) {
    const { id, n = 0, expect } = (input === null ? {} : JSON.parse(input)) as OperationInput;
    const { sum, operations }: State = current ?? { sum: 0, operations: 0 };
    const result: OperationResult = { id, sum };
    switch (name) {
      case 'add':
        result.sum = sum + n;
        break;
      case 'swap':
        result.ok = sum === expect;
        result.sum = n;
        break;
      case 'pass':
        outcome.signals.push({ target: next(self.key), name: 'add', input: JSON.stringify({ n }) });
        break;
      case 'fail':
        result.sum = sum + 1_000;
        break;
      case 'break':
        throw new Error('the entity function is broken');
      default:
        break;
    }
    const forget = name === 'forget';
    current = forget ? undefined : { sum: result.sum, operations: operations + 1 };
    outcome.entityExists = !forget;
    const failed = name === 'fail';
    outcome.results.push({ isError: failed, result: failed ? '{}' : JSON.stringify(result) });
  }
  if (current !== undefined) outcome.entityState = JSON.stringify(current);
  return outcome;
}

function next(key: string): { name: string; key: string } {
  const index = (entityKeys.indexOf(key) + 1) % entityKeys.length;
  return { name: 'counter', key: entityKeys[index]! };
}
