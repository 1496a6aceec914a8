import type { VersionPolicy } from '../engine/version.ts';

/** How a hub treats versions, ids that are taken, and load. Every part has a default. */
export interface HubPolicy {
  /** Default: versions are not looked at. */
  versions?: VersionPolicy;
  /** Whether a start may take the id of an instance that is still running; default: only of one that has ended. */
  overridable?: 'NonRunningStates' | 'AnyState';
  /** Default 100. */
  maxConcurrentActivities?: number;
  /** Orchestrators that take a step at the same time; default: no limit. */
  maxConcurrentOrchestrators?: number;
  /** Entities that take a step at the same time; default: no limit. */
  maxConcurrentEntities?: number;
  /** Operations per entity batch; default 1, so that each operation is committed and answered by itself. */
  maxEntityOperationBatchSize?: number;
  /** Most actions of one execution of an orchestrator; default 100,000. */
  maxOrchestrationActions?: number;
}
