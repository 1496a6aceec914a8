import { createHash } from 'node:crypto';
import type { CallDecision } from '../agent/effects.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import type { StateDocument } from '../state/entity-state.ts';
import { ownData, withOwnData } from '../state/own-data.ts';
import { readBookkeeping } from './session-bookkeeping.ts';
import { changeActive } from './turn-queue.ts';

/** How many decided approvals a session remembers, so that an answer sent again gets the same reply. */
const rememberedDecisions = 50;

/** A tool call that waits for a person, or did. */
export interface Approval extends JsonObject {
  callId: string;
  /** Name of the tool. */
  name: string;
  /** What the call is made with if it is approved as shown. */
  arguments: JsonValue;
  correlationId: string;
  /** SHA-256 of name and arguments, hex: what was shown is what runs. */
  digest: string;
  /** RFC 3339 times. */
  requestedAt: string;
  expiresAt: string;
  /** Absent while it waits. */
  decision?: ApprovalDecision;
}

export interface ApprovalDecision extends JsonObject {
  /** Names the answer, so that its sender can tell it from another's. */
  decisionId: string;
  approved: boolean;
  /** Said to the model when the call is refused. */
  reason?: string;
  /** Made with these instead of what was shown. */
  arguments?: JsonObject;
  /** RFC 3339 time. */
  decidedAt: string;
  /** Who decided, as the app says. */
  decidedBy?: JsonValue;
  /** Nobody decided in time. */
  expired?: true;
}

/** Calls of the active turn for which the session waits, and those decided of late. */
export function approvalsOf(state: StateDocument): Approval[] {
  const active = (readBookkeeping(state).turns.active?.approvals ?? []) as Approval[];
  const decided = (ownData(state).approvals ?? []) as JsonObject[] as Approval[];
  const ids = new Set(active.map(({ callId, correlationId }) => `${correlationId} ${callId}`));
  return [...active, ...decided.filter(({ callId, correlationId }) => !ids.has(`${correlationId} ${callId}`))];
}

/** Those that a person can decide now. */
export function pendingApprovals(state: StateDocument): Approval[] {
  return approvalsOf(state).filter(({ decision }) => decision === undefined);
}

/** The active turn waits for these calls. A call that is there already keeps its decision. */
export function requestApprovals(
  state: StateDocument,
  correlationId: string,
  calls: readonly { callId: string; name: string; arguments: JsonValue }[],
  now: Date,
  timeoutMs: number,
): StateDocument {
  const known = (readBookkeeping(state).turns.active?.approvals ?? []) as Approval[];
  const expiresAt = new Date(now.getTime() + timeoutMs).toISOString();
  const added = calls
    .filter(({ callId }) => !known.some((approval) => approval.callId === callId))
    .map(({ callId, name, arguments: args }): Approval => {
      const digest = createHash('sha256')
        .update(JSON.stringify([name, args]))
        .digest('hex');
      return { callId, name, arguments: args, correlationId, digest, requestedAt: now.toISOString(), expiresAt };
    });
  return changeActive(state, { approvals: [...known, ...added] });
}

export type Decided =
  | { status: 'recorded' | 'repeated'; state: StateDocument; approval: Approval }
  | { status: 'conflict' | 'expired'; approval: Approval }
  | { status: 'notFound' };

/** Records a decision. The first one stands; the same again changes nothing; another is a conflict. */
export function decideApproval(state: StateDocument, callId: string, decision: ApprovalDecision, now: Date): Decided {
  const approval = approvalsOf(state).find((candidate) => candidate.callId === callId);
  if (approval === undefined) return { status: 'notFound' };
  if (approval.decision !== undefined) {
    if (approval.decision.expired) return { status: 'expired', approval };
    return sameDecision(approval.decision, decision)
      ? { status: 'repeated', state, approval }
      : { status: 'conflict', approval };
  }
  if (now.getTime() >= Date.parse(approval.expiresAt)) return { status: 'expired', approval };
  const decided: Approval = { ...approval, decision };
  return { status: 'recorded', state: replaceActive(state, decided), approval: decided };
}

/** Whether two answers say the same, whoever sent them and when. */
export function sameDecision(a: ApprovalDecision, b: ApprovalDecision): boolean {
  const key = ({ approved, reason = '', arguments: args }: ApprovalDecision) =>
    JSON.stringify([approved, approved ? '' : reason, approved ? (args ?? null) : null]);
  return key(a) === key(b);
}

/** What the turn goes on with, by call id; undefined while somebody still has to decide. Overdue calls are closed. */
export function settleApprovals(
  state: StateDocument,
  now: Date,
): { state: StateDocument; decisions: Record<string, CallDecision> | undefined } {
  let next = state;
  const approvals = (readBookkeeping(state).turns.active?.approvals ?? []) as Approval[];
  const decisions: Record<string, CallDecision> = {};
  for (const approval of approvals) {
    let { decision } = approval;
    if (decision === undefined) {
      if (now.getTime() < Date.parse(approval.expiresAt)) return { state, decisions: undefined };
      decision = { decisionId: 'expired', approved: false, expired: true, decidedAt: now.toISOString() };
      next = replaceActive(next, { ...approval, decision });
    }
    decisions[approval.callId] = callDecision(decision);
  }
  return { state: next, decisions };
}

/** Keeps what was decided in the active turn, which is about to end. What is still open is closed with it. */
export function rememberDecisions(state: StateDocument, now: Date): StateDocument {
  const approvals = (readBookkeeping(state).turns.active?.approvals ?? []) as Approval[];
  if (approvals.length === 0) return state;
  const closed: ApprovalDecision = {
    decisionId: 'closed',
    approved: false,
    expired: true,
    decidedAt: now.toISOString(),
  };
  const decided = approvals.map((approval): Approval => ({ decision: closed, ...approval }));
  const before = (ownData(state).approvals ?? []) as JsonObject[] as Approval[];
  return withOwnData(state, { approvals: [...before, ...decided].slice(-rememberedDecisions) });
}

function callDecision({ approved, reason, arguments: args, expired }: ApprovalDecision): CallDecision {
  if (expired) return { status: 'expired' };
  if (approved) return { status: 'approved', ...(args !== undefined && { arguments: args }) };
  return { status: 'rejected', ...(reason !== undefined && { reason }) };
}

function replaceActive(state: StateDocument, changed: Approval): StateDocument {
  const approvals = (readBookkeeping(state).turns.active?.approvals ?? []) as Approval[];
  return changeActive(state, {
    approvals: approvals.map((approval) => (approval.callId === changed.callId ? changed : approval)),
  });
}
