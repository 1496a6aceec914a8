import { OrchestrationStatus } from './schema.ts';

const names = new Map<number, string>(Object.entries(OrchestrationStatus).map(([name, value]) => [value, name]));

/** The number of a status; one that the protocol does not know counts as failed. */
export function toStatus(name: string): number {
  return (OrchestrationStatus as Record<string, number>)[name] ?? OrchestrationStatus.Failed;
}

export function fromStatus(value: number): string {
  return names.get(value) ?? 'Failed';
}
