import type { HostError } from './host-error.ts';
import { hasTrigger, type RegisteredFunction } from './registered-function.ts';
import { RouteError } from './route-error.ts';
import { RouteTemplate, type RouteValues } from './route-template.ts';

/** One HTTP function and where it answers. */
export interface HttpRoute {
  readonly fn: RegisteredFunction;
  /** Upper case. */
  readonly methods: readonly string[];
  readonly template: RouteTemplate;
  /** With the route prefix and a leading slash, as registered. */
  readonly path: string;
  readonly disabled: boolean;
}

export interface RouteMatch {
  readonly route: HttpRoute;
  readonly values: RouteValues;
}

export interface RouterOptions {
  /** Default `api`. May be empty. */
  readonly routePrefix?: string;
  /** Default: none is. */
  readonly isDisabled?: (fn: RegisteredFunction) => boolean;
}

const DEFAULT_METHODS = ['GET', 'POST'];
const RESERVED = /^(?:admin|runtime)$/i;

/** Finds the function for a request. Routes are tried from the most to the least specific, then as registered. */
export class Router {
  readonly routes: readonly HttpRoute[];
  /** Functions that are left out, and why. */
  readonly problems: readonly { readonly fn: RegisteredFunction; readonly error: HostError }[];

  constructor(functions: readonly RegisteredFunction[], options: RouterOptions = {}) {
    const problems: { fn: RegisteredFunction; error: HostError }[] = [];
    const routes: HttpRoute[] = [];
    for (const fn of functions.filter((candidate) => hasTrigger(candidate, 'httpTrigger'))) {
      try {
        routes.push(toRoute(fn, options));
      } catch (error) {
        if (!(error instanceof RouteError)) {
          throw error;
        }
        problems.push({ fn, error });
      }
    }
    // The sort is stable, so equal routes stay in order of registration.
    this.routes = routes.sort((a, b) => compare(a.template.precedence, b.template.precedence));
    this.problems = problems;
  }

  /**
   * The function for a request, or `undefined`: no such path, no such method on it, or a disabled function. The real host
   * answers 404 to all three.
   *
   * @param method upper case
   * @param path decoded segments
   */
  match(method: string, path: readonly string[]): RouteMatch | undefined {
    for (const route of this.routes) {
      const values = route.methods.includes(method) ? route.template.match(path) : undefined;
      if (values) {
        return route.disabled ? undefined : { route, values };
      }
    }
    return undefined;
  }
}

function toRoute(fn: RegisteredFunction, options: RouterOptions): HttpRoute {
  const { route, methods } = fn.trigger;
  const prefix = (options.routePrefix ?? 'api').replace(/^\/+|\/+$/g, '');
  const own = (typeof route === 'string' ? route : fn.name).replace(/^\/+/, '');
  const text = [prefix, own].filter((part) => part !== '').join('/');
  if (RESERVED.test(text.split('/')[0] ?? '')) {
    throw new RouteError('reservedRoute', `Route "${text}" belongs to the host.`, 'Use another first segment.');
  }
  return {
    fn,
    methods: Array.isArray(methods) && methods.length > 0 ? methods.map(toMethod) : DEFAULT_METHODS,
    template: new RouteTemplate(text),
    path: `/${text}`,
    disabled: options.isDisabled?.(fn) ?? false,
  };
}

function toMethod(method: unknown): string {
  return String(method).toUpperCase();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
