import { appendFileSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Agent, SqliteHistory, SqliteStreamStore } from 'durable-agents';
import { AgentFunctionApp } from 'durable-agents/azure-functions';
import { chatClientFromEnvironment } from 'durable-agents/openai';

const model = chatClientFromEnvironment();
const folder = process.env.FOLDER;

/** Holds the operation that ends a turn, after the answer is known and before it is committed. */
class HeldHistory extends SqliteHistory {
  async append(session, turn) {
    await super.append(session, turn);
    if (existsSync(join(folder, 'hold'))) appendFileSync(join(folder, 'held'), 'x');
    while (existsSync(join(folder, 'hold'))) await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

new AgentFunctionApp({
  agents: [
    new Agent({ name: 'Talker', model, durability: 'turn' }),
    new Agent({ name: 'Stepper', model, durability: 'step' }),
  ],
  sessions: { history: { provider: new HeldHistory(new DatabaseSync(join(folder, 'history.db'))) } },
  streamStore: new SqliteStreamStore({ path: join(folder, 'streams.db') }),
  streamHandler: {
    onResponse({ text }, { requestText, correlationId }) {
      appendFileSync(join(folder, 'heard'), `${requestText} ${text} ${correlationId}\n`);
      if (!existsSync(join(folder, 'die'))) return;
      rmSync(join(folder, 'die'));
      process.kill(process.pid, 'SIGKILL');
    },
  },
});
