/**
 * The image service of a container runtime, by the Container Runtime Interface: gRPC over a Unix socket.
 *
 * This file brings gRPC with it, so it is imported only when a scenario asks for a real runtime.
 */
import { credentials, loadPackageDefinition, status } from '@grpc/grpc-js';
import type { Client, ServiceClientConstructor, ServiceError } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';

/** `name: [number, type]`; `[]` after a type: a list; `{}`: a map of strings to it. */
type Fields = Record<string, readonly [number, string]>;

/**
 * The messages of runtime.v1 that pulling needs, with their field numbers. Fields that nobody here reads are left out, as
 * protobuf allows. Source: kubernetes/kubernetes staging/src/k8s.io/cri-api/pkg/apis/runtime/v1/api.proto.
 */
const MESSAGES: Record<string, Fields> = {
  ImageSpec: { image: [1, 'string'], user_specified_image: [18, 'string'] },
  AuthConfig: { username: [1, 'string'], password: [2, 'string'] },
  PullImageRequest: { image: [1, 'ImageSpec'], auth: [2, 'AuthConfig'] },
  PullImageResponse: { image_ref: [1, 'string'] },
  Image: {
    id: [1, 'string'],
    repo_tags: [2, 'string[]'],
    repo_digests: [3, 'string[]'],
    size: [4, 'uint64'],
  },
  ImageFilter: { image: [1, 'ImageSpec'] },
  ListImagesRequest: { filter: [1, 'ImageFilter'] },
  ListImagesResponse: { images: [1, 'Image[]'] },
  ImageStatusRequest: { image: [1, 'ImageSpec'], verbose: [2, 'bool'] },
  ImageStatusResponse: { image: [1, 'Image'], info: [2, 'string{}'] },
  RemoveImageRequest: { image: [1, 'ImageSpec'] },
  RemoveImageResponse: {},
  ImageFsInfoRequest: {},
  ImageFsInfoResponse: { image_filesystems: [1, 'FilesystemUsage[]'] },
  FilesystemUsage: { timestamp: [1, 'int64'], fs_id: [2, 'FilesystemIdentifier'] },
  FilesystemIdentifier: { mountpoint: [1, 'string'] },
};

const METHODS = ['PullImage', 'ImageStatus', 'ListImages', 'RemoveImage', 'ImageFsInfo'] as const;

/** An image as the runtime describes it. */
export interface CriImage {
  /** Digest of its configuration. */
  id: string;
  repo_tags: string[];
  repo_digests: string[];
  /** Bytes. */
  size: number;
}

interface ImageSpec {
  image: string;
  user_specified_image?: string;
}

/** What each method takes and gives. */
interface Calls {
  PullImage: {
    request: { image: ImageSpec; auth?: { username: string; password: string } };
    answer: { image_ref: string };
  };
  ImageStatus: {
    request: { image: ImageSpec; verbose?: boolean };
    answer: { image: CriImage | null; info: Record<string, string> };
  };
  ListImages: { request: Record<string, never>; answer: { images: CriImage[] } };
  RemoveImage: { request: { image: ImageSpec }; answer: Record<string, never> };
  ImageFsInfo: {
    request: Record<string, never>;
    answer: { image_filesystems: { fs_id: { mountpoint: string } | null }[] };
  };
}

/** A call that failed. `code` is gRPC's name of it such as `NotFound`; the message is the runtime's own. */
export class CriError extends Error {
  override readonly name = 'CriError';
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The image service of one runtime. */
export interface ImageService {
  /** Throws {@link CriError}; an abort ends the call with `Canceled`. */
  call<M extends keyof Calls>(
    method: M,
    request: Calls[M]['request'],
    signal?: AbortSignal,
  ): Promise<Calls[M]['answer']>;
  close(): void;
}

/** Opens a client for a runtime's socket. It connects with the first call. */
export function openImageService(socket: string): ImageService {
  const definition = fromJSON(descriptor(), { keepCase: true, longs: Number, defaults: true });
  const services = loadPackageDefinition(definition) as unknown as {
    runtime: { v1: { ImageService: ServiceClientConstructor } };
  };
  const client = new services.runtime.v1.ImageService(`unix:${socket}`, credentials.createInsecure(), {
    // The environment's proxy is for names; this is a file.
    'grpc.enable_http_proxy': 0,
  });
  return {
    call: (method, request, signal) => unary(client, method, request, signal),
    close: () => client.close(),
  };
}

type Unary = (
  request: object,
  done: (error: ServiceError | null, answer: unknown) => void,
) => { cancel(): void };

function unary<M extends keyof Calls>(
  client: Client,
  method: M,
  request: Calls[M]['request'],
  signal: AbortSignal | undefined,
): Promise<Calls[M]['answer']> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    // The client has a method for each of the service's, made while it runs.
    const send = (client as unknown as Record<string, Unary>)[method];
    if (send === undefined) throw new Error(`the image service has no ${method}`);
    const cancel = (): void => call.cancel();
    const call = send.call(client, request, (error, answer) => {
      signal?.removeEventListener('abort', cancel);
      if (error === null) resolve(answer as Calls[M]['answer']);
      else reject(new CriError(codeName(error.code), error.details));
    });
    signal?.addEventListener('abort', cancel, { once: true });
  });
}

/** Go's name of a gRPC code (grpc-go codes/code_string.go): NOT_FOUND here is NotFound there; CANCELLED has one l. */
function codeName(code: number): string {
  const name = status[code] ?? 'UNKNOWN';
  if (name === 'CANCELLED') return 'Canceled';
  return name
    .split('_')
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join('');
}

/** The tables above in the form that protobuf's JSON descriptors have. */
function descriptor(): object {
  const types = Object.entries(MESSAGES).map(([name, fields]) => [name, { fields: fieldsOf(fields) }]);
  const methods = METHODS.map((name) => [
    name,
    { requestType: `${name}Request`, responseType: `${name}Response` },
  ]);
  const service = { ImageService: { methods: Object.fromEntries(methods) as object } };
  return {
    nested: {
      runtime: { nested: { v1: { nested: { ...service, ...(Object.fromEntries(types) as object) } } } },
    },
  };
}

function fieldsOf(fields: Fields): object {
  return Object.fromEntries(
    Object.entries(fields).map(([name, [id, written]]) => {
      const [, type = '', form] = /^(\w+)(\[\]|\{\})?$/.exec(written) ?? [];
      if (form === '[]') return [name, { rule: 'repeated', type, id }];
      if (form === '{}') return [name, { keyType: 'string', type, id }];
      return [name, { type, id }];
    }),
  );
}
