import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finishEpisode, planEpisode } from '../../src/engine/episode.ts';
import { arrival, EventType, type HistoryEvent } from '../../src/engine/history.ts';
import type { Instance } from '../../src/engine/instance.ts';

test('a scheduled signal takes an id like any other, and its message is due at its time', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  const instance: Instance = {
    instanceId: 'i',
    name: 'n',
    version: '',
    executionId: 'x',
    status: 'Pending',
    input: null,
    output: null,
    customStatus: null,
    createdAt: now,
    updatedAt: now,
    parent: null,
  };
  const started: HistoryEvent = {
    EventType: EventType.ExecutionStarted,
    ...arrival(new Date(now)),
    Name: 'n',
    Version: '',
    Input: null,
    OrchestrationInstance: { InstanceId: 'i', ExecutionId: 'x' },
  };
  const fireAt = new Date(now + 60_000);
  const signal = { instanceId: '@counter@k', operation: 'add', input: 1 };
  const { outgoing, append } = finishEpisode({
    instance,
    history: [],
    plan: planEpisode([], [started], now),
    outcome: {
      isDone: true,
      actions: [
        { actionType: 10, ...signal, fireAt },
        { actionType: 9, ...signal },
      ],
      output: null,
    },
    now,
    newExecutionId: () => 'y',
  });
  assert.deepEqual(
    outgoing.map(({ lane, target, due }) => [lane, target, due]),
    [
      ['entity', '@counter@k', fireAt.getTime()],
      ['entity', '@counter@k', 0],
    ],
  );
  const sent = append.filter((event) => event.EventType === EventType.EventSent);
  assert.deepEqual(
    sent.map(({ EventId, Name }) => [EventId, Name]),
    [
      [0, `op@${fireAt.toISOString()}`],
      [1, 'op'],
    ],
  );
});
