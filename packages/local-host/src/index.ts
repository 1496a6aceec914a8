export { HostError } from './functions/host-error.ts';
export { LocalHost, type LocalHostOptions } from './host.ts';
export { createLogger, type LogEntry, type Logger, type LogLevel, silentLogger } from './log.ts';
export { StoreError } from './store/store-error.ts';
