import type { TokenCredential } from '@azure/identity';
import { describeError } from '../agent/describe-error.ts';
import { ModelError } from '../errors.ts';

/** What can prove who is asking: an `@azure/identity` credential, or a function that gives an access token. */
export type AzureCredential = Pick<TokenCredential, 'getToken'> | (() => Promise<string>);

/**
 * A function that gives an access token for `scope`, from `credential` or else from `DefaultAzureCredential`
 * (environment, managed identity, developer sign-in). To be asked before every request: credentials keep a token while
 * it is good, and fetch the next one in time. `@azure/identity` is loaded at the first call that needs it:
 * it takes longer to load than the rest of an app.
 */
export function azureTokenProvider(credential: AzureCredential | undefined, scope: string): () => Promise<string> {
  let known = credential;
  return async () => {
    try {
      known ??= await defaultCredential();
      const token = typeof known === 'function' ? await known() : (await known.getToken(scope))?.token;
      if (token) return token;
    } catch (error) {
      if (error instanceof ModelError) throw error;
      throw noToken(describeError(error, 500));
    }
    throw noToken('the credential gave none');
  };
}

async function defaultCredential(): Promise<AzureCredential> {
  let identity: typeof import('@azure/identity');
  try {
    identity = await import('@azure/identity');
  } catch (error) {
    throw new ModelError(
      'modelUnauthorized',
      `The package @azure/identity cannot be loaded: ${describeError(error, 300)}`,
      {
        fix: 'Run "npm install @azure/identity", or set AZURE_OPENAI_API_KEY.',
      },
    );
  }
  return new identity.DefaultAzureCredential();
}

function noToken(problem: string): ModelError {
  return new ModelError('modelUnauthorized', `There is no access token for Azure OpenAI: ${problem}`, {
    fix: 'Sign in with "az login", give the app a managed identity with the role Cognitive Services OpenAI User, or set AZURE_OPENAI_API_KEY.',
  });
}
