import type { Program, Step } from './program.ts';

/**
 * The reference model of a program's result: what each step must have seen, whatever came between. It knows nothing
 * of tasks, ids or histories. Where several results are right (who wins a race) it takes any of them.
 *
 * @returns what is wrong, or undefined
 */
export function wrongIn(program: Program, output: unknown): string | undefined {
  const { run, values } = (output ?? {}) as { run?: string; values?: unknown[] };
  if (run !== program.run) return `the output is of ${run}, not of ${program.run}`;
  return wrongInAll(program.steps, values);
}

function wrongInAll(steps: readonly Step[], values: unknown): string | undefined {
  if (!Array.isArray(values) || values.length !== steps.length)
    return `${JSON.stringify(values)} for ${steps.length} steps`;
  for (const [index, step] of steps.entries()) {
    const wrong = wrongInStep(step, values[index]);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

function wrongInStep(step: Step, value: unknown): string | undefined {
  const wrong = `${JSON.stringify(step)} has seen ${JSON.stringify(value)}`;
  switch (step.k) {
    case 'act':
      return value === step.id ? undefined : wrong;
    case 'bad':
      return value === 'failed' ? undefined : wrong;
    case 'bomb':
      // Set aside after too many crashes.
      return value === 'failed' ? undefined : wrong;
    case 'retry':
      // Out of time, the last attempts do not run; how many that are depends on the clock.
      if (step.timeoutMs !== undefined && value === 'failed' && step.failures > 0) return undefined;
      return value === (step.failures < step.attempts ? step.id : 'failed') ? undefined : wrong;
    case 'timer':
    case 'signal':
    case 'status':
      return value === null ? undefined : wrong;
    case 'event':
      return typeof value === 'string' && value.startsWith(`${step.name}:`) ? undefined : wrong;
    case 'call':
      if (step.op === 'fail' || step.op === 'break') return value === 'failed' ? undefined : wrong;
      return (value as { id?: string } | null)?.id === step.id ? undefined : wrong;
    case 'bump': {
      const { id, ok } = (value ?? {}) as { id?: string; ok?: boolean };
      return id === step.id && ok === true ? undefined : wrong;
    }
    case 'sub':
      // A child fails by its program, by order from outside, or because its id is taken.
      return value === 'failed' ? undefined : wrongIn(step.program, value);
    case 'lock':
      return wrongInAll(step.body, value);
    case 'all':
      if (value === 'failed') return step.of.some(canFail) ? undefined : wrong;
      return wrongInAll(step.of, value);
    case 'any': {
      const { index = -1, value: won } = (value ?? {}) as { index?: number; value?: unknown };
      const winner = step.of[index];
      return winner === undefined ? wrong : wrongInStep(winner, won);
    }
    case 'throw':
      return wrong;
  }
}

function canFail(step: Step): boolean {
  switch (step.k) {
    case 'bad':
    case 'bomb':
    case 'sub':
      return true;
    case 'retry':
      return step.failures > 0;
    case 'call':
      return step.op === 'fail' || step.op === 'break';
    case 'all':
    case 'any':
      return step.of.some(canFail);
    default:
      return false;
  }
}
