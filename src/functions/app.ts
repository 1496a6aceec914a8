import { AgentFunctionApp } from 'durable-agents/azure-functions';
import { agents } from '../agents/index.ts';
import { documentReview } from '../workflows/document-review.ts';

/** One line makes every agent and every workflow durable and gives it an endpoint. */
export const app = new AgentFunctionApp({ agents, workflows: [documentReview] });
