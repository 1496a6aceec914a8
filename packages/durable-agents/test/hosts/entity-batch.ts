import type { FunctionsCore } from './functions-core.ts';

export interface EntityOperation {
  name: string;
  input?: unknown;
}

export interface EntityBatchResult {
  entityExists: boolean;
  entityState?: string;
  results: { isError: boolean; result?: string }[];
}

/** Runs operations on one entity in one batch, over the text protocol of the Durable extension. */
export async function runBatch(
  core: FunctionsCore,
  functionName: string,
  key: string,
  state: string | undefined,
  operations: readonly EntityOperation[],
): Promise<EntityBatchResult> {
  const batch = operations.map(({ name, input }) => ({
    name,
    input: input === undefined ? '' : JSON.stringify(input),
    isSignal: false,
  }));
  const self = { name: functionName.toLowerCase(), key };
  const request = { self, exists: state !== undefined, state: state ?? null, batch };
  const returned = await core.invoke(functionName, { string: JSON.stringify(request) });
  return JSON.parse(String(returned?.json)) as EntityBatchResult;
}
