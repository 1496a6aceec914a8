/**
 * One part of a path without its escapes. Durable clients put ids and event names into URLs as they are, so a percent
 * sign that begins no escape stands for itself.
 */
export function decodeSegment(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => {
    try {
      return decodeURIComponent(escapes);
    } catch {
      // Bytes that are no text: no id of ours has that form, and as they are they match nothing.
      return escapes;
    }
  });
}
