// One way to ask the server, from the same origin; whatever goes wrong becomes an ApiError with a text to show.

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** `status` 0: the server could not be reached. Aborting rejects with the AbortError as it is. */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await answered(path, { headers: { Accept: "application/json" }, signal });
  const text = await response.text();
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ApiError(response.status, `${path}: ${text.slice(0, 200)}`);
  }
}

/** The answer to a question that stands in the body. */
export function post(path: string, body: unknown, accept: string, signal?: AbortSignal): Promise<Response> {
  const headers = { Accept: accept, "Content-Type": "application/json" };
  return answered(path, { method: "POST", headers, body: JSON.stringify(body), signal });
}

async function answered(path: string, init: RequestInit & { signal?: AbortSignal }): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (reason) {
    if (init.signal?.aborted) throw reason;
    throw new ApiError(0, "");
  }
  if (!response.ok) throw new ApiError(response.status, messageOf(await response.text()));
  return response;
}

/** The text of an error in the shape of `/api/v3`, of the classic API, or plain. */
function messageOf(text: string): string {
  try {
    const body = JSON.parse(text) as {
      error?: { message?: string } | string;
      errors?: { msg?: string }[];
      message?: string;
    };
    if (typeof body.error === "string") return body.error;
    return body.error?.message ?? body.errors?.[0]?.msg ?? body.message ?? text.slice(0, 500);
  } catch {
    return text.slice(0, 500);
  }
}
