import { setImmediate } from 'node:timers/promises';
import type { ChatUpdate } from '../../src/model/chat-client.ts';
import type { Reply } from './openai-server.ts';

/** Events as the lines of an event stream; a string is sent as it is. */
export function sseText(events: readonly unknown[], newline = '\n'): string {
  const data = (event: unknown) => (typeof event === 'string' ? event : JSON.stringify(event));
  return events.map((event) => `data: ${data(event)}${newline}${newline}`).join('');
}

/** Sends the pieces one after the other, each in a write of its own, and ends the answer, or the connection. */
export function streamOf(pieces: Iterable<string | Uint8Array>, end: 'end' | 'cut' = 'end'): Reply {
  return async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.socket?.setNoDelay(true);
    for (const piece of pieces) {
      response.write(piece);
      await setImmediate();
    }
    if (end === 'end') response.end();
    // After what was written has left the machine: a cut must come behind it.
    else setTimeout(() => response.socket?.destroy(), 20);
  };
}

export function bytesOf(text: string): Uint8Array[] {
  return [...new TextEncoder().encode(text)].map((byte) => Uint8Array.of(byte));
}

export function chatChunk(delta: unknown, finish: string | null = null): unknown {
  return { id: 'chatcmpl-1', model: 'gpt-test-2026', choices: [{ index: 0, delta, finish_reason: finish }] };
}

/** A whole Chat Completions stream of some deltas. */
export function chatStream(deltas: readonly unknown[], finish = 'stop'): Reply {
  return streamOf([sseText([...deltas.map((delta) => chatChunk(delta)), chatChunk({}, finish), '[DONE]'])]);
}

export async function updatesFrom(stream: AsyncIterable<ChatUpdate>): Promise<ChatUpdate[]> {
  const updates: ChatUpdate[] = [];
  for await (const update of stream) updates.push(update);
  return updates;
}

/** The texts of one kind, joined. */
export function joined(updates: readonly ChatUpdate[], type: 'text' | 'reasoning' | 'functionArguments'): string {
  return updates
    .map((update) =>
      update.type === type ? ('text' in update ? update.text : 'delta' in update ? update.delta : '') : '',
    )
    .join('');
}
