import { AgentFunctionApp } from 'durable-agents/azure-functions';
import { agents } from '../agents/index.ts';

/** One line makes every agent durable and gives it an endpoint. */
export const app = new AgentFunctionApp({ agents });
