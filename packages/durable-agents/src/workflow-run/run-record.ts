import { createHash } from 'node:crypto';
import type { JsonObject, JsonValue } from '../json.ts';
import { isObject } from '../state/stored-fields.ts';
import type { Arrival, WorkflowOutcome } from '../workflow/effects.ts';
import type { RunState } from '../workflow/run-state.ts';

/** A run between two supersteps, with its sub-workflows that wait. */
export interface RunRecord {
  state: RunState;
  /** How each node stands, a letter each in graph order; see `node-letters.ts`. */
  nodes: string;
  /** Ids of requests that the entity knows. */
  asked: string[];
  /** Whether the entity has been used by this run or a sub-workflow. */
  usedDesk: boolean;
  /** By `{node}~{ordinal}`. */
  children: Record<string, ChildRecord>;
}

export interface ChildRecord extends RunRecord {
  /** How often it has been gone on with. */
  round: number;
}

/** Where a run is in the tree of runs. */
export interface RunPlace {
  /** Instance id of the outermost run. */
  root: string;
  /** Before ids of requests: '' for the outermost run, else `{node}~{ordinal}~`, once for each level. */
  prefix: string;
}

/** What an orchestration goes on from. */
export interface RunResume {
  record: RunRecord;
  arrivals: Arrival[];
  /** Absent for the outermost run. */
  place?: RunPlace;
}

/** What the orchestration of a sub-workflow gives back. */
export type ChildResult =
  | { status: 'over'; outcome: WorkflowOutcome; usedDesk: boolean }
  | { status: 'waiting'; record: RunRecord };

/** The input of a workflow's orchestration, read. */
export type WorkflowInput =
  | { kind: 'start'; input: JsonValue; fingerprint?: string; digest: string }
  | { kind: 'resume'; resume: RunResume; digest: string };

/**
 * The input of a run that begins. Values travel as JSON text: the SDK changes some values in the input of an
 * orchestration, and what a caller sends must not be taken for our own fields.
 */
export function writeStart(input: JsonValue, fingerprint: string): JsonObject {
  return { input: JSON.stringify(input), fingerprint, digest: digestOf(input) };
}

/** The input of a run that goes on. `digest` stays that of its first input. */
export function writeResume(resume: RunResume, digest: string): JsonObject {
  return { run: JSON.stringify(resume), digest };
}

/** Reads either; anything else is the input itself, from somebody who has started the orchestration by hand. */
export function readWorkflowInput(given: unknown): WorkflowInput {
  if (isObject(given)) {
    const { run, input, fingerprint, digest = '' } = given;
    if (typeof run === 'string')
      return { kind: 'resume', resume: JSON.parse(run) as RunResume, digest: String(digest) };
    if (typeof input === 'string' && Object.keys(given).every((key) => startFields.has(key))) {
      const value = parsed(input);
      return {
        ...{ kind: 'start', input: value, digest: digestOf(value) },
        ...(typeof fingerprint === 'string' && { fingerprint }),
      };
    }
  }
  const value = (given ?? null) as JsonValue;
  return { kind: 'start', input: value, digest: digestOf(value) };
}

const startFields = new Set(['input', 'fingerprint', 'digest']);

/** The .NET form has the caller's body in it, which may be plain text. */
function parsed(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}

/** Names a value, whatever the order of its keys: 32 hexadecimal digits. */
export function digestOf(value: JsonValue): string {
  return createHash('sha256').update(canonical(value)).digest('hex').slice(0, 32);
}

function canonical(value: JsonValue | undefined): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (!isObject(value)) return JSON.stringify(value ?? null);
  const fields = Object.entries(value as JsonObject).filter(([, item]) => item !== undefined);
  const sorted = fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join()}}`;
}
