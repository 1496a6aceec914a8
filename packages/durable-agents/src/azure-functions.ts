export { AgentCallError } from './durable/agent-call-error.ts';
export type { AgentTask } from './durable/agent-task.ts';
export { DurableAgent, type DurableRunOptions } from './durable/durable-agent.ts';
export type { AgentSession } from './durable/orchestration-calls.ts';
export { AgentFunctionApp } from './hosts/azure-functions/agent-function-app.ts';
export type { AgentFunctionAppOptions, AgentRegistration } from './hosts/azure-functions/app-options.ts';
