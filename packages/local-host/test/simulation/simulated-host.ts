import { Hub } from '../../src/hub/hub.ts';
import type { HubPolicy } from '../../src/hub/hub-policy.ts';
import { createLogger } from '../../src/log.ts';
import { type ExecutorPorts, SimulatedExecutor } from './simulated-executor.ts';
import { SimulatedStore, type StoreObserver } from './simulated-store.ts';

/** One host process: from its start to its end or crash. The next one has only the disk in common with it. */
export class SimulatedHost {
  readonly store: SimulatedStore;
  readonly executor: SimulatedExecutor;
  readonly hub: Hub;
  stopping = false;
  stopped = false;

  constructor(
    ports: Omit<ExecutorPorts, 'shown'>,
    observer: StoreObserver,
    policy: HubPolicy,
    log: (line: string) => void,
  ) {
    this.store = new SimulatedStore(ports.disk, observer);
    this.executor = new SimulatedExecutor({ ...ports, shown: (id) => this.hub.instance(id) });
    this.hub = new Hub({
      store: this.store,
      executor: this.executor,
      clock: ports.time,
      logger: createLogger(({ message }) => log(message)),
      policy,
    });
    this.hub.start();
  }

  /** A stop in good order; it takes steps of the scheduler as everything does. */
  stop(graceMs: number): void {
    this.stopping = true;
    const ended = () => {
      this.stopped = true;
    };
    // A stop that cannot be recorded is a stop all the same.
    this.hub.stop(graceMs).then(ended, ended);
  }
}
