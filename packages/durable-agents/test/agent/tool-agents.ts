import { z } from 'zod';
import { Agent } from '../../src/agent/agent.ts';
import { type AnyTool, tool } from '../../src/agent/tool.ts';
import { scriptedModel } from '../../src/testing.ts';

export function agentWith(
  tools: AnyTool[],
  options: { toolTimeoutMs?: number; maxToolResultBytes?: number } = {},
): Agent {
  return new Agent({ name: 'helper', model: scriptedModel([]), tools, ...options });
}

/** An agent whose tool "echo" returns its arguments and records that it was called. */
export function echoAgent() {
  const calls: unknown[] = [];
  const echo = tool({
    name: 'echo',
    description: 'Echo.',
    parameters: z.object({ city: z.string().optional() }),
    execute: (args) => {
      calls.push(args);
      return args;
    },
  });
  return { agent: agentWith([echo]), calls };
}
