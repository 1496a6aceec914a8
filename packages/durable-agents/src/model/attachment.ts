import { boundText } from '../agent/bound-text.ts';
import type { DataContent, HostedFileContent, HostedVectorStoreContent, UriContent } from '../agent/content.ts';
import { ModelError } from '../errors.ts';
import { isLoose, textOrNothing } from './loose-json.ts';

export type AttachmentContent = DataContent | UriContent | HostedFileContent | HostedVectorStoreContent;

/** Something that a user sent beside text. */
export type Attachment =
  | { kind: 'file'; fileId: string }
  | { kind: 'vectorStore' }
  /** `mediaType` is lower case and without parameters; undefined if nothing tells it. */
  | { kind: 'address'; uri: string; mediaType: string | undefined }
  | { kind: 'inline'; uri: string; mediaType: string; base64: string | undefined; filename: string };

export function readAttachment(content: AttachmentContent): Attachment {
  if (content.type === 'hostedFile') return { kind: 'file', fileId: content.fileId };
  if (content.type === 'hostedVectorStore') return { kind: 'vectorStore' };
  const { uri } = content;
  const [, inUri, isBase64, data] = /^data:([^;,]*)[^,]*?(;base64)?,(.*)$/is.exec(uri) ?? [];
  const mediaType = (content.mediaType ?? inUri)?.split(';')[0]?.trim().toLowerCase() || undefined;
  if (data === undefined) return { kind: 'address', uri, mediaType };
  const given = isLoose(content.extensionData) ? textOrNothing(content.extensionData.filename) : undefined;
  return {
    kind: 'inline',
    uri,
    // What a data URI without a type is, by its standard.
    mediaType: mediaType ?? 'text/plain',
    base64: isBase64 === undefined ? undefined : data,
    filename: given ?? `attachment.${mediaType?.split('/')[1]?.replace(/[^a-z0-9]/g, '') || 'bin'}`,
  };
}

export function isAttachment(content: { type: string }): content is AttachmentContent {
  return ['data', 'uri', 'hostedFile', 'hostedVectorStore'].includes(content.type);
}

/** An attachment in words, for a person and for a model. */
export function describeAttachment(attachment: Attachment): string {
  switch (attachment.kind) {
    case 'file':
      return 'a hosted file';
    case 'vectorStore':
      return 'a hosted vector store';
    case 'address':
      return `a link to ${named(attachment.mediaType)}`;
    case 'inline':
      return named(attachment.mediaType);
  }
}

export function unsupportedAttachment(attachment: Attachment, api: string, takes: string): ModelError {
  return new ModelError(
    'modelBadRequest',
    `The message has ${describeAttachment(attachment)}, which ${api} does not take.`,
    {
      fix: `Send ${takes}.`,
    },
  );
}

/** The model should know that something is missing, and can say so, instead of guessing. */
export function leftOutText(attachment: Attachment): string {
  return `[The user sent ${describeAttachment(attachment)}, which this model client cannot pass on.]`;
}

function named(mediaType: string | undefined): string {
  return mediaType === undefined ? 'a file of unknown type' : `a file of type ${boundText(mediaType, 100)}`;
}
