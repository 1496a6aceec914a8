import type { JsonValue } from '../json.ts';
import type { Agent } from './agent.ts';
import type { ToolCallRequest } from './effects.ts';
import { toJsonResult } from './to-json-result.ts';
import { type ArgumentsResult, readToolArguments } from './tool-arguments.ts';

/** Whether a call needs approval, and with which arguments it would be made. */
export type ApprovalNeed = { needed: false } | { needed: true; arguments: JsonValue };

/**
 * Asks the tool. Arguments that are not valid need no approval: such a call is not made, and the model hears why. A
 * rule that throws is taken as a yes.
 */
export async function approvalNeed(
  agent: Pick<Agent, 'tools'>,
  call: Pick<ToolCallRequest, 'name' | 'arguments'>,
): Promise<ApprovalNeed> {
  const tool = agent.tools.find(({ name }) => name === call.name);
  if (tool === undefined || tool.needsApproval === false) return { needed: false };
  let args: ArgumentsResult;
  try {
    args = await readToolArguments(tool, call.arguments);
  } catch {
    // Its schema is broken, perhaps only now and then: fails closed, as below.
    return { needed: true, arguments: call.arguments ?? {} };
  }
  if (!args.ok) return { needed: false };
  if (tool.needsApproval === true || (await asks(tool.needsApproval, args.value))) {
    return { needed: true, arguments: toJsonResult(args.value) };
  }
  return { needed: false };
}

async function asks(rule: (args: never) => boolean | Promise<boolean>, args: unknown): Promise<boolean> {
  try {
    return Boolean(await rule(args as never));
  } catch {
    // Fails closed: a rule that cannot decide must not let the call through.
    return true;
  }
}
