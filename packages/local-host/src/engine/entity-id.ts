export interface EntityId {
  name: string;
  key: string;
}

/** `@name@key`; the name is compared without case. */
export function formatEntityId(id: EntityId): string {
  return `@${id.name.toLowerCase()}@${id.key}`;
}

export function parseEntityId(text: string): EntityId {
  const second = text.indexOf('@', 1);
  return { name: text.slice(1, second), key: text.slice(second + 1) };
}
