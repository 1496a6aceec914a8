import type { BodyPart, StreamEncoder } from './encode-events.ts';

/**
 * A response body that is read at the reader's pace: nothing is fetched before it is asked for. When the reader goes
 * away, `controller` is aborted.
 */
export function streamBody(
  parts: AsyncGenerator<BodyPart, void>,
  encoder: StreamEncoder,
  controller: AbortController,
): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder();
  let start = encoder.start;
  return new ReadableStream<Uint8Array>(
    {
      async pull(stream) {
        for (;;) {
          if (start !== '') {
            stream.enqueue(bytes.encode(start));
            start = '';
            return;
          }
          const next = await parts.next();
          if (next.done) {
            stream.close();
            return;
          }
          const text = encoder.encode(next.value);
          if (text === '') continue;
          stream.enqueue(bytes.encode(text));
          return;
        }
      },
      async cancel() {
        controller.abort();
        await parts.return();
      },
    },
    { highWaterMark: 0 },
  );
}
