import type { DurableClientPort } from './durable-client-port.ts';

export interface EntityQuery {
  /** Name of the entity, in lower case. */
  name: string;
  /** Entities a page at most. */
  pageSize: number;
  /** From the page before. */
  continuation?: string | undefined;
}

export interface EntityPage {
  entities: { key: string /** RFC 3339 time. */; lastOperationTime?: string | undefined }[];
  /** Absent on the last page. */
  continuation?: string | undefined;
}

/** What a host offers to find sessions. */
export interface SessionListPort extends DurableClientPort {
  /** A page may have fewer entities than asked for, and still not be the last. */
  listEntities(query: EntityQuery): Promise<EntityPage>;
}
