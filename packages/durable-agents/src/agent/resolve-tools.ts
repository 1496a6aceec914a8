import { AgentRunError, ConfigurationError, DurableAgentError } from '../errors.ts';
import { describeError } from './describe-error.ts';
import type { AnyTool } from './tool.ts';
import { type ToolSource, type ToolSourceContext, ToolSourceError } from './tool-source.ts';

/** What is needed of an agent to know its tools. An `Agent` is one. */
export interface SourcedAgent {
  readonly name: string;
  readonly tools: readonly AnyTool[];
  readonly toolSources?: readonly ToolSource[] | undefined;
  readonly durability?: 'turn' | 'step';
}

/**
 * The agent with the tools of its sources among its own, for one run; the agent itself if it has no sources. Sources
 * are asked side by side.
 *
 * @throws ToolSourceError `toolSourceUnavailable` if a source fails: a run with only some of its tools would give
 * answers that nobody can explain
 * @throws ConfigurationError `duplicateTool` if two tools have the same name, `invalidAgent` if one needs approval and
 * the agent's durability is `turn`
 * @throws AgentRunError `canceled` if the run is stopped meanwhile
 */
export async function resolveAgent<A extends SourcedAgent>(agent: A, context: ToolSourceContext): Promise<A> {
  const { toolSources = [] } = agent;
  if (toolSources.length === 0) return agent;
  const tools = Object.freeze(await resolveTools(agent, context));
  // A copy with the class's methods; without sources, so that resolving twice does nothing.
  return Object.assign(Object.create(Object.getPrototypeOf(agent)), agent, { tools, toolSources: Object.freeze([]) });
}

/** As {@link resolveAgent}, unless the agent has all tools of these names itself: then no source is asked. */
export function resolveFor<A extends SourcedAgent>(
  agent: A,
  names: readonly string[],
  context: ToolSourceContext,
): Promise<A> {
  const own = new Set(agent.tools.map(({ name }) => name));
  return names.every((name) => own.has(name)) ? Promise.resolve(agent) : resolveAgent(agent, context);
}

/** The agent's own tools, then those of its sources, in the order of the sources. Throws as {@link resolveAgent} does. */
export async function resolveTools(agent: SourcedAgent, context: ToolSourceContext): Promise<AnyTool[]> {
  const sources = agent.toolSources ?? [];
  const lists = await Promise.all(sources.map((source) => ask(source, context)));
  const owners = new Map(agent.tools.map(({ name }) => [name, 'the agent itself']));
  const tools = [...agent.tools];
  for (const [index, list] of lists.entries()) {
    const owner = `"${sources[index]?.name}"`;
    for (const tool of list) {
      checkTool(agent, tool, owner, owners.get(tool.name));
      owners.set(tool.name, owner);
      tools.push(tool);
    }
  }
  return tools;
}

async function ask(source: ToolSource, context: ToolSourceContext): Promise<readonly AnyTool[]> {
  try {
    return await source.tools(context);
  } catch (error) {
    if (DurableAgentError.is(error)) throw error;
    if (context.signal.aborted) {
      throw new AgentRunError('canceled', 'The run was stopped while its tools were looked up.', { cause: error });
    }
    context.log.error('A source of tools failed.', { source: source.name, error: describeError(error, 16_384) });
    throw new ToolSourceError(`The tools of "${source.name}" are not available.`, { cause: error });
  }
}

function checkTool(agent: SourcedAgent, tool: AnyTool, owner: string, other: string | undefined): void {
  if (other !== undefined) {
    const message = `agent "${agent.name}": ${other} and ${owner} both have a tool named "${tool.name}".`;
    throw new ConfigurationError('duplicateTool', message, {
      fix: 'Give the source a prefix, or leave one of the two out with exclude.',
    });
  }
  if (agent.durability === 'turn' && tool.needsApproval !== false) {
    const message = `agent "${agent.name}": tool "${tool.name}" of ${owner} needs approval, but durability is "turn".`;
    throw new ConfigurationError('invalidAgent', message, {
      fix: 'Use "step" or "auto": a turn that waits for a person has to be recorded step by step.',
    });
  }
}
