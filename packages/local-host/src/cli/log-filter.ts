import type { LogThreshold } from '../functions/settings.ts';
import { LOG_LEVELS, type LogEntry } from '../log.ts';

const ORDER: readonly LogThreshold[] = [...LOG_LEVELS, 'none'];

/**
 * Decides by `host.json`'s `logging.logLevel` what is shown: the longest entry that is the category or a dotted prefix of
 * it sets the threshold, else `default`, else information.
 *
 * @param verbose show debug lines too, except where a category has a threshold of its own
 */
export function createLogFilter(
  levels: Readonly<Record<string, LogThreshold>>,
  verbose = false,
): (entry: LogEntry) => boolean {
  const rules = Object.entries(levels).map(([category, level]) => ({ prefix: category.toLowerCase(), level }));
  const fallback = verbose ? 'debug' : (rules.find(({ prefix }) => prefix === 'default')?.level ?? 'information');
  const prefixes = rules.filter(({ prefix }) => prefix !== 'default').sort((a, b) => b.prefix.length - a.prefix.length);
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
