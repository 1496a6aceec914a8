import type { JsonObject } from '../json.ts';
import type { Usage } from './content.ts';

/** The sum of two usages. A count that neither has stays absent. */
export function addUsage(left: Usage | undefined, right: Usage | undefined): Usage | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  const sum: Usage = {};
  for (const key of ['inputTokenCount', 'outputTokenCount', 'totalTokenCount'] as const) {
    if (left[key] !== undefined || right[key] !== undefined) sum[key] = (left[key] ?? 0) + (right[key] ?? 0);
  }
  const extensionData = addDetails(left.extensionData, right.extensionData);
  if (extensionData !== undefined) sum.extensionData = extensionData;
  return sum;
}

/** Numbers are added; of anything else the later one stays. */
function addDetails(left: JsonObject | undefined, right: JsonObject | undefined): JsonObject | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  const sum: JsonObject = { ...left };
  for (const [key, value] of Object.entries(right)) {
    const before = sum[key];
    sum[key] = typeof before === 'number' && typeof value === 'number' ? before + value : value;
  }
  return sum;
}
