const names: Readonly<Record<string, string>> = { 'azure-openai': 'azure.ai.openai', azure: 'azure.ai.openai' };

/** The conventions' name of a provider; one that they do not know keeps its own. */
export function providerName(provider: string): string {
  return names[provider] ?? provider;
}
