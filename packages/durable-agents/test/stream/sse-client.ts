import assert from 'node:assert/strict';
import { readBody } from '../../src/http/read-body.ts';
import type { HttpReply } from '../../src/http/reply.ts';
import type { HttpStreamReply, RunStreamEndpoint } from '../../src/http/stream-endpoint.ts';
import { formatSessionId, type SessionKey } from '../../src/ids.ts';
import { silentLogger } from '../../src/log.ts';
import type { StreamStore, TurnKey } from '../../src/stream/stream-store.ts';

export const key: TurnKey = { sessionId: formatSessionId('Joker', 's' as SessionKey), correlationId: 'run1' };
export const path = { sessionId: 's', correlationId: 'run1' };

export function endpoint(store: StreamStore, options: Partial<RunStreamEndpoint> = {}): RunStreamEndpoint {
  return {
    agentName: 'Joker',
    store,
    allowedRoles: ['user'],
    maxBodyBytes: 1_000,
    legacyThreadNames: false,
    log: silentLogger,
    findRun: async () => ({ status: 'unknown' }),
    startRun: async () => ({ correlationId: 'run1' }),
    ...options,
  };
}

export function request(headers: Record<string, string> = {}, query = '', body = '') {
  const all = new Headers(headers);
  return {
    header: (name: string) => all.get(name),
    query: new URLSearchParams(query),
    readBody: (maxBytes: number) => readBody(new Blob([body]).stream(), null, maxBytes),
  };
}

export interface Frame {
  id?: string;
  event?: string;
  data?: { type: string; text?: string; outcome?: string; error?: { code: string } };
  comment?: string;
}

/** Reads server-sent events as a browser does; bytes may be cut anywhere. */
export async function* framesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const frame: Frame = {};
      for (const line of text.slice(0, end).split('\n')) {
        const colon = line.indexOf(':');
        const value = line.slice(colon + 2);
        if (colon === 0) frame.comment = value;
        else if (line.startsWith('data')) frame.data = JSON.parse(value);
        else if (line.startsWith('id')) frame.id = value;
        else if (line.startsWith('event')) frame.event = value;
      }
      text = text.slice(end + 2);
      yield frame;
    }
  }
}

export function bodyOf(reply: HttpReply | HttpStreamReply): ReadableStream<Uint8Array> {
  assert.ok(typeof reply.body !== 'string', `a stream was expected, not ${JSON.stringify(reply)}`);
  return reply.body;
}

export async function eventFrames(reply: HttpReply | HttpStreamReply): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const frame of framesOf(bodyOf(reply))) if (frame.data !== undefined) frames.push(frame);
  return frames;
}

export function texts(frames: Frame[]): string[] {
  return frames.flatMap(({ data }) => (data?.type === 'textDelta' ? [data.text ?? ''] : []));
}
