import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { HttpCallRequest, HttpCallResponse } from '../engine/http-call.ts';
import { AddressPolicy } from '../outbound/address-policy.ts';
import { guardedRequest, OutboundError } from '../outbound/guarded-request.ts';

/** Time for one request of `callHttp`, in milliseconds; that of .NET's HTTP client. */
const timeoutMs = 100_000;
/** Largest answer that `callHttp` takes, in bytes. */
const maxBytes = 16 * 1024 * 1024;

/** Gives a bearer token for a resource. */
export type TokenSource = (resource: string) => Promise<string>;

/**
 * Makes the HTTP call of an orchestrator (`context.df.callHttp`). Any status is an answer; only a call that was not
 * made or got no answer rejects.
 *
 * @throws OutboundError
 */
export async function runHttpActivity(
  request: HttpCallRequest,
  options: { policy: AddressPolicy; token: TokenSource },
): Promise<HttpCallResponse> {
  if (typeof request.uri !== 'string' || !URL.canParse(request.uri)) {
    throw new OutboundError('invalidRequest', `callHttp needs an absolute URL, not "${request.uri}".`);
  }
  const headers = { ...request.headers };
  if (request.tokenSource) headers.authorization = `Bearer ${await options.token(request.tokenSource.resource)}`;
  const response = await guardedRequest(
    {
      method: request.method.toUpperCase(),
      url: new URL(request.uri),
      headers,
      body: request.content ?? undefined,
    },
    { policy: options.policy, timeoutMs, maxBytes },
  );
  return { statusCode: response.status, content: response.body, headers: response.headers };
}

/** Tokens from the app's own `@azure/identity`, which is loaded when the first one is asked for. */
export function identityTokens(appDirectory: string): TokenSource {
  return async (resource) => {
    const scope = resource.endsWith('/.default') ? resource : `${resource.replace(/\/$/, '')}/.default`;
    let identity: { DefaultAzureCredential: new () => { getToken(scope: string): Promise<{ token: string } | null> } };
    try {
      identity = createRequire(join(appDirectory, 'package.json'))('@azure/identity');
    } catch (cause) {
      throw new OutboundError(
        'invalidRequest',
        'callHttp with a token source needs the package @azure/identity. Install it in the app.',
        { cause },
      );
    }
    const token = await new identity.DefaultAzureCredential().getToken(scope);
    if (token === null) throw new OutboundError('requestFailed', `No token for ${resource}.`);
    return token.token;
  };
}

/** The hosts that the app's settings let `callHttp` reach though they are not on the internet. */
export function policyFromSettings(environment: NodeJS.ProcessEnv = process.env): AddressPolicy {
  return new AddressPolicy(environment.DURABLE_HTTP_ALLOWED_HOSTS);
}
