/** Where and how an Azure endpoint is called. */
export interface AzureRoute {
  /** Address up to the operation, such as `…/openai/v1`. */
  baseURL: string;
  /** Of the dated API, whose addresses name the deployment; undefined with the v1 API. */
  apiVersion: string | undefined;
  /** What an access token must be good for. */
  scope: string;
  /** A Foundry project: it takes identities, no keys of the resource. */
  isProject: boolean;
}

const resourceScope = 'https://cognitiveservices.azure.com/.default';
const projectScope = 'https://ai.azure.com/.default';

/**
 * How to call an Azure OpenAI resource, a Foundry resource or a Foundry project. The v1 API is used with an endpoint
 * that names it or a project, with `apiVersion: 'v1'`, and where no version is given and the dated API could not serve:
 * the Responses API, and Foundry resources, whose models need not be OpenAI's.
 */
export function azureRoute(endpoint: string, apiVersion: string | undefined, api: 'chat' | 'responses'): AzureRoute {
  const address = endpoint.replace(/\/+$/, '');
  const { hostname, pathname } = new URL(address);
  const isProject = /\/api\/projects\/[^/]+/.test(pathname);
  const scope = isProject ? projectScope : resourceScope;
  const root = address.replace(/\/openai(\/v1)?$/, '');
  const needsV1 = api === 'responses' || hostname.endsWith('.services.ai.azure.com');
  const isV1 =
    isProject || /\/openai\/v1$/.test(address) || apiVersion === 'v1' || (apiVersion === undefined && needsV1);
  if (isV1) return { baseURL: `${root}/openai/v1`, apiVersion: undefined, scope, isProject };
  return { baseURL: `${root}/openai`, apiVersion: apiVersion ?? '2024-10-21', scope, isProject };
}
