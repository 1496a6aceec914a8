import { decodeEvent, EventType, type HistoryEvent } from '../../src/engine/history.ts';
import { type Instance, isFinal } from '../../src/engine/instance.ts';
import type { Disk } from './disk.ts';
import type { Judge } from './judge.ts';
import { MiniRuntime, type OpenWaits } from './mini-runtime.ts';

/** What a waiting instance needs from outside to go on. */
export interface Need {
  id: string;
  suspended: boolean;
  events: string[];
}

/**
 * W8: when nothing runs, nothing is due and nothing is being written, whatever is not final must wait for something
 * that is there. @returns what the instances wait for
 */
export function checkQuiet(disk: Disk, judge: Judge): Need[] {
  const needs: Need[] = [];
  for (const id of disk.instances.keys()) {
    const instance = disk.instance(id)!;
    if (isFinal(instance.status)) continue;
    checkParent(disk, judge, instance);
    if (instance.status === 'Suspended') {
      needs.push({ id, suspended: true, events: [] });
      continue;
    }
    const history = disk.histories.get(id)!.map(decodeEvent);
    const runtime = new MiniRuntime(instance);
    runtime.play(history, true);
    const { waits } = runtime;
    for (const step of waits.steps) {
      const wrong = notComing(disk, history, step);
      judge.require(wrong === undefined, 'W8', () => `${id} (${instance.status}) waits in vain: ${wrong}`);
    }
    const waiting = waits.steps.length > 0 || (!waits.ended && waits.events.length > 0);
    judge.require(waiting, 'W8', () => `${id} is ${instance.status} and waits for nothing`);
    needs.push({ id, suspended: false, events: waits.ended ? [] : waits.events });
  }
  checkMessages(disk, judge);
  checkLocks(disk, judge);
  return needs;
}

function checkParent(disk: Disk, judge: Judge, { instanceId, parent }: Instance): void {
  if (parent === null) return;
  const { InstanceId, ExecutionId } = parent.OrchestrationInstance;
  const above = disk.instance(InstanceId);
  judge.require(
    above !== undefined && above.executionId === ExecutionId && !isFinal(above.status),
    'W9',
    () => `${instanceId} goes on, but its parent ${InstanceId} is ${above?.status ?? 'gone'}`,
  );
}

/** Why the answer to a step can no longer come; undefined if it can. */
function notComing(disk: Disk, history: HistoryEvent[], step: OpenWaits['steps'][number]): string | undefined {
  if (typeof step === 'number') {
    const scheduled = history.find(({ EventId }) => EventId === step);
    if (scheduled?.EventType !== EventType.SubOrchestrationInstanceCreated) {
      return `step ${step} (event ${scheduled?.EventType}) has no answer and nobody works on it`;
    }
    const child = disk.instance(scheduled.InstanceId);
    // A start that is held by a suspended instance of the same id is answered when that one is resumed.
    if (child?.status === 'Suspended') return undefined;
    const own = child?.parent?.TaskScheduleId === step;
    return own && !isFinal(child.status)
      ? undefined
      : `its child ${scheduled.InstanceId} is ${child?.status ?? 'gone'}`;
  }
  const row = disk.queue('entity').find(({ body }) => body.includes(step));
  if (row === undefined) {
    const locked = [...disk.entities.keys()].some((id) => disk.entity(id)!.lock?.id === step);
    return locked ? `lock ${step} is granted in part and goes no further` : `entity message ${step} has no answer`;
  }
  const { lock } = disk.entity(row.target) ?? { lock: null };
  return lock === null ? `${row.target} is free and does not take ${step}` : undefined;
}

function checkMessages(disk: Disk, judge: Judge): void {
  for (const { id, lane, target, body } of disk.messages.values()) {
    const held =
      lane === 'orchestration'
        ? disk.instance(target)?.status === 'Suspended'
        : lane === 'entity' && disk.entity(target)?.lock != null;
    judge.require(held, 'W8', () => `Message ${id} for ${target} lies on the disk and nobody handles it: ${body}`);
  }
}

function checkLocks(disk: Disk, judge: Judge): void {
  for (const id of disk.entities.keys()) {
    const { lock } = disk.entity(id)!;
    if (lock === null) continue;
    const holder = disk.instance(lock.parent);
    judge.require(
      holder !== undefined && holder.executionId === lock.parentExecution && !isFinal(holder.status),
      'lock',
      () => `${id} is locked by ${lock.parent}, which is ${holder?.status ?? 'gone'}`,
    );
  }
}
