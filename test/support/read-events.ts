import assert from 'node:assert/strict';

/** A server-sent event of a turn. */
export interface StreamEvent {
  id: string | undefined;
  name: string | undefined;
  data: Record<string, unknown>;
}

/** Reads server-sent events until the stream ends, breaks off, or `enough` says so. */
export async function readEvents(
  reply: Response,
  enough: (events: StreamEvent[]) => boolean = () => false,
): Promise<StreamEvent[]> {
  assert.match(reply.headers.get('content-type') ?? '', /text\/event-stream/);
  const events: StreamEvent[] = [];
  let text = '';
  for await (const chunk of reply.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string) =>
        block
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2);
      const data = field('data');
      if (data !== undefined) events.push({ id: field('id'), name: field('event'), data: JSON.parse(data) });
    }
    if (enough(events)) break;
  }
  return events;
}
