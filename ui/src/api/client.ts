// One way to ask the server: JSON by GET from the same origin; whatever goes wrong becomes an ApiError with a text to show.

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
  let response: Response;
  try {
    response = await fetch(path, { headers: { Accept: "application/json" }, signal });
  } catch (reason) {
    if (signal?.aborted) throw reason;
    throw new ApiError(0, "");
  }
  const text = await response.text();
  if (!response.ok) throw new ApiError(response.status, messageOf(text));
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ApiError(response.status, `${path}: ${text.slice(0, 200)}`);
  }
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
