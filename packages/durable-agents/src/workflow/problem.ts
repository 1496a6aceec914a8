import type { WorkflowProblem } from './errors.ts';

export interface Problem extends WorkflowProblem {
  readonly isWarning: boolean;
}

export function problem(code: string, message: string, fix: string): Problem {
  return { code, message, fix, isWarning: false };
}

export function warning(code: string, message: string, fix: string): Problem {
  return { code, message, fix, isWarning: true };
}
