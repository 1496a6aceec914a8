import type { FunctionsApp } from './functions-app.ts';
import type { PlainResponse } from './http-response.ts';
import type { Router } from './router.ts';

/** What is being served; absent while the app is loading. */
export interface Serving {
  readonly app: FunctionsApp;
  readonly router: Router;
}

/** The host's own pages: home, status and list of functions. `undefined` when the path is none of them. */
export function answerAdmin(method: string, url: URL, serving: Serving | undefined): PlainResponse | undefined {
  if (method !== 'GET' && method !== 'HEAD') {
    return undefined;
  }
  switch (url.pathname.toLowerCase()) {
    case '/':
      return { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: homeText(serving) };
    case '/admin/host/status':
      return json({ state: serving ? 'Running' : 'Initialized', processUptime: Math.round(process.uptime() * 1000) });
    case '/admin/functions':
      return json(serving ? describeFunctions(serving, url.origin) : []);
    default:
      return undefined;
  }
}

function homeText(serving: Serving | undefined): string {
  return serving
    ? `The Functions app is running with ${serving.app.functions.length} functions. They are listed at /admin/functions.\n`
    : 'The Functions app is starting.\n';
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
