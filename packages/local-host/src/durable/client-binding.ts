/** Where a durable client finds the host. URLs end without a slash unless said otherwise. */
export interface ClientAddress {
  taskHub: string;
  /** Public origin, such as `http://localhost:7071`. */
  origin: string;
  /** Loopback base of the client's own calls; ends in a slash. */
  rpcBaseUrl: string;
  /** Gives the key that public URLs carry; asked anew for each, so that a rolled key is in the next one. Default: none. */
  systemKey?: (() => string) | undefined;
}

type LinkAddress = Pick<ClientAddress, 'origin' | 'taskHub' | 'systemKey'>;

/** The value of a durable client binding, as the Durable extension gives it (JSON text). */
export function clientBindingData(address: ClientAddress): string {
  const base = `${address.origin}/runtime/webhooks/durabletask`;
  const query = queryOf(address);
  const instance = `${base}/instances/INSTANCEID`;
  return JSON.stringify({
    taskHubName: address.taskHub,
    creationUrls: {
      createNewInstancePostUri: `${base}/orchestrators/{functionName}[/{instanceId}]?${query}`,
      createAndWaitOnNewInstancePostUri: `${base}/orchestrators/{functionName}[/{instanceId}]?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&${query}`,
    },
    managementUrls: { id: 'INSTANCEID', ...managementLinks(instance, query) },
    baseUrl: base,
    requiredQueryStringParameters: query,
    rpcBaseUrl: address.rpcBaseUrl,
  });
}

/** What every public URL carries. */
function queryOf({ taskHub, systemKey }: LinkAddress): string {
  const hub = `taskHub=${encodeURIComponent(taskHub)}&connection=Storage`;
  return systemKey ? `${hub}&code=${encodeURIComponent(systemKey())}` : hub;
}

function managementLinks(instance: string, query: string): Record<string, string> {
  return {
    statusQueryGetUri: `${instance}?${query}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
    rewindPostUri: `${instance}/rewind?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${instance}?${query}`,
    restartPostUri: `${instance}/restart?${query}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
    resumePostUri: `${instance}/resume?reason={text}&${query}`,
  };
}

/** What a start over HTTP answers: the instance's own management URLs. */
export function managementPayload(address: LinkAddress, id: string): Record<string, string> {
  const base = `${address.origin}/runtime/webhooks/durabletask/instances/${encodeURIComponent(id)}`;
  return { id, ...managementLinks(base, queryOf(address)) };
}
