import { HostError } from './host-error.ts';

/** A route that cannot be served. Only the function it belongs to is left out. */
export class RouteError extends HostError {
  override readonly name: string = 'RouteError';
  declare readonly code: 'invalidRoute' | 'reservedRoute';

  constructor(code: RouteError['code'], problem: string, fix: string) {
    super(code, problem, fix);
  }
}

export function invalidRoute(template: string, reason: string): RouteError {
  return new RouteError('invalidRoute', `Route "${template}" is not valid: ${reason}.`, 'Correct the route.');
}
