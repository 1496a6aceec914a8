import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentResponse } from 'durable-agents';
import type { AgentFunctionApp } from 'durable-agents/azure-functions';
import * as df from 'durable-functions';

interface DocumentRequest {
  topic: string;
}

interface PublishedDocument {
  /** Instance id of the orchestration: the same in every repetition, so a publisher can tell a repeat. */
  key: string;
  title: string;
  content: string;
}

/**
 * Research, write, publish: two agents in a row and an activity. Each finished step is recorded, so a crash in the
 * middle repeats at most the step that was running.
 *
 * @returns the name of the orchestration, for starting it
 */
export function registerDocumentPublishing(app: AgentFunctionApp): string {
  df.app.orchestration('DocumentPublishingOrchestration', function* (context) {
    const { topic } = context.df.getInput<DocumentRequest>();
    const researcher = app.getAgent(context, 'ResearchAgent');
    const writer = app.getAgent(context, 'DocumentPublisher');
    const researchSession = researcher.createSession();
    const writerSession = writer.createSession();

    const research: AgentResponse = yield researcher.run(`Research the following topic: ${topic}`, {
      session: researchSession,
    });

    const document: AgentResponse = yield writer.run(
      `Create a document about ${topic}.\n\nResearch findings: ${research.text}`,
      { session: writerSession },
    );

    const input: PublishedDocument = { key: context.df.instanceId, title: topic, content: document.text };
    return yield context.df.callActivity('PublishDocument', input);
  });

  df.app.activity('PublishDocument', {
    handler: async (document: PublishedDocument, context) => {
      context.log(`Publishing "${document.title}" (${document.content.length} characters).`);
      const folder = process.env.PUBLISH_FOLDER;
      if (folder) {
        await mkdir(folder, { recursive: true });
        await appendFile(join(folder, 'published.jsonl'), `${JSON.stringify(document)}\n`);
      }
      return { title: document.title, characters: document.content.length, content: document.content };
    },
  });

  return 'DocumentPublishingOrchestration';
}
