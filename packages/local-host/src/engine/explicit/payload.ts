/** Text of a worker as it may stand where JSON is promised: what is no JSON becomes a JSON string, empty is nothing. */
export function asJson(text: string | null): string | null {
  if (text === null || text === '') return null;
  try {
    JSON.parse(text);
    return text;
  } catch {
    // Workers may have a converter of their own; whoever reads the status still gets the text.
    return JSON.stringify(text);
  }
}

export function isEntity(instanceId: string): boolean {
  return instanceId.startsWith('@');
}
