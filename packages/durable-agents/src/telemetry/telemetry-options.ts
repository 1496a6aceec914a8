/** What telemetry may contain. */
export interface TelemetryOptions {
  /**
   * Whether spans may contain messages, instructions, and tools' arguments and results (secrets masked). Default: what
   * `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` says (`true`, `SPAN_ONLY` or `SPAN_AND_EVENT`), else false.
   */
  captureContent?: boolean | undefined;
}

const variable = 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT';
const yes: ReadonlySet<string> = new Set(['true', '1', 'span_only', 'span_and_event']);

/** Whether content may be in spans. */
export function capturesContent(
  options: TelemetryOptions = {},
  environment: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  return options.captureContent ?? yes.has((environment[variable] ?? '').trim().toLowerCase());
}
