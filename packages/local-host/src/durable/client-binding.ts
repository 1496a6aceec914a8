/** Where a durable client finds the host. URLs end without a slash unless said otherwise. */
export interface ClientAddress {
  taskHub: string;
  /** Public origin, such as `http://localhost:7071`. */
  origin: string;
  /** Loopback base of the client's own calls; ends in a slash. */
  rpcBaseUrl: string;
}

/** The value of a durable client binding, as the Durable extension gives it (JSON text). */
export function clientBindingData(address: ClientAddress): string {
  const base = `${address.origin}/runtime/webhooks/durabletask`;
  const hub = `taskHub=${encodeURIComponent(address.taskHub)}&connection=Storage`;
  const instance = `${base}/instances/INSTANCEID`;
  return JSON.stringify({
    taskHubName: address.taskHub,
    creationUrls: {
      createNewInstancePostUri: `${base}/orchestrators/{functionName}[/{instanceId}]?${hub}`,
      createAndWaitOnNewInstancePostUri: `${base}/orchestrators/{functionName}[/{instanceId}]?timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&${hub}`,
    },
    managementUrls: { id: 'INSTANCEID', ...managementLinks(instance, hub) },
    baseUrl: base,
    requiredQueryStringParameters: hub,
    rpcBaseUrl: address.rpcBaseUrl,
  });
}

function managementLinks(instance: string, hub: string): Record<string, string> {
  return {
    statusQueryGetUri: `${instance}?${hub}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${hub}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${hub}`,
    rewindPostUri: `${instance}/rewind?reason={text}&${hub}`,
    purgeHistoryDeleteUri: `${instance}?${hub}`,
    restartPostUri: `${instance}/restart?${hub}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${hub}`,
    resumePostUri: `${instance}/resume?reason={text}&${hub}`,
  };
}

/** What a start over HTTP answers: the instance's own management URLs. */
export function managementPayload(
  address: Pick<ClientAddress, 'origin' | 'taskHub'>,
  id: string,
): Record<string, string> {
  const base = `${address.origin}/runtime/webhooks/durabletask/instances/${encodeURIComponent(id)}`;
  return { id, ...managementLinks(base, `taskHub=${encodeURIComponent(address.taskHub)}&connection=Storage`) };
}
