// REST with the session cookie. Problems (RFC 9457) become ApiProblem; a session that is over is told to whoever listens.
// Where the server wants the person to prove again to be there (`step-up-needed`), the page asks, and the request is repeated.

import type { Problem } from '../../../src/api/contract.ts';
import type { Blocked } from '../../../src/api/contracts/device.ts';
import type { Refused } from '../text/refusals.ts';

export class ApiProblem extends Error {
  /** 0: the server could not be reached. */
  readonly status: number;
  /** What went wrong, for the texts of the page; the message is for the console. */
  readonly code: Refused;
  readonly retryAfterSeconds: number | undefined;
  /** Whole, with the members that its code alone has. */
  readonly problem: { device?: { csrfToken: string }; blocked?: Blocked };

  constructor(
    status: number,
    code: Refused,
    message: string,
    retryAfterSeconds?: number,
    problem: ApiProblem['problem'] = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
    this.problem = problem;
  }
}

/** Why this browser may not come in, or may not work at its desk. `revoked`: it is to forget everything. */
export type ShutOut = { kind: 'blocked' | 'desk'; blocked: Blocked } | { kind: 'revoked' };

export interface Api {
  get<T>(path: string): Promise<T>;
  post<T = void>(path: string, body?: unknown): Promise<T>;
  /**
   * A command that may be carried out twice without harm. After a change of network the browser still has connections that are
   * dead without knowing it: when no answer comes soon, it is sent once more, over another one.
   */
  command(path: string): Promise<void>;
  /** What comes back is a file, however long it takes to come (api/save-file.ts). */
  postForFile(path: string, body: unknown): Promise<Response>;
  put<T = void>(path: string, body: unknown): Promise<T>;
  patch<T = void>(path: string, body: unknown): Promise<T>;
  /** `why` is kept in the audit log. */
  delete<T = void>(path: string, why?: string): Promise<T>;
  setCsrfToken(token: string | undefined): void;
  /**
   * Asks the person to prove again to be there; false: not now. For what is not fetched through here, such as a sound that the
   * browser plays: before, every request here does it by itself.
   */
  stepUp(): Promise<boolean>;
  /** Who asks the person; false: the person would rather not. */
  onStepUpNeeded(ask: () => Promise<boolean>): () => void;
  /** The server no longer knows this session. */
  onSignedOut(listener: () => void): () => void;
  /** Who has this computer prove itself, or let in; false: it is not. The request is repeated then. */
  onDeviceNeeded(open: () => Promise<boolean>): () => void;
  onShutOut(listener: (shutOut: ShutOut) => void): () => void;
}

interface Asked {
  method: string;
  path: string;
  body?: unknown;
  withinMs?: number;
  why?: string | undefined;
  /** Only the beginning of its answer is waited for. */
  asFile?: true;
}

const answerWithinMs = 15_000;
const commandWithinMs = 5000;
const fileWithinMs = 120_000;

export function createApi(): Api {
  let csrfToken: string | undefined;
  const signedOut = new Set<() => void>();

  let askPerson: (() => Promise<boolean>) | undefined;
  let asking: Promise<boolean> | undefined;

  /** Several requests at once ask once. */
  function stepUp(): Promise<boolean> {
    asking ??= (askPerson?.() ?? Promise.resolve(false)).finally(() => {
      asking = undefined;
    });
    return asking;
  }

  const call = async <T>(method: string, path: string, body?: unknown, more?: Partial<Asked>): Promise<T> =>
    read<T>(await answered({ method, path, body, ...more }));

  const shutOut = new Set<(shutOut: ShutOut) => void>();
  let openDoor: (() => Promise<boolean>) | undefined;
  let opening: Promise<boolean> | undefined;

  /** A sign-in that was answered so has begun a session: what is asked for then is who is signed in. */
  async function answered(asked: Asked): Promise<Response> {
    const signsIn = csrfToken === undefined && asked.method !== 'GET';
    try {
      return await provenHere(asked);
    } catch (thrown) {
      if (!(thrown instanceof ApiProblem) || thrown.code !== 'device-needed' || !openDoor) throw thrown;
      csrfToken = thrown.problem.device?.csrfToken ?? csrfToken;
      opening ??= openDoor().finally(() => {
        opening = undefined;
      });
      if (!(await opening)) throw thrown;
      return once(signsIn ? { method: 'GET', path: '/session' } : asked);
    }
  }

  async function provenHere(asked: Asked): Promise<Response> {
    try {
      return await once(asked);
    } catch (thrown) {
      if (!(thrown instanceof ApiProblem) || thrown.code !== 'step-up-needed' || !(await stepUp())) throw thrown;
      return once(asked);
    }
  }

  async function once({ method, path, body, withinMs = answerWithinMs, why, asFile }: Asked): Promise<Response> {
    const headers: Record<string, string> = {};
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (csrfToken && method !== 'GET') headers['x-csrf-token'] = csrfToken;
    if (why) headers['x-purpose'] = encodeURIComponent(why);
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), withinMs);
    let response: Response;
    try {
      response = await fetch(`/api/v1${path}`, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: patience.signal,
      });
    } catch (thrown) {
      throw new ApiProblem(0, 'unreachable', thrown instanceof Error ? thrown.message : 'no answer');
    }
    if (asFile) clearTimeout(timer);
    if (response.ok) return response;
    const problem = await readProblem(response);
    const out = shutOutBy(problem);
    if (out) for (const listener of shutOut) listener(out);
    const isOver = out ? out.kind !== 'desk' : response.status === 401;
    if (isOver && csrfToken) for (const listener of signedOut) listener();
    throw problem;
  }

  return {
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
    postForFile: (path, body) => answered({ method: 'POST', path, body, withinMs: fileWithinMs, asFile: true }),
    async command(path) {
      try {
        await call('POST', path, undefined, { withinMs: commandWithinMs });
      } catch (thrown) {
        if (!(thrown instanceof ApiProblem) || thrown.status !== 0) throw thrown;
        await call('POST', path).catch((again: unknown) => {
          // The first one was carried out, and only its answer was lost.
          if (!(again instanceof ApiProblem && (again.status === 409 || again.status === 404))) throw again;
        });
      }
    },
    put: (path, body) => call('PUT', path, body),
    patch: (path, body) => call('PATCH', path, body),
    delete: (path, why) => call('DELETE', path, undefined, { why }),
    setCsrfToken(token) {
      csrfToken = token;
    },
    stepUp,
    onStepUpNeeded(ask) {
      askPerson = ask;
      return () => {
        if (askPerson === ask) askPerson = undefined;
      };
    },
    onSignedOut(listener) {
      signedOut.add(listener);
      return () => void signedOut.delete(listener);
    },
    onDeviceNeeded(open) {
      openDoor = open;
      return () => {
        if (openDoor === open) openDoor = undefined;
      };
    },
    onShutOut(listener) {
      shutOut.add(listener);
      return () => void shutOut.delete(listener);
    },
  };
}

async function read<T>(response: Response): Promise<T> {
  return (response.status === 204 ? undefined : await response.json()) as T;
}

function shutOutBy({ code, problem: { blocked } }: ApiProblem): ShutOut | undefined {
  if (code === 'device-revoked') return { kind: 'revoked' };
  if (!blocked) return undefined;
  return { kind: code === 'desk-blocked' ? 'desk' : 'blocked', blocked };
}

async function readProblem(response: Response): Promise<ApiProblem> {
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  let said = response.statusText;
  let code: Refused = response.status >= 500 ? 'unavailable' : 'invalid-request';
  let whole: ApiProblem['problem'] = {};
  try {
    const problem = (await response.json()) as Problem & ApiProblem['problem'];
    whole = problem;
    said = problem.detail ?? problem.title;
    code = problem.code ?? code;
  } catch {
    // Whatever stands between us and the server answered in its own words.
    said ||= `HTTP ${response.status}`;
  }
  return new ApiProblem(response.status, code, said, Number.isFinite(retryAfter) ? retryAfter : undefined, whole);
}
