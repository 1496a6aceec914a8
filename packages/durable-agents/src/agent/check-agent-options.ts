import { ConfigurationError } from '../errors.ts';
import type { ChatOptions } from '../model/chat-client.ts';
import type { AgentOptions } from './agent.ts';
import { maxTimerMs } from './tool.ts';
import { isToolSource } from './tool-source.ts';

const limits = {
  maxIterations: [1, 1000],
  toolTimeoutMs: [1, maxTimerMs],
  modelTimeoutMs: [1, maxTimerMs],
  turnTimeoutMs: [1, maxTimerMs],
  maxModelRetries: [0, 10],
  modelRetryBudgetMs: [0, maxTimerMs],
  maxParallelToolCalls: [1, 100],
  maxToolResultBytes: [1024, 16 * 1024 * 1024],
  maxStructuredRetries: [0, 10],
  approvalTimeoutMs: [1, 365 * 86_400_000],
} as const;

/** @throws ConfigurationError that names the first option which cannot be used. */
export function checkAgentOptions(options: AgentOptions): void {
  const { name } = options;
  if (typeof name !== 'string' || !/^[A-Za-z][A-Za-z0-9_-]{0,62}$/.test(name)) {
    throw new ConfigurationError('invalidAgentName', `agent name ${JSON.stringify(name)} is not valid.`, {
      fix: 'Start with a letter, then up to 62 letters, digits, "_" or "-".',
    });
  }
  const refuse = (path: string, problem: string, fix: string): never => {
    throw new ConfigurationError('invalidAgent', `agent "${name}": ${path} ${problem}.`, { fix });
  };
  for (const key of ['description', 'instructions'] as const) {
    const value: unknown = options[key];
    if (value !== undefined && typeof value !== 'string') refuse(key, `is a ${typeof value}`, 'Pass a string.');
  }
  if (typeof options.model?.complete !== 'function') {
    refuse('model', 'is missing', 'Pass a ChatClient, such as chatClientFromEnvironment().');
  }
  for (const [key, [least, most]] of Object.entries(limits)) {
    const value = options[key as keyof typeof limits];
    if (value !== undefined && !isWhole(value, least, most)) {
      refuse(key, `is ${value}`, `Use a whole number from ${least} to ${most}.`);
    }
  }
  checkTools(options, refuse);
  checkDurability(options, refuse);
  checkChatOptions(options.options ?? {}, refuse);
}

type Refuse = (path: string, problem: string, fix: string) => never;

function checkTools({ tools = [] }: AgentOptions, refuse: Refuse): void {
  const names = new Set<string>();
  for (const [index, tool] of tools.entries()) {
    if (tool !== undefined && isToolSource(tool)) continue;
    if (typeof tool?.execute !== 'function' || typeof tool.parametersJsonSchema !== 'object') {
      refuse(`tools[${index}]`, 'is not a tool', 'Make it with tool({ … }).');
    }
    if (names.has(tool.name)) refuse(`tools[${index}].name`, `"${tool.name}" is used twice`, 'Rename one of the two.');
    names.add(tool.name);
  }
}

function checkDurability({ durability = 'auto', tools = [] }: AgentOptions, refuse: Refuse): void {
  if (!['auto', 'turn', 'step'].includes(durability)) {
    refuse('durability', `is "${durability}"`, 'Use "auto", "turn" or "step".');
  }
  if (durability === 'turn' && tools.some((entry) => !isToolSource(entry) && entry.needsApproval !== false)) {
    const fix = 'Use "step" or "auto": a turn that waits for a person has to be recorded step by step.';
    refuse('durability', 'is "turn" although a tool needs approval', fix);
  }
}

function checkChatOptions(options: ChatOptions, refuse: Refuse): void {
  const range = (key: 'temperature' | 'topP', most: number) => {
    const value = options[key];
    if (value !== undefined && !(typeof value === 'number' && value >= 0 && value <= most)) {
      refuse(`options.${key}`, `is ${value}`, `Use a number from 0 to ${most}.`);
    }
  };
  range('temperature', 2);
  range('topP', 1);
  const { maxOutputTokens, toolChoice } = options;
  if (maxOutputTokens !== undefined && !isWhole(maxOutputTokens, 1, Number.MAX_SAFE_INTEGER)) {
    refuse('options.maxOutputTokens', `is ${maxOutputTokens}`, 'Use a whole number of tokens, 1 or more.');
  }
  if (toolChoice !== undefined && !['auto', 'none', 'required'].includes(toolChoice)) {
    refuse('options.toolChoice', `is "${toolChoice}"`, 'Use "auto", "none" or "required".');
  }
}

function isWhole(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
