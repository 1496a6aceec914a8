import { hasTrigger, type RegisteredFunction } from '../functions/registered-function.ts';
import type { Router } from '../functions/router.ts';
import { printable } from './printable.ts';

/**
 * The list of functions that is printed at the start: HTTP functions with methods and URL, then the others with their
 * trigger type, each sorted by name.
 *
 * @param baseUrl where the host answers, without a trailing slash
 */
export function renderBanner(
  functions: readonly RegisteredFunction[],
  router: Pick<Router, 'routes'>,
  baseUrl: string,
): string {
  const http = [...router.routes]
    .sort((a, b) => compare(a.fn.name, b.fn.name))
    .map(({ fn, methods, path, disabled }) =>
      disabled ? `${fn.name}: disabled` : `${fn.name}: [${methods.join(',')}] ${baseUrl}${path}`,
    );
  const others = functions
    .filter((fn) => !hasTrigger(fn, 'httpTrigger'))
    .sort((a, b) => compare(a.name, b.name))
    .map((fn) => `${fn.name}: ${fn.trigger.type}`);
  const lines = [...http, ...others].map((line) => `\t${printable(line)}\n`);
  return `\nFunctions:\n\n${lines.join('\n')}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
