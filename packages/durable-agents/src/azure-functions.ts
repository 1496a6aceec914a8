export { AgentCallError } from './durable/agent-call-error.ts';
export type { AgentRetryOptions } from './durable/agent-retry.ts';
export type { AgentTask } from './durable/agent-task.ts';
export { DurableAgent, type DurableRunOptions } from './durable/durable-agent.ts';
export type { AgentSession } from './durable/orchestration-calls.ts';
export { AgentFunctionApp } from './hosts/azure-functions/agent-function-app.ts';
export type { AgentFunctionAppOptions, AgentRegistration } from './hosts/azure-functions/app-options.ts';
export type { WorkflowRegistration } from './hosts/azure-functions/workflow-options.ts';
