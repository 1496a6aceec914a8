/** Which instances this app may run, by their version (`versionMatchStrategy` of host.json). */
export type VersionMatch = 'None' | 'Strict' | 'CurrentOrOlder';

export interface VersionPolicy {
  /** Version of the app (`defaultVersion`): new instances get it, and others are compared with it. */
  current: string;
  match: VersionMatch;
  /** What becomes of an instance that does not match: it waits for an app that does, or fails. */
  onMismatch: 'Reject' | 'Fail';
}

export function matches(policy: VersionPolicy | undefined, version: string): boolean {
  if (policy === undefined || policy.match === 'None') return true;
  const order = compareVersions(version, policy.current);
  return policy.match === 'Strict' ? order === 0 : order <= 0;
}

/**
 * Numbers and dotted numbers are compared by their parts, anything else as text without case; no version at all comes
 * before every other. Negative, zero or positive as for sorting.
 */
export function compareVersions(a: string, b: string): number {
  if (a === '' || b === '') return Number(a !== '') - Number(b !== '');
  const [left, right] = [parts(a), parts(b)];
  if (left === undefined || right === undefined) return compareText(a.toLowerCase(), b.toLowerCase());
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function parts(version: string): number[] | undefined {
  return /^\d+(\.\d+)*$/.test(version) ? version.split('.').map(Number) : undefined;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
