import type { Approval } from '../entity/approvals.ts';
import type { JsonObject } from '../json.ts';

/** An approval as callers see it. */
export function approvalView({
  callId,
  name,
  arguments: args,
  digest,
  correlationId,
  requestedAt,
  expiresAt,
  decision,
}: Approval): JsonObject {
  return {
    callId,
    toolName: name,
    arguments: args,
    digest,
    correlationId,
    requestedAt,
    expiresAt,
    ...(decision !== undefined && {
      decision: {
        approved: decision.approved,
        decidedAt: decision.decidedAt,
        ...(decision.reason !== undefined && { reason: decision.reason }),
        ...(decision.arguments !== undefined && { arguments: decision.arguments }),
        ...(decision.expired && { expired: true }),
      },
    }),
  };
}
