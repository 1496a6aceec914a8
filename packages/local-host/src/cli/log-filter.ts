import type { LogThreshold } from '../functions/settings.ts';
import { LOG_LEVELS, type LogEntry } from '../log.ts';

const ORDER: readonly LogThreshold[] = [...LOG_LEVELS, 'none'];

/**
 * Decides by `host.json`'s `logging.logLevel` what is shown: the longest entry that is the category or a dotted prefix of
 * it sets the threshold, else `default`, else information.
 *
 * @param verbose show debug lines where host.json says nothing
 */
export function createLogFilter(
  levels: Readonly<Record<string, LogThreshold>>,
  verbose = false,
): (entry: LogEntry) => boolean {
  const fallback = levels['default'] ?? levels['Default'] ?? (verbose ? 'debug' : 'information');
  const prefixes = Object.entries(levels)
    .filter(([category]) => category.toLowerCase() !== 'default')
    .map(([category, level]) => ({ prefix: category.toLowerCase(), level }))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  const known = new Map<string, number>();

  const thresholdOf = (category: string): number => {
    const name = category.toLowerCase();
    const rule = prefixes.find(({ prefix }) => name === prefix || name.startsWith(`${prefix}.`));
    return ORDER.indexOf(rule?.level ?? fallback);
  };
  return ({ category, level }) => {
    let threshold = known.get(category);
    if (threshold === undefined) {
      threshold = thresholdOf(category);
      known.set(category, threshold);
    }
    return ORDER.indexOf(level) >= threshold;
  };
}
