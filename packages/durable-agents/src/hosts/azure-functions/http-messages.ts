import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { readBody } from '../../http/read-body.ts';
import type { HttpReply } from '../../http/reply.ts';
import type { RawRequest } from '../../http/run-request.ts';

export function rawRequest(request: HttpRequest): RawRequest {
  return {
    header: (name) => request.headers.get(name),
    query: request.query,
    readBody: (maxBytes) => readBody(request.body, request.headers.get('content-length'), maxBytes),
  };
}

export function toResponse({ status, headers, body }: HttpReply): HttpResponseInit {
  return { status, headers, body };
}
