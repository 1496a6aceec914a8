import type { Logger } from '../log.ts';
import type { FunctionsApp } from './functions-app.ts';
import { HostError } from './host-error.ts';
import type { PlainResponse } from './http-response.ts';
import type { MountHandler } from './mounts.ts';
import { hasTrigger, type RegisteredFunction } from './registered-function.ts';
import { decodePath } from './request-path.ts';
import { isJsonObject, lookUp } from './settings-file.ts';

export const ADMIN_INVOKE_PREFIX = '/admin/functions';

export interface AdminInvokeParts {
  readonly app: Pick<FunctionsApp, 'find' | 'invoke'>;
  /** Timer functions get what their schedule would give them. May throw a HostError. */
  readonly timers: { runNow(fn: RegisteredFunction): void };
  readonly logger: Logger;
}

/**
 * `POST /admin/functions/{name}` with `{"input": "text"}`: runs a function that no request triggers, in the background and
 * whether or not it is switched off. 202 says that it was started; how it went is in the log. Stands under
 * `ADMIN_INVOKE_PREFIX`.
 */
export function adminInvoke(parts: AdminInvokeParts): MountHandler {
  return async ({ method, url, body }) => {
    const [name, ...more] = decodePath(url.pathname)?.slice(2) ?? [];
    const fn = name === undefined || more.length > 0 ? undefined : parts.app.find(name);
    if (!fn) {
      return { status: 404 };
    }
    if (method !== 'POST') {
      return answer(405, 'Run a function with POST.', { allow: 'POST' });
    }
    const refusal = refusalFor(fn);
    if (refusal !== undefined) {
      return answer(400, refusal);
    }
    const input = readInput(body);
    if (input === undefined) {
      return answer(400, 'The body has to be JSON: {"input": "text"}. Write other values than text as JSON in it.');
    }
    if (!hasTrigger(fn, 'timerTrigger')) {
      runInBackground(parts, fn, input.text);
      return { status: 202 };
    }
    try {
      parts.timers.runNow(fn);
    } catch (error) {
      if (!(error instanceof HostError)) {
        throw error;
      }
      return answer(400, error.message);
    }
    return { status: 202 };
  };
}

function refusalFor(fn: RegisteredFunction): string | undefined {
  if (hasTrigger(fn, 'httpTrigger')) {
    return `Function "${fn.name}" is triggered by requests. Send one to its own URL.`;
  }
  if (['orchestrationTrigger', 'entityTrigger', 'activityTrigger'].some((type) => hasTrigger(fn, type))) {
    const how = 'start an orchestration, or signal an entity, from a function with a durable client, or over';
    return `Function "${fn.name}" has a ${fn.trigger.type}, which runs only as part of the durable engine: ${how} /runtime/webhooks/durabletask.`;
  }
  return undefined;
}

/** No `input`, or null, is no text; `undefined` when the body is malformed. */
function readInput(body: Buffer): { readonly text: string | undefined } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch {
    // Not JSON is one of the ways to be malformed.
    return undefined;
  }
  const input = lookUp(value, 'input') ?? undefined;
  return isJsonObject(value) && (input === undefined || typeof input === 'string') ? { text: input } : undefined;
}

function runInBackground({ app, logger }: AdminInvokeParts, fn: RegisteredFunction, text: string | undefined): void {
  const data = text === undefined ? {} : { string: text };
  app.invoke(fn, { trigger: { kind: 'data', data } }).catch((error: unknown) => {
    logger.withCategory(`Function.${fn.name}`).error(`Function "${fn.name}" failed`, error);
  });
}

function answer(status: number, text: string, headers: Readonly<Record<string, string>> = {}): PlainResponse {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff', ...headers },
    body: `${text}\n`,
  };
}
