import { type Approval, type ApprovalDecision, sameDecision } from '../entity/approvals.ts';
import { RequestError } from '../errors.ts';

export type DecideResult =
  /** The decision stands; `repeated` if it stood before. */
  | { status: 'decided'; repeated: boolean; approval: Approval }
  /** Sent; the session has not taken it in yet. */
  | { status: 'accepted' };

/** What an approval's state means for one who wants this decision; undefined while it is open. */
export function settled(approval: Approval, wanted: ApprovalDecision): DecideResult | undefined {
  const { decision } = approval;
  if (decision === undefined) {
    if (Date.now() < Date.parse(approval.expiresAt)) return undefined;
    throw new RequestError('approvalExpired', 410, 'The time to decide on this call is over.');
  }
  if (decision.decisionId === wanted.decisionId) return { status: 'decided', repeated: false, approval };
  if (decision.expired) throw new RequestError('approvalExpired', 410, 'The time to decide on this call is over.');
  if (sameDecision(decision, wanted)) return { status: 'decided', repeated: true, approval };
  const what = decision.approved ? 'approved' : 'refused';
  throw new RequestError('approvalConflict', 409, `This call was ${what} before; the first decision stands.`);
}
