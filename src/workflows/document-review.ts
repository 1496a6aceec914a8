import { type AgentAnswer, executor, RequestPort, WorkflowBuilder } from 'durable-agents';
import { z } from 'zod';
import { documentPublisher } from '../agents/document-publisher.ts';

const Draft = z.object({ content: z.string() });
const Review = z.object({ approved: z.boolean(), feedback: z.string().optional() });

/** How often a draft goes back to its writer. */
const maxRevisions = 3;
const threeDaysMs = 3 * 86_400_000;

const submit = executor({ id: 'submit', output: Draft }, (answer: AgentAnswer) => ({ content: answer.text }));

/** People answer with `{"approved": true}` or `{"approved": false, "feedback": "…"}`. */
const review = RequestPort.create({
  id: 'DocumentReview',
  description: 'Is this document fit to be published?',
  request: Draft,
  response: Review,
  timeoutMs: threeDaysMs,
});

const revise = executor(
  { id: 'revise', input: Review },
  ({ feedback }) =>
    `The reviewer did not approve the document. Write it again. What was said: ${feedback ?? 'nothing'}`,
);

const publish = executor({ id: 'publish', input: Review }, (_review, context) => {
  context.yieldOutput({ status: 'published', ...Draft.parse(context.request?.data) });
});

const giveUp = executor({ id: 'give-up', input: Review }, ({ feedback }, context) => {
  context.yieldOutput({ status: 'rejected', feedback: feedback ?? null });
});

const expired = executor({ id: 'expired', input: Draft }, ({ content }, context) => {
  context.yieldOutput({ status: 'not reviewed in time', content });
});

/**
 * An agent writes, a person reviews: `POST /api/workflows/DocumentReview/run` with the topic starts it. The writer
 * remembers its drafts of a run, so feedback is enough for the next one.
 */
export const documentReview = new WorkflowBuilder({
  name: 'DocumentReview',
  description: 'Writes a document and publishes it when a person approves.',
  start: documentPublisher,
})
  .addChain([documentPublisher, submit, review])
  .addSwitch(review, (on) =>
    on
      .case(({ approved }) => approved, publish, { label: 'approved' })
      .case(() => true, revise, { label: 'again', maxPasses: maxRevisions })
      .default(giveUp),
  )
  .addEdge(revise, documentPublisher)
  .addTimeoutEdge(review, expired)
  .build();
