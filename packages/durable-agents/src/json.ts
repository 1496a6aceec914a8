/** Any value that JSON can carry. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  [key: string]: JsonValue | undefined;
}

/** A JSON Schema document (draft 2020-12 unless it says otherwise). */
export type JsonSchema = JsonObject;
