import type { HttpRoute } from './router.ts';

/**
 * Warnings about functions that no request can reach, because another function has the same route and method and was
 * registered before.
 *
 * @param routes in the order they are tried
 */
export function routeConflicts(routes: readonly HttpRoute[]): string[] {
  const owners = new Map<string, HttpRoute>();
  const warnings: string[] = [];
  for (const route of routes) {
    const lost = new Map<HttpRoute, string[]>();
    for (const method of route.methods) {
      const key = `${method} ${shapeOf(route.path)}`;
      const owner = owners.get(key);
      if (owner === undefined) {
        owners.set(key, route);
      } else if (owner !== route) {
        lost.set(owner, [...(lost.get(owner) ?? []), method]);
      }
    }
    for (const [owner, methods] of lost) {
      const what = `Functions "${owner.fn.name}" and "${route.fn.name}" both answer ${methods.join(', ')} ${route.path}.`;
      warnings.push(`${what} "${owner.fn.name}" was registered first and gets the requests. Give one another route.`);
    }
  }
  return warnings;
}

/** A route without what makes no difference to the requests it takes: case, and the names of its parameters. */
function shapeOf(path: string): string {
  return path.toLowerCase().replace(/\{(\*{0,2})[^:=?*/{}]+/g, '{$1');
}
