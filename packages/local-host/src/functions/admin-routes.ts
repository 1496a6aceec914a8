import type { ServableApp } from './functions-app.ts';
import type { PlainResponse } from './http-response.ts';
import type { Router } from './router.ts';

/** What is being served; absent while the app is loading. */
export interface Serving {
  readonly app: ServableApp;
  readonly router: Router;
}

/** The host's status and the list of its functions. `undefined` when the path is neither. */
export function answerAdmin(
  method: string,
  url: URL,
  serving: Serving | undefined,
  problem?: string,
): PlainResponse | undefined {
  if (method !== 'GET' && method !== 'HEAD') {
    return undefined;
  }
  switch (url.pathname.toLowerCase()) {
    case '/admin/host/status':
      return json({
        state: problem === undefined ? (serving ? 'Running' : 'Initialized') : 'Error',
        ...(problem !== undefined && { errors: [problem] }),
        processUptime: Math.round(process.uptime() * 1000),
      });
    case '/admin/functions':
      return json(serving ? describeFunctions(serving, url.origin) : []);
    default:
      return undefined;
  }
}

/** What stands at `/` as long as no function answers there. */
export function homePage(method: string, url: URL, { app }: Serving): PlainResponse | undefined {
  if (url.pathname !== '/' || (method !== 'GET' && method !== 'HEAD')) {
    return undefined;
  }
  const body = `The Functions app is running with ${app.functions.length} functions, listed at /admin/functions.\n`;
  return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body };
}

function describeFunctions({ app, router }: Serving, origin: string): object[] {
  return app.functions.map((fn) => {
    const route = router.routes.find((candidate) => candidate.fn === fn);
    return {
      name: fn.name,
      language: 'node',
      isDisabled: route?.disabled ?? false,
      invoke_url_template: route ? origin + route.path : null,
      config: { bindings: Object.entries(fn.bindings).map(([name, binding]) => ({ ...binding, name })) },
    };
  });
}

function json(value: unknown): PlainResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/json; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body: JSON.stringify(value),
  };
}
